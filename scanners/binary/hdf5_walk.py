"""The walk over all objects of an HDF5 file.

Rule 1: each object is read once, however many names it has, and so is each that data refers to: Keras hands what it
finds in an attribute to h5py, and a reference opens an object as a name does. Rule 2: what bytes one object lacks is
asked for together with what others lack, and what one breaks hides no other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVarTuple

from scanners.binary import hdf5_headers as headers
from scanners.binary.embedded import hand_on, kind_of
from scanners.binary.hdf5_file import Broken, Unsupported
from scanners.binary.hdf5_layout import Stored, external_files, virtual_sources
from scanners.binary.hdf5_links import links
from scanners.binary.hdf5_types import Kind
from scanners.binary.hdf5_values import attributes, content, pieces, read_attribute, read_dataset, value
from scanners.budget import LimitReached
from scanners.facts import Opens, Reference, clip, clip_name
from scanners.source import BytesSource, Missing, Slice, Span, Truncated, merge

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.hdf5_chunks import Chunk
    from scanners.binary.hdf5_file import File
    from scanners.binary.hdf5_links import Link
    from scanners.binary.hdf5_types import Type
    from scanners.binary.hdf5_values import Dataset
    from scanners.facts import OpensKind, UnreadReason
    from scanners.scanner import Scan
    from scanners.source import Source

Ts = TypeVarTuple("Ts")

_OBJECTS_MOST: Final = 100_000
_PATH_MOST: Final = 1024
_SMALL: Final = 65_536
"""Bytes of a dataset that is read for what it says, whatever its name."""
_READ_MOST: Final = 4 << 20
"""Bytes of all of them."""
_PEEKS_MOST: Final = 256
"""Larger datasets of bytes of which the beginning is looked at."""
_GiB: Final = 1 << 30
_BOMB: Final = 16
"""How many times the size of its file a dataset may be."""
_SOFT_MOST: Final = 4

_CONFIG: Final = re.compile(r"(?:.*/)?(?:model|training)_config")
"""Where Keras keeps configurations."""
_NUMBERED: Final = re.compile(r"(.+?)(0|[1-9]\d{0,5})")
"""A text that is too long for one attribute is split over several: name0, name1 (keras/src/legacy/saving)."""
_JSON: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*(?:\{|\[[ \t\r\n]*[\[{\"])")
_PICKLED: Final = frozenset(("PSEUDOATOM", "base_type"))
"""Attributes by which PyTables and hickle say that a dataset holds pickles."""
_KERAS: Final = re.compile(
    r"model_config|training_config|keras_version|layer_names|weight_names|model_weights|optimizer_weights"
    r"|_layer_checkpoint_dependencies|(?:.+/)?vars/\d{1,6}"
)
"""Attributes and groups at the root of what Keras wrote, and how it names weights since version 3."""


class Walk:
    """All that a file leads to, on its way to facts."""

    def __init__(self, source: Source, scan: Scan, file: File) -> None:
        self.keras = False
        """Keras wrote the file, or reads it as if."""
        self.troubled = False
        """Something was not followed to its end."""
        self._source, self._scan, self._file = source, scan, file
        self._missing: list[Span] = []
        self._seen: set[int] = set()
        self._todo: list[tuple[int, str]] = []
        self._opened: set[tuple[OpensKind, str]] = set()
        self._soft: list[str] = []
        self._read = self._peeks = 0

    def run(self, root: int) -> None:
        """State all there is to state; one `Missing` for all that was lacking."""
        self._found("", root)
        while self._todo:
            # By their places: in a compressed part, going back means to inflate it again.
            level, self._todo = sorted(self._todo), []
            for address, path in level:
                self._try(path, self._object, path, address)
        if self._missing:
            raise Missing(merge(self._missing))
        if self.keras and self._soft:
            self._scan.anomaly("hdf5.soft-link", f"{len(self._soft)}: {'; '.join(self._soft[:_SOFT_MOST])}")

    def trouble(self, path: str, why: Broken | Truncated | LimitReached) -> None:
        """State that something was not followed to its end."""
        self.troubled = True
        reason: UnreadReason = "limit" if isinstance(why, LimitReached) else "broken"
        if isinstance(why, Unsupported):
            reason = "no-reader"
        self._scan.unread(reason, f"{path or '/'}: {why}")

    def _try(self, path: str, read: Callable[[*Ts], None], *of: *Ts) -> None:
        try:
            read(*of)
        except Missing as missing:
            self._missing.extend(missing.spans)
        except LimitReached as reached:
            self.trouble(path, reached)
        except (Broken, Truncated) as why:
            self.trouble(path, why)

    def _found(self, path: str, address: int) -> None:
        if address in self._seen:
            return
        if len(self._seen) == _OBJECTS_MOST:
            self.trouble(path, LimitReached("objects", f"over {_OBJECTS_MOST} objects"))
        if len(self._seen) <= _OBJECTS_MOST:
            self._seen.add(address)
            self._todo.append((address, path if len(path) <= _PATH_MOST else clip_name(path)))

    # -- objects

    def _object(self, path: str, address: int) -> None:
        messages = headers.read_header(self._file, address)
        self._try(path, self._links, path, messages)
        self._try(path, self._attributes, path, messages)
        self._try(path, self._dataset, path, address, messages)

    def _links(self, path: str, messages: list[headers.Message]) -> None:
        for link in links(self._file, messages):
            self._link(f"{path}/{link.name}" if path else link.name, link)

    def _link(self, path: str, link: Link) -> None:
        self.keras |= _KERAS.fullmatch(path) is not None
        if link.address is not None:
            self._found(path, link.address)
        elif link.file is not None:
            self._opens("hdf5.external-link", link.file, path)
        elif link.kind == 1:
            self._soft.append(f"{path} to {link.path}")
        else:
            self.trouble(path, Unsupported(f"a link of class {link.kind}"))

    def _opens(self, kind: OpensKind, target: str, path: str) -> None:
        if (kind, target) not in self._opened:
            self._opened.add((kind, target))
            self._scan.state(Opens(kind, clip(target), clip_name(path), member=self._scan.member))

    # -- what they say

    def _attributes(self, path: str, messages: list[headers.Message]) -> None:
        texts: dict[str, bytes] = {}
        for flags, data in attributes(self._file, messages):
            self._try(path, self._attribute, path, flags, data, texts)
        for name, text in _joined(texts).items():
            self._text(f"{path}/{name}" if path else name, text)

    def _attribute(self, path: str, flags: int, data: bytes, texts: dict[str, bytes]) -> None:
        attribute = read_attribute(self._file, flags, data)
        name = f"{path}/{attribute.name}" if path else attribute.name
        self.keras |= _KERAS.fullmatch(name) is not None
        said = texts[attribute.name] = self._say(name, attribute.type, attribute.data, attribute.elements)
        if name == "keras_version":
            version = clip(said.decode("utf-8", "backslashreplace"))
            self._scan.state(Reference("keras.version", "keras", version, "imported", self._scan.member))

    def _say(self, name: str, kind: Type, data: bytes, count: int) -> bytes:
        """Hand on what data says, and return it as one text."""
        said = value(self._file, kind, data, count)
        for address in said.objects:
            self._found(f"{name}@{address}", address)
        for number, text in enumerate(said.texts):
            self._text(name if len(said.texts) == 1 else f"{name}[{number}]", text)
        whole = b"".join(said.texts)
        if len(said.texts) > 1 and _CONFIG.fullmatch(name):
            self._text(name, whole)
        return whole

    def _text(self, name: str, text: bytes) -> None:
        """Scan a text that a program may act on."""
        text = text.rstrip(b"\0")
        name = clip_name(name)
        if _JSON.match(text):
            text = text.partition(b"\0")[0]
            hand_on(self._scan, BytesSource(text), "json", name)
        elif _CONFIG.fullmatch(name) and text:
            self._scan.inside(BytesSource(text), name)
        elif kind := kind_of(BytesSource(text)):
            hand_on(self._scan, BytesSource(text), kind, name)

    # -- raw data

    def _dataset(self, path: str, address: int, messages: list[headers.Message]) -> None:
        for message in messages:
            if message.kind == headers.EXTERNAL:
                for name in external_files(self._file, headers.resolved(self._file, message)):
                    self._opens("hdf5.external-storage", name, path)
        dataset = read_dataset(self._file, messages)
        if dataset is None:
            return
        layout, offset = dataset.layout, self._file.base + address
        if layout.heap is not None:
            for name in virtual_sources(self._file, layout.heap):
                self._opens("hdf5.virtual-source", name, path)
        if dataset.length > max(_GiB, _BOMB * self._source.size):
            self._scan.anomaly("hdf5.shape", f"{path}: {dataset.length} bytes of {dataset.shape}", offset=offset)
        for number in sorted({each.id for each in dataset.filters}):
            if 6 < number < 256 or number > 32_767:
                self._scan.anomaly("hdf5.filter", f"{path}: filter {number}", offset=offset)
        parts = pieces(self._file, dataset)
        if dataset.type.speaks and layout.stored is not Stored.VIRTUAL:
            self._content(path, dataset, parts, messages)

    def _content(self, path: str, dataset: Dataset, parts: list[Chunk], messages: list[headers.Message]) -> None:
        """Look at what a dataset says, where a program may act on it or it costs little."""
        asked = dataset.type.leads or _CONFIG.fullmatch(path) or self._pickled(messages)
        length = max(dataset.length, dataset.layout.chunk_length, sum(part.length for part in parts))
        if asked or (length <= _SMALL and self._read + length <= _READ_MOST):
            self._read += length
            try:
                data = content(self._file, dataset, parts)
            except Unsupported:
                if asked:
                    raise
                return
            self._say(path, dataset.type, data, dataset.elements)
        elif dataset.type.kind is Kind.BYTES and parts and self._peeks < _PEEKS_MOST:
            self._peeks += 1
            self._peek(path, dataset, parts)

    def _pickled(self, messages: list[headers.Message]) -> bool:
        return any(name.encode() + b"\0" in data for name in _PICKLED for _, data in attributes(self._file, messages))

    def _peek(self, path: str, dataset: Dataset, parts: list[Chunk]) -> None:
        """Look at the beginning of many bytes, and at all of them where they begin like a file."""
        first = parts[0]
        if len(parts) == 1 and not dataset.filters:
            begin = self._file.base + first.address
            part = Slice(self._source, begin, first.length)
            if kind := kind_of(part):
                hand_on(self._scan, part, kind, clip_name(path))
            return
        if dataset.layout.chunk_length > _READ_MOST:
            return
        try:
            head = content(self._file, dataset, [first])
        except Unsupported:
            return
        if kind_of(BytesSource(head)):
            self._text(path, content(self._file, dataset, parts))


def _joined(texts: dict[str, bytes]) -> dict[str, bytes]:
    """The texts that are split over several attributes, put together."""
    split: dict[str, dict[int, bytes]] = {}
    for name, text in texts.items():
        if text and (match := _NUMBERED.fullmatch(name)):
            split.setdefault(match[1], {})[int(match[2])] = text
    return {
        name: b"".join(text for _, text in sorted(pieces.items()))
        for name, pieces in split.items()
        if sorted(pieces) == list(range(len(pieces)))
    }
