"""Messages of our own `.proto` files, read through the protobuf library from no more bytes than they need."""

from __future__ import annotations

from binascii import a2b_base64
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from scanners.binary.protobuf_wire import outline
from scanners.facts import TEXT_LIMIT
from scanners.protos import caffe, cntk, coreml, onnx, paddle, sentencepiece, tensorflow
from scanners.source import Slice, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.budget import Budget
    from scanners.scanner import Scan
    from scanners.source import Source

_ROOT = "hub_audit."


class Parsed(NamedTuple):
    """A message, and what is not in it."""

    message: Any
    leaves: dict[bytes, Span]
    """Long leaves of bytes, by the token that stands for each in the message."""
    numbers: list[Span]
    """Long runs of numbers, which are left out."""
    unknown: list[Span]
    """Fields that the message does not have, where their place is known."""
    strange: int
    """Bytes of such fields elsewhere."""
    broken: str
    """Why no parser takes the message as it stands, or ""."""

    def content(self, source: Source, value: bytes) -> Source | None:
        """What a long leaf holds, None of a value that stands in the message itself."""
        span = self.leaves.get(value)
        return span and Slice(source, span.start, span.length)

    def text(self, source: Source, value: bytes) -> str:
        """A value that is a text, cut where nobody needs more of it."""
        content = self.content(source, value)
        if content is not None:
            value = content.read(0, min(content.size, TEXT_LIMIT + 1))
        return value.decode("utf-8", "backslashreplace")

    def account(self, scan: Scan, name: str) -> None:
        """Account for the bytes that the message was read from, and state what of them is none of a `name`."""
        if strange := self.strange + sum(span.length for span in self.unknown):
            scan.unread("unknown", f"{strange} bytes of fields that a {name} does not have")
        if self.broken:
            scan.unread("broken", f"no {name}: {self.broken}")
            return
        at = 0
        for span in sorted([*self.leaves.values(), *self.numbers, *self.unknown]):
            scan.account.examined(at, span.start)
            at = span.stop
        scan.account.examined(at, scan.account.size)
        for span in [*self.leaves.values(), *self.numbers]:
            scan.account.inert(*span)


def load_libraries() -> None:
    """Import the protobuf library and make the messages: a sealed process could not."""
    from google.protobuf import text_format  # noqa: F401, PLC0415 - late, because it is heavy

    _classes()


@cache
def _classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # noqa: PLC0415 - heavy

    files = [
        file
        for module in (tensorflow, onnx, sentencepiece, coreml, paddle, caffe, cntk)
        for file in descriptor_pb2.FileDescriptorSet.FromString(a2b_base64(module.DESCRIPTORS)).file
    ]
    # A pool of our own: what else is loaded into the process has no say.
    pool = descriptor_pool.DescriptorPool()
    made: dict[str, Any] = {}
    for file in files:
        pool.Add(file)
        for message in file.message_type:
            name = f"{file.package}.{message.name}"
            made[name] = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
    return made


def message_class(name: str) -> Any:
    """The class of a message: of tensorflow.proto by its name, of others with their package in front."""
    return _classes()[_ROOT + (name if "." in name else f"tensorflow.{name}")]


def parse(source: Source, name: str, budget: Budget) -> Parsed:
    """The message of this name that the source holds from end to end, as far as it is one.

    Raises `LimitReached` where what is left without its long leaves is more than may be held.
    """
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - heavy

    kind = message_class(name)

    def hold(amount: int) -> None:
        budget.hold(amount, f"the outline of a {name}")

    made = outline(source, kind.DESCRIPTOR, hold)
    broken = made.broken
    try:
        message = kind.FromString(made.data)
    except DecodeError:
        made = outline(source, kind.DESCRIPTOR, hold, copied=0)
        broken = made.broken or "the protobuf library refuses it"
        message = kind.FromString(made.data)
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return Parsed(message, made.leaves, made.numbers, made.unknown, size - message.ByteSize(), broken)


def every(message: Any) -> Iterator[Any]:
    """A message and all that are in it, at any depth."""
    todo = [message]
    while todo:
        each = todo.pop()
        yield each
        for field, value in each.ListFields():
            if field.message_type is not None:
                todo.extend(reversed(value) if field.is_repeated else (value,))


def leaves(message: Any, skipped: frozenset[str]) -> Iterator[tuple[Any, str, bytes]]:
    """Every value of bytes in a message at any depth, with what holds it and its field; not of the fields `skipped`."""
    todo = [message]
    while todo:
        each = todo.pop()
        for field, value in each.ListFields():
            if field.name in skipped:
                continue
            if field.message_type is not None:
                todo.extend(reversed(value) if field.is_repeated else (value,))
            elif field.type == field.TYPE_BYTES:
                yield from ((each, field.name, one) for one in (value if field.is_repeated else (value,)))
