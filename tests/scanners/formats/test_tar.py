"""Tar archives: what is in them under every reading, and what unpacks to elsewhere."""

import gzip
import io
import tarfile

import pytest

from scanners.budget import Limits
from scanners.facts import Unread
from scanners.judge import complete, judge
from scanners.registry import SCANNERS
from scanners.rules.policy import Policy
from scanners.source import Span
from tests.craft import tars
from tests.craft.pickles import asm, op, system, text
from tests.craft.reading import anomalies, called, scan_in_rounds, unread_reasons
from tests.craft.reading import scan as scan_with
from tests.craft.tars import header, link, member, old_sparse, pax, tar
from tests.craft.tensors import torch_archive

PAYLOAD = system(proto=2)
WORDS = b"words\n" * 30
BENIGN = asm(op("PROTO", 4), "EMPTY_DICT", "STOP")


def scan(data, name="x.tar", **more):
    return scan_with(data, name, scanners=SCANNERS, **more)


def severities(outcome, name="x.tar"):
    found = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    return {finding.severity for finding in found}


def written(form, *names, data=WORDS):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


LONG = "folder/" * 15 + "name" * 20 + ".txt"


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_python_writes_is_clean_in_all_its_formats(form):
    outcome = scan(written(form, "a.txt", LONG, "grüße.txt"))
    assert outcome.format == "tar"
    assert outcome.facts == ()
    assert outcome.account.unexplained == 0


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_member_is_named_by_its_whole_name(form):
    name = LONG.replace(".txt", ".pkl")
    assert called(scan(written(form, name, data=PAYLOAD))) == {("posix.system", name)}


def test_the_oldest_tar_has_nothing_but_a_checksum():
    data = tar(header("m.pkl", len(PAYLOAD), "\0", magic=b"") + tars.padded(PAYLOAD))
    assert called(scan(data, "weights")) == {("posix.system", "m.pkl")}


def test_a_checksum_of_signed_bytes():
    block = header("\xff.pkl".encode("latin-1"), len(PAYLOAD))
    wanted = sum(block[:148] + b" " * 8 + block[156:]) - 256
    data = tar(header("\xff.pkl".encode("latin-1"), len(PAYLOAD), checksum=b"%06o\0 " % wanted) + tars.padded(PAYLOAD))
    assert called(scan(data)) == {("posix.system", "ÿ.pkl")}


def test_a_nemo_archive_holds_what_torch_loads():
    data = tar(member("./model_config.yaml", WORDS), member("./model_weights.ckpt", torch_archive()))
    outcome = scan(data, "model.nemo")
    assert outcome.account.unexplained == 0
    assert severities(outcome) == set()


@pytest.mark.parametrize("parts", [[member("m.ckpt", torch_archive())], [member("m.ckpt", torch_archive()), member("a.txt", WORDS), member("n.ckpt", torch_archive())]])  # fmt: skip
def test_an_archive_in_a_member_is_no_second_reading_of_the_whole(parts):
    outcome = scan(tar(*parts), "weights")
    assert (outcome.format, outcome.facts) == ("tar", ())


def test_an_archive_behind_the_end_is_a_second_reading():
    assert "file.polyglot" in anomalies(scan(tar(member("a.txt", WORDS)) + torch_archive(), "weights"))


def test_an_archive_of_two_members_is_a_second_reading():
    """The directory in one member lists what stands in another."""
    whole = torch_archive(pickle=PAYLOAD)
    cut = whole.index(b"PK\x01\x02")
    data = tar(member("a.bin", whole[:cut] + bytes(-cut % 512)), member("b.bin", whole[cut:]))
    assert not complete(scan(data, "weights").facts, scan(data, "weights").account)
    assert ("posix.system", "archive/data.pkl") in {(name, path[-16:]) for name, path in called(scan(data, "weights"))}


