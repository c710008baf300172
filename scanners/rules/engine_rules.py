"""Models of Core ML, PaddlePaddle, MXNet and TensorRT: what they ask for (threats.md 7.3, 7.4, 7.6, 7.7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, leads_away, opening, together

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanners.facts import AnomalyCode, Opens, OpensKind, ReferenceKind
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_REWRITE: Final = "Do not load it; ask the publisher to export the model again."
_FIND: Final = "Find out which code it is, and whether you trust it."
_COREML: Final = "https://apple.github.io/coremltools/mlmodel/index.html"
_PADDLE: Final = "https://github.com/PaddlePaddle/Paddle/blob/develop/SECURITY.md"
_MXNET: Final = "https://mxnet.apache.org/versions/1.9.1/api/python/docs/tutorials/extend/customop.html"
_UP: Final = "https://cwe.mitre.org/data/definitions/22.html"

CLASS: Final = Rule(
    "coreml-custom-class",
    "medium",
    "The model asks for a class of the program that loads it",
    "A custom layer or model is native code that the program has to bring under this name; what it does, the model does"
    " not say.",
    _FIND,
    ("https://developer.apple.com/documentation/coreml/mlcustomlayer", _COREML),
)
LINKED: Final = Rule(
    "coreml-linked-model",
    "medium",
    "The model stands for another one that is looked for on the machine",
    "Core ML takes the model that it finds by this name along the search path, whatever it is.",
    "Look at the model that it stands for.",
    (_COREML,),
)
AWAY: Final = Rule(
    "coreml-path",
    "high",
    "The model or its package names a file elsewhere",
    "The path is joined to the folder of the package and opened. coremltools writes names inside of it.",
    _REWRITE,
    (_UP, _COREML),
)
PYTHON: Final = Rule(
    "engine-python",
    "high",
    "The model calls a function of the program that runs it",
    "The operator calls what is registered under a number, or what lies at an address, that the model gives. An export"
    " for inference has none.",
    _REWRITE,
    ("https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/static/py_func_en.html", _MXNET),
)
NETWORK: Final = Rule(
    "engine-network",
    "high",
    "The model speaks to the network",
    "The operator opens a port, or sends and fetches values. Programs for training on several machines have it, an"
    " export for inference has none.",
    _REWRITE,
    (_PADDLE,),
)
FILE: Final = Rule(
    "engine-file",
    "high",
    "An operator of the model reads or writes a file",
    "The path stands in the model, and is opened when the model is run.",
    _REWRITE,
    (_PADDLE, _UP),
)
LIBRARY: Final = Rule(
    "engine-library",
    "high",
    "An operator of the model names a library of native code",
    "It is loaded into the process, and runs there.",
    "Do not load it.",
    (_MXNET, "https://cwe.mitre.org/data/definitions/114.html"),
)
CUSTOM: Final = Rule(
    "engine-custom-operator",
    "medium",
    "The model asks for operators that its library does not have",
    "They are Python or native code that has to be registered first; what they do, the model does not say.",
    _FIND,
    ("https://www.paddlepaddle.org.cn/documentation/docs/en/guides/custom_op/index_en.html", _MXNET),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "tensorrt.engine": Rule(
        "tensorrt-engine",
        "medium",
        "The file is compiled for one graphics card, and nobody else can read it",
        "TensorRT trusts what is in an engine, and an engine may bring native code.",
        "Ask the publisher for the model that it was compiled from, and compile it yourself.",
        ("https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/advanced.html",),
    ),
    "tensorrt.native": Rule(
        "tensorrt-native-code",
        "high",
        "The engine brings a program for the machine",
        "Plugins and lean runtimes that are serialised with an engine are loaded with it where the application allows"
        " code of engines (`engine_host_code_allowed`).",
        "Do not allow code of engines; compile the model yourself.",
        ("https://docs.nvidia.com/deeplearning/tensorrt/latest/inference-library/extending-custom-layers.html",),
    ),
}
"""The rule that speaks of each thing that is odd about an engine."""

RULES: Final[tuple[Rule, ...]] = (CLASS, LINKED, AWAY, PYTHON, NETWORK, FILE, LIBRARY, CUSTOM, *ANOMALIES.values())

_CALLS: Final = re.compile(r"py_func|_Native|_NDArray")
_SENDS: Final = re.compile(
    r"send|recv|send_and_recv|send_barrier|fetch_barrier|prefetch|checkpoint_notify|(?:fl_|heter_)?listen_and_serv"
    r"|(?:c_)?gen_\w+_id"
)
_OWN: Final = frozenset(("builtin", "pd_op", "cf", "pd_dist", "mxnet"))
_BRIDGE: Final = re.compile(r"_?(?:TVMBridge|tvm_bridge)", re.IGNORECASE)
_BUNDLED: Final = "@model_path/"
"""How programs of Core ML write the folder that they lie in."""


def _operator(module: str, name: str) -> Rule | None:
    if _CALLS.fullmatch(name):
        return PYTHON
    if _SENDS.fullmatch(name):
        return NETWORK
    return CUSTOM if module not in _OWN or _BRIDGE.fullmatch(name) else None


_OPENS: Final[dict[OpensKind, Rule]] = {
    "coreml.linked": LINKED,
    "coreml.item": AWAY,
    "coreml.weights": AWAY,
    "engine.file": FILE,
    "engine.library": LIBRARY,
}
_REFERENCES: Final[dict[ReferenceKind, Callable[[str, str], Rule | None]]] = {
    "coreml.custom": lambda _module, _name: CLASS,
    "mxnet.custom": lambda _module, _name: CUSTOM,
    "paddle.op": _operator,
    "mxnet.op": _operator,
}


def judge(case: Case) -> Iterator[Finding]:
    """Findings about models: of names, one for each rule and part."""
    yield from bent(case, ANOMALIES)
    yield from together(
        (rule, None, fact.member, f"{fact.module}.{fact.name}".lstrip("."))
        for fact in case.references
        if (which := _REFERENCES.get(fact.kind)) and (rule := which(fact.module, fact.name))
    )
    yield from opening(case, _OPENS, _weigh)


def _weigh(rule: Rule, opened: Opens) -> Severity | None:
    match opened.kind:
        case "coreml.item" | "coreml.weights":
            return rule.severity if leads_away(opened.path.removeprefix(_BUNDLED)) else None
        case "engine.file":
            return "high" if opened.writes or leads_away(opened.path) else "medium"
        case _:
            return rule.severity
