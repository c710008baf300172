"""The fork server by its own protocol: what it has loaded, and what its sealed children can read."""

import bz2
import io
import json
import lzma
import os
import signal
import socket
import struct
import subprocess
import sys
import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import pytest

from scanners import routing, wire, worker
from scanners.account import Totals
from scanners.budget import Limits
from scanners.facts import Anomaly, Storage, Unread
from scanners.scanner import Read
from scanners.source import BytesSource, Span
from tests.craft import compressed

ALL_DATA = Path(__file__).parent.parent / "data"
DATA = [*sorted((ALL_DATA / "torch").glob("*.*")), *sorted((ALL_DATA / "tensorflow" / "tf2.21").glob("*.*"))]
DATA += sorted((ALL_DATA / "tensorflow" / "tf2.21" / "v1").iterdir())
STRANGERS = {
    "anyio", "asyncio", "audit", "crawler", "duckdb", "h5py", "httpx2", "huggingface_hub", "logging", "multiprocessing",
    "numpy", "reports", "ssl", "subprocess", "torch", "urllib.request",
}  # fmt: skip


@contextmanager
def server():
    """A fork server and our end of its socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(20)
        command = [sys.executable, "-I", "-m", "scanners.worker", str(theirs.fileno())]
        with subprocess.Popen(command, pass_fds=(theirs.fileno(),), env={}) as process:
            theirs.close()
            try:
                yield ours, process
            finally:
                ours.close()
                assert process.wait(20) == 0


def order(control, number, content, hint="", *, mode=os.O_RDONLY, tmp_path, deadline=20.0):
    """Have content scanned; the end of the pipe on which the child will speak."""
    path = tmp_path / f"blob-{number}"
    path.write_bytes(content)
    sheet = tmp_path / f"job-{number}"
    size = len(content)
    job = wire.Job(size, hint, (Span(0, size),) if size else (), Limits(), deadline, 1 << 30, 20)
    sheet.write_bytes(wire.encode_job(job))
    ours, theirs = os.pipe()
    descriptors = [os.open(sheet, os.O_RDONLY), os.open(path, mode), theirs]
    socket.send_fds(control, [worker.ORDER.pack(worker.RUN, number)], descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    return ours


def report(control):
    return worker.REPORT.unpack(control.recv(worker.REPORT.size, socket.MSG_WAITALL))


def spoken(pipe, size):
    """The reply on a pipe, read to its end."""
    transcript = wire.Transcript(size, ())
    with os.fdopen(pipe, "rb", buffering=0) as stream:
        while data := stream.read(65_536):
            transcript.feed(data)
    return transcript.reply()


def archive(method):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as writer:
        writer.writestr("data.pkl", b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R." + b"N0" * 4000 + b".")
        writer.writestr("größe.txt", "größe " * 2000)
    return made.getvalue()


SYSTEM = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."
CONTENTS = {
    "": b"",
    ".json": json.dumps({"auto_map": {"AutoModel": "modeling.Model"}, "text": "größe"}).encode(),
    ".txt": ("größe, 大小, 😀\n" * 900).encode(),
    ".py": b"import os\n",
    ".pkl": SYSTEM,
    ".pickle": b"cos\nsystem\n(S'id'\nVg\\u00f6\xf6\n\x8d\x02\x00\x00\x00\x00\x00\x00\x00okNtR.",
    ".p": b"c__builtin__\ncompile\n" + bytes(range(256)) * 4,
    ".safetensors": struct.pack("<Q", 2) + b"{}",
    ".zip": archive(zipfile.ZIP_DEFLATED),
    ".npz": archive(zipfile.ZIP_BZIP2),
    ".jar": archive(zipfile.ZIP_LZMA),
    ".whl": archive(zipfile.ZIP_STORED),
    ".gz": zlib.compress(b"x" * 9999),
    ".bz2": bz2.compress(b"x" * 9999),
    ".xz": lzma.compress(b"x" * 9999),
    ".zst": compressed.zstd(SYSTEM, write_checksum=True) + compressed.skippable(SYSTEM),
    ".lz4": compressed.lz4_frame(SYSTEM + os.urandom(300_000)),
    ".z": compressed.zfile(SYSTEM),
    ".h5": b"\x89HDF\r\n\x1a\n" + bytes(500),
    ".bin": os.urandom(3000),
}


def loaded_by(program):
    command = [sys.executable, "-I", "-c", f"import sys; {program}; print(*sys.modules)"]
    return set(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split())


def test_the_fork_server_loads_the_scanners_and_nothing_that_speaks_to_the_outside():
    loaded = loaded_by("import scanners.worker")
    assert "scanners.formats.pickle_stream" in loaded
    assert STRANGERS & loaded == set()
    # Jinja has pickle and marshal for its cache of compiled templates; the scanners themselves never import them.
    ours_alone = loaded_by("import sys; sys.modules['scanners.binary.jinja'] = sys; import scanners.worker")
    assert not {"pickle", "jinja2"} & ours_alone
    # msgspec takes typing_extensions where it is installed; the parser of yaml brings what Cython runs on.
    ours = {"scanners", "msgspec", "typing_extensions", "yaml", "jinja2", "markupsafe"}
    more = {name.partition(".")[0] for name in loaded - loaded_by("pass")}
    more = {name for name in more if "cython" not in name}
    assert more - sys.stdlib_module_names == ours & more


def test_a_sealed_child_says_of_every_format_what_the_scanners_say_outside(tmp_path):
    contents = [*CONTENTS.items()]
    contents += [(routing.hint(path.name), path.read_bytes()) for path in DATA]
    with server() as (control, _):
        for number, (hint, content) in enumerate(contents):
            pipe = order(control, number, content, hint, tmp_path=tmp_path)
            reply = spoken(pipe, len(content))
            assert report(control) == (number, worker.EXITED, 0)
            outside = routing.scan_blob(BytesSource(content), routing.name_of(hint), Limits())
            assert reply.outcome == outside, hint
            assert isinstance(outside, Read)


def test_a_descriptor_that_can_be_written_to_is_refused_before_it_is_read(tmp_path):
    with server() as (control, _):
        pipe = order(control, 1, b"{}", mode=os.O_RDWR, tmp_path=tmp_path)
        assert spoken(pipe, 2).outcome.why == "bad-reply"
        number, how, status = report(control)
        assert (number, how, os.waitstatus_to_exitcode(status)) == (1, worker.EXITED, 1)
        assert spoken(order(control, 2, b"{}", tmp_path=tmp_path), 2).outcome.format == "json"


def test_a_child_can_be_ended_by_its_number(tmp_path):
    with server() as (control, process):
        os.kill(process.pid, signal.SIGSTOP)
        pipe = order(control, 7, b"{}", tmp_path=tmp_path)
        control.send(worker.ORDER.pack(worker.KILL, 7))
        control.send(worker.ORDER.pack(worker.KILL, 8))
        os.kill(process.pid, signal.SIGCONT)
        number, how, status = report(control)
        assert (number, how) == (7, worker.EXITED)
        assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
        os.close(pipe)


def test_the_server_leaves_when_its_socket_ends(tmp_path):
    with server() as (control, process):
        os.close(order(control, 1, b"{}", tmp_path=tmp_path))
        control.close()
        assert process.wait(20) == 0


@pytest.fixture
def told():
    """A list that tells, and what it told."""
    ours, theirs = os.pipe()
    transcript = wire.Transcript(0, ())

    def seen():
        transcript.feed(os.read(ours, 65_536))
        return list(transcript.reply("crash", "").outcome.facts)

    yield worker._Told(theirs), seen
    os.close(ours)
    os.close(theirs)


def test_facts_are_told_as_they_are_stated_and_taken_back(told):
    facts, seen = told
    one, two, three = (Anomaly("zip.gap", name) for name in "abc")
    facts.append(one)
    assert seen() == [one]
    facts.append(two)
    facts.append(three)
    del facts[1:]
    assert seen() == facts == [one]
    del facts[1:]
    facts.append(three)
    assert seen() == facts == [one, three]


def test_no_more_is_told_than_the_parent_takes(told, monkeypatch):
    facts, seen = told
    facts._left = 1000
    for _ in range(20):
        facts.append(Anomaly("zip.gap", "x" * 100))
    assert 3 <= len(seen()) <= 8
    assert len(facts) == 20


@pytest.mark.parametrize(
    "fact",
    [Storage("0", "torch.FloatStorage", -1), Storage("0", "", 1 << 64), Unread("broken", "\ud800"), Unread("?", "")],
    ids=repr,
)
def test_a_fact_that_the_parent_would_refuse_does_not_cost_the_facts_behind_it(told, fact):
    facts, seen = told
    facts.append(fact)
    facts.append(Anomaly("zip.gap"))
    assert seen() == facts
    assert [getattr(each, "reason", "") for each in facts] == ["broken", ""]
    assert wire.decode(wire.encode_answer(Read("x", tuple(facts), Totals(0, 0, 0))))
