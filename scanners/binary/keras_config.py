"""Keras configurations, whatever document they stand in: what the objects in them ask Keras for, as facts.

    {"class_name": "Dense", "module": "keras.layers", "config": {...}, "registered_name": null}     Keras 3
    {"class_name": "Dense", "config": {...}}                                                        Keras 1 and 2

Keras makes such objects wherever they stand: layers in wrappers and in the arguments of other layers, losses,
optimizers, build and compile configurations. So every object of a document is looked at, and no path is trusted.
Code of Lambda layers is read, never unmarshalled.

Sources: keras/src/saving/serialization_lib.py, layers/core/lambda_layer.py, utils/python_utils.py (`func_load`),
utils/torch_utils.py and export/tfsm_layer.py of Keras 3.7 to 3.15; saving/legacy/serialization.py,
layers/core/lambda_layer.py and tf_op_layer.py of Keras 2.15.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Final

from msgspec import structs

from scanners.binary.carried_code import facts_of
from scanners.binary.code_calls import calls
from scanners.binary.marshal_reader import BrokenMarshal, read
from scanners.binary.stated import Stated
from scanners.binary.tree import Several, dicts, readings, shown, texts
from scanners.facts import Call, Code, Opens, clip, clip_name
from scanners.source import BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.binary.marshal_reader import Unmarshalled
    from scanners.binary.tree import Place
    from scanners.facts import OpensKind
    from scanners.scanner import Scan

_MARKS: Final = frozenset(("config", "module", "registered_name"))
"""Keys beside `class_name`: one of them makes an object of Keras of a dict."""
_DATA: Final = frozenset(("__tensor__", "__numpy__", "__bytes__", "__ellipsis__", "__slice__", "__keras_tensor__"))
"""Classes of Keras' own grammar that hold nothing but values."""
_FUNCTIONS: Final = ("function", "output_shape", "mask")
"""What a Lambda layer keeps functions under; Keras 2 says beside each of them what it is and where it is from."""
_OPERATIONS: Final = {"TFOpLambda": "function", "SlicingOpLambda": "function", "ClassMethod": "cls_symbol"}
"""Layers of Keras 2 that call what TensorFlow exports under the name in their configuration, and where that is."""
_PATHS: Final = (
    "vocabulary",
    "idf_weights",
    "filepath",
    "file_path",
    "filename",
    "vocabulary_file",
    "vocab_file",
    "merges",
    "special_tokens",
    "language_tokens",
)
_SAVED_MODELS: Final = {"TFSMLayer": "filepath", "KerasLayer": "handle"}
"""Layers that load a SavedModel: Keras' own, and that of tensorflow_hub."""
_OWN: Final = frozenset(("", "__main__", "builtins", "keras", "tf_keras", "tensorflow"))
"""Where the globals of an honest lambda are: its writer's script, or Keras itself."""
_ARGUMENTS: Final = 16
"""Arguments of one call that are shown."""


