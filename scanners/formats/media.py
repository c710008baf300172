"""Pictures, sound, film and fonts: what is inert of them by their own layout, and what is not theirs.

No decoder makes more of such a file than what is seen or heard. What its layout does not lead to is a place to keep
something that a second step picks up: it is stated, and handed on to the other formats.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary import pictures, streams
from scanners.binary.beside import state_beside
from scanners.scanner import HEAD, NotThisFormat, Sample, Scan, Scanner
from scanners.source import Truncated

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.source import Source, Span


class _Kind(NamedTuple):
    format: str
    mark: re.Pattern[bytes]
    walk: Callable[[Source], list[Span]]
    weak: bool = False
    """So little says that it is this format that what does not hold is not of it."""
    slack: int = 0
    """Bytes outside of the layout that its writers leave."""


def _mark(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


_KINDS: Final = (
    _Kind("png", _mark(rb"\x89PNG\r\n\x1a\n"), pictures.png),
    _Kind("jpeg", _mark(rb"\xff\xd8\xff"), pictures.jpeg),
    _Kind("gif", _mark(rb"GIF8[79]a"), pictures.gif),
    _Kind("webp", _mark(rb"RIFF.{4}WEBP"), streams.riff),
    _Kind("tiff", _mark(rb"II[*+]\0|MM\0[*+]"), pictures.tiff, weak=True, slack=16),
    _Kind("jpeg2000", _mark(rb"\0\0\0\x0c(?:jP |JXL) \r\n\x87\n"), streams.boxes),
    _Kind("wav", _mark(rb"(?:RIFF|RF64).{4}WAVE"), streams.riff),
    _Kind("aiff", _mark(rb"FORM.{4}AIF[FC]"), streams.aiff),
    _Kind("flac", _mark(rb"fLaC"), streams.flac),
    _Kind("ogg", _mark(rb"OggS"), streams.ogg),
    _Kind("avi", _mark(rb"RIFF.{4}AVI "), streams.riff),
    _Kind("mp4", _mark(rb"\0\0..ftyp"), streams.boxes),
    _Kind("matroska", _mark(rb"\x1aE\xdf\xa3"), streams.ebml),
    _Kind("mp3", _mark(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]"), streams.mp3, weak=True),
    _Kind("font", _mark(rb"\0\x01\0\0|OTTO|true"), streams.sfnt, weak=True),
    _Kind("font", _mark(rb"ttcf\0[\x01\x02]\0\0"), streams.fonts),
    _Kind("font", _mark(rb"wOF[F2]"), streams.woff, weak=True),
    _Kind("bmp", _mark(rb"BM"), pictures.bmp, weak=True),
    _Kind("ico", _mark(rb"\0\0\x01\0"), pictures.ico, weak=True),
)
_CONTROL: Final = bytes(each for each in range(32) if each not in b"\t\n\v\f\r")


def _kind(head: bytes) -> _Kind | None:
    return next((kind for kind in _KINDS if kind.mark.match(head)), None)


def recognise(sample: Sample) -> bool:
    """Whether the head carries the mark of such a format."""
    return _kind(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """Say what belongs to the content, and hand on what does not."""
    head = source.read(0, min(HEAD, source.size))
    kind = _kind(head)
    if kind is None:
        raise NotThisFormat
    scan.format = kind.format
    try:
        spans = kind.walk(source)
    except (pictures.Bent, Truncated) as bent:
        if kind.weak or (head.isascii() and len(head.translate(None, _CONTROL)) == len(head)):
            raise NotThisFormat from bent
        scan.unread("broken", f"no {kind.format} to its end: {bent}")
        return
    for span in spans:
        scan.account.inert(*span)
    state_beside(source, scan, slack=kind.slack)


SCANNER = Scanner("media", 2, frozenset((".png", ".jpg", ".jpeg", ".gif")), recognise, scan, whole=True)
