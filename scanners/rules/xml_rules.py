"""XML: what a document takes in from elsewhere, and what it asks to be run (threats.md 7.2, 7.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, leads_away, together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode, Opens, Reference
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_XXE: Final = "https://cwe.mitre.org/data/definitions/611.html"
_REMOVE: Final = "Do not open it with a reader that resolves entities; ask the publisher for a file without them."
_REWRITE: Final = "Do not load it; ask the publisher to export the model again."
_OPENVINO: Final = "https://docs.openvino.ai/2025/documentation/openvino-ir-format.html"
_KERNELS: Final = "https://docs.openvino.ai/2025/documentation/openvino-extensibility/custom-gpu-operations.html"
_PMML: Final = "https://dmg.org/pmml/v4-4-1/GeneralStructure.html"

EXTERNAL: Final = Rule(
    "xml-external",
    "high",
    "The document takes in another file or address",
    "An entity, a document type, an inclusion or a stylesheet makes the reader open what is named there. So a document"
    " reads files of the machine, asks servers, or has another document take its place.",
    _REMOVE,
    (_XXE, "https://owasp.org/www-community/vulnerabilities/XML_External_Entity_(XXE)_Processing"),
)
CUSTOM: Final = Rule(
    "openvino-custom-operator",
    "medium",
    "The model asks for operators that OpenVINO does not have",
    "They come from a library of native code that has to be registered first; what they do, the model does not say.",
    "Find out which library it is, and whether you trust it.",
    (_OPENVINO, "https://docs.openvino.ai/2025/documentation/openvino-extensibility.html"),
)
KERNEL: Final = Rule(
    "openvino-kernel",
    "high",
    "The configuration has code compiled for the graphics card",
    "OpenVINO compiles the OpenCL file that is named and runs it in the place of operators of a model.",
    "Read that code; load the model without the configuration if you can.",
    (_KERNELS,),
)
LIBRARY: Final = Rule(
    "openvino-library",
    "high",
    "The document names a library of native code",
    "OpenVINO loads libraries that its lists of plugins and extensions name, and they run in the process.",
    "Do not hand it to OpenVINO.",
    ("https://docs.openvino.ai/2025/documentation/openvino-extensibility.html",),
)
FUNCTION: Final = Rule(
    "pmml-function",
    "medium",
    "The model calls a function by the name of its class",
    "PMML's functions have plain names. JPMML loads the class that is named and calls it.",
    "Find out what the class does.",
    ("https://github.com/jpmml/jpmml-evaluator", _PMML),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "xml.entity": Rule(
        "xml-entity",
        "high",
        "The document declares entities that hold more than a short text",
        "Entities inside of entities make gigabytes out of a few lines, and entities that hold markup hide it from"
        " whoever reads the document without them. Nothing behind the first one was examined.",
        _REMOVE,
        ("https://cwe.mitre.org/data/definitions/776.html", _XXE),
    ),
    "xml.constants": Rule(
        "xml-constants",
        "low",
        "The document declares entities",
        "They are short texts, as drawing programs write them for their namespaces.",
        "Nothing; a file without them is read by more programs.",
        ("https://www.w3.org/TR/xml/#sec-entity-decl",),
    ),
    "xml.doctype": Rule(
        "xml-doctype",
        "high",
        "A model has a document type",
        "Neither OpenVINO nor exporters of PMML write one. It is where entities are declared, and where a reader is"
        " told to fetch more.",
        _REWRITE,
        (_XXE, _OPENVINO),
    ),
    "xml.stylesheet": Rule(
        "xml-stylesheet",
        "high",
        "The document is a program for stylesheets",
        "XSLT reads and writes files and calls functions of the program that runs it. In a document that is no"
        " stylesheet by its name it has no honest purpose.",
        "Do not open it with a processor of stylesheets.",
        ("https://cwe.mitre.org/data/definitions/91.html", "https://www.w3.org/TR/xslt-10/"),
    ),
    "xml.script": Rule(
        "xml-script",
        "medium",
        "The document carries a script",
        "A browser that opens it by itself runs the script with the rights of the site that it came from; drawings that"
        " react to the mouse have one, pictures do not.",
        "Show it as an image, which runs nothing, or take the script out.",
        ("https://cwe.mitre.org/data/definitions/79.html", "https://www.w3.org/TR/SVG2/interact.html#ScriptElement"),
    ),
    "xml.object": Rule(
        "xml-object",
        "high",
        "The document names classes that run programs",
        "Readers of objects in XML, and stylesheets with extensions, make or call what is named.",
        "Do not load it.",
        ("https://cwe.mitre.org/data/definitions/502.html",),
    ),
    "pmml.script": Rule(
        "pmml-extension-script",
        "medium",
        "An extension of the model holds code",
        "PMML leaves it to each program what it does with extensions; some run them.",
        "Look at what it is.",
        (_PMML,),
    ),
    "openvino.bounds": Rule(
        "openvino-bounds",
        "medium",
        "A constant of the model has no place in its weights, or is not as long as its shape says",
        "Loaders that believe the place or the shape read beside the data.",
        _REWRITE,
        (_OPENVINO, "https://cwe.mitre.org/data/definitions/125.html"),
    ),
}
"""The rule that speaks of each way to bend a document."""

RULES: Final[tuple[Rule, ...]] = (EXTERNAL, CUSTOM, KERNEL, LIBRARY, FUNCTION, *ANOMALIES.values())

_SETS: Final = re.compile(r"opset\d{1,3}|ir[2-7]")
"""Sets of operators; before they had sets, the version of the whole model stood for one."""
_TOKENIZERS: Final = frozenset(
    "BPETokenizer ByteFallback BytesToChars CaseFold CharsMapNormalization CharsToBytes CombineSegments EqualStr"
    " FuzeRagged NormalizeUnicode NumericToString RaggedTensorPack RaggedToDense RaggedToRagged RaggedToSparse"
    " RegexNormalization RegexSplit SentencepieceDetokenizer SentencepieceStreamDetokenizer SentencepieceTokenizer"
    " SpecialTokensSplit StringTensorPack StringTensorUnpack StringToHashBucket TrieTokenizer Truncate UTF8Validate"
    " UnigramTokenizer VocabDecoder VocabEncoder WordpieceTokenizer".split()
)
"""Operators of the package openvino_tokenizers, which turns words into numbers."""
_SITE: Final = re.compile(r"https?://(?:[a-z][a-z0-9-]*\.)+[a-z]{2,}/", re.IGNORECASE)
"""The address of a site with a name, where public document types lie."""
_STYLESHEETS: Final = (".xsl", ".xslt")
_OPENS: Final = {"xml.external": EXTERNAL, "openvino.kernel": KERNEL, "openvino.library": LIBRARY}


def judge(case: Case) -> Iterator[Finding]:
    """Findings about documents."""
    plain = case.path.lower().endswith(_STYLESHEETS)
    yield from bent(case, ANOMALIES, lambda _, fact: "low" if plain and fact.code == "xml.stylesheet" else None)
    for opened in case.opens:
        if rule := _OPENS.get(opened.kind):
            message = f"{rule.title}: {opened.path!r} ({opened.by})"
            yield rule.at(message, member=opened.member, severity=_weight(opened), path=opened.path, by=opened.by)
    yield from together(
        (CUSTOM, None, fact.member, f"{fact.module}.{fact.name}")
        for fact in case.references
        if fact.kind == "openvino.op" and not _is_known(fact)
    )
    for name in case.references:
        if name.kind == "pmml.function":
            callee = f"{name.module}.{name.name}"
            yield FUNCTION.at(f"{FUNCTION.title}: {callee}", member=name.member, callee=callee)


def _weight(opened: Opens) -> Severity | None:
    """Less than its rule weighs, of what most readers pass over and documents are written with."""
    if opened.by == "the stylesheet":
        return None if leads_away(opened.path) else "low"
    if opened.by.startswith("the document type"):
        named = opened.by != "the document type" and _SITE.match(opened.path)
        return "medium" if named or not leads_away(opened.path) else None
    return None


def _is_known(operator: Reference) -> bool:
    if operator.module == "extension":
        return operator.name in _TOKENIZERS
    return _SETS.fullmatch(operator.module) is not None
