"""One blob in turns of fetching and scanning: how many there may be, and how long."""

import anyio
import pytest

from audit import examine
from scanners import wire
from scanners.account import Totals
from scanners.facts import Call
from scanners.scanner import Needs, Read
from scanners.source import Span

pytestmark = pytest.mark.anyio
SEEN = (Call("os", "system", "REDUCE", "os.system('id')"),)


class Blob:
    """A content that is all there."""

    blob, fd = "sha256:0", 0

    def __init__(self, size):
        self.size = size

    async def ensure(self, spans):
        await anyio.lowlevel.checkpoint()
        return sum(span.length for span in spans)


class Jail:
    """A jail whose scanner asks for a byte every `stride` bytes, and takes so many `seconds` for it."""

    deadline = 120.0

    def __init__(self, stride, seconds=0.0):
        self.turns, self._stride, self._seconds = 0, stride, seconds

    async def scan(self, _fd, size, _hint, _held):
        await anyio.lowlevel.checkpoint()
        self.turns += 1
        at = 65_536 + self.turns * self._stride
        if at >= size - 65_557:
            return wire.Reply((), Read("tar", (), Totals(size, 0, 0)))
        return wire.Reply((), Needs((Span(at, at + 1),)), SEEN, self._seconds)


async def examined(size, jail):
    return await examine.examine(Blob(size), "model.tar", jail, fetched=lambda _: None)


@pytest.mark.parametrize(("size", "stride"), [(1 << 20, 1 << 14), (100 << 20, 1 << 20), (1 << 40, 1 << 30)])
async def test_a_file_that_is_gone_through_in_steps_is_read_to_its_end(size, stride):
    jail = Jail(stride)
    assert (await examined(size, jail)).stopped is None
    assert jail.turns > size // stride - 20


async def test_a_file_that_is_nibbled_at_is_given_up():
    jail = Jail(1)
    blob = await examined(10 << 20, jail)
    assert (blob.stopped.code, blob.facts, blob.account.unexplained) == ("rounds", SEEN, 10 << 20)
    assert jail.turns == examine.ROUNDS + 10


async def test_all_turns_together_may_take_no_more_than_their_time():
    jail = Jail(1 << 20, seconds=50)
    blob = await examined(1 << 30, jail)
    assert (blob.stopped.code, blob.facts) == ("deadline", SEEN)
    assert jail.turns == examine.PATIENCE * jail.deadline // 50 + 1