class KerasConfig(Stated):
    """States what the objects of one document ask for."""

    def __init__(self, scan: Scan) -> None:
        super().__init__(scan)
        self.read: set[int] = set()
        """Identities of the strings that were read here as code or files: nobody needs to look at them again."""

    def look(self, value: dict[str, object], place: Place) -> None:
        """State what this object asks for; those in it are for other calls."""
        for version in texts(value.get("keras_version")):
            self.name("keras.version", "keras", version, "imported")
        if "function_type" in value:
            self._lambda(value, place)
        if "class_name" not in value or not _MARKS & value.keys():
            return
        for key in ("class_name", *_MARKS):
            if isinstance(value.get(key), Several):
                self.scan.anomaly("keras.duplicate", f"{key} in {shown(place) or 'the document'}")
        modules = texts(value.get("module")) or [""]
        for name in dict.fromkeys(texts(value["class_name"])):
            for module in dict.fromkeys(modules):
                self._object(name, module, value, place)

    def _object(self, name: str, module: str, value: dict[str, object], place: Place) -> None:
        """One reading of an object."""
        module, name = _export(module, name)
        if name == "function":
            # Whatever it is called, the module is imported.
            for function in texts(value.get("config")) or [""]:
                self.name("keras.function", *_export(module, function), "imported")
        elif name == "__lambda__":
            for config in dicts(value.get("config")):
                for key in ("code", "value"):
                    for text in _dumped(config.get(key)):
                        if isinstance(text, str):
                            self._code(text, ((place, "config"), key), [""])
        elif name == "__typespec__":
            for spec in texts(value.get("spec_name")):
                self.name("keras.layer", *_export(module, spec), "instantiated")
        elif name not in _DATA:
            # A registered name counts where the module says nothing: `Package>Class`.
            registered = [each for each in texts(value.get("registered_name")) if ">" in each and not module]
            for each in registered or [name]:
                self.name("keras.layer", module, each, "instantiated")
            for config in dicts(value.get("config")):
                self._special(name.rpartition(">")[2], config, (place, "config"))

    # --- classes that do more than compute -----------------------------------------------------------------------

    def _special(self, name: str, config: dict[str, object], place: Place) -> None:
        by = " ".join([name, *map(repr, texts(config.get("name"))[:1])])
        if name == "Lambda" and "function_type" not in config:
            self._lambda(config, place)
        if name == "TorchModuleWrapper":
            self._torch(config, place)
        if name in _OPERATIONS:
            for symbol in texts(config.get(_OPERATIONS[name])):
                method = "".join(f".{each}" for each in texts(config.get("method_name"))[:1])
                self.name("keras.function", "tensorflow", symbol + method, "called")
        if name == "TensorFlowOpLayer":
            self._node(config)
        model = _SAVED_MODELS.get(name, "")
        for path in texts(config.get(model)):
            self._opens("keras.saved-model", path, by)
        for key in _PATHS:
            for path in texts(config.get(key)) if key != model else ():
                self._opens("keras.file", path, f"{key} of {by}")
        for path in texts(config.get("proto")):
            # keras_hub takes a text for the vocabulary itself if it is base64, and for a path otherwise.
            if not _strict(path):
                self._opens("keras.file", path, f"proto of {by}")

    def _opens(self, kind: OpensKind, path: str, by: str) -> None:
        if path and self.new(kind, path):
            self.scan.state(Opens(kind, clip(path), clip(by), member=self.scan.member))

    def _torch(self, config: dict[str, object], place: Place) -> None:
        """Hand on what `torch.save` wrote of the module that the layer wraps."""
        for text in texts(config.get("module")):
            self.read.add(id(text))
            at = shown((place, "module"))
            try:
                self.scan.inside(BytesSource(binascii.a2b_base64(text.encode("ascii", "replace"))), at)
            except binascii.Error as error:
                self.scan.unread("broken", f"a torch module: {error}", member=at)

    def _node(self, config: dict[str, object]) -> None:
        """The operation of a layer that holds a node of a TensorFlow graph, as JSON or serialized in a text."""
        for node in readings(config.get("node_def")):
            operations = texts(node.get("op")) if isinstance(node, dict) else []
            if isinstance(node, str):
                operations = _operations(node.encode("utf-8", "surrogatepass"))
            for operation in operations:
                self.name("keras.function", "tensorflow", f"raw_ops.{operation}", "called")
            if not operations:
                self.scan.unread("no-reader", "the node of a TensorFlow graph in a layer")

    # --- Lambda layers -------------------------------------------------------------------------------------------

    def _lambda(self, config: dict[str, object], place: Place) -> None:
        """The functions of a Lambda layer, in each spelling."""
        for key in _FUNCTIONS:
            modules = texts(config.get("module" if key == "function" else f"{key}_module")) or [""]
            kinds = texts(config.get(f"{key}_type"))
            whole = readings(config.get(key))
            for code in _dumped(config.get(key)):
                if isinstance(code, dict):
                    self._named(code, config)
                elif isinstance(code, str) and (code not in whole or "lambda" in kinds or _marshalled(code)):
                    self._code(code, (place, key), modules)
                elif isinstance(code, str) and kinds != ["raw"]:
                    for module in modules:
                        self._call(module, code, config)

    def _named(self, value: dict[str, object], config: dict[str, object]) -> None:
        """A function that a Lambda layer of Keras 3 names."""
        if "function" in texts(value.get("class_name")):
            for module in texts(value.get("module")) or [""]:
                for name in texts(value.get("config")):
                    self._call(module, name, config)

    def _call(self, module: str, name: str, config: dict[str, object]) -> None:
        """A call that the layer makes, with the arguments that the configuration gives it."""
        module, name = _export(module, name)
        self.name("keras.function", module, name, "called")
        given = [pair for each in dicts(config.get("arguments")) for pair in each.items()][:_ARGUMENTS]
        arguments = tuple(clip(f"{key}={value!r}", 128) for key, value in given)
        dotted = f"{module}.{name}" if module else name
        text = clip(f"{dotted}({', '.join(('inputs', *arguments))})")
        if self.new(dotted, text):
            strings = tuple(clip(value) for _, value in given if isinstance(value, str))
            self.scan.state(
                Call(clip_name(module), clip_name(name), "Lambda", text, arguments, strings, member=self.scan.member)
            )

    def _code(self, text: str, place: Place, modules: list[str]) -> None:
        """Marshalled code that becomes a function with the globals of one of the modules."""
        self.read.add(id(text))
        at = shown(place)
        member = self.scan.path(at)
        found = _marshalled(text)
        codes = {(code.name, code.digest): code for reading in found for code in reading.codes}
        for reading in found:
            if reading.limit:
                self.scan.unread("limit", reading.limit, member=at)
        if not codes:
            self.scan.state(Code("keras", "<lambda>", called=True, member=member))
            self.scan.unread("broken", "code that is no code of any Python", member=at)
        elsewhere = [module for module in modules if module.partition(".")[0] not in _OWN]
        for code in codes.values():
            # The globals of the function are those of that module.
            paths = tuple(f"{module}.{name}" for module in elsewhere for name in code.names)
            for fact in facts_of(code._replace(names=code.names + paths), "keras", member, None, called=True):
                self.scan.state(structs.replace(fact, calls=calls(code)))


