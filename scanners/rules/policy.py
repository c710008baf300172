"""What a name in a pickle is: reviewed and harmless, known to be dangerous, or unknown.

Rule 1: a name is allowed only exactly, in its canonical spelling, and without a dot in it: `Class.__init__` is not
`Class`. Rule 2: a name is denied in every spelling, below every denied module, and also where its own dots lead to
one (`pathlib` + `os.system` is `os.system`). Rule 3: all else is unknown, which is never the same as harmless.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from scanners.findings import SEVERITIES, Severity
from scanners.rules.policy_allow_learn import LEARN
from scanners.rules.policy_allow_models import MODELS, TRAINING
from scanners.rules.policy_allow_python import ARRAYS, PYTHON
from scanners.rules.policy_allow_torch import TORCH, TORCH_CLASSES
from scanners.rules.policy_deny import STDLIB
from scanners.rules.policy_deny_packages import PACKAGES
from scanners.rules.policy_deny_torch import TORCH_DENIED
from scanners.rules.policy_gadgets import ADVISED, STDLIB_GADGETS, TORCH_GADGETS
from scanners.rules.policy_instances import ACTING, INSTANCES
from scanners.rules.policy_names import canonical, canonical_path, imported, spellings
from scanners.rules.policy_sinks import (
    CODE_OBJECTS,
    FETCHES,
    HANDLES_FILES,
    IMPORTERS,
    LOADERS_OF_CLASSES,
    REACHED,
    SINKS,
    UNPICKLERS,
    WALKS,
)
from scanners.rules.policy_table import WEIGHT, Allowed, Capability, Group

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ALLOW: Final[tuple[Allowed, ...]] = (
    *PYTHON,
    *ARRAYS,
    *TORCH,
    *TORCH_CLASSES,
    *LEARN,
    *TRAINING,
    *MODELS,
)
DENY: Final[tuple[Group, ...]] = (
    *STDLIB,
    *PACKAGES,
    *TORCH_DENIED,
    *ADVISED,
    *STDLIB_GADGETS,
    *TORCH_GADGETS,
    *INSTANCES,
    CODE_OBJECTS,
)

_CACHED: Final = 65_536
"""Decisions kept; a hostile file can name more, and then they are made again."""
_SUFFIXES: Final = 24
"""Components at the end of a name at which a denied path may begin: no honest name has nearly as many."""

Entry = tuple[str, str]
"""A name and the reason for it, as a user's configuration gives them."""


class Decision(msgspec.Struct, frozen=True):
    """What the policy says of one name."""

    kind: Literal["allow", "deny", "unknown"]
    capability: Capability | None = None
    """What a denied name could do."""
    severity: Severity = "medium"
    """How much a use of it weighs before its arguments are looked at."""
    source: str = ""
    """Where the entry comes from."""


UNKNOWN: Final = Decision("unknown")


def _worse(a: Decision | None, b: Decision | None) -> Decision | None:
    if a is None or b is None:
        return a or b
    return b if SEVERITIES.index(b.severity) > SEVERITIES.index(a.severity) else a


