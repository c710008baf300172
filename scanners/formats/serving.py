"""What servers of models are told: Triton's config.pbtxt, Ollama's Modelfile, spaCy's config.cfg (threats.md 7.12 on).

Sources: model_config.proto of Triton's common repository; docs/modelfile.md of Ollama; spacy/schemas.py of spaCy 3.8,
whose configurations are made of functions that packages have registered by name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary import text_proto
from scanners.binary.tree import texts, walk
from scanners.facts import Opens, Reference, clip, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner, by_name
from scanners.source import BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.binary.tree import Branch
    from scanners.source import Source

_MOST: Final = 4 << 20
_STATED_MOST: Final = 1024
_PARTS_MOST: Final = 64
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")


def _text(source: Source, scan: Scan) -> str:
    """The file as text; raises `NotThisFormat` where it is none."""
    if source.size > _MOST:
        raise NotThisFormat
    try:
        text = source.read(0, source.size).decode()
    except UnicodeDecodeError as error:
        raise NotThisFormat from error
    if _CONTROL.search(text):
        raise NotThisFormat
    scan.account.examined(0, source.size)
    return text


# -- Triton

_BACKENDS: Final = frozenset("backend platform runtime op_library_filename".split())
_FILES: Final = frozenset("default_model_filename input_data_file location".split())
_ENVIRONMENT: Final = "EXECUTION_ENV_PATH"


def _scan_triton(source: Source, scan: Scan) -> None:
    text = _text(source, scan)
    scan.format = "triton"
    try:
        root = text_proto.read(text)
    except ValueError as problem:
        scan.unread("broken", str(problem))
        return
    told = list(dict.fromkeys(_told(root)))
    for key, value in told[:_STATED_MOST]:
        if key in _BACKENDS:
            scan.state(Reference("serving.backend", key, clip_name(value), "called", member=scan.member))
        else:
            scan.state(Opens("config.path", clip(value), key, member=scan.member))
    if len(told) > _STATED_MOST:
        scan.unread("limit", f"{len(told)} names, {_STATED_MOST} are stated")


def _told(root: Branch) -> Iterator[tuple[str, str]]:
    """What the configuration has opened or loaded, each by its key."""
    for value, _ in walk(root):
        if not isinstance(value, dict):
            continue
        for key, each in value.items():
            if key in _BACKENDS or key in _FILES:
                yield from ((key, text) for text in texts(each))
        if _ENVIRONMENT in texts(value.get("key")) and isinstance(given := value.get("value"), dict):
            yield from ((_ENVIRONMENT, text) for text in texts(given.get("string_value")))


# -- Ollama

_INSTRUCTION: Final = re.compile(r"[ \t]*([A-Za-z]+)[ \t]+(?:\"\"\"(.*?)(?:\"\"\"|\Z)|([^\n]*))", re.DOTALL)
_LOADED: Final = frozenset(("FROM", "ADAPTER", "DRAFT"))


def _scan_modelfile(source: Source, scan: Scan) -> None:
    text = _text(source, scan)
    at, parts, known = 0, 0, False
    while at < len(text):
        found = _INSTRUCTION.match(text, at)
        if found is not None:
            name, value = found[1].upper(), (found[2] if found[2] is not None else found[3]).strip()
            known = known or name == "FROM"
            if name in _LOADED:
                scan.state(Opens("config.path", clip(value), name, member=scan.member))
            elif name in {"TEMPLATE", "SYSTEM"}:
                parts += 1
                content = BytesSource(value.strip('"').encode("utf-8", "replace"))
                scan.inside(content, f"{name}{parts if parts > 1 else ''}.jinja")
            at = found.end()
        at = text.find("\n", at) + 1 or len(text)
        if parts >= _PARTS_MOST:
            scan.unread("limit", f"over {_PARTS_MOST} templates")
            break
    if not known:
        raise NotThisFormat
    scan.format = "modelfile"


# -- spaCy

_SECTION: Final = re.compile(r"^\[(?:nlp|paths|system|components)\]$", re.MULTILINE)
_REGISTERED: Final = re.compile(r"(?:^|[{,]\s*\")@(\w+)\"?[ \t]*[=:][ \t]*\"?([^\"\n]*)", re.MULTILINE)
_FACTORY: Final = re.compile(r"^factory[ \t]*=[ \t]*\"?([^\"\n]*)", re.MULTILINE)
_PATH: Final = re.compile(r"^(\w+)[ \t]*=[ \t]*\"((?:/|~|[A-Za-z]:|\w+://)[^\"\n]*)", re.MULTILINE)


def _is_spacy(sample: Sample) -> bool:
    head = sample.head.decode("utf-8", "replace")
    return _SECTION.search(head) is not None and bool(_REGISTERED.search(head) or _FACTORY.search(head))


def _scan_spacy(source: Source, scan: Scan) -> None:
    text = _text(source, scan)
    if not _SECTION.search(text):
        raise NotThisFormat
    scan.format = "spacy.config"
    told = [*_REGISTERED.findall(text), *(("factories", name) for name in _FACTORY.findall(text))]
    told = list(dict.fromkeys(told))
    for registry, name in told[:_STATED_MOST]:
        scan.state(Reference("spacy.registry", clip(registry), clip_name(name), "called", member=scan.member))
    paths = list(dict.fromkeys(_PATH.findall(text)))
    for key, path in paths[:_PARTS_MOST]:
        scan.anomaly("model.path", f"{key}: {path}")
    if len(told) > _STATED_MOST or len(paths) > _PARTS_MOST:
        scan.unread(
            "limit", f"{len(told)} functions and {len(paths)} paths, {_STATED_MOST} and {_PARTS_MOST} are stated"
        )


SCANNERS: Final = (
    Scanner("triton", 1, frozenset({"config.pbtxt"}), by_name, _scan_triton, whole=True),
    Scanner("modelfile", 1, frozenset({"modelfile", ".modelfile"}), by_name, _scan_modelfile, whole=True),
    Scanner("spacy.config", 1, frozenset({"config.cfg"}), _is_spacy, _scan_spacy, whole=True),
)
