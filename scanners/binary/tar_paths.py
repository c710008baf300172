"""Where the names of an archive lead once it is unpacked, its own links followed."""

from __future__ import annotations

_HOPS_MOST = 40
"""Links followed in one path before it counts as leading anywhere; Linux gives up there as well."""
_PARTS_MOST = 4096
_LONGEST = 3072
"""Characters of a path past which systems may give up resolving it (PATH_MAX is 4,096, with the folder that is unpacked
to), and then take its links for plain names (CVE-2025-4517)."""


def plain(name: str) -> str:
    """A name without what does not change where it leads: `./a//b/` is `a/b`. `..` stays."""
    return "/".join(part for part in name.split("/") if part not in {"", "."})


class Links:
    """The symbolic links of an archive, as it unpacks into an empty folder."""

    def __init__(self) -> None:
        self._targets: dict[str, str] = {}

    def add(self, name: str, target: str) -> None:
        """A link of that plain name is there from now on."""
        self._targets[name] = target

    def target(self, name: str) -> str | None:
        """What the link of that plain name leads to; None where there is none."""
        return self._targets.get(name)

    def all(self) -> list[tuple[str, str]]:
        """The links, by plain names, with their targets."""
        return list(self._targets.items())

    def resolve(self, path: str, folder: str = "") -> str | None:
        """The plain name that a path in a folder leads to; None where it leaves the archive, or goes in circles."""
        todo = [*reversed(path.replace("\\", "/").split("/")), *reversed(folder.split("/"))]
        if _absolute(path):
            return None
        at: list[str] = []
        hops = length = 0
        while todo:
            part = todo.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                if not at:
                    return None
                length -= len(at.pop()) + 1
                continue
            at.append(part)
            length += len(part) + 1
            target = self._targets.get("/".join(at)) if self._targets else None
            if target is not None:
                hops += 1
                if _absolute(target) or hops > _HOPS_MOST:
                    return None
                length -= len(at.pop()) + 1
                todo += reversed(target.replace("\\", "/").split("/"))
            if length > _LONGEST or len(todo) + len(at) > _PARTS_MOST:
                return None
        return "/".join(at)


def _absolute(path: str) -> bool:
    return path.startswith(("/", "\\")) or path[1:2] == ":"
