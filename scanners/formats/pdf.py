r"""PDF documents: scripts, programs that they start, and files that they carry.

    %PDF-1.7 | objects: {names, numbers, texts, … stream bytes endstream} | where the objects are | %%EOF

Names may be spelled with `#xx` for any letter, and objects may lie in streams that are deflated. So all texts of the
document are searched, and every stream that inflates to text. Pictures, fonts and drawings are inert. Source: ISO
32000-2, 7.3.5 (names), 7.5.7 (object streams), 7.11.4 (embedded files), 12.6.4 (actions).
"""

from __future__ import annotations

import re
import zlib
from base64 import a85decode
from binascii import unhexlify
from collections.abc import Callable  # noqa: TC003 - the type of a table
from typing import TYPE_CHECKING, Final

from scanners.binary.beside import state_beside
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource, Span

if TYPE_CHECKING:
    from scanners.anomalies import AnomalyCode
    from scanners.source import Source

_MARK: Final = b"%PDF-"
_MARK_MOST: Final = 1024
"""Bytes before the mark that readers put up with."""
_LAID_OUT: Final = re.compile(rb"^%PDF-.*^\d+\s+\d+\s+obj\b.*^%%EOF", re.DOTALL | re.MULTILINE)
"""A document, where words stand before it: in prose and in programs the mark is only named."""
_STREAM: Final = re.compile(rb"\bstream\r?\n")
_END: Final = re.compile(rb"%%EOF[\r\n \t\0]*")
_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_NAME: Final = re.compile(rb"/[^\x00\t\n\f\r ()<>\[\]{}/%]+")
_ACTIONS: Final[dict[bytes, tuple[AnomalyCode, str]]] = {
    b"/JavaScript": ("pdf.script", "JavaScript"),
    b"/JS": ("pdf.script", "JavaScript"),
    b"/XFA": ("pdf.script", "a form of XFA"),
    b"/RichMedia": ("pdf.script", "Flash or another player"),
    b"/Launch": ("pdf.launch", "an action that starts a program"),
}
_AS_VALUE: Final = re.compile(rb"/(?:S|Subtype)\s*\Z")
_AS_KEY: Final = re.compile(rb"\s*[(<\[\d]")
"""What stands before a name that is the kind of an action, and behind one that has it; in an address neither does."""
_FLATE: Final = frozenset((b"/FlateDecode", b"/Fl"))
_OTHERS: Final = frozenset((b"/LZWDecode", b"/RunLengthDecode", b"/Crypt"))
_LETTERS: Final[dict[bytes, Callable[[bytes], bytes]]] = {
    b"/ASCII85Decode": lambda text: a85decode(text.partition(b"~>")[0]),
    b"/ASCIIHexDecode": lambda text: unhexlify(b"".join(text.partition(b">")[0].split())),
}
"""Codes that write bytes as letters, before they are inflated."""
_ENCRYPTED: Final = re.compile(rb"/Encrypt\s*[\d<]")
_KNOWN: Final = frozenset((*_ACTIONS, *_FLATE, *_OTHERS, *_LETTERS, b"/EmbeddedFile", b"/ObjStm", b"/Encrypt"))
_NEAR: Final = 32
_PIECE: Final = 1 << 20
_LOOK: Final = 64
"""Bytes at the start of a stream that tell text from pictures."""
_OVERLAP: Final = 128
"""Bytes of one piece that are looked at again with the next."""
_CONTROL: Final = bytes(each for each in range(32) if each not in b"\t\n\f\r")
_FILES_MOST: Final = 256


def recognise(sample: Sample) -> bool:
    """Whether the mark stands where readers look for it."""
    return _MARK in sample.head[:_MARK_MOST]


def scan(source: Source, scan: Scan) -> None:
    """State what opening the document would do, and hand on what it carries."""
    head = source.read(0, min(_MARK_MOST, source.size))
    start = head.find(_MARK)
    if start < 0:
        raise NotThisFormat
    scan.budget.hold(source.size, "a document")
    data = source.read(0, source.size)
    if start and head.translate(None, _CONTROL) == head and not _LAID_OUT.search(data):
        raise NotThisFormat
    scan.format = "pdf"
    _Document(data, start, scan).run(source)


