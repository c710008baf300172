"""Models of Keras 1 and 2 as YAML: what their tags import and call, and what the configuration asks for.

Only the events of the document are looked at; nothing is constructed. Keras' own writer puts no tag into it but
`!!python/tuple`; TensorFlow before 2.6 read it with a loader that obeys them all.

Source: yaml/constructor.py of PyYAML 6 (`FullConstructor`, `UnsafeConstructor`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml

from scanners.binary.keras_config import KerasConfig
from scanners.binary.tree import Several, walk
from scanners.facts import Reference, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Span

if TYPE_CHECKING:
    from scanners.binary.tree import Branch
    from scanners.facts import UsedAs
    from scanners.source import Source

_START: Final = re.compile(rb"(?:\A|\n)(?:backend|class_name|config|keras_version)[ \t]*:")
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_MOST: Final = 8 << 20
"""Bytes of a document; the largest honest ones have some hundred thousand."""
_PYTHON: Final = "tag:yaml.org,2002:python/"
_USES: Final[dict[str, UsedAs]] = {
    "object/apply": "called",
    "object/new": "instantiated",
    "object": "instantiated",
    "name": "imported",
    "module": "imported",
}
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser of libyaml where PyYAML was built with it, as its wheels are: the events are the same."""


def recognise(sample: Sample) -> bool:
    """Whether the head has a line that only a model begins with, and names a class."""
    head = sample.head
    return _START.search(head) is not None and b"class_name" in head and _BINARY.search(head) is None


def scan(source: Source, scan: Scan) -> None:
    """State what the tags and the objects of the document ask for."""
    if not recognise(Sample(source.size, source.read(0, min(4096, source.size)), b"")):
        raise NotThisFormat
    if source.size > _MOST:
        scan.unread("limit", f"YAML of {source.size} bytes, over {_MOST}")
        return
    source.want(Span(0, source.size))
    try:
        root = _read(source.read(0, source.size).decode(), scan)
    except UnicodeDecodeError as error:
        raise NotThisFormat from error
    except yaml.YAMLError as error:
        scan.unread("broken", f"YAML: {error}")
        return
    keras = KerasConfig(scan)
    for value, place in walk(root):
        if isinstance(value, dict):
            keras.look(value, place)
    scan.account.examined(0, source.size)


def _read(text: str, scan: Scan) -> Branch:
    """The documents as a tree, aliases left out: what they stand for is in it once already."""
    root: list[object] = []
    inside: list[list[object]] = [root]
    told: set[str] = set()
    for event in yaml.parse(text, Loader=_LOADER):
        tag = getattr(event, "tag", None)
        if isinstance(tag, str) and tag.startswith(_PYTHON) and tag not in told:
            told.add(tag)
            _tag(tag.removeprefix(_PYTHON), scan)
        match event:
            case yaml.ScalarEvent():
                inside[-1].append(event.value)
            case yaml.AliasEvent():
                inside[-1].append(None)
            case yaml.CollectionStartEvent():
                inside.append([])
            case yaml.CollectionEndEvent():
                done = inside.pop()
                inside[-1].append(_mapping(done) if isinstance(event, yaml.MappingEndEvent) else done)
            case _:
                continue
    return root


def _mapping(flat: list[object]) -> dict[str, object]:
    """A dict of keys and values in turn; a key that comes again keeps all its values."""
    made: dict[str, object] = {}
    for key, value in zip(flat[::2], flat[1::2], strict=True):
        name = key if isinstance(key, str) else repr(type(key))
        if name not in made:
            made[name] = value
        elif isinstance(known := made[name], Several):
            known.append(value)
        else:
            made[name] = Several((known, value))
    return made


def _tag(tag: str, scan: Scan) -> None:
    kind, _, path = tag.partition(":")
    if kind in _USES and path:
        module, _, name = path.rpartition(".") if kind != "module" else (path, "", "")
        scan.state(Reference("keras.yaml", clip_name(module or "builtins"), clip_name(name), _USES[kind], scan.member))


SCANNER = Scanner("keras.yaml", 2, frozenset(), recognise, scan, whole=True)
