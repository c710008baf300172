"""JSON documents: configurations, tokenizers, indices.

Read whole and parsed once. What a loader resolves by name is stated as a reference; a file that a string encodes is
handed on, as stable-baselines3 keeps cloudpickle's pickles in base64 (common/save_util.py, `data_to_json`), and so is
a Keras configuration that is a text in another document; what a loader would run and no reader here understands is
stated as unread. As in Python's `json.loads`, a document may be in UTF-8, UTF-16 or UTF-32.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING

from scanners.binary import engine_ops, notebook, tfjs
from scanners.binary.embedded import ENCODED_LEAST, NOTHING, Unfolded, decoded, encoded, hand_on, kind_of, spelled
from scanners.binary.hub_config import HubConfig
from scanners.binary.keras_config import KerasConfig
from scanners.binary.skops import is_schema, state_schema
from scanners.binary.tokenizer_json import is_tokenizer, state_tokenizer, state_tokens
from scanners.binary.tool_config import ToolConfig
from scanners.binary.tree import Several, dicts, items, shown, texts, walk
from scanners.facts import Opens, Reference, clip, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource

if TYPE_CHECKING:
    from scanners.binary.tree import Branch, Place
    from scanners.source import Source

_START = re.compile(rb'(?:\xef\xbb\xbf)?[ \t\r\n]*(?:\{[ \t\r\n]*(?:"|\}|\Z)|\[[ \t\r\n]*(?:[\[{"\d\]tfn-]|\Z))')
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_NESTED = re.compile(r"class_name|\\u00")
"""How a text of JSON looks that may be a configuration: TensorFlow.js and Keras 2 write JSON into JSON."""
_ONNX = frozenset(("irVersion", "ir_version", "opsetImport", "opset_import"))
"""Keys that a model has as the protobuf library writes it."""
_XGBOOST = frozenset(("learner", "version"))
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*+"?)|//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|,(?=\s*[}\]])')
"""A text, which stays, or a comment or a last comma, which goes."""
_COMMENTED = frozenset(
    "tasks.json settings.json settings.local.json launch.json extensions.json devcontainer.json tsconfig.json".split()
)
"""Files in which editors allow comments (https://code.visualstudio.com/docs/languages/json)."""
_STATED_MOST = 32
_REFERENCES_MOST = 1024
_FILES_MOST = 4096
_SHARDS_MOST = 4096
_DIGITS_MOST = 640  # sys.set_int_max_str_digits() takes no lower limit


class _Broken(Exception):  # noqa: N818 - a state of the text, not a mistake
    """The text is not JSON."""


def recognise(sample: Sample) -> bool:
    """Whether the head opens an object or an array as JSON writes them."""
    return _opens(sample.head)


def _opens(head: bytes) -> bool:
    head = _plain(head)
    return _START.match(head) is not None and _BINARY.search(head) is None


def _plain(head: bytes) -> bytes:
    """The head in UTF-8, without a mark of its encoding."""
    encoding = json.detect_encoding(head[:4])
    return head if encoding.startswith("utf-8") else head.decode(encoding, "replace").encode()


def scan(source: Source, scan: Scan) -> None:
    """Parse the document and state what a loader would resolve or run."""
    head = source.read(0, min(4096, source.size))
    # By the last suffix alone: data.json.gz is no JSON.
    named = scan.name.lower().endswith((".json", ".ipynb", ".jsonc", ".code-workspace"))
    if not head or _BINARY.search(_plain(head)):
        raise NotThisFormat
    if not named and (not _opens(head) or source.size > scan.budget.limits.whole):
        raise NotThisFormat
    scan.budget.hold(source.size, "a JSON document")
    twice: list[str] = []
    data = source.read(0, source.size)
    try:
        documents = _documents(_text(data, scan), twice, scan)
    except _Broken as error:
        if not named:
            raise NotThisFormat from error
        scan.anomaly("json.broken", str(error))
        scan.unread("broken", "not JSON, in a file that says it is")
        return
    except RecursionError:
        # Newer Pythons go deeper, so this is not broken.
        scan.unread("limit", "nested deeper than the parser goes")
        return
    scan.format = "json" if len(documents) == 1 else "json.lines"
    for key in twice[:_STATED_MOST]:
        scan.anomaly("json.duplicate-key", key)
    for document in documents:
        if is_schema(document):
            state_schema(document, scan)
        if is_tokenizer(document):
            state_tokenizer(document, scan)
        if tfjs.is_model(document):
            tfjs.state_model(document, scan)
        if isinstance(document, dict):
            state_tokens(document, scan)
            if engine_ops.state_json(document, scan) or document.keys() >= _XGBOOST:
                scan.format = "json.model"
        if isinstance(document, dict) and "graph" in document and not _ONNX.isdisjoint(document):
            scan.unread("no-reader", "ONNX model as JSON")
        if isinstance(document, dict) and "weight_map" in document:
            _index(document["weight_map"], scan)
    _walk(documents, scan)
    if scan.name.lower().endswith(".ipynb"):
        _notebook(documents, scan)
    scan.account.examined(0, source.size)


def _documents(text: str, twice: list[str], scan: Scan) -> list[object]:
    """The documents of a text; of one with comments, as editors and agents take it, those without them."""
    try:
        return _parse(text, twice)
    except _Broken:
        if _COMMENT.search(text) is None:
            raise
        twice.clear()
        plain = _COMMENT.sub(lambda match: match[1] or "", text)
        documents = _parse(plain, twice)
        if scan.name.lower().rpartition("/")[2] not in _COMMENTED:
            scan.anomaly("json.broken", "it has comments or commas that strict readers refuse")
        return documents


def _index(weights: object, scan: Scan) -> None:
    """State the files of an index of weights, as transformers and Keras (`.weights.json`) write it."""
    files = list(dict.fromkeys(_strings(weights)))
    for path in files[:_SHARDS_MOST]:
        scan.state(Opens("json.shard", clip(path), "weight_map", member=scan.member))
    if len(files) > _SHARDS_MOST:
        scan.unread("limit", f"{len(files)} files of weights, {_SHARDS_MOST} are stated")


def _notebook(documents: list[object], scan: Scan) -> None:
    """Hand on the code of a notebook, and state what its outputs would run."""
    for each in documents:
        if isinstance(each, dict):
            scan.inside(BytesSource(notebook.program(each).encode("utf-8", "backslashreplace")), notebook.NAME)
            for script in islice(notebook.active(each), _STATED_MOST):
                scan.anomaly("notebook.script", script)


def _text(data: bytes, scan: Scan) -> str:
    try:
        return data.decode(json.detect_encoding(data[:4]), "surrogatepass")
    except UnicodeDecodeError as error:
        if scan.name.lower().endswith((".json", ".ipynb")):
            scan.anomaly("json.broken", str(error))
        # HDF5's own texts may hold any bytes, and h5py gives them to Keras like this.
        return data.decode("utf-8", "surrogateescape")


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
                    made[key] = Several(values)
        return made

    decoder = json.JSONDecoder(object_pairs_hook=pairs, parse_int=_integer)
    try:
        try:
            return [decoder.decode(text)]
        except json.JSONDecodeError as error:
            if not error.msg.startswith("Extra data"):
                raise
            return [decoder.decode(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise _Broken(str(error)) from error


def _integer(text: str) -> int:
    """A number, or how long it is where that is more than `int` agrees to read."""
    return int(text) if len(text) <= _DIGITS_MOST else len(text)


def _walk(documents: list[object], scan: Scan) -> None:
    """Look at every object and every long string of every document."""
    references: dict[str, None] = {}
    files = 0
    only = documents[0] if len(documents) == 1 else None
    keras, hub, tools = KerasConfig(scan), HubConfig(scan), ToolConfig(scan)
    root: Branch = only if isinstance(only, dict | list) else documents
    for value, place in walk(root):
        if isinstance(value, dict):
            _object(value, references)
            _templates(value, place, scan)
            keras.look(value, place)
            hub.look(value, place)
            tools.look(value, place)
        for key, each in items(value):
            if (
                isinstance(each, str)
                and len(each) >= ENCODED_LEAST
                and files <= _FILES_MOST
                and id(each) not in keras.read
            ):
                files += _hand_on(each, (place, key), scan)
    for target in list(references)[:_REFERENCES_MOST]:
        module, _, name = target.rpartition(".")
        scan.state(Reference("transformers.auto_map", clip(module), clip(name), "imported", member=scan.member))
    if len(references) > _REFERENCES_MOST:
        scan.unread("limit", f"{len(references)} classes in auto_map, {_REFERENCES_MOST} are stated")
    if files > _FILES_MOST:
        scan.unread("limit", f"more than {_FILES_MOST} encoded files")


def _hand_on(text: str, place: Place, scan: Scan) -> int:
    """Scan the files that a string encodes, or is, under the path of the string; how many there are."""
    count, data = 0, text.encode("utf-8", "replace")
    if text.lstrip()[:1] in {"{", "["} and _NESTED.search(text):
        scan.inside(BytesSource(data), shown(place))
        return 1
    last = NOTHING
    for start, _, hexadecimal in encoded(data):
        if last.holds(start, hexadecimal=hexadecimal):
            continue
        written = spelled(data, start, hexadecimal=hexadecimal)
        content = BytesSource(decoded(written, hexadecimal=hexadecimal))
        if kind := kind_of(content):
            count += 1
            known, explained = hand_on(scan, content, kind, shown(place) + (f"@{start}" if start else ""))
            last = Unfolded(start, written, hexadecimal) if known and explained else last
            if count > _FILES_MOST:
                break
    return count


def _object(value: dict[str, object], references: dict[str, None]) -> None:
    if "auto_map" in value:
        references.update(dict.fromkeys(_strings(value["auto_map"])))
    # Of each task, the class of the pipeline that runs it (transformers' pipelines/base.py).
    for tasks in dicts(value.get("custom_pipelines")):
        for task in (made for _, each in items(tasks) for made in dicts(each)):
            references.update(dict.fromkeys(_strings(task.get("impl"))))


def _templates(value: dict[str, object], place: Place, scan: Scan) -> None:
    """Hand on the templates of an object: one, or several with names (transformers' tokenizers and processors)."""
    keys = {"chat_template", "template"} if value.get("template_format") == "jinja2" else {"chat_template"}
    for key in keys & value.keys():
        named: dict[str, str] = {}
        names: set[str] = set()
        for each, _ in walk([value[key]]):
            if isinstance(each, dict):
                names.update(texts(each.get("name")))
                named |= {text: name for name in texts(each.get("name")) for text in texts(each.get("template"))}
        found = [text for text in dict.fromkeys(_strings(value[key])) if text not in names or "{" in text]
        for at, text in enumerate(found):
            mark = named.get(text) or (str(at) if at else "")
            where = shown((place, key)) + (f"@{clip_name(mark)}" if mark else "")
            scan.inside(BytesSource(text.encode("utf-8", "backslashreplace")), f"{where}.jinja")


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


SCANNER = Scanner(
    "json", 16, frozenset({".json", ".ipynb", ".jsonc", ".code-workspace", *_COMMENTED}), recognise, scan, whole=True
)