class _Paths:
    """Denied paths: those that stand for themselves, and those that stand for all below them too."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self.exact: dict[str, Decision] = {}
        self.below: dict[str, Decision] = {}
        self.deepest = 1
        for group in groups:
            decision = Decision("deny", group.capability, group.severity or WEIGHT[group.capability], group.source)
            for entry in group.entries():
                table = self.below if entry.endswith(".*") else self.exact
                path = canonical_path(entry.removesuffix(".*"))
                for spelled in {*spellings(path), entry.removesuffix(".*")}:
                    found = _worse(table.get(spelled), decision)
                    assert found is not None
                    table[spelled] = found
                    self.deepest = max(self.deepest, spelled.count(".") + 1)

    def prefix(self, parts: list[str]) -> Decision | None:
        """The worst denied module that the path is, or lies below."""
        found: Decision | None = None
        path = ""
        for part in parts[: self.deepest]:
            path = f"{path}.{part}" if path else part
            found = _worse(found, self.below.get(path))
        return found

    def match(self, parts: list[str]) -> Decision | None:
        """What is denied of a path as a whole."""
        exact = self.exact.get(".".join(parts)) if len(parts) <= self.deepest else None
        return _worse(exact, self.prefix(parts))


class Policy:
    """The tables and the user's own entries; two with the same entries decide the same."""

    __slots__ = ("_allow", "_cache", "_custom", "_custom_allow", "_custom_deny", "_deny", "version")

    def __init__(
        self,
        allow: Mapping[tuple[str, str], str],
        deny: _Paths,
        *,
        custom_allow: Mapping[tuple[str, str], str] | None = None,
        custom: tuple[Group, ...] = (),
        version: str = "",
    ) -> None:
        self._allow, self._deny = allow, deny
        self._custom_allow = custom_allow or {}
        self._custom = custom
        self._custom_deny = _Paths(custom)
        self._cache: dict[tuple[str, str], Decision] = {}
        self.version = version
        """A short hash of all entries: findings depend on it."""

    @staticmethod
    def default() -> Policy:
        """The reviewed policy."""
        return _default()

    def extended(self, allow: Iterable[Entry] = (), deny: Iterable[Entry] = ()) -> Policy:
        """This policy with a user's own names, those that expired already left out.

        A name is "module.name", or "module:Qualified.name" to be denied only; whatever is denied is denied with all
        below it, also without ".*" at its end. A name that the user allows is allowed also against the reviewed
        tables, but not against the user's own denials.
        Raises `ValueError` for a name that cannot be allowed: a prefix, or one with a dot behind its colon.
        """
        allow, deny = tuple(allow), tuple(deny)
        if not allow and not deny:
            return self
        allowed: dict[tuple[str, str], str] = {}
        for name, reason in allow:
            module, _, attribute = name.rpartition(":") if ":" in name else name.rpartition(".")
            if not module or not attribute.isidentifier():
                raise ValueError(f"{name!r} cannot be allowed: write module.name, exactly")
            allowed[canonical(module, attribute)] = reason
        groups = tuple(
            Group("custom", reason or "configuration", f"{name.replace(':', '.').removesuffix('.*')}.*")
            for name, reason in deny
        )
        text = repr((self.version, sorted(allowed.items()), sorted((g.names, g.source) for g in groups)))
        return Policy(
            self._allow,
            self._deny,
            custom_allow={**self._custom_allow, **allowed},
            custom=(*self._custom, *groups),
            version=_digest(text),
        )

    def decide(self, module: str, name: str) -> Decision:
        """What the policy says of `name` in `module`."""
        key = (module, name)
        found = self._cache.get(key)
        if found is None:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            found = self._cache[key] = self._decide(module, name)
        return found

    def decide_path(self, path: str) -> Decision:
        """What the policy says of a dotted path, where module and name are not told apart."""
        module, _, name = path.rpartition(".")
        return self.decide(module, name) if module else self.decide(path, "")

    def sink(self, text: str) -> Decision | None:
        """What a resolver would reach by this text, "module:name" or "module.name", if that is denied."""
        if len(text) > 200 or not text.isascii():
            return None
        module, colon, name = text.partition(":")
        if not colon:
            module, _, name = text.rpartition(".")
        parts = f"{module}.{name}".split(".")
        if not module or not all(part.isidentifier() for part in parts):
            return None
        if parts[0] in REACHED or not REACHED.isdisjoint(parts[1:]):
            decision = self.decide(module, name)
            return decision if decision.kind == "deny" else None
        # Beyond the modules that every attack goes through only whole known names count: `test.csv` is a file name.
        return self._deny.exact.get(".".join(parts)) or (self._deny.prefix(parts) if colon else None)

    def _decide(self, module: str, name: str) -> Decision:
        raw = f"{module}.{name}" if name else module
        spelled_module, spelled_name = canonical(module, name)
        plain = f"{spelled_module}.{spelled_name}" if spelled_name else spelled_module
        paths = [raw.split(".")] if raw == plain else [raw.split("."), plain.split(".")]
        for parts in paths:
            custom = self._custom_deny.match(parts)
            if custom is not None:
                return custom
        dotless = bool(spelled_name) and "." not in name
        if dotless and (reason := self._custom_allow.get((spelled_module, spelled_name))) is not None:
            return Decision("allow", source=reason)
        exact: Decision | None = None
        for parts in paths:
            exact = _worse(exact, self._deny.exact.get(".".join(parts)))
        if exact is not None and exact.capability == "code_object":
            return exact
        if exact is None and dotless:
            source = self._allow.get((spelled_module, spelled_name))
            if source is not None:
                return Decision("allow", source=source)
        found = exact
        for parts in paths:
            found = _worse(found, self._deny.prefix(parts))
        return _worse(found, self._reached(module, name)) or UNKNOWN

    def _reached(self, module: str, name: str) -> Decision | None:
        """What is denied of the places that the dots inside of a name lead through."""
        found: Decision | None = None
        inner, parts = module.split(".")[1:], name.split(".") if name else []
        names = [imported(part) for part in parts]
        for part in (*inner, *names):
            if part in REACHED:
                found = _worse(found, self._deny.below.get(part) or self._deny.exact.get(part) or _REACHES)
        root = module.partition(".")[0]
        for part in parts:
            found = _worse(found, _KNOWN.get(part))
            found = _worse(found, _BELOW.get(f"{root}.{part}"))
        if len(parts) > 1 and parts[-1] in LOADERS_OF_CLASSES:
            found = _worse(found, _LOADS)
        if len(parts) > 1 and parts[-1] in HANDLES_FILES:
            found = _worse(found, _FILES)
        start = max(0, len(names) - _SUFFIXES)
        for index in range(start, len(names) - 1):
            found = _worse(found, self._deny.match(names[index:]))
        return found