class _Document:
    """One document on its way to facts."""

    def __init__(self, data: bytes, start: int, scan: Scan) -> None:
        self.data, self.start, self.scan = data, start, scan
        self._said: set[tuple[AnomalyCode, str]] = set()
        self._files = 0

    def run(self, source: Source) -> None:
        """Search the texts and the streams, and account for all of it."""
        at, whole = self.start, not _ENCRYPTED.search(self.data)
        sealed = not whole
        while found := _STREAM.search(self.data, at):
            names = self._search(self.data[at : found.end()], at)
            stop = self.data.find(b"endstream", found.end())
            stop = len(self.data) if stop < 0 else stop
            whole = (sealed or self._stream(names, found.end(), stop)) and whole
            at = stop
        names = self._search(self.data[at:], at)
        if sealed or b"/Encrypt" in names:
            self.scan.unread("encrypted", "its texts and streams")
            whole = False
        ends = [end.end() for end in _END.finditer(self.data, self.start)]
        if not ends:
            self.scan.unread("broken", "no end of the document")
            return
        if whole:
            self.scan.account.examined(self.start, ends[-1])
        state_beside(source, self.scan, [Span(self.start, ends[-1])])

    def _search(self, text: bytes, at: int) -> set[bytes]:
        """State the actions that a text names, each once; the names in it."""
        names = set[bytes]()
        for found in _NAME.finditer(text):
            name = found[0]
            if b"#" in name:
                name = _ESCAPE.sub(lambda code: bytes((int(code[1], 16),)), name)
            if name not in _KNOWN:
                continue
            names.add(name)
            near = text[max(0, found.start() - _NEAR) : found.start()]
            if name in _ACTIONS and (_AS_VALUE.search(near) or _AS_KEY.match(text, found.end())):
                code, what = _ACTIONS[name]
                if (code, what) not in self._said:
                    self._said.add((code, what))
                    self.scan.anomaly(code, what, offset=at)
        return names

    def _stream(self, names: set[bytes], start: int, stop: int) -> bool:
        """Search a stream, and hand it on if it is a file; whether it could be read."""
        data = self.data[start:stop]
        carried, packed = b"/EmbeddedFile" in names, not _FLATE.isdisjoint(names)
        objects = b"/ObjStm" in names
        if (carried or objects) and not _OTHERS.isdisjoint(names):
            self.scan.unread("codec", "a stream in another code than deflate", offset=start)
            return False
        for name in names & _LETTERS.keys():
            try:
                data = _LETTERS[name](data)
            except ValueError:
                data = b""
        made = self._inflated(data, start, keep=carried) if packed else data
        if made is None:
            self.scan.unread("broken", "a stream that does not inflate", offset=start)
            return not (carried or objects)
        if not packed and made[:_LOOK].translate(None, _CONTROL) == made[:_LOOK]:
            self._search(made, start)
        return not carried or self._file(made, start)

    def _inflated(self, data: bytes, at: int, *, keep: bool) -> bytes | None:
        """Search what a stream inflates to; all of it, if it is to be kept."""
        state, rest, kept, before = zlib.decompressobj(), data, list[bytes](), b""
        made, text = 0, False
        try:
            while not state.eof and (piece := state.decompress(rest, _PIECE)):
                rest = state.unconsumed_tail
                made += len(piece)
                self.scan.budget.inflate(len(piece), made=made, compressed=len(data))
                text = text or (made == len(piece) and piece[:_LOOK].translate(None, _CONTROL) == piece[:_LOOK])
                if text:
                    self._search(before + piece, at)
                    before = piece[-_OVERLAP:]
                if keep:
                    self.scan.budget.hold(made, "an embedded file")
                    kept.append(piece)
        except zlib.error:
            return None
        return b"".join(kept)

    def _file(self, content: bytes, at: int) -> bool:
        self._files += 1
        if self._files > _FILES_MOST:
            self.scan.unread("limit", f"more than {_FILES_MOST} files in it", offset=at)
            return False
        return self.scan.inside(BytesSource(content), f"file@{at}")


SCANNER: Final = Scanner("pdf", 2, frozenset((".pdf",)), recognise, scan, whole=True)
