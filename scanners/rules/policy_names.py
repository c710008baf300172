"""One name for one thing: the spellings under which Python reaches a module, and the one that the tables use.

Rule 1: a name is compared in its canonical spelling, the one that a table is written in. Rule 2: what is denied is
denied in every spelling, so the deny table is also multiplied by the aliases (`spellings`).
"""

from __future__ import annotations

import _compat_pickle
from functools import cache, lru_cache
from typing import Final

VENDORED: Final = (
    "joblib.externals.",
    "pip._vendor.",
    "pkg_resources._vendor.",
    "pkg_resources.extern.",
    "setuptools._vendor.",
    "setuptools.extern.",
    "sklearn.externals.",
    "torch._vendor.",
)
"""Packages that carry copies of other packages: what follows the prefix is the other package's own name."""

ALIASES: Final[dict[str, str]] = {
    # The C half of a standard module, or the platform's name for it (threats.md 0.5).
    "__builtin__": "builtins",
    "__builtins__": "builtins",
    "_asyncio": "asyncio",
    "_collections": "collections",
    "_ctypes": "ctypes",
    "_datetime": "datetime",
    "_decimal": "decimal",
    "_dummy_thread": "threading",
    "_dummy_threading": "threading",
    "_frozen_importlib": "importlib._bootstrap",
    "_frozen_importlib_external": "importlib._bootstrap_external",
    "_functools": "functools",
    "_imp": "imp",
    "_io": "io",
    "_lsprof": "cProfile",
    "_multiprocessing": "multiprocessing",
    "_operator": "operator",
    "_pickle": "pickle",
    "_posixshmem": "multiprocessing.shared_memory",
    "_pydatetime": "datetime",
    "_pydecimal": "decimal",
    "_pyio": "io",
    "_random": "random",
    "_signal": "signal",
    "_socket": "socket",
    "_sqlite3": "sqlite3",
    "_ssl": "ssl",
    "_thread": "threading",
    "_tkinter": "tkinter",
    "_weakref": "weakref",
    "_winreg": "winreg",
    "_xxinterpchannels": "_interpreters",
    "_xxsubinterpreters": "_interpreters",
    "concurrent.interpreters": "_interpreters",
    "dummy_threading": "threading",
    "genericpath": "os.path",
    "importlib._bootstrap_external.SourceFileLoader": "importlib.machinery.SourceFileLoader",
    "macpath": "os.path",
    "nt": "os",
    "ntpath": "os.path",
    "pathlib._abc": "pathlib",
    "pathlib._local": "pathlib",
    "posix": "os",
    "posixpath": "os.path",
    # Modules that moved.
    "cloudpickle.cloudpickle_fast": "cloudpickle.cloudpickle",
    "dill.dill": "dill._dill",
    "numpy.core": "numpy._core",
    "numpy.lib.format": "numpy.lib._format_impl",
    "numpy.lib.npyio": "numpy.lib._npyio_impl",
    "numpy.lib.utils": "numpy.lib._utils_impl",
    "setuptools._distutils": "distutils",
    "torch.tensor": "torch._tensor",
}

IMPORTED_AS: Final = {
    "jl": "joblib",
    "mp": "multiprocessing",
    "np": "numpy",
    "onp": "numpy",
    "pd": "pandas",
    "pkl": "pickle",
    "sp": "subprocess",
    "tf": "tensorflow",
    "th": "torch",
}
"""Short names under which modules hold other modules; of `sp`, which is scipy or subprocess, the worse."""

_NAME_MAPPING: Final = {f"{a}.{b}": f"{c}.{d}" for (a, b), (c, d) in _compat_pickle.NAME_MAPPING.items()}
# Python 2's `dbm` became a module inside of today's `dbm`: a name cannot be the alias of its own part.
_MOVED: Final = {a: b for a, b in _compat_pickle.IMPORT_MAPPING.items() if not b.startswith(f"{a}.")}
_MAPPING: Final = {**_MOVED, **_NAME_MAPPING, **ALIASES}
_DEEPEST: Final = max(path.count(".") for path in _MAPPING) + 1
_CACHED: Final = 1 << 14
_ROUNDS: Final = 4
"""An alias may lead to another, a copy may lie in a copy; no honest name goes through more."""


def _once(path: str) -> str:
    for prefix in VENDORED:
        if path.startswith(prefix):
            return path[len(prefix) :]
    parts = path.split(".", _DEEPEST)
    for length in range(min(len(parts), _DEEPEST), 0, -1):
        target = _MAPPING.get(".".join(parts[:length]))
        if target is not None:
            return ".".join([target, *parts[length:]])
    return path


@lru_cache(_CACHED)
def canonical_path(path: str) -> str:
    """The canonical spelling of a dotted path."""
    for _ in range(_ROUNDS):
        found = _once(path)
        if found == path:
            break
        path = found
    return path


def canonical(module: str, name: str) -> tuple[str, str]:
    """The canonical spelling of `name` in `module`; names that moved alone (`urllib.urlopen`) take their new module."""
    mapped = _NAME_MAPPING.get(f"{module}.{name}")
    if mapped is not None:
        module, _, name = mapped.rpartition(".")
    return canonical_path(module), name


def imported(part: str) -> str:
    """The module that an attribute of another module may be: `random._os` is `os`, and `np` is mostly numpy."""
    plain = part if part.startswith("__") else part.strip("_")
    return IMPORTED_AS.get(plain, plain)


@cache
def _backwards() -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for alias, target in _MAPPING.items():
        if alias != target:
            found.setdefault(target, set()).add(alias)
    return {target: tuple(sorted(aliases)) for target, aliases in found.items()}


def spellings(path: str) -> set[str]:
    """Every spelling of a canonical path that the aliases know, itself among them."""
    found = {path}
    fresh = [path]
    for _ in range(_ROUNDS):
        following: list[str] = []
        for known in fresh:
            parts = known.split(".")
            for length in range(1, len(parts) + 1):
                for alias in _backwards().get(".".join(parts[:length]), ()):
                    other = ".".join([alias, *parts[length:]])
                    if other not in found:
                        found.add(other)
                        following.append(other)
        fresh = following
    return found
