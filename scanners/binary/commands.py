"""Texts in models that are commands, or calls that reach programs: no library writes them, and no loader runs them.

What is looked for stands in the bytes as it is, or with a zero byte after each letter, as in UTF-16.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanners.scanner import Scan
    from scanners.source import Source

MODELS: Final = frozenset(
    "caffe caffe.text catboost cntk coreml json.model lightgbm msgpack mxnet openvino paddle rknn tensorrt torch7"
    " ubjson xgboost.binary".split()
)
"""Formats whose texts are names and numbers. Vocabularies and code have every word there is."""
_COMMAND: Final = re.compile(
    rb"(?:\bos\.(?:system|popen|exec[lv]p?e?|spawn[lv]p?e?|execute)|\bsubprocess\.(?:Popen|run|call|check_\w+|getoutput)"
    rb"|\b__import__|\bimportlib\.import_module|\b(?:eval|exec|dlopen|loadstring|LoadLibrary(?:Ex)?[AW]?)|\bpty\.spawn"
    rb"|\bctypes\.\w+|\bio\.popen|\bpackage\.loadlib|\bffi\.load)\s*\("
    rb"|\b(?i:cmd(?:\.exe)?\s+/c\s|powershell(?:\.exe)?\s+-|(?:ba|z|da)?sh\s+-c\s|(?:curl|wget)\s[^\0\n]{0,80}https?://)"
    rb"|#!\s*/(?:usr/)?bin/|/bin/(?:ba)?sh\b|<script\b"
)
_WIDE: Final = re.compile(rb"(?:[\t\x20-\x7e]\0){6,}")
_ASCII: Final = re.compile(rb"[\t\x20-\x7e]{0,80}")
_LOOK: Final = 16 << 20
"""Bytes at either end of a file that no reader explains."""
_PIECE: Final = 1 << 20
_OVERLAP: Final = 256
_STATED_MOST: Final = 16


def state(source: Source, scan: Scan) -> None:
    """State the commands in what was examined of a model, or at both ends of one that nobody reads."""
    spans = scan.account.examined_spans()
    if not spans:
        spans = [Span(0, min(_LOOK, source.size)), Span(max(0, source.size - _LOOK), source.size)]
        source.want(*spans)
    told: set[str] = set()
    for text, at in _found(source, spans):
        if text not in told and len(told) < _STATED_MOST:
            told.add(text)
            scan.anomaly("model.command", text, offset=at)


def _found(source: Source, spans: Iterable[Span]) -> Iterator[tuple[str, int]]:
    for start, stop in spans:
        for at in range(start, stop, _PIECE):
            piece = source.read(at, min(_PIECE + _OVERLAP, stop - at))
            for match in _COMMAND.finditer(piece):
                yield _shown(piece, match.start()), at + match.start()
            for wide in _WIDE.finditer(piece):
                narrow = wide[0][::2]
                for match in _COMMAND.finditer(narrow):
                    yield _shown(narrow, match.start()), at + wide.start() + 2 * match.start()


def _shown(data: bytes, at: int) -> str:
    found = _ASCII.match(data, at)
    return found[0].decode("ascii") if found else ""
