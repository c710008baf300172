"""torch.export archives: what their JSON documents say of payloads, formulas and calls.

    models/<m>.json                          the graph; before torch 2.6 serialized_exported_program.json
    data/weights/<m>_weights_config.json     which weight lies in which record, and whether it is a pickle
    data/constants/<m>_constants_config.json the same of constants
    data/weights/weight_<n>, data/constants/tensor_<n>   raw numbers, or a pickle where the config says so

A formula (`expr_str`) is handed to sympy.sympify, which evaluates it as Python when the file is loaded; a target that
begins with `torch.` is looked up attribute by attribute (torch/_export/serde/serialize.py, _parse_sym_expr and
deserialize_operator; torch/export/pt2_archive/_package.py).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from scanners.binary.torch_records import PICKLED
from scanners.facts import Reference, clip, clip_name
from scanners.source import Span

if TYPE_CHECKING:
    from scanners.scanner import Scan
    from scanners.source import Source

_GRAPH = re.compile(r"[^/]+/models/.+\.json|(?:[^/]+/)?serialized_exported_program\.json")
_CONFIG = re.compile(r"([^/]+/data/(?:weights|constants))/[^/]+_config\.json")
_RAW = re.compile(r"(?:weight|tensor)_\d+")
_ITEM_SIZES = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 2, 7: 4, 8: 8, 9: 4, 10: 8, 11: 16, 12: 1, 13: 2, 28: 2, 29: 1, 30: 1, 31: 1,
    32: 1, 33: 1, 34: 4, 35: 8,
}  # fmt: skip
"""Bytes of an element by torch/_export/serde/schema.py, ScalarType."""
_FORMULA = re.compile(
    r"(?:(?:Symbol|Float)\('[\w.+-]+'"
    r"|[A-Za-z_]\w*+|(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?(?![\w.])|[-+*/%(),<>=!&|~\s])*+",
    re.ASCII,
)
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(", re.ASCII)
_FUNCTIONS = frozenset(
    "Abs Add And BooleanFalse BooleanTrue CeilDiv CeilToInt CleanDiv Eq Equality FloatPow FloatTrueDiv Float FloorDiv"
    " FloorToInt GreaterThan Ge Gt Heaviside ITE Identity IntTrueDiv Integer IsNonOverlappingAndDenseIndicator LShift"
    " Le LessThan Lt Max Min Mod ModularIndexing Mul Ne Not Or Piecewise Pow PowByNatural PythonMod RShift Rational"
    " RoundDecimal RoundToInt StrictGreaterThan StrictLessThan Symbol ToFloat TruncToFloat TruncToInt Unequality Where"
    " Xor acos asin atan ceiling cos cosh exp floor log sin sinh sqrt tan tanh".split()
)
"""What torch's own printer writes into formulas (torch/utils/_sympy/functions.py, and sympy's arithmetic)."""
_DIGITS_MOST = 18


class Export:
    """The documents of one archive, read one by one."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self.lengths: dict[tuple[str, str], set[int | None]] = {}
        """Bytes that each payload should have, by its folder and name, case folded."""

    @staticmethod
    def reads(name: str) -> bool:
        """Whether a record of this name is one of the documents."""
        folded = name.casefold()
        return _GRAPH.fullmatch(folded) is not None or _CONFIG.fullmatch(folded) is not None

    def read(self, part: Source, name: str) -> None:
        """State what a document that `reads` names; that it is no JSON is said by who reads JSON."""
        self._scan.budget.hold(part.size, "a torch.export document")
        part.want(Span(0, part.size))
        config = _CONFIG.fullmatch(name.casefold())
        pairs: list[tuple[str, object]] = []

        def keep(found: list[tuple[str, object]]) -> dict[str, object]:
            # Keys that come twice: all of their values count, since readers differ in which they take.
            pairs.extend(each for each in found if each[0] in {"expr_str", "target", "path_name"})
            made = dict(found)
            if "path_name" in made:
                payloads.append((made, len(made) == len(found)))
            return made

        payloads: list[tuple[dict[str, object], bool]] = []
        try:
            json.loads(part.read(0, part.size), object_pairs_hook=keep, parse_int=_integer)
        except (ValueError, RecursionError):
            return
        for key, value in dict.fromkeys((k, v) for k, v in pairs if isinstance(v, str)):
            if key == "expr_str":
                self._formula(value, name)
            elif key == "target" and not config:
                self._target(value, name)
            elif key == "path_name" and (
                value != value.rpartition("/")[2] or value in {"", ".", ".."} or "\\" in value
            ):
                self._scan.anomaly("torch.path", value, member=name)
        if config:
            for payload, plain in payloads:
                self._payload(config[1], payload, plain=plain)

    def _formula(self, text: str, name: str) -> None:
        if not _FORMULA.fullmatch(text) or "__" in text or not _FUNCTIONS.issuperset(_CALLED.findall(text)):
            self._scan.anomaly("torch.expression", text, member=name)

    def _target(self, text: str, name: str) -> None:
        parts = text.removeprefix("torch.ops.").split(".")
        if text.startswith("torch.ops.") and len(parts) > 1:
            module, attribute = parts[0], parts[1]
        elif "." in text or text.startswith("#"):
            module, _, attribute = text.rpartition(".")
            module = "operator" if module == "_operator" else module
        else:
            return  # A placeholder, an output, or a name that no module is searched for.
        self._scan.state(
            Reference("torch.export", clip_name(module), clip(attribute), "called", member=self._scan.path(name))
        )

    def _payload(self, folder: str, payload: dict[str, object], *, plain: bool) -> None:
        path = payload["path_name"]
        if isinstance(path, str):
            raw = plain and payload.get("use_pickle") is False and _RAW.fullmatch(path) is not None
            size = _bytes(payload.get("tensor_meta")) if raw else PICKLED
            self.lengths.setdefault((folder, path.casefold()), set()).add(size)


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= _DIGITS_MOST else -1


def _bytes(meta: object) -> int:
    """Bytes that a tensor of this description reaches over, `PICKLED` where that is not known."""
    if not isinstance(meta, dict):
        return PICKLED
    item = _ITEM_SIZES.get(meta["dtype"]) if isinstance(meta.get("dtype"), int) else None
    sizes, strides = _numbers(meta.get("sizes")), _numbers(meta.get("strides"))
    start = _numbers([meta.get("storage_offset")])
    if item is None or sizes is None or strides is None or start is None or len(sizes) != len(strides):
        return PICKLED
    if 0 in sizes:
        return 0
    return item * (start[0] + 1 + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True)))


def _numbers(values: object) -> list[int] | None:
    """The numbers of a list of symbolic integers, None where one is a formula or negative."""
    if not isinstance(values, list):
        return None
    found = [value.get("as_int") if isinstance(value, dict) else None for value in values]
    return [n for n in found if type(n) is int and n >= 0] if all(type(n) is int and n >= 0 for n in found) else None