def _dumped(value: object) -> Iterator[object]:
    """The code in each reading of what `func_dump` gives: alone, or in a list or tuple with its defaults and cells."""
    for each in readings(value):
        tuples = [each] if isinstance(each, dict) and "__tuple__" in texts(each.get("class_name")) else []
        for item in [made for spelled in tuples for made in readings(spelled.get("items"))] or [each]:
            yield item[0] if isinstance(item, list) and item else item


def _export(module: str, name: str) -> tuple[str, str]:
    """Module and name of an object of Keras: it looks the two up with a dot between them, so a name may be a path."""
    if module.partition(".")[0] != "keras":
        return module, name
    module, _, name = f"{module}.{name}".rpartition(".")
    return module, name


def _operations(node: bytes) -> list[str]:
    """The operations that a serialized NodeDef names in its field 2; all its fields have a length before them."""
    found: list[str] = []
    at = 0
    while at < len(node):
        tag, length, at = node[at], 0, at + 1
        for shift in range(0, 35, 7):
            byte = node[at] if at < len(node) else 0
            length |= (byte & 0x7F) << shift
            at += 1
            if byte < 0x80:
                break
        if tag & 7 != 2:
            return []
        if tag == 2 << 3 | 2:
            found.append(node[at : at + length].decode("ascii", "replace"))
        at += length
    return found


def _strict(text: str) -> bool:
    try:
        binascii.a2b_base64(text.encode(), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        return False
    return True


def _marshalled(text: str) -> tuple[Unmarshalled, ...]:
    """What `func_load` would unmarshal: base64, as lax as `codecs` reads it, or the bytes as characters."""
    for data in _decoded(text):
        try:
            found = read(data)
        except BrokenMarshal:
            continue
        if any(reading.codes or reading.limit for reading in found):
            return found
    return ()


def _decoded(text: str) -> list[bytes]:
    raw = text.encode("raw_unicode_escape", "replace")
    try:
        return [binascii.a2b_base64(text.encode("ascii")), raw]
    except (UnicodeEncodeError, binascii.Error):
        return [raw]