_REACHES: Final = Decision("deny", "exec_code", "critical", "the last part of the name is a well-known sink")
_FETCHES: Final = Decision("deny", "network", "high", "the last part of the name is one of urllib's")
_IMPORTS: Final = Decision("deny", "import_or_resolve", "critical", "what bears this name imports what a text names")
_UNPICKLES: Final = Decision("deny", "deserialize", "critical", "what bears this name unpickles what it is given")
_LOADS: Final = Decision("deny", "deserialize", "high", "a method of this name loads what it is given the name of")
_FILES: Final = Decision(
    "deny", "file_write_delete", "high", "a method of this name writes what it is given the name of"
)
_WALKS: Final = Decision("deny", "attribute_primitive", "high", "the name walks through Python's own machinery")


_KNOWN: Final[dict[str, Decision]] = {
    **dict.fromkeys(UNPICKLERS, _UNPICKLES),
    **dict.fromkeys(IMPORTERS, _IMPORTS),
    **dict.fromkeys(WALKS, _WALKS),
    **dict.fromkeys(SINKS, _REACHES),
    **dict.fromkeys(FETCHES, _FETCHES),
}
_BELOW: Final = {
    entry: Decision("deny", group.capability, group.severity or WEIGHT[group.capability], group.source)
    for group in ACTING
    for entry in group.entries()
}
_STRUCTURE: Final = [
    sorted(t) for t in (REACHED, SINKS, FETCHES, IMPORTERS, UNPICKLERS, LOADERS_OF_CLASSES, HANDLES_FILES, WALKS)
]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@cache
def _default() -> Policy:
    allow = {
        (module, name): group.source
        for group in ALLOW
        for module, names in group.names.items()
        for name in names.split()
    }
    denied = sorted((g.capability, g.severity or "", g.names) for g in (*DENY, *ACTING))
    text = repr((sorted(allow), denied, _STRUCTURE, sorted(WEIGHT.items())))
    return Policy(allow, _Paths(DENY), version=_digest(text))
