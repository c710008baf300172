"""The records of a zip archive, each read from its own bytes.

Layouts: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5. All integers are little-endian.

    local header 30 B + name + extra | data | descriptor   ... once a member
    directory entry 46 B + name + extra + comment          ... once a member
    zip64 end 56 B + more | zip64 locator 20 B | end record 22 B + comment
"""

from __future__ import annotations

import struct
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from scanners.facts import AnomalyCode

LOCAL = b"PK\x03\x04"
ENTRY = b"PK\x01\x02"
DESCRIPTOR = b"PK\x07\x08"
END = b"PK\x05\x06"
END64 = b"PK\x06\x06"
LOCATOR64 = b"PK\x06\x07"

LOCAL_SIZE, ENTRY_SIZE, END_SIZE, END64_SIZE, LOCATOR64_SIZE = 30, 46, 22, 56, 20

STORED, DEFLATED, DEFLATE64, BZIP2, LZMA, ZSTANDARD, XZ = 0, 8, 9, 12, 14, 93, 95

FLAG_ENCRYPTED = 0x0001
FLAG_DESCRIPTOR = 0x0008
FLAG_UTF8 = 0x0800

_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ZIP64_EXTRA = 0x0001
_UNICODE_PATH_EXTRA = 0x7075

_LOCAL = struct.Struct("<4xHHHHHIIIHH")
_ENTRY = struct.Struct("<4xHHHHHHIIIHHHHHII")
_END = struct.Struct("<4xHHHHIIH")
_END64 = struct.Struct("<4xQHHIIQQQQ")


class Bend(NamedTuple):
    """Something that honest writers do not do."""

    code: AnomalyCode
    detail: str
    name: str = ""
    offset: int | None = None


class End(NamedTuple):
    """An end record, at `offset`; its comment ends at `stop`."""

    offset: int
    stop: int
    disk: int
    entries: int
    size: int
    """Bytes of the directory."""
    start: int
    """Where the record says that the directory starts."""

    @property
    def full(self) -> bool:
        """Whether a field holds the mark that sends readers to the zip64 record."""
        return self.entries == _FULL16 or _FULL32 in (self.size, self.start)


class Entry(NamedTuple):
    """A directory entry."""

    names: tuple[str, ...]
    """The name, first as the directory spells it, then as other readers would take it."""
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    header: int
    """Where it says that the local header is."""
    attributes: int
    """External attributes; a Unix mode in the upper half."""
    offset: int
    """Of the entry itself."""


class Local(NamedTuple):
    """A local header; zero sizes stand for a descriptor behind the data."""

    names: tuple[str, ...]
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    length: int
    """Of the header with name and extra fields."""


def parse_end(data: bytes, at: int, base: int, size: int) -> End:
    """The end record at `data[at:]`, where `data` starts at `base` of a source of `size` bytes."""
    disk, _, _, count, length, start, comment = _END.unpack_from(data, at)
    offset = base + at
    return End(offset, min(size, offset + END_SIZE + comment), disk, count, length, start)


def parse_end64(data: bytes, offset: int) -> End | None:
    """The zip64 end record in the 56 bytes of `data`, None where there is none."""
    if not data.startswith(END64):
        return None
    length, _, _, disk, _, _, count, size, start = _END64.unpack_from(data)
    return End(offset, offset + 12 + length, disk, count, size, start)


def fits(claim: End, entries: int, length: int) -> bool:
    """Whether a directory of so many entries and bytes is what the end record says."""
    return claim.size == length and claim.entries in (entries, entries & _FULL16)


def agree(short: End, wide: End) -> bool:
    """Whether the short end record says what the zip64 one says, or leaves it to that."""
    return (
        short.entries in (wide.entries, _FULL16)
        and short.size in (wide.size, _FULL32)
        and short.start in (wide.start, _FULL32)
    )


def entry_length(data: bytes) -> int:
    """Length of the directory entry whose fixed 46 bytes are `data`."""
    name, extra, comment = struct.unpack_from("<HHH", data, 28)
    return ENTRY_SIZE + int(name) + int(extra) + int(comment)


