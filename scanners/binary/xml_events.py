"""XML as events, read in one pass that holds no more than one tag.

Rule 1: no entity is expanded that is more than a short text. At the first one that is, or that lies elsewhere, or that
holds markup or other entities, reading ends: what it says is stated, and the file is incomplete.
Rule 2: nothing outside of the document is looked for, neither its document type nor an entity.
Rule 3: only encodings that the parser itself knows are read; every other is a limit, since its reader may differ.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from scanners.binary.cursor import Cursor

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.stated import Stated
    from scanners.scanner import Scan
    from scanners.source import Source

Attributes = dict[str, str]

_ENCODINGS: Final = frozenset(("utf-8", "utf-16", "iso-8859-1", "us-ascii"))
_DEPTH_MOST: Final = 1024
_NAMES_MOST: Final = 65_536
"""Different names of elements and attributes."""
_TAG_MOST: Final = 16 << 20
"""Bytes of one tag, comment or declaration."""
_EXPANDED_MOST: Final = 1 << 20
"""The same where there are entities to put into them."""
_PLAIN: Final = re.compile(r"[^<&%]{0,128}")
"""The text of an entity that is put in place."""
_PLAIN_MOST: Final = 64
_DEFAULTS_MOST: Final = 64
"""Attributes that elements have without saying so."""
_TEXT_MOST: Final = 65_536
"""Characters listened to at once."""
_PSEUDO: Final = re.compile(r"(\w+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_RUN: Final = frozenset(("php", "php=", "perl", "python"))
"""Targets of instructions that a program runs."""
_KNOWN: Final = re.compile(
    r"https?://(?:www\.)?(?:w3\.org|apple\.com|oasis-open\.org|dmg\.org|freedesktop\.org|java\.sun\.com)/[\w./-]*"
    r"|about:legacy-compat"
)
"""Document types of standards, which every reader has or does without."""


class _Stop(Exception):  # noqa: N818 - an answer, not a mistake
    """Reading ends here, and why was stated."""


class Events:
    """One document. Elements are handed to `start` and `end` in the order in which they stand."""

    def __init__(
        self, scan: Scan, stated: Stated, start: Callable[[str, Attributes], None], end: Callable[[str], None]
    ) -> None:
        self._scan, self._stated, self._start, self._end = scan, stated, start, end
        self._depth = self._entities = self._defaults = 0
        self._text: list[str] = []
        self._heard = 0
        self.doctype = ""
        """The name that the document type says."""
        parser = self._parser = expat.ParserCreate()
        parser.XmlDeclHandler = self._declared
        parser.StartDoctypeDeclHandler, parser.EndDoctypeDeclHandler = self._doctype, self._doctype_ends
        parser.EntityDeclHandler, parser.AttlistDeclHandler = self._entity, self._default
        parser.StartElementHandler, parser.EndElementHandler = self._begins, self._ends
        parser.ProcessingInstructionHandler = self._instruction

    def read(self, source: Source) -> bool:
        """Read a document from end to end; False where that was not possible, and the reason is stated."""
        cursor, parser = Cursor(source), self._parser
        try:
            for piece in cursor.pieces():
                parser.Parse(piece, False)
                most = _EXPANDED_MOST if self._entities else _TAG_MOST
                if cursor.at - max(0, parser.CurrentByteIndex) > most:
                    self._limit(f"a tag of more than {most} bytes")
                if len(parser.intern) > _NAMES_MOST:
                    self._limit(f"more than {_NAMES_MOST} different names")
            parser.Parse(b"", True)
        except _Stop:
            return False
        except (expat.ExpatError, ValueError) as error:
            self._scan.unread("broken", f"no XML: {error}", offset=max(0, parser.ErrorByteIndex))
            return False
        return True

    def listen(self) -> None:
        """Keep what stands between tags from here on, up to a bound."""
        self._text, self._heard = [], 0
        self._parser.CharacterDataHandler = self._hear

    def heard(self) -> str:
        """What was kept since `listen`, which ends."""
        self._parser.CharacterDataHandler = None
        return "".join(self._text)

    def _limit(self, what: str) -> None:
        self._scan.unread("limit", what)
        raise _Stop

    def _declared(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            self._scan.unread("codec", f"XML in {encoding}")
            raise _Stop

    # -- document types

    def _doctype(self, name: str, system: str | None, public: str | None, _internal: int) -> None:
        self.doctype = name
        if system is not None and not _KNOWN.fullmatch(system):
            self._stated.opens(
                "xml.external", system, "the document type" if public is None else f"the document type {public}"
            )
        self._parser.DefaultHandler = self._rest

    def _doctype_ends(self) -> None:
        if self._entities:
            self._scan.anomaly("xml.constants", f"{self._entities} of them")
        else:
            self._parser.DefaultHandler = None

    def _rest(self, data: str) -> None:
        """What no other handler takes: while there is one for it, the parser leaves references in the text alone."""
        if data.startswith("%") and len(data) > 1 and not self._depth:
            self._refuse("%", data[1:-1])

    def _entity(
        self,
        name: str,
        parameter: int,
        value: str | None,
        _base: str | None,
        system: str | None,
        _public: str | None,
        _notation: str | None,
    ) -> None:
        if system is not None:
            if not _KNOWN.fullmatch(system):
                self._stated.opens("xml.external", system, f"the entity {name}")
            self._limit(f"the entity {name} lies elsewhere")
        self._entities += 1
        if parameter or value is None or not _PLAIN.fullmatch(value) or self._entities > _PLAIN_MOST:
            self._refuse("%" if parameter else "&", f"{name}: {value!r}")

    def _default(self, element: str, name: str, _kind: str, value: str | None, _required: int) -> None:
        self._defaults += value is not None
        if self._defaults > _DEFAULTS_MOST:
            self._limit(f"more than {_DEFAULTS_MOST} attributes by default, at {element} {name}")

    def _refuse(self, mark: str, what: str) -> None:
        self._scan.anomaly("xml.entity", f"{mark}{what}")
        self._scan.unread("limit", "an entity that is more than a short text is not expanded")
        raise _Stop

    # -- elements and texts

    def _hear(self, data: str) -> None:
        self._heard += len(data)
        if self._heard <= _TEXT_MOST:
            self._text.append(data)
        elif self._heard - len(data) <= _TEXT_MOST:
            self._scan.unread("limit", f"a text of more than {_TEXT_MOST} characters")

    def _begins(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > _DEPTH_MOST:
            self._limit(f"elements nested deeper than {_DEPTH_MOST}")
        self._start(name, attributes)

    def _ends(self, name: str) -> None:
        self._depth -= 1
        self._end(name)

    def _instruction(self, target: str, data: str) -> None:
        if target == "xml-stylesheet":
            said = dict(_PSEUDO.findall(data))
            if "xsl" in data or "xml" in said.get("type", ""):
                self._stated.opens("xml.external", said.get("href", data).strip("'\""), "the stylesheet")
        elif target in _RUN and self._stated.new("instruction", target):
            self._scan.anomaly("xml.script", f"<?{target}")
