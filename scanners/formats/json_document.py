"""JSON documents: configurations, tokenizers, indices.

Read whole and parsed once. What a loader resolves by name is stated as a reference; a file that a string encodes is
handed on, as stable-baselines3 keeps cloudpickle's pickles in base64 (common/save_util.py, `data_to_json`); what a
loader would run and no reader here understands is stated as unread.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from scanners.binary.embedded import ENCODED_LEAST, decoded, encoded, hand_on, kind_of
from scanners.facts import Reference, clip
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource, Span

if TYPE_CHECKING:
    from scanners.source import Source

_START = re.compile(rb'(?:\xef\xbb\xbf)?[ \t\r\n]*(?:\{[ \t\r\n]*(?:"|\}|\Z)|\[[ \t\r\n]*(?:[\[{"\d\]tfn-]|\Z))')
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_POINTER = b"version https://git-lfs.github.com/spec/"
_STATED_MOST = 32
_REFERENCES_MOST = 1024
_FILES_MOST = 4096

_Path = tuple["_Path", str | int] | None
"""Where a value is: the place of what holds it, and its key there."""


class _Broken(Exception):  # noqa: N818 - a state of the text, not a mistake
    """The text is not JSON."""


def recognise(sample: Sample) -> bool:
    """Whether the head opens an object or an array as JSON writes them."""
    return _START.match(sample.head) is not None and _BINARY.search(sample.head) is None


def scan(source: Source, scan: Scan) -> None:
    """Parse the document and state what a loader would resolve or run."""
    head = source.read(0, min(4096, source.size))
    # By the last suffix alone: data.json.gz is no JSON.
    named = scan.name.lower().endswith((".json", ".ipynb"))
    if not head or _BINARY.search(head) or head.startswith(_POINTER):
        raise NotThisFormat
    if not named and (_START.match(head) is None or source.size > scan.budget.limits.whole):
        raise NotThisFormat
    scan.budget.hold(source.size, "a JSON document")
    source.want(Span(0, source.size))
    twice: list[str] = []
    try:
        text = source.read(0, source.size).decode("utf-8-sig")
        documents = _parse(text, twice)
    except (UnicodeDecodeError, _Broken) as error:
        if not named:
            raise NotThisFormat from error
        scan.anomaly("json.broken", str(error))
        scan.unread("broken", "not JSON, in a file that says it is")
        return
    scan.format = "json" if len(documents) == 1 else "json.lines"
    for key in twice[:_STATED_MOST]:
        scan.anomaly("json.duplicate-key", key)
    _walk(documents, scan)
    if scan.name.lower().endswith(".ipynb"):
        scan.unread("no-reader", "notebook")
    scan.account.examined(0, source.size)


def _parse(text: str, twice: list[str]) -> list[object]:
    """The document, or one for each line; keys that came twice in one object are added to `twice`."""

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(items)
        if len(made) != len(items):
            # Readers differ in which of the values counts, so all of them are kept.
            every: dict[str, list[object]] = {}
            for key, value in items:
                every.setdefault(key, []).append(value)
            for key, values in every.items():
                if len(values) > 1:
                    twice.append(key)
                    made[key] = values
        return made

    # A number may be longer than int() agrees to read, and its value matters to nothing here.
    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_int=len)
    try:
        try:
            return [decoder.decode(text)]
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Extra data"):
                raise
            return [decoder.decode(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise _Broken(str(error)) from error
    except RecursionError as error:
        raise _Broken("nested too deeply") from error


def _walk(documents: list[object], scan: Scan) -> None:
    """Look at every object and every long string of every document."""
    unread: dict[str, str] = {}
    references: dict[str, None] = {}
    files = 0
    only = documents[0] if len(documents) == 1 else None
    todo: list[tuple[dict[str, object] | list[object], _Path]]
    todo = [(only if isinstance(only, dict | list) else documents, None)]
    while todo:
        value, path = todo.pop()
        if isinstance(value, dict):
            _object(value, unread, references)
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(each, dict | list):
                todo.append((each, (path, key)))
            elif isinstance(each, str) and len(each) >= ENCODED_LEAST and files <= _FILES_MOST:
                files += _hand_on(each, (path, key), scan)
    for target in list(references)[:_REFERENCES_MOST]:
        module, _, name = target.rpartition(".")
        scan.state(Reference("transformers.auto_map", clip(module), clip(name), "imported", member=scan.member))
    if len(references) > _REFERENCES_MOST:
        scan.unread("limit", f"{len(references)} classes in auto_map, {_REFERENCES_MOST} are stated")
    if files > _FILES_MOST:
        scan.unread("limit", f"more than {_FILES_MOST} encoded files")
    for what, detail in unread.items():
        scan.unread("no-reader", f"{what}: {detail}")


def _hand_on(text: str, path: _Path, scan: Scan) -> int:
    """Scan the files that a string encodes, under the path of the string; how many there are."""
    count, data = 0, text.encode("utf-8", "replace")
    for where in encoded(data):
        content = BytesSource(decoded(data[where.start :], hexadecimal=where.hexadecimal))
        if kind := kind_of(content):
            count += 1
            hand_on(scan, content, kind, _shown(path) + (f"@{where.start}" if where.start else ""))
    return count


def _shown(path: _Path) -> str:
    keys: list[str] = []
    while path:
        path, key = path
        keys.append(str(key))
    return "/".join(reversed(keys))


def _object(value: dict[str, object], unread: dict[str, str], references: dict[str, None]) -> None:
    if "auto_map" in value:
        references.update(dict.fromkeys(_strings(value["auto_map"])))
    if "chat_template" in value and (templates := _strings(value["chat_template"])):
        unread.setdefault("jinja template", templates[0])
    if "_target_" in value:
        unread.setdefault("a configuration that names what to call", "_target_ " + str(value["_target_"]))
    if "class_name" in value and "config" in value:
        unread.setdefault("Keras configuration", str(value["class_name"]))


def _strings(value: object) -> list[str]:
    """The strings in a value, at any depth, those of its keys left out."""
    found: list[str] = []
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, str):
            found.append(each)
        elif isinstance(each, list):
            todo.extend(each)
        elif isinstance(each, dict):
            todo.extend(each.values())
    return found


SCANNER = Scanner("json", 2, frozenset({".json", ".ipynb"}), recognise, scan, whole=True)
