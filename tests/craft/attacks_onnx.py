"""ONNX models that do harm: paths that lead to nothing, operators that nobody has."""

import base64

from tests.craft.attack import several
from tests.craft.flatbuffers import Table, buffer, slots, u8
from tests.craft.onnx import (
    ADD,
    INT64,
    WEIGHT,
    attribute,
    entry,
    external,
    function,
    graph,
    model,
    node,
    numbers,
    sparse,
    tensor,
)
from tests.craft.pickles import asm, system
from tests.craft.tensorflow import field, number

PICKLE = asm(system(), "STOP")
AWAY = {"rule": "onnx-external-path", "severity": "high", "name": "model.onnx"}
SUSPICIOUS = {"severity": "medium", "verdict": "suspicious", "name": "model.onnx"}
UP = external("w", "../../../etc/passwd")
PLACES = {
    "an initializer": model(ADD, tensors=[UP]),
    "a sparse initializer": model(ADD, inside=field(15, sparse(UP, numbers("i", 0)))),
    "the indices of a sparse initializer": model(ADD, inside=field(15, sparse(WEIGHT, UP))),
    "an attribute": model(node("Constant", extra=attribute("value", UP, 5))),
    "an attribute of several tensors": model(node("Constant", extra=attribute("value", UP, 10))),
    "an attribute that is a sparse tensor": model(node("Constant", extra=attribute("value", sparse(UP, UP), 22))),
    "a branch": model(node("If", "c", extra=attribute("then_branch", graph(ADD, tensors=[UP]), 6))),
    "a branch of a branch": model(
        node("If", extra=attribute("t", graph(node("If", extra=attribute("t", graph(tensors=[UP]), 6))), 11))
    ),
    "a function": model(ADD, functions=[function("F", node("Constant", extra=attribute("value", UP, 5)))]),
    "a default of a function": model(ADD, functions=[field(1, "F") + field(11, field(1, "a") + field(5, UP))]),
    "what describes training": model(ADD, extra=field(20, field(2, graph(ADD, tensors=[UP])))),
    "a tensor that says it is not external": model(ADD, tensors=[external("w", "../../../etc/passwd", where=0)]),
    "a second graph, which is merged with the first": model(ADD) + field(7, graph(tensors=[UP])),
    "a model without its version in front": model(ADD, tensors=[UP])[2:] + number(1, 8),
    "an operator that is nearly none": model(ADD, tensors=[tensor("x", bytes(1 << 16), (1 << 14,)), UP]),
}
SPELLINGS = {
    "an absolute path": "/etc/passwd",
    "upwards": "../weights.bin",
    "upwards in the middle": "data/../../weights.bin",
    "upwards with backslashes": "..\\..\\weights.bin",
    "a drive": "C:\\Windows\\win.ini",
    "a drive without a slash": "C:weights.bin",
    "a share (UNC)": "\\\\198.51.100.7\\share\\weights.bin",
    "a home": "~/weights.bin",
    "an address": "https://198.51.100.7/weights.bin",
    "a file address": "file:///etc/passwd",
    "percent signs": "%2e%2e%2f%2e%2e%2fweights.bin",
    "percent signs twice": "%252e%252e%252fweights.bin",
    "a fragment (CVE-2024-27318)": "#../../weights.bin",
    "blanks in front": "  /etc/passwd",
    "dots and blanks, as Windows reads them": ".. /weights.bin",
    "a zero byte": "weights.bin\0/../../etc/passwd",
    "a line break": "weights.bin\n",
    "a long path": "a/" * 3000 + "weights.bin",
}
SESSION = buffer(
    Table("5", Table(u8(8), [], "craft", "", "", u8(1), "", Table([], [], [slots(s2="ai.onnx.contrib", s5="PyOp")]))),
    b"ORTM",
)  # fmt: skip
NOT_INSIDE = field(5, field(1, "embed_mode") + number(3, 0))
PIECES = [function(f"F{i}", *[node(f"F{i + 1}", domain="acme")] * 10) for i in range(9)]
ONNX_ATTACKS = {
    "Files outside of the model's folder: every place": several(
        "7.1", {f"external data in {about}": data for about, data in PLACES.items()}, **AWAY
    ),
    "Files outside of the model's folder: every spelling": several(
        "7.1", {about: model(ADD, tensors=[external("w", path)]) for about, path in SPELLINGS.items()}, **AWAY
    ),
    "Files outside of the model's folder, and in its repository": several(
        "7.1",
        {"shared weights": (model(ADD, tensors=[external("w", "../weights.bin")]), {"name": "onnx/model.onnx"})},
        **{**SUSPICIOUS, "rule": "onnx-external-path"},
    ),
    "What stands at the place of an external tensor": [
        *several(
            "7.1",
            {
                "an attribute of the object that holds it (CVE-2026-34445)": model(
                    ADD, tensors=[external("w", "w.bin", entry("__class__", "x"))]
                ),
                "two locations": model(ADD, tensors=[external("w", "w.bin", entry("location", "v.bin"))]),
            },
            rule="onnx-external-key", severity="high", name="model.onnx",
        ),
        *several(
            "7.1",
            {
                "a negative offset": model(ADD, tensors=[external("w", "w.bin", entry("offset", "-8"))]),
                "an offset that is no number": model(ADD, tensors=[external("w", "w.bin", entry("offset", "0x10"))]),
                "an offset beyond 64 bits": model(ADD, tensors=[external("w", "w.bin", entry("offset", "9" * 30))]),
                "a length that is less than the shape": model(ADD, tensors=[external("w", "w.bin", entry("length", "8"))]),
                "no location": model(ADD, tensors=[external("w", None, entry("offset", "0"))]),
                "nothing at all": model(ADD, tensors=[tensor("w", extra=number(14, 1))]),
            },
            **SUSPICIOUS, rule="onnx-external-bounds",
        ),
    ],
    "Operators": [
        *several(
            "7.1",
            {
                "PyOp of onnxruntime-extensions": model(node("PyOp", domain="ai.onnx.contrib")),
                "PythonOp of ONNX Runtime's training": model(node("PythonOp", domain="com.microsoft")),
                "TritonOp, which calls a function by its name": model(node("TritonOp", domain="com.microsoft")),
                "PyOp in a branch": model(node("If", extra=attribute("t", graph(node("PyOp", domain="ai.onnx.contrib")), 6))),
                "PyOp in a function": model(ADD, functions=[function("F", node("PyOp", domain="ai.onnx.contrib"))]),
                "PyOp in a model of ONNX Runtime": (SESSION, {"name": "model.ort"}),
            },
            rule="onnx-python", severity="high", name="model.onnx",
        ),
        *several(
            "7.1",
            {
                "a domain that is nobody's": model(node("Exec", domain="evil.ops")),
                "a domain that looks like a standard one": model(node("Add", domain="ai.onnx.m1")),
                "a function that the model does not bring": model(node("G", domain="acme"), functions=[function("F", ADD)]),
                "any operator of torch": model(node("ATen", domain="org.pytorch.aten")),
            },
            **SUSPICIOUS, rule="onnx-custom-domain",
        ),
        *several(
            "7.1",
            {
                "a function that is called Add": model(ADD, functions=[function("Add", node("Sub"), domain="")]),
                "the same, by the long name of the domain": model(ADD, functions=[function("Add", node("Sub"), domain="ai.onnx")]),
            },
            **SUSPICIOUS, rule="onnx-shadowed-operator",
        ),
        *several(
            "7.1",
            {
                "a compiled file": model(
                    node("EPContext", domain="com.microsoft", extra=NOT_INSIDE + attribute("ep_cache_context", "engine.bin"))
                ),
            },
            **SUSPICIOUS, rule="onnx-compiled-context",
        ),
        *several(
            "7.1",
            {
                "a compiled file elsewhere": model(
                    node("EPContext", domain="com.microsoft", extra=NOT_INSIDE + attribute("ep_cache_context", "../e.bin"))
                ),
            },
            rule="onnx-compiled-context", severity="high", name="model.onnx",
        ),
    ],
    "Models that grow": several(
        "7.1",
        {
            "Tile": model(node("Tile", "x", "r"), tensors=[numbers("r", 1 << 20, 1 << 14)]),
            "Expand by a constant node": model(
                node("Constant", outputs=("r",), extra=attribute("value", numbers("", 1 << 40), 5)), node("Expand", "x", "r")
            ),
            "ConstantOfShape": model(node("ConstantOfShape", "r"), tensors=[numbers("r", 1 << 16, 1 << 16, 4)]),
            "ConstantOfShape by numbers that are no raw data": model(
                node("ConstantOfShape", "r"), tensors=[tensor("r", b"", (1,), INT64, extra=number(7, 1 << 50))]
            ),
            "Range": model(node("Range", "a", "b", "c"), tensors=[numbers("a", 0), numbers("b", 1 << 40), numbers("c", 1)]),
            "RandomNormal": model(node("RandomNormal", extra=field(5, field(1, "shape") + number(8, 1 << 45)))),
            "a tensor that is not there": model(ADD, tensors=[tensor("w", b"", (1 << 40,))]),
            "functions that multiply": model(node("F0", domain="acme"), functions=[*PIECES, function("F9", ADD)]),
            "a function that calls itself": model(node("F", domain="acme"), functions=[function("F", node("F", domain="acme"))]),
            "functions that call each other": model(
                functions=[function("F", node("G", domain="acme")), function("G", node("F", domain="acme"))]
            ),
        },
        **SUSPICIOUS, rule="onnx-bomb",
    ),
    "Sizes": several(
        "7.1",
        {
            "a tensor that is shorter than its shape": model(ADD, tensors=[tensor("w", bytes(31))]),
            "a long one": model(ADD, tensors=[tensor("w", bytes(9000), (9000,))]),
            "a negative dimension": model(ADD, tensors=[tensor("w", bytes(32), (-8,))]),
            "dimensions whose product wraps": model(ADD, tensors=[tensor("w", bytes(32), (1 << 32, 1 << 32))]),
        },
        **SUSPICIOUS, rule="onnx-tensor-size",
    ),
    "Texts": [
        *several(
            "7.1",
            {
                "a pickle in an attribute": model(node("Custom", extra=attribute("state", PICKLE))),
                "a pickle in the metadata": model(ADD, extra=field(14, entry("state", PICKLE))),
                "a pickle in base64 in the metadata": model(ADD, extra=field(14, entry("state", base64.b64encode(PICKLE)))),
                "a pickle in a text of 5,000 bytes": model(ADD, extra=field(14, entry("state", PICKLE + bytes(5000)))),
                "a pickle among the texts of a tensor": model(ADD, tensors=[tensor("w", kind=8, dims=(1,), extra=field(6, PICKLE))]),
            },
            name="model.onnx",
        ),
        *several(
            "7.1",
            {"a script in the metadata": model(ADD, extra=field(14, entry("note", "<script>alert(1)</script>")))},
            rule="onnx-metadata", severity="low", verdict="clean", name="model.onnx",
        ),
    ],
}  # fmt: skip