HIDING = {
    "a pax path": (tar(pax(path="m.pkl"), member("x", PAYLOAD)), "m.pkl", set()),
    "a GNU long name": (tar(tars.long_name("m.pkl"), member("x", PAYLOAD)), "m.pkl", set()),
    "a global path": (tar(pax("g", path="m.pkl"), member("x", PAYLOAD)), "m.pkl", set()),
    "a contiguous file": (tar(member("m.pkl", PAYLOAD, "7")), "m.pkl", set()),
    "a type that nobody knows": (tar(member("m.pkl", PAYLOAD, "Q")), "m.pkl", set()),
    "a size in base 256": (
        tar(header("m.pkl", b"\x80" + len(PAYLOAD).to_bytes(11, "big")) + tars.padded(PAYLOAD)), "m.pkl", set(),
    ),
    "a pax size": (tar(pax(size=len(PAYLOAD)), header("m.pkl", 0) + tars.padded(PAYLOAD)), "m.pkl", set()),
    "behind the end": (tar(member("a", WORDS)) + tar(member("m.pkl", PAYLOAD)), "m.pkl", {"tar.hidden"}),
    "behind one zero block": (tar(member("a", WORDS), bytes(512), member("m.pkl", PAYLOAD)), "m.pkl", {"tar.hidden"}),
    "behind a bad header": (
        tar(member("a", WORDS), header("b", checksum=b"1"), member("m.pkl", PAYLOAD)), "m.pkl",
        {"tar.checksum", "tar.hidden"},
    ),
    "where the header's size leads": (
        tar(pax(size=1024), header("a", 512) + tars.padded(WORDS) + member("m.pkl", PAYLOAD)), "m.pkl", {"tar.sizes"},
    ),
    "where the pax size leads": (
        tar(pax(size=512), header("a", 2048) + tars.padded(WORDS) + member("m.pkl", PAYLOAD)), "m.pkl", {"tar.sizes"},
    ),
    "where Python's numbers lead": (
        tar(header("a", b"0o2000") + tars.padded(WORDS) + bytes(512) + member("m.pkl", PAYLOAD)), "m.pkl",
        {"tar.sizes"},
    ),
    "where a link's data would be": (
        tar(link("a", "b", size=1024) + member("m.pkl", PAYLOAD)), "m.pkl", set(),
    ),
    "behind a link's data": (tar(header("a", 600, "1", target="b") + tars.padded(b"w" * 600), member("m.pkl", PAYLOAD)), "m.pkl", set()),
    "in the data of a link": (tar(member("a", PAYLOAD, "1", target="b")), "a", set()),
    "under two pax names": (
        tar(tars.member("pax", tars.record("path", "m.pkl") + tars.record("path", "n"), "x"), member("x", PAYLOAD)),
        "m.pkl", set(),
    ),
    "in a record of no honest length": (
        tar(member("pax", b"999 path=m.pkl\n", "x"), member("x", PAYLOAD)), "m.pkl", {"tar.sizes"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", HIDING)
def test_a_pickle_is_found(how):
    data, name, codes = HIDING[how]
    outcome = scan(data)
    assert ("posix.system", name) in called(outcome)
    assert anomalies(outcome) >= codes


@pytest.mark.parametrize("count", [2, 30])
def test_a_sparse_file_is_read_as_it_unpacks(count):
    """The pickle is cut into two parts, and its middle bytes into what stands between."""
    body = asm(op("PROTO", 2), op("BINUNICODE", "\0" * 600), "POP") + PAYLOAD[2:]
    cut = body.index(b"\0" * 600) + 600
    front, back = body[: cut - 600], body[cut:]
    parts = [(0, len(front)), *((cut + at, 1) for at in range(count - 2)), (cut + count - 2, len(back) - count + 2)]
    data = tar(old_sparse("m.pkl", parts, len(body), front + back), member("b.txt", WORDS))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.extractfile("m.pkl").read() == body
        assert archive.getnames() == ["m.pkl", "b.txt"]
    outcome = scan(data)
    assert ("posix.system", "m.pkl") in called(outcome)
    assert not complete(outcome.facts, outcome.account)


BODY = bytes(512) + PAYLOAD
MAPS = {
    "0.0": (
        [("size", len(BODY) + 1), ("numblocks", 1), ("offset", 512), ("numbytes", len(PAYLOAD))], b"", "size",
    ),
    "0.1": ([("size", len(BODY)), ("map", f"512,{len(PAYLOAD)}")], b"", "size"),
    "1.0": (
        [("major", 1), ("minor", 0), ("name", "m.bin"), ("realsize", len(BODY))],
        tars.padded(b"1\n512\n%d\n" % len(PAYLOAD)), "realsize",
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", MAPS)
def test_a_sparse_file_of_a_newer_kind_is_read_as_it_unpacks(version):
    records, front, _ = MAPS[version]
    notes = member("pax", b"".join(tars.record(f"GNU.sparse.{key}", value) for key, value in records), "x")
    data = tar(notes, member("m.bin", front + PAYLOAD))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.extractfile("m.bin").read()[: len(BODY)] == BODY
    outcome = scan(data)
    assert not complete(outcome.facts, outcome.account)
    assert not [fact for fact in outcome.facts if isinstance(fact, Unread) and "map of holes" in fact.detail]


def test_a_map_of_holes_that_runs_backwards_is_broken():
    data = tar(old_sparse("s", [(600, 5), (0, 5)], 700, b"0123456789"))
    assert "broken" in unread_reasons(scan(data))


@pytest.mark.parametrize(("size", "expected"), [(1 << 40, {"tar.sparse"}), (1 << 20, set())])
def test_a_file_of_holes_is_a_bomb_only_if_it_is_enormous(size, expected):
    outcome = scan(tar(old_sparse("s.bin", [(0, 5)], size, b"words")))
    assert anomalies(outcome) == expected
    assert not complete(outcome.facts, outcome.account)


DEEP = "d" * 247 + "/"
UNPACKS = {
    "up": ([member("../x", WORDS)], {"tar.name"}),
    "absolute": ([member("/etc/x", WORDS)], {"tar.name"}),
    "up in a pax path": ([pax(path="a/../../x"), member("x", WORDS)], {"tar.name"}),
    "up where pax is not known": ([pax(path="x"), member("../x", WORDS)], {"tar.name"}),
    "a link out": ([link("a", "../b")], {"tar.escape"}),
    "a link to the root": ([link("a", "/etc/passwd")], {"tar.escape"}),
    "a hard link out": ([link("a", "../b", "1")], {"tar.escape"}),
    "through a link out": ([link("a", "/tmp"), member("a/x", WORDS)], {"tar.escape"}),
    "a pax link out": ([pax(linkpath="../../x"), link("a/b", "c")], {"tar.escape"}),
    "up from below a link": (
        [link("a/b/c", "."), link("x", "a/b/c/../../../y")], {"tar.escape"},
    ),
    "up from below a link that is made later": (
        [link("x", "a/b/c/../../../y"), link("a/b/c", "../..")], {"tar.escape"},
    ),
    "a second name of a link": ([link("a/b/c", "../../d"), link("c", "a/b/c", "1")], {"tar.escape"}),
    "in circles": ([link("a", "b"), link("b", "a")], {"tar.escape"}),
    "through a link inside": ([link("a", "b"), member("a/x", WORDS)], {"tar.through"}),
    "onto a link": ([link("a", "b"), member("a", WORDS)], {"tar.through", "tar.duplicate"}),
    "a device": ([member("a", kind="3")], {"tar.device"}),
    "a pipe": ([member("a", kind="6")], {"tar.device"}),
    "setuid": ([member("a.txt", WORDS, mode=0o4755)], {"tar.setuid"}),
    "twice": ([member("a.txt", WORDS), member("./a.txt", WORDS)], {"tar.duplicate"}),
    "in other letters": ([member("a.txt", WORDS), member("A.txt", WORDS)], {"tar.case"}),
    "with accents written in another way": (
        [member("\u00e9.txt".encode(), WORDS), member("e\u0301.txt".encode(), WORDS)], {"tar.case"},
    ),
    "by a path that is too long to be resolved": (
        [
            *(part for at in range(16) for part in (pax(path=DEEP * at + "x", linkpath="d" * 247), link("x", "y"))),
            pax(path="out", linkpath="x/" * 16 + "../" * 16 + "etc"), link("out", "y"),
        ],
        {"tar.escape"},
    ),
    "not padded with zeros": ([member("a.txt", WORDS, fill=b"x")], {"tar.padding"}),
    "a negative size": ([header("a", b"\xff" * 12)], {"tar.sizes"}),
    "a field that is no number": ([member("a.txt", WORDS, mode=b"rw-r--r-")], {"tar.sizes"}),
}  # fmt: skip


@pytest.mark.parametrize("how", UNPACKS)
def test_what_unpacks_to_elsewhere_is_stated(how):
    parts, codes = UNPACKS[how]
    assert anomalies(scan(tar(*parts))) == codes


def test_an_honest_tree_of_folders_and_links_is_quiet():
    data = tar(
        member("./", kind="5", mode=0o2755), member("./a/", kind="5"), member("./a/b.txt", WORDS),
        link("./a/latest.txt", "b.txt"), link("./c.txt", "a/b.txt"), link("./d.txt", "./a/b.txt", "1"),
        link("./a/e/up.txt", "../../c.txt"), member("./a/", kind="5"), member("./..a/b..txt", WORDS),
        end=bytes(10240),
    )  # fmt: skip
    outcome = scan(data)
    assert outcome.facts == ()
    assert outcome.account.unexplained == 0


def test_a_folder_of_the_oldest_kind_is_no_file():
    assert scan(tar(header("a/", 0, "\0", magic=b""), member("a/b.txt", WORDS))).facts == ()


def test_a_link_gives_its_target_a_name_that_loaders_go_by():
    """Without its protocol a pickle is found only where a name says what it is."""
    bare = asm(text("posix"), text("system"), "STACK_GLOBAL", text("echo"), "TUPLE1", "REDUCE", "STOP")
    for kind in "12":
        outcome = scan(tar(member("a.weights", bare), link("m.pkl", "a.weights", kind)))
        assert ("posix.system", "m.pkl") in called(outcome)


@pytest.mark.parametrize("tail", [b"x", b"words\n" * 100])
def test_bytes_behind_the_end_are_looked_at(tail):
    outcome = scan(tar(member("a.txt", WORDS)) + tail)
    assert anomalies(outcome) == {"tar.trailing"}
    assert severities(outcome) == {"low"}
    assert "tail" not in outcome.format


def test_a_pickle_behind_the_end_is_found():
    outcome = scan(tar(member("a.txt", WORDS)) + PAYLOAD)
    assert {name for name, _ in called(outcome)} == {"posix.system"}


def test_an_archive_without_its_end_may_be_cut_off():
    assert unread_reasons(scan(member("a.txt", WORDS))) == {"broken"}


def test_data_that_reaches_past_the_end_is_broken_and_looked_at():
    outcome = scan(tar(header("m.pkl", 1 << 40) + PAYLOAD, end=b""))
    assert "broken" in unread_reasons(outcome)
    assert called(outcome) == {("posix.system", "m.pkl")}


@pytest.mark.parametrize("name", ["model_best.pth.tar", "x.nemo"])
def test_what_only_its_name_calls_a_tar_is_no_tar(name):
    assert scan(BENIGN, name).format == "pickle"
    assert anomalies(scan(BENIGN, name)) == set()


def test_a_pickle_that_mentions_the_magic_is_no_tar():
    data = asm(op("PROTO", 4), op("BINUNICODE", "x" * 250 + "ustar"), "STOP").ljust(3000, b".")
    assert data[257:262] == b"ustar"
    assert scan(data, "m.pkl").format == "pickle"


def test_zeros_under_the_name_of_a_tar_are_an_empty_one():
    assert scan(bytes(10240), "x.tar").format == "tar"
    assert scan(bytes(1024) + b"\xfe" * 600, "x.tar").format == "unknown"


def test_headers_that_part_again_and_again_end_in_a_limit():
    forked = pax(size=512) + header("a", 1024) + bytes(512)
    data = tar(*(forked + member(f"b{n}") for n in range(80)))
    assert "limit" in unread_reasons(scan(data))


def test_long_extended_headers_are_not_held():
    assert "limit" in unread_reasons(scan(tar(member("pax", bytes(2 << 20), "x"), member("a.txt", WORDS))))


def test_many_anomalies_are_counted():
    outcome = scan(tar(*(member(f"../{n}", b"") for n in range(100))))
    assert any(fact.detail == "100 in all, 64 are stated" for fact in outcome.facts)


@pytest.mark.parametrize("inner", [tar(member("m.pkl", PAYLOAD))])
def test_a_tar_in_a_tar(inner):
    assert called(scan(tar(member("in", inner)))) == {("posix.system", "in!/m.pkl")}


@pytest.mark.parametrize("name", ["model.tgz", "model.nemo", "model.tar.gz", "weights"])
def test_a_compressed_tar_is_read(name):
    outcome = scan(gzip.compress(tar(member("m.pkl", PAYLOAD))), name)
    assert {each.rpartition("/")[2] for _, each in called(outcome)} == {"m.pkl"}
    outcome = scan(gzip.compress(tar(member("a.txt", WORDS), end=bytes(10240))), name)
    assert complete(outcome.facts, outcome.account)


class Sparse:
    """Bytes of a few places, and zeros between."""

    def __init__(self, size, parts):
        self.size, self.parts = size, parts

    def __len__(self):
        return self.size

    def __getitem__(self, where):
        data = bytearray(where.stop - where.start)
        for at, part in self.parts:
            start, stop = max(at, where.start), min(at + len(part), where.stop)
            if start < stop:
                data[start - where.start : stop - where.start] = part[start - at : stop - at]
        return bytes(data)


def big(count, each):
    """Members of zeros, with a torch archive as the last."""
    parts, at = [], 0
    for n in range(count):
        parts.append((at, header(f"{n}.bin", each)))
        at += 512 + each
    parts.append((at, tar(member("model.ckpt", torch_archive()))))
    return Sparse(at + len(parts[-1][1]), parts)


@pytest.mark.parametrize(
    ("count", "each", "rounds", "most"), [(4, 1 << 30, 12, 4 << 20), (20, 200 << 20, 36, 32 << 20)]
)
def test_an_archive_of_few_members_costs_a_few_reads(count, each, rounds, most):
    data = big(count, each)
    size = len(data)
    first = [Span(0, 65_536), Span(size - 65_557, size)]
    outcome, held, asked = scan_in_rounds(data, "x.tar", scanners=SCANNERS, held=first, block=16_384)
    assert outcome.format == "tar"
    assert asked <= rounds
    assert sum(span.length for span in held) <= most


def test_limits_hold_for_what_holes_expand_to():
    data = tar(*(old_sparse(f"{n}.bin", [(0, 5)], 600 << 10, b"words") for n in range(3)))
    assert "limit" in unread_reasons(scan(data, limits=Limits(inflated=1 << 20)))
