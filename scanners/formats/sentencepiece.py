"""SentencePiece models: the words of a tokenizer with their scores, in one protocol buffer (threats.md 8.6).

Nothing in it is run or opened: the paths of its training are a record, and its table of characters is a search tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.binary.messages import parse
from scanners.binary.tf_messages import first_fields
from scanners.scanner import HEAD, NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from scanners.source import Source

_PIECE: Final = b"\n"
_FOLLOWS: Final = (b"\n", b"\x12", b"\x1a")
"""Tags behind a piece: another one, what it was trained with, how texts are made plain."""
_SCORED: Final = (b"\x15", b"\x18")
"""Tags behind the text of a piece: its score, its kind."""


def recognise(sample: Sample) -> bool:
    """Whether the first field is a piece, as every writer puts it."""
    return _begins(sample.head)


def _begins(head: bytes) -> bool:
    if not head.startswith(_PIECE):
        return False
    piece = next(first_fields(head), None)
    if piece is None or head[piece.stop : piece.stop + 1] not in _FOLLOWS:
        return False
    text = next(first_fields(piece.value), None)
    if text is None or text.number != 1 or not text.value or not piece.value.startswith(_PIECE):
        return False
    return piece.value[text.stop : text.stop + 1] in _SCORED


def scan(source: Source, scan: Scan) -> None:
    """Account for the words."""
    if not _begins(source.read(0, min(HEAD, source.size))):
        raise NotThisFormat
    parsed = parse(source, "sentencepiece.ModelProto", scan.budget)
    if not (parsed.message.HasField("trainer_spec") or parsed.message.HasField("normalizer_spec")):
        raise NotThisFormat
    parsed.account(scan, "ModelProto")


SCANNER = Scanner("sentencepiece", 1, frozenset(), recognise, scan)
