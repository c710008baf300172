"""The files of a repo at one commit as the API lists them, with what the Hub's own scanners say of each.

huggingface_hub's `RepoFile` drops three of the scanners and breaks on others (hub-api.md 1.10), so the rows are read as
they come. A page with verdicts holds 50 rows, one without them a thousand, and `paths-info` takes as many paths as it
is asked for: one request for a small repo, and for a large one two more than its list alone takes.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import urlencode

import msgspec

from crawler.errors import CrawlError, UntrueListingError, clipped
from crawler.repos import RepoFile, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx2

BATCH = 500
"""Paths asked about at once; the API names no bound."""
ASKED = 5_000
"""Files of one repo that are asked about: the others go without the Hub's verdict, not without ours."""

_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SCANNERS = ("avScan", "pickleImportScan", "protectAiScan", "jFrogScan", "virusTotalScan")
_WORD = 32
"""Characters of a status or a version."""


class Tree(NamedTuple):
    """Where a repo's files are listed, and how requests are sent."""

    name: str
    api: str
    """The address of the repo in the API."""
    commit: str
    send: Callable[[str, str | None], httpx2.Response]
    """The answer to an address, and to a form that is posted to it; raises what huggingface_hub raises."""

    def files(self, *, scanned: bool = True) -> tuple[RepoFile, ...]:
        """The files; without `scanned` the Hub has said that it is not done, and none of them is safe by its word."""
        address = f"{self.api}/tree/{self.commit}"
        first = self.send(f"{address}?recursive=true&expand=true", None)
        whole = "next" not in first.links
        rows = first.json() if whole else list(self._pages(f"{address}?recursive=true&expand=false"))
        files: dict[str, RepoFile] = {}
        for row in rows:
            if row["type"] == "directory":
                continue
            file = _file(self.name, row)
            if file.path in files:
                raise UntrueListingError(f"{self.name}: the Hub lists {clipped(file.path)!r} twice")
            files[file.path] = file
        for row in first.json() if whole else self._expanded(first.json(), list(files)):
            if (path := row.get("path")) in files:
                files[path] = msgspec.structs.replace(
                    files[path], changed=_changed(row), said=_said(row.get("securityFileStatus"), scanned=scanned)
                )
        return tuple(files.values())

    def _pages(self, address: str) -> Iterator[Any]:
        while address:
            page = self.send(address, None)
            yield from page.json()
            address = page.links.get("next", {}).get("url", "")

    def _expanded(self, known: list[Any], paths: list[str]) -> Iterator[Any]:
        """The rows of these paths with all that there is; what fails leaves files without a verdict of the Hub."""
        yield from known
        there = {row.get("path") for row in known}
        asked = [path for path in paths if path not in there][:ASKED]
        for at in range(0, len(asked), BATCH):
            form = urlencode({"paths": asked[at : at + BATCH], "expand": "true"}, doseq=True)
            try:
                rows = self.send(f"{self.api}/paths-info/{self.commit}", form).json()
            except (CrawlError, OSError, ValueError):
                return
            yield from (row for row in rows if isinstance(row, dict))


def _file(name: str, row: Any) -> RepoFile:
    """A listed file, when it is one that git could hold."""
    strange = row["type"] != "file"
    path, size, lfs = row["path"], 0 if strange else row.get("size"), row.get("lfs")
    if lfs is not None:
        size, blob, right = lfs["size"], f"sha256:{lfs['oid']}", _SHA256.fullmatch(str(lfs["oid"]))
    else:
        blob, right = f"git:{row['oid']}", _COMMIT.fullmatch(str(row["oid"]))
    if not isinstance(path, str) or not {"", ".", ".."}.isdisjoint(path.split("/")) or "\0" in path:
        raise UntrueListingError(f"{name}: the Hub lists {clipped(str(path))!r}, which no repo can hold")
    if type(size) is not int or not 0 <= size < 2**62 or right is None:
        raise UntrueListingError(f"{name}: the Hub lists {clipped(path)!r} without a proper size or hash")
    pointer = "" if lfs is None else _pointer(row, lfs)
    return RepoFile(path=path, size=size, blob=blob, lfs=lfs is not None, strange=strange, pointer=pointer)


def _pointer(row: Any, lfs: Any) -> Literal["", "written otherwise", "another"]:
    """How the pointer that git has (`oid` is its git hash) differs from what the listing makes of it."""
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{lfs['oid']}\nsize {lfs['size']}\n".encode()
    if row.get("oid") == hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest():
        return ""
    return "another" if lfs.get("pointerSize") == len(text) else "written otherwise"


def _changed(row: Any) -> datetime | None:
    """When the commit was made that the file is of."""
    last = row.get("lastCommit")
    try:
        moment = datetime.fromisoformat(last["date"])
    except (TypeError, KeyError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _said(told: Any, *, scanned: bool) -> tuple[Said, ...]:
    """What `securityFileStatus` says, the Hub's own word first (hub-api.md 5.2)."""
    if not isinstance(told, dict) or not isinstance(told.get("status"), str):
        return ()
    status = told["status"][:_WORD]
    said = [Said("hub", "queued" if status == "safe" and not scanned else status)]
    for scanner in _SCANNERS:
        one = told.get(scanner)
        if isinstance(one, dict) and isinstance(one.get("status"), str):
            version = one.get("version")
            message = "" if one["status"] == "safe" else _message(one)
            said.append(
                Said(scanner, one["status"][:_WORD], message, version[:_WORD] if isinstance(version, str) else "")
            )
    return tuple(said)


def _message(one: dict[str, Any]) -> str:
    """Why a scanner is not content: its words, or the imports that it names."""
    words = one.get("message")
    imports = one.get("pickleImports")
    named = [
        f"{each.get('module')}.{each.get('name')}"
        for each in (imports if isinstance(imports, list) else ())
        if isinstance(each, dict) and each.get("safety") != "innocuous"
    ]
    return clipped(", ".join([*([words] if isinstance(words, str) and words else []), *named]))