def parse_entry(data: bytes, offset: int) -> tuple[list[Entry], list[Bend]]:
    """All readings of one directory entry, and what is bent in it."""
    fields = _ENTRY.unpack_from(data)
    _, _, flags, method, _, _, crc, compressed, size, name, extra, _, _, _, attributes, header = fields
    raw = data[ENTRY_SIZE : ENTRY_SIZE + name]
    extras = data[ENTRY_SIZE + name : ENTRY_SIZE + name + extra]
    names = names_of(raw, flags, extras)
    entry = Entry(names, raw, flags, method, crc, compressed, size, header, attributes, offset)
    bends = [Bend("zip.name", trouble, names[0], offset) for trouble in name_troubles(names)]
    if not extras and _FULL32 not in (size, compressed, header):
        return [entry], bends
    wide = extra_field(extras, _ZIP64_EXTRA)
    given = (size, compressed, header)
    chosen, missing = widen(given, wide)
    if missing:
        bends.append(Bend("zip.sizes", "a zip64 value is missing", names[0], offset))
    entries = [_resized(entry, chosen)]
    if wide and _FULL32 not in given:
        # Some readers take the zip64 values whether or not the short fields ask for them.
        count = min(3, len(wide) // 8)
        other = (*struct.unpack_from(f"<{count}Q", wide), *given[count:])
        if other != given:
            bends.append(Bend("zip.sizes", "zip64 and short fields disagree", names[0], offset))
            entries.append(_resized(entry, other))
    return entries, bends


def _resized(entry: Entry, values: tuple[int, ...]) -> Entry:
    size, compressed, header = values
    return entry._replace(size=size, compressed=compressed, header=header)


def widen(given: tuple[int, ...], wide: bytes) -> tuple[tuple[int, ...], bool]:
    """`given` with each full field replaced by the next zip64 value, and whether one was missing."""
    chosen, at, missing = [], 0, False
    for value in given:
        if value == _FULL32 and at + 8 <= len(wide):
            chosen.append(int.from_bytes(wide[at : at + 8], "little"))
            at += 8
        else:
            missing = missing or value == _FULL32
            chosen.append(value)
    return tuple(chosen), missing


def local_length(data: bytes) -> int:
    """Length of the local header whose fixed 30 bytes are `data`."""
    name, extra = struct.unpack_from("<HH", data, 26)
    return LOCAL_SIZE + int(name) + int(extra)


def parse_local(data: bytes) -> Local:
    """The local header that is `data`, with name and extra fields."""
    _, flags, method, _, _, crc, compressed, size, name, extra = _LOCAL.unpack_from(data)
    raw = data[LOCAL_SIZE : LOCAL_SIZE + name]
    extras = data[LOCAL_SIZE + name : LOCAL_SIZE + name + extra]
    if _FULL32 in (size, compressed):
        (size, compressed), _ = widen((size, compressed), extra_field(extras, _ZIP64_EXTRA))
    return Local(names_of(raw, flags, extras), raw, flags, method, crc, compressed, size, len(data))


def extra_field(extras: bytes, wanted: int) -> bytes:
    """The data of the first extra field of this kind, empty where there is none."""
    at = 0
    while at + 4 <= len(extras):
        kind, length = struct.unpack_from("<HH", extras, at)
        if kind == wanted:
            return extras[at + 4 : at + 4 + length]
        at += 4 + length
    return b""


def names_of(raw: bytes, flags: int, extras: bytes = b"") -> tuple[str, ...]:
    """The name as the flags say that it is encoded, then every other name that some reader makes of it."""
    if raw.isascii():
        name = raw.decode("ascii")
        if "\0" not in name and "\\" not in name and b"up" not in extras:
            return (name,)
    else:
        name = raw.decode("utf-8", "backslashreplace") if flags & FLAG_UTF8 else raw.decode("cp437")
    names = [name, name.partition("\0")[0], name.replace("\\", "/")]
    path = extra_field(extras, _UNICODE_PATH_EXTRA)
    if len(path) > 5:
        names.append(path[5:].decode("utf-8", "backslashreplace"))
    return tuple(dict.fromkeys(names))


def folded(name: str) -> str:
    """The name as file systems have it that mind neither letter case nor how accents are written."""
    return (name if name.isascii() else unicodedata.normalize("NFC", name)).casefold()


def name_troubles(names: tuple[str, ...]) -> list[str]:
    """Why a member of this name may land elsewhere than it seems, one phrase each."""
    name, troubles = names[0], []
    if "\0" in name:
        troubles.append("NUL")
    elif not name.isprintable():
        troubles.append("unprintable characters")
    if "\\" in name:
        troubles.append("backslash")
    parts = name.replace("\\", "/").split("/")
    if name[:1] in ("/", "\\", "~") or name[1:2] == ":":
        troubles.append("absolute")
    if ".." in parts:
        troubles.append("leaves the archive")
    if any(other.replace("\\", "/") != name.partition("\0")[0].replace("\\", "/") for other in names[1:]):
        troubles.append("a second name")
    return troubles
