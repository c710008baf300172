"""Pictures, sound, film and fonts: what is inert of them by their own layout, and what is not theirs.

No decoder makes more of such a file than what is seen or heard. What its layout does not lead to is a place to keep
something that a second step picks up: it is stated, and handed on to the other formats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary import pictures, streams
from scanners.binary.beside import state_beside
from scanners.scanner import HEAD, About, NotThisFormat, Sample, Scan, Scanner
from scanners.source import Truncated

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.source import Source, Span


class _Kind(NamedTuple):
    format: str
    at: int
    mark: bytes
    walk: Callable[[Source], list[Span]]
    weak: bool = False
    """So little says that it is this format that what does not hold is not of it."""
    slack: int = 0
    """Bytes outside of the layout that its writers leave."""


_KINDS: Final = (
    _Kind("png", 0, b"\x89PNG\r\n\x1a\n", pictures.png),
    _Kind("jpeg", 0, b"\xff\xd8\xff", pictures.jpeg),
    *(_Kind("gif", 0, mark, pictures.gif) for mark in (b"GIF87a", b"GIF89a")),
    _Kind("webp", 8, b"WEBP", streams.riff),
    _Kind("bmp", 0, b"BM", pictures.bmp, weak=True),
    _Kind("ico", 0, b"\0\0\1\0", pictures.ico, weak=True),
    *(_Kind("tiff", 0, mark, pictures.tiff, slack=16) for mark in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")),
    _Kind("wav", 8, b"WAVE", streams.riff),
    *(_Kind("aiff", 8, mark, streams.aiff) for mark in (b"AIFF", b"AIFC")),
    _Kind("flac", 0, b"fLaC", streams.flac),
    _Kind("ogg", 0, b"OggS", streams.ogg),
    *(
        _Kind("mp3", 0, mark, streams.mp3, weak=True)
        for mark in (b"ID3", *(bytes((255, second)) for second in (0xE2, 0xE3, 0xF2, 0xF3, 0xFA, 0xFB)))
    ),
    _Kind("avi", 8, b"AVI ", streams.riff),
    _Kind("mp4", 4, b"ftyp", streams.boxes),
    *(_Kind("jpeg2000", 0, b"\0\0\0\x0c" + mark + b" \r\n\x87\n", streams.boxes) for mark in (b"jP ", b"JXL")),
    _Kind("matroska", 0, b"\x1aE\xdf\xa3", streams.ebml),
    *(_Kind("font", 0, mark, streams.sfnt, weak=True) for mark in (b"\0\1\0\0", b"OTTO", b"true")),
    *(_Kind("font", 0, mark, streams.woff, weak=True) for mark in (b"wOFF", b"wOF2")),
)
_CONTROL: Final = bytes(each for each in range(32) if each not in b"\t\n\v\f\r")


def _kind(head: bytes) -> _Kind | None:
    return next((kind for kind in _KINDS if head.startswith(kind.mark, kind.at)), None)


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


SCANNER = Scanner(
    "media",
    1,
    frozenset((".png", ".jpg", ".jpeg", ".gif")),
    recognise,
    scan,
    whole=True,
    about=(
        About(
            title="Pictures: PNG, JPEG, GIF, WebP, BMP, TIFF, ICO, JPEG 2000, JPEG XL",
            known_by="the mark, and a layout that holds to the end of the picture",
            read="chunks, segments, blocks and directories; what lies behind or between them",
            inert="what the layout leads to",
            rules="file-beside",
            peer="",
            more="an archive behind a picture is read",
        ),
        About(
            title="Sound and film: WAV, AIFF, FLAC, Ogg, MP3, AVI, MP4, MOV, HEIF, Matroska, WebM",
            known_by="the mark, and lengths that hold",
            read="the lengths; what lies behind",
            inert="what the lengths lead to; frames to the end of a stream",
            rules="file-beside",
            peer="",
            more="a few kB of a film are fetched",
        ),
        About(
            title="Fonts: TrueType, OpenType, WOFF",
            known_by="the mark, and a list of tables that holds",
            read="the list of tables; what lies beside them",
            inert="the tables",
            rules="file-beside",
            peer="",
            more="it is proven, not skipped",
        ),
    ),
)
