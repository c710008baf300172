"""YAML as a tree, by its events alone: nothing is constructed, and aliases are not followed.

Source: https://yaml.org/spec/1.2.2/; the tags that loaders obey: yaml/constructor.py of PyYAML 6 (`FullConstructor`,
`UnsafeConstructor`), hyperpyyaml/core.py of HyperPyYAML 1.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.tree import Several

if TYPE_CHECKING:
    from scanners.binary.tree import Branch

MOST: Final = 8 << 20
"""Bytes of a document; the largest honest ones have some hundred thousand."""
_STANDARD: Final = "tag:yaml.org,2002:"
_GREATEST: Final = 1 << 62


class Document(NamedTuple):
    """What a text of YAML says."""

    root: Branch
    """Its documents; of aliases there is None, since what they stand for is in it once already."""
    tags: tuple[tuple[str, str], ...]
    """The tags other than those of plain values, each once, with the text of a scalar that carries it."""
    broken: str
    """Where it is no YAML any more, "" where all of it is; what was seen before that is kept."""
    nodes: int
    """Values in it when every alias is followed; a bomb has more than anybody can hold."""


def load_libraries() -> None:
    """Import the parser: a sealed process could not."""
    import yaml  # noqa: F401, PLC0415 - late, because it is heavy


def read(text: str) -> Document:
    """Read all documents of a text."""
    import yaml  # noqa: PLC0415 - heavy, and loaded before the seal by `load_libraries`

    # The parser of libyaml where PyYAML was built with it, as its wheels are: the events are the same.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    root: list[object] = []
    inside: list[list[object]] = [root]
    sizes, anchored, names = [0], dict[str, int](), list[str | None]()
    tags: dict[tuple[str, str], None] = {}
    broken = ""
    try:
        for event in yaml.parse(text, Loader=loader):
            tag = getattr(event, "tag", None)
            if isinstance(tag, str) and (not tag.startswith(_STANDARD) or "/" in tag or "." in tag):
                tags[tag.removeprefix(_STANDARD), getattr(event, "value", None) or ""] = None
            match event:
                case yaml.ScalarEvent():
                    inside[-1].append(event.value)
                    sizes[-1] += 1
                    if event.anchor:
                        anchored[event.anchor] = 1
                case yaml.AliasEvent():
                    inside[-1].append(None)
                    sizes[-1] = min(sizes[-1] + anchored.get(event.anchor or "", 1), _GREATEST)
                case yaml.CollectionStartEvent():
                    inside.append([])
                    sizes.append(1)
                    names.append(event.anchor)
                case yaml.CollectionEndEvent():
                    done, size, anchor = inside.pop(), sizes.pop(), names.pop()
                    inside[-1].append(_mapping(done) if isinstance(event, yaml.MappingEndEvent) else done)
                    sizes[-1] = min(sizes[-1] + size, _GREATEST)
                    if anchor:
                        anchored[anchor] = size
                case _:
                    continue
    except (yaml.YAMLError, RecursionError) as error:
        broken = f"YAML: {error}"
    return Document(root, tuple(tags), broken, sizes[0])


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
