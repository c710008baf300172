"""XML documents: OpenVINO's models, PMML, drawings (SVG), and all others (threats.md 7.2, 7.5).

What matters is what a reader would open, call or run because the document says so: entities and document types
elsewhere, other documents that are taken in, stylesheets, scripts, libraries of native code, operators and functions by
name. All else in a document is data to whoever reads it. The tensors of OpenVINO's models lie in a file beside them,
which has no layout of its own: where no other format has a say, it holds numbers.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Final

from scanners.binary.stated import Stated
from scanners.binary.xml_events import Events
from scanners.facts import clip
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner, by_name
from scanners.source import BytesSource

if TYPE_CHECKING:
    from scanners.binary.xml_events import Attributes
    from scanners.facts import AnomalyCode
    from scanners.source import Source

_BEGINS: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml\s|(?:svg|net|PMML|CustomLayer)[\s>])")
_ELEMENT: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[?!A-Za-z_]")
_FORMATS: Final = {
    "net": "openvino", "CustomLayer": "openvino.kernels", "ie": "openvino.plugins", "PMML": "pmml", "svg": "svg",
    "html": "xhtml", "stylesheet": "xslt", "transform": "xslt",
}  # fmt: skip
_STATED_MOST: Final = 32
_OPTIONS: Final = ("COMMAND", "program", "PARAMETERS", "arguments")
"""Options of an external tool and of a watcher of files that make its command, in its order."""

_XINCLUDE: Final = re.compile(r"https?://www\.w3\.org/200[13]/XInclude")
_XSLT: Final = re.compile(r"https?://www\.w3\.org/(?:1999/XSL/Transform|TR/WD-xsl)")
_DRAWN: Final = re.compile(r"https?://www\.w3\.org/(?:2000/svg|1999/xhtml)")
_CALLS: Final = re.compile(r"(?:xalan|java|class):.*|.*/(?:xalan|xslt)/java.*|https?://php\.net/xsl.*")
"""Namespaces that bind to code of the program that reads the document."""
_OBJECTS: Final = re.compile(
    r"java\.beans\.XMLDecoder|java\.lang\.(?:ProcessBuilder|Runtime)|javax\.script\.\w+|javax\.naming\.\w+"
    r"|System\.Diagnostics\.Process|(?:\w+:)?ObjectDataProvider"
)
"""Classes that readers of objects (XMLDecoder, XStream, Spring, XAML) make or call, and no document of data names."""
_SCRIPTED: Final = re.compile(
    r"[\x00-\x20]*(?:(?:java|vb)script:|data:\s*(?:text/html|application/xhtml|text/xml))", re.IGNORECASE
)
_IN_A_NAME: Final = re.compile(r"[\t\n\r]")
"""What browsers take out of an address."""
_FRAMES: Final = frozenset(("script", "handler", "iframe", "object", "embed", "applet"))
_CODE: Final = re.compile(
    r"<script|\b(?:java|vb|j)script\b|\bjava\.(?:lang\.(?:Runtime|Process\w*|reflect|Class|System)|io|net)\b"
    r"|\b(?:eval|exec|system|popen)\s*\(|\bsubprocess\b|\b__import__\b|\bimport\s+(?:os|sys|java)\b|\bpowershell\b",
    re.IGNORECASE,
)
_NATIVE: Final = re.compile(r".*\.(?:so(?:\.\d+)*|dll|dylib)", re.IGNORECASE | re.DOTALL)

_NATURAL: Final = re.compile(r"\d{1,18}")
_BITS: Final = {
    "boolean": 8, "bf16": 16, "f16": 16, "f32": 32, "f64": 64, "i4": 4, "i8": 8, "i16": 16, "i32": 32, "i64": 64,
    "u1": 1, "u2": 2, "u4": 4, "u8": 8, "u16": 16, "u32": 32, "u64": 64, "nf4": 4, "f8e4m3": 8, "f8e5m2": 8,
    "f8e8m0": 8, "f4e2m1": 4,
}  # fmt: skip
"""Of an element, by ov::element::Type; a text takes as much as it takes."""


def recognise(sample: Sample) -> bool:
    """Whether the head is a declaration of XML, or the root of a document that is known."""
    return _BEGINS.match(_plain(sample.head)) is not None


def _plain(head: bytes) -> bytes:
    """The head in an encoding of single bytes, for a look at its tags."""
    wide = head[:2] in {b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<"}
    return head.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff").replace(b"\0", b"") if wide else head


def scan(source: Source, scan: Scan) -> None:
    """Read the document, and state what it asks for."""
    if not _ELEMENT.match(_plain(source.read(0, min(256, source.size)))):
        raise NotThisFormat
    scan.format = "xml"
    document = _Document(scan)
    if document.events.read(source):
        scan.account.examined(0, source.size)


class _Document:
    """What one document asks for."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self.stated = Stated(scan)
        self.events = Events(scan, self.stated, self._starts, self._ends)
        self._root = ""
        self._drawn = False
        self._includes: set[str] = set()
        """Prefixes of names that are those of inclusions; next, of stylesheets."""
        self._styles: set[str] = set()
        self._told: dict[AnomalyCode, set[str]] = {}
        self._names: set[str] = set()
        self._layer = self._release = ""
        self._extension = 0
        self._starting, self._commands = False, 0
        self._options: dict[str, str] = {}

    def _tell(self, code: AnomalyCode, detail: str) -> None:
        detail = clip(detail, 160)
        told = self._told.setdefault(code, set())
        if detail not in told and len(told) < _STATED_MOST:
            told.add(detail)
            self._scan.anomaly(code, detail)

    # -- every document

    def _starts(self, name: str, attributes: Attributes) -> None:
        prefix, _, local = name.rpartition(":")
        if not self._root:
            self._begins(local, attributes)
        for key, value in attributes.items():
            if key.startswith("xmlns"):
                self._namespace(key, value)
            if _OBJECTS.fullmatch(value):
                self._tell("xml.object", value)
        if self._drawn:
            self._active(local, attributes)
        if name not in self._names:
            self._names.add(name)
            if _OBJECTS.fullmatch(name):
                self._tell("xml.object", name)
        if prefix in self._includes and local == "include":
            self.stated.opens("xml.external", attributes.get("href", ""), "an inclusion")
        elif self._styles and local == "script":
            self._tell("xml.object", name)
        elif prefix in self._styles:
            self._tell("xml.stylesheet", name)
        match self._root:
            case "project" | "component" | "toolSet":
                self._ide(local, attributes)
            case "net":
                self._openvino(local, attributes)
            case "CustomLayer" | "ie":
                self._libraries(local, attributes)
            case "PMML":
                self._pmml(local, attributes)

    def _ends(self, name: str) -> None:
        if name in {"exec", "TaskOptions"} and self._options:
            self._run(
                " ".join(filter(None, map(self._options.get, _OPTIONS))), "file-save" if name != "exec" else "task"
            )
        if self._extension and name.rpartition(":")[2] == "Extension":
            self._extension -= 1
            if not self._extension and (code := _CODE.search(self.events.heard())):
                self._tell("pmml.script", f"Extension: {code[0]}")

    def _begins(self, root: str, attributes: Attributes) -> None:
        self._root, self._release = root, attributes.get("version", "")
        self._scan.format = _FORMATS.get(root, "xml")
        self._drawn = root in {"svg", "html"}
        if self.events.doctype and root in {"net", "PMML"}:
            self._scan.anomaly("xml.doctype", f"{self.events.doctype} of {root}")

    def _namespace(self, key: str, value: str) -> None:
        self._drawn |= _DRAWN.fullmatch(value) is not None
        if _XINCLUDE.fullmatch(value):
            self._includes.add(key.partition(":")[2])
        if _XSLT.fullmatch(value):
            self._styles.add(key.partition(":")[2])
        if _CALLS.fullmatch(value):
            self._tell("xml.object", f"{key}={value}")

    def _active(self, local: str, attributes: Attributes) -> None:
        """Tell of an element, or an attribute, by which a browser runs something."""
        if local in _FRAMES:
            self._tell("xml.script", f"<{local}> {attributes.get('src') or attributes.get('href') or ''}".strip())
        for key, value in attributes.items():
            said = value if key.rpartition(":")[2] == "attributeName" else key
            if said.lower().startswith("on") and len(said) > 3 and said.isalpha():
                self._tell("xml.script", f"{local} {said}={value}")
            elif _SCRIPTED.match(_IN_A_NAME.sub("", value)):
                self._tell("xml.script", f"{local} {key}={value}")

    # -- projects of JetBrains' editors: run configurations, external tools, watchers of files, what starts by itself

    def _ide(self, local: str, attributes: Attributes) -> None:
        named, value = attributes.get("name", ""), attributes.get("value", "")
        if local == "component":
            self._starting = named.startswith("ProjectStartup")
        elif local in {"exec", "TaskOptions"}:
            self._options.clear()
        elif local == "configuration" and self._starting:
            self.stated.name("tool.command", "folder-open", named)
        elif local == "option" and named == "SCRIPT_TEXT":
            self._run(value, "task")
        elif local == "option" and named in _OPTIONS:
            self._options[named] = value

    def _run(self, command: str, moment: str) -> None:
        """State a command with what makes it run, and hand it on."""
        if command and self.stated.name("tool.command", moment, command):
            self._commands += 1
            self._scan.inside(BytesSource(command.encode("utf-8", "replace")), f"command {self._commands}.sh")

    # -- OpenVINO

    def _openvino(self, local: str, attributes: Attributes) -> None:
        if local == "layer":
            self._layer = attributes.get("type", "")
            self.stated.name("openvino.op", attributes.get("version") or f"ir{self._release}", self._layer)
        elif local == "data" and self._layer == "Const":
            self._constant(attributes)
        self._libraries(local, attributes)

    def _constant(self, attributes: Attributes) -> None:
        """Hold a constant to its shape: it is read from the file beside the model, by its place there."""
        place = [attributes.get(key, "") for key in ("offset", "size")]
        if not all(map(_NATURAL.fullmatch, place)):
            self._tell("openvino.bounds", f"offset {place[0]!r}, size {place[1]!r}")
            return
        bits = _BITS.get(attributes.get("element_type", ""))
        dims = [each.strip() for each in attributes.get("shape", "").split(",") if each.strip()]
        if bits and all(map(_NATURAL.fullmatch, dims)) and -(-prod(map(int, dims)) * bits // 8) != int(place[1]):
            self._tell("openvino.bounds", f"{place[1]} bytes for {attributes['element_type']} [{', '.join(dims)}]")

    def _libraries(self, local: str, attributes: Attributes) -> None:
        """State what is compiled or loaded beside a model: kernels in OpenCL, libraries of native code."""
        if local == "Source" and "filename" in attributes:
            self.stated.opens("openvino.kernel", attributes["filename"], "Kernel")
        for key in ("library", "location", "path"):
            if _NATIVE.fullmatch(attributes.get(key, "")):
                self.stated.opens("openvino.library", attributes[key], f"{local} {key}")

    # -- PMML

    def _pmml(self, local: str, attributes: Attributes) -> None:
        if local == "Extension":
            if not self._extension:
                self.events.listen()
            self._extension += 1
        if self._extension:
            for each in (f"<{local}", *attributes.values()):
                if code := _CODE.search(each):
                    self._tell("pmml.script", f"Extension: {code[0]}")
        elif local == "Apply" and "." in attributes.get("function", ""):
            module, _, name = attributes["function"].rpartition(".")
            self.stated.name("pmml.function", module, name)


def _scan_data(source: Source, scan: Scan) -> None:
    """Account for numbers that a model beside this file asks for."""
    if ".bin" not in scan.name.lower():
        raise NotThisFormat
    scan.account.inert(0, source.size)


SCANNER = Scanner(
    "xml",
    3,
    frozenset(
        ".dae .gml .kml .owl .plist .pmml .rdf .svg .urdf .wsdl .x3d .xacro .xaml .xhtml .xml .xsd .xsl .xslt".split()
    ),
    recognise,
    scan,
)
WEIGHTS = Scanner(
    "openvino.weights",
    1,
    frozenset(
        "openvino_model openvino_model_qint8_quantized openvino_tokenizer openvino_detokenizer openvino_encoder_model"
        " openvino_decoder_model openvino_decoder_with_past_model openvino_language_model"
        " openvino_text_embeddings_model openvino_vision_embeddings_model openvino_vision_embeddings_merger_model"
        " openvino_vision_embeddings_pos_model openvino_vision_projection_model openvino_resampler_model".split()
    ),
    by_name,
    _scan_data,
    fallback=True,
)
