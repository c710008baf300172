"""Trees that were boosted: CatBoost, LightGBM, and XGBoost's binary format of before 3.1 (threats.md 7.8).

    CatBoost  "CBM1", u32 length, a FlatBuffer | parts that it lists; of categories: u32 count, {u32 length, FlatBuffer}
              (catboost/libs/model: model_import_interface.h, static_ctr_provider.h, ctr_value_table.cpp)
    LightGBM  text: "tree", keys and values, trees, and the parameters that it was trained with
    XGBoost   "binf" or nothing | 136 bytes, texts of the objective and the booster | 160 bytes, trees: 148 bytes,
              20 bytes a node, 16 bytes a node | i32 a tree, floats of DART | attributes, metrics
              (src/learner.cc, src/gbm/gbtree.cc and src/tree/tree_model.cc of XGBoost 1.7)

None names anything that its loader would look for; paths that LightGBM keeps are those of whoever trained.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.cursor import PIECE, Cursor
from scanners.binary.flatbuffer_parts import account, walked
from scanners.binary.flatbuffer_schemas import CATBOOST
from scanners.binary.layout import Layout, laid_out
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from scanners.binary.flatbuffer import Found
    from scanners.source import Source

# -- CatBoost

_CATBOOST: Final = b"CBM1"
_CATEGORIES: Final = "static_provider_v1"


def _scan_catboost(source: Source, scan: Scan) -> None:
    if source.read(0, min(4, source.size)) != _CATBOOST:
        raise NotThisFormat
    laid_out(Layout(source, scan), _catboost)


def _catboost(layout: Layout) -> None:
    layout.take(4)
    core = _flatbuffer(layout, layout.number(4), "TModelCore")
    named = [part for each in core["TModelCore"] for part in str(each.get("parts", "")).split("\n") if part]
    for part in named:
        if part != _CATEGORIES:
            layout.scan.unread("no-reader", f"a part of CatBoost: {part}", offset=layout.at)
            layout.data(layout.left, part)
            return
        for _ in range(layout.count(4, 4, "tables of categories")):
            _flatbuffer(layout, layout.number(4), "TCtrValueTable")


def _flatbuffer(layout: Layout, length: int, root: str) -> Found:
    """Read a part that is a FlatBuffer of that root."""

    def read(source: Source, scan: Scan) -> Found:
        buffer = walked(source, scan, CATBOOST, root, (root,))
        account(source, scan, buffer)
        return buffer.found

    return layout.part(length, read)


# -- LightGBM

_LIGHTGBM: Final = b"tree\nversion=v"
_PATH: Final = re.compile(
    rb"^\[((?:data|valid|input_model|output_model|output_result|convert_model|machine_list_filename|forcedsplits_filename"
    rb"|forcedbins_filename|parser_config_file|initscore_filename|valid_data_initscores)): ([^\]\n]{1,1024})\]",
    re.MULTILINE,
)
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_OVERLAP: Final = 2048
_STATED_MOST: Final = 32


def _scan_lightgbm(source: Source, scan: Scan) -> None:
    if source.read(0, min(len(_LIGHTGBM), source.size)) != _LIGHTGBM:
        raise NotThisFormat
    cursor, before, told = Cursor(source), b"", set[bytes]()
    while cursor.left:
        piece = before + cursor.take(min(PIECE, cursor.left))
        if _CONTROL.search(piece):
            raise NotThisFormat
        for key, path in _PATH.findall(piece):
            if len(told) < _STATED_MOST and path not in told:
                told.add(path)
                scan.anomaly("model.path", f"{key.decode()}: {path.decode('utf-8', 'backslashreplace')}")
        before = piece[-_OVERLAP:]
    scan.account.examined(0, source.size)


# -- XGBoost

_PREFIX: Final = b"binf"
_BINARY: Final = re.compile(rb"(?:binf)?.{136}[\1-\x40]\0{7}[a-z]+:[a-z0-9_]+", re.DOTALL)
_TEXT_MOST: Final = 4096
_SETTINGS: Final = 136
_EXTRA: Final = slice(12, 20)
"""Whether there are attributes, and whether there are metrics."""


def _is_xgboost(sample: Sample) -> bool:
    return _BINARY.match(sample.head) is not None


def _scan_xgboost(source: Source, scan: Scan) -> None:
    laid_out(Layout(source, scan), _xgboost, sure=source.read(0, min(4, source.size)) == _PREFIX)


def _xgboost(layout: Layout) -> None:
    if layout.peek(4) == _PREFIX:
        layout.take(4)
    settings = layout.take(_SETTINGS)
    _text(layout)
    booster = _text(layout)
    if booster == "gblinear":
        layout.take(_SETTINGS)
        layout.data(4 * layout.count(8, 4, "weights"), "weights")
    else:
        _trees(layout, dart=booster == "dart")
    attributes, metrics = (any(settings[_EXTRA][at : at + 4]) for at in (0, 4))
    for count in (2 * attributes, 1 * metrics):
        if count:
            for _ in range(count * layout.count(8, 8 * count, "texts")):
                _text(layout)


def _trees(layout: Layout, *, dart: bool) -> None:
    count = layout.number(4, signed=True)
    layout.take(156)
    for _ in range(count):
        _, nodes, *_ = layout.numbers(4, 6)
        layout.take(148 - 24)
        layout.data(nodes * 36, "nodes")
    layout.data(count * 4, "groups")
    if dart:
        layout.data(4 * layout.count(8, 4, "weights"), "weights")


def _text(layout: Layout) -> str:
    return layout.text(layout.count(8, 1, "characters"), _TEXT_MOST, "a text")


SCANNERS: Final = (
    Scanner("catboost", 1, frozenset(), lambda sample: sample.head.startswith(_CATBOOST), _scan_catboost),
    Scanner("lightgbm", 1, frozenset(), lambda sample: sample.head.startswith(_LIGHTGBM), _scan_lightgbm),
    Scanner("xgboost.binary", 1, frozenset(), _is_xgboost, _scan_xgboost),
)
