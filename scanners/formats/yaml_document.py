"""YAML: what its tags import and call, and what the configuration asks its loader for.

Models of Keras 1 and 2 are known by their content, all else by its name. Keras' own writer puts no tag into a model but
`!!python/tuple`; TensorFlow before 2.6 read it with a loader that obeys them all, and so does every `yaml.load` that is
told to. HyperPyYAML, as speechbrain has it, obeys tags of its own whatever it is told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary import yaml_tree
from scanners.binary.hub_config import HubConfig
from scanners.binary.keras_config import KerasConfig
from scanners.binary.tool_config import ToolConfig
from scanners.binary.tree import walk
from scanners.facts import Opens, Reference, clip, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from scanners.facts import ReferenceKind, UsedAs
    from scanners.source import Source

_START: Final = re.compile(rb"(?:\A|\n)(?:backend|class_name|config|keras_version)[ \t]*:")
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_USES: Final[dict[str, UsedAs]] = {
    "python/object/apply": "called",
    "python/object/new": "instantiated",
    "python/object": "instantiated",
    "python/name": "imported",
    "python/module": "imported",
    "!new": "instantiated",
    "!apply": "called",
    "!name": "imported",
    "!module": "imported",
}
_OTHERS: Final = re.compile(r"javax?\.|ruby/|!ruby|com\.sun|org\.")
_MLFLOW: Final = frozenset(("mlmodel", "mlproject"))
"""The names of what describes a model of MLflow, and a project of it."""
_EXPANDED_MOST: Final = 1_000_000


def recognise(sample: Sample) -> bool:
    """Whether the head has a line that only a model of Keras begins with, and names a class."""
    head = sample.head
    return _START.search(head) is not None and b"class_name" in head and _BINARY.search(head) is None


def scan(source: Source, scan: Scan) -> None:
    """State what the tags and the objects of the document ask for."""
    model = recognise(Sample(source.size, source.read(0, min(4096, source.size)), b""))
    name = scan.name.rpartition("/")[2].lower()
    if not model and name not in _MLFLOW and not name.endswith((".yaml", ".yml")):
        raise NotThisFormat
    if source.size > yaml_tree.MOST:
        scan.unread("limit", f"YAML of {source.size} bytes, over {yaml_tree.MOST}")
        return
    data = source.read(0, source.size)
    if _BINARY.search(data):
        raise NotThisFormat
    scan.format = "keras.yaml" if model else "yaml"
    try:
        document = yaml_tree.read(data.decode())
    except UnicodeDecodeError as error:
        raise NotThisFormat from error
    if document.nodes > _EXPANDED_MOST:
        scan.anomaly("yaml.bomb", f"{document.nodes:,} values when its aliases are followed")
    for tag, text in document.tags:
        _tag(tag, text, "keras.yaml" if model else "yaml.tag", scan)
    keras, hub, tools = KerasConfig(scan), HubConfig(scan), ToolConfig(scan)
    for value, place in walk(document.root):
        if isinstance(value, dict):
            keras.look(value, place)
            hub.look(value, place)
            tools.look(value, place)
    if document.broken:
        scan.unread("broken", document.broken)
    else:
        scan.account.examined(0, source.size)


def _tag(tag: str, value: str, said: ReferenceKind, scan: Scan) -> None:
    kind, _, path = tag.partition(":")
    if kind == "!include":
        scan.state(Opens("config.path", clip(path or value), "!include", member=scan.member))
    elif kind in _USES and (path or value):
        module, _, name = (path or value).rpartition(".") if "module" not in kind else (path or value, "", "")
        obeyed: ReferenceKind = "config.target" if kind.startswith("!") else said
        scan.state(Reference(obeyed, clip_name(module or "builtins"), clip_name(name), _USES[kind], scan.member))
    elif _OTHERS.search(tag):
        scan.state(Reference("yaml.tag", "", clip_name(tag), "instantiated", scan.member))


SCANNER = Scanner("yaml", 7, frozenset({".yaml", ".yml", *_MLFLOW}), recognise, scan, whole=True)
