r"""Vectors of words and translation models: fastText, word2vec, CTranslate2 (threats.md 7.12).

    fastText     magic, version, 12 settings and a double | words: {text, 0, i64 count, u8 kind}, pairs of a pruned
                 index | u8 quantised, matrix | u8 quantised, matrix   (src/fasttext.cc, dictionary.cc, quantmatrix.cc)
    word2vec     "{words} {dimensions}\n" in digits, then for each word its text, a blank, floats (word2vec.c)
    CTranslate2  u32 version, text name, u32 revision | variables: {text, u8 rank, dims, u8 type, u32 length, data}
                 | aliases: {text, text}   (ctranslate2/specs/model_spec.py)

None of them names anything that its loader would look for. All numbers are little-endian.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.layout import Bent, Layout, laid_out
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from scanners.source import Source

_FASTTEXT: Final = (793712314).to_bytes(4, "little")
_WORD_MOST: Final = 65_536
_ENTRY: Final = 20
"""Bytes of a word and of what stands behind it, about."""
_KSUB: Final = 256
"""Centroids of one part of a product quantiser."""
_WORDS: Final = re.compile(rb"([0-9]{1,10}) ([0-9]{1,5})\n")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1f\x80-\xff]")
_SPEC: Final = re.compile(rb"[\x02-\x06]\0\0\0.\0[A-Z]\w{2,60}\0", re.DOTALL)
_TYPED: Final = 4
"""The version of CTranslate2's files since which variables have a type."""
_NAME_MOST: Final = 4096


def _scan_fasttext(source: Source, scan: Scan) -> None:
    if not source.read(0, min(4, source.size)) == _FASTTEXT:
        raise NotThisFormat
    laid_out(Layout(source, scan), _fasttext)


def _fasttext(layout: Layout) -> None:
    layout.take(4)
    if (version := layout.number(4)) not in (11, 12):
        raise Bent(f"version {version}", 4)
    layout.take(12 * 4 + 8)
    count, _, _ = layout.numbers(4, 3)
    _, pruned = layout.numbers(8, 2)
    if count * 10 > layout.left:
        raise Bent(f"{count} words where {layout.left} bytes are left", layout.at)
    layout.expect(count * _ENTRY)
    for _ in range(count):
        layout.text_until(b"\0", _WORD_MOST, "a word")
        layout.take(9)
    layout.data(max(0, pruned) * 8, "a pruned index")
    for _ in range(2):
        if layout.number(1):
            _quantised(layout)
        else:
            rows, columns = layout.numbers(8, 2)
            layout.data(rows * columns * 4, f"a matrix of {rows} by {columns}")


def _quantised(layout: Layout) -> None:
    norms = layout.number(1)
    rows, _ = layout.numbers(8, 2)
    layout.data(layout.number(4, signed=True), "codes")
    _centroids(layout)
    if norms:
        layout.data(rows, "codes of norms")
        _centroids(layout)


def _centroids(layout: Layout) -> None:
    dimensions, *_ = layout.numbers(4, 4)
    layout.data(dimensions * _KSUB * 4, "centroids")


def _is_word2vec(sample: Sample) -> bool:
    found = _WORDS.match(sample.head)
    # Vectors as text begin alike: there nothing but text follows.
    return found is not None and _CONTROL.search(sample.head, found.end()) is not None


def _scan_word2vec(source: Source, scan: Scan) -> None:
    laid_out(Layout(source, scan), _word2vec, sure=False)


def _word2vec(layout: Layout) -> None:
    head = layout.text_until(b"\n", 32, "a header")
    count, dimensions = map(int, head.split(" "))
    if count * (4 * dimensions + 1) > layout.left:
        raise Bent(f"{count} vectors of {dimensions} where {layout.left} bytes are left", layout.at)
    layout.expect(layout.left)
    for _ in range(count):
        layout.text_until(b" ", _WORD_MOST, "a word")
        layout.take(4 * dimensions, "a vector")
    if layout.peek(1) == b"\n":
        # The first tool put one behind each vector; then the words begin with it, but for the last.
        layout.take(1)


def _is_ctranslate2(sample: Sample) -> bool:
    return _SPEC.match(sample.head) is not None


def _scan_ctranslate2(source: Source, scan: Scan) -> None:
    laid_out(Layout(source, scan), _ctranslate2, sure=False)


def _ctranslate2(layout: Layout) -> None:
    version = layout.number(4)
    _named(layout)
    layout.take(4)
    for _ in range(layout.count(4, 9, "variables")):
        _named(layout)
        layout.take(4 * layout.number(1))
        if version >= _TYPED:
            layout.take(1)
            layout.data(layout.number(4), "a variable")
        else:
            width = layout.number(1)
            layout.data(width * layout.number(4), "a variable")
    if version > 2:
        for _ in range(2 * layout.count(4, 6, "aliases")):
            _named(layout)


def _named(layout: Layout) -> str:
    return layout.text(layout.number(2), _NAME_MOST, "a name")


FASTTEXT = Scanner("fasttext", 1, frozenset(), lambda sample: sample.head.startswith(_FASTTEXT), _scan_fasttext)
WORD2VEC = Scanner("word2vec", 1, frozenset(), _is_word2vec, _scan_word2vec)
CTRANSLATE2 = Scanner("ctranslate2", 1, frozenset(), _is_ctranslate2, _scan_ctranslate2)
SCANNERS = (FASTTEXT, WORD2VEC, CTRANSLATE2)
