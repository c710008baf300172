"""Who has a say about some bytes, and what comes of several who do."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners import routing
from scanners.account import Totals
from scanners.budget import LimitReached, Limits
from scanners.facts import Anomaly, Reference, Unread
from scanners.registry import SCANNERS
from scanners.routing import Router
from scanners.scanner import TAIL, Needs, NotThisFormat, Read, Scanner
from scanners.source import BytesSource, Slice, Span, SparseSource, Truncated, merge

LIMITS = Limits(depth=3, facts=50)
SEEN = Reference("pickle.global", "os", "system", "called")


def scanner(name, scan, *, magic=None, suffixes=(), **more):
    """A scanner by its magic; without one it recognises nothing."""
    return Scanner(
        name, 1, frozenset(suffixes), lambda sample: magic is not None and sample.head.startswith(magic), scan, **more
    )


def everything(source, scan):
    scan.account.examined(0, source.size)


def states(source, scan):
    scan.state(SEEN)
    scan.account.examined(0, source.size)


def refuses(source, scan):
    scan.state(SEEN)
    raise NotThisFormat


def half(source, scan):
    scan.account.examined(0, source.size // 2)


def run(scanners, data, name="", limits=LIMITS):
    source = BytesSource(data) if isinstance(data, bytes) else data
    return Router(scanners).scan_blob(source, name, limits)


def test_the_scanner_that_recognises_the_content_says_what_it_is():
    outcome = run([scanner("a", states, magic=b"A"), scanner("b", everything, magic=b"B")], b"Abc")
    assert outcome == Read("a", (SEEN,), Totals(3, 0, 0), readers=("a",))


def test_a_scanner_may_be_more_exact_than_its_name():
    def exact(source, scan):
        scan.format = "a.special"
        everything(source, scan)

    assert run([scanner("a", exact, magic=b"A")], b"Abc").format == "a.special"


def test_a_name_calls_for_a_scanner_whatever_the_content_is():
    assert run([scanner("a", states, suffixes=[".a"])], b"???", "x.A.txt").facts == (SEEN,)
    assert run([scanner("a", states, suffixes=[".a"])], b"???", "x.b").format == "unknown"


def test_a_scanner_that_looks_closer_and_says_no_leaves_nothing_behind():
    outcome = run([scanner("a", refuses, magic=b"A"), scanner("b", everything, magic=b"A")], b"Abc")
    assert outcome == Read("b", (), Totals(3, 0, 0), readers=("a", "b"))


def test_an_empty_file_is_complete():
    assert run([scanner("a", refuses, suffixes=[".a"])], b"", "x.a") == Read("empty", (), Totals(0, 0, 0))


def test_content_that_nobody_knows_is_unread_and_unexplained():
    outcome = run([scanner("a", everything, magic=b"A")], b"???")
    assert outcome.account == Totals(0, 0, 3)
    assert [fact.reason for fact in outcome.facts] == ["unknown"]
    assert outcome.format == "unknown"


def test_bytes_that_a_scanner_leaves_without_a_word_get_one():
    outcome = run([scanner("a", half, magic=b"A")], b"A" * 10)
    assert outcome.facts == (Unread("unknown", "5 bytes that no reader explains", "", 5),)
    assert outcome.account == Totals(5, 0, 5)


def test_bytes_that_a_scanner_gives_a_reason_for_get_no_second_one():
    def encrypted(source, scan):
        scan.unread("encrypted", "no key")

    assert [fact.reason for fact in run([scanner("a", encrypted, magic=b"A")], b"Abc").facts] == ["encrypted"]


@pytest.mark.parametrize(
    ("error", "reason"), [(Truncated(9, 9, 9), "broken"), (LimitReached("inflated", "over 9"), "limit")]
)
def test_a_scanner_that_breaks_off_keeps_its_facts_and_says_why(error, reason):
    def breaks(source, scan):
        scan.state(SEEN)
        scan.account.examined(0, 1)
        raise error

    outcome = run([scanner("a", breaks, magic=b"A")], b"Abc")
    assert outcome.facts[0] == SEEN
    assert [fact.reason for fact in outcome.facts[1:]] == [reason]
    assert outcome.account == Totals(1, 0, 2)
    assert outcome.format == "a"


def test_two_grammars_for_the_same_bytes_are_a_polyglot_and_each_must_explain_all():
    outcome = run([scanner("a", half, magic=b"A"), scanner("b", states, suffixes=[".b"])], b"A" * 10, "x.b")
    assert Anomaly("file.polyglot", "a, b") in outcome.facts
    assert SEEN in outcome.facts
    assert outcome.format == "a"
    assert outcome.account == Totals(5, 0, 5)


def test_what_is_inert_to_one_and_a_program_to_another_is_examined_only_where_both_explain_it():
    def inert(source, scan):
        scan.account.inert(0, source.size)

    outcome = run([scanner("a", inert, magic=b"A"), scanner("b", half, magic=b"A")], b"A" * 10)
    assert outcome.account == Totals(5, 0, 5)
    outcome = run([scanner("a", inert, magic=b"A"), scanner("b", everything, magic=b"A")], b"A" * 10)
    assert outcome.account == Totals(10, 0, 0)


def test_a_fallback_is_asked_only_where_no_other_has_a_say():
    fallback = scanner("text", states, magic=b"", fallback=True)
    assert run([fallback, scanner("a", everything, magic=b"A")], b"Abc").format == "a"
    assert run([fallback, scanner("a", everything, magic=b"A")], b"Bbc").format == "text"
    assert run([fallback, scanner("a", refuses, magic=b"A")], b"Abc").format == "text"


def test_of_several_fallbacks_the_first_that_accepts_is_enough():
    no = scanner("json", refuses, magic=b"", fallback=True)
    text = scanner("text", everything, magic=b"", fallback=True)
    last = scanner("unread", states, magic=b"", fallback=True)
    outcome = run([no, text, last], b"hello")
    assert (outcome.format, outcome.account) == ("text", Totals(5, 0, 0))


def test_all_that_several_scanners_miss_is_asked_for_at_once():
    def reads(start):
        return lambda source, scan: source.want(Span(start, start + 10))

    size = 1 << 20
    source = SparseSource(lambda start, length: b"A" * length, size, [Span(0, 65_536), Span(size - TAIL, size)])
    scanners = [scanner("a", reads(100_000), magic=b"A"), scanner("b", reads(300_000), magic=b"A")]
    assert run(scanners, source) == Needs((Span(100_000, 100_010), Span(300_000, 300_010)))


def test_while_a_scanner_misses_bytes_no_fallback_is_asked():
    def misses(source, scan):
        source.want(Span(100_000, 100_001))
        raise NotThisFormat

    def asked(source, scan):
        raise AssertionError("too early")

    size = 1 << 20
    source = SparseSource(lambda start, length: b"A" * length, size, [Span(0, 65_536), Span(size - TAIL, size)])
    outcome = run([scanner("a", misses, magic=b"A"), scanner("text", asked, magic=b"", fallback=True)], source)
    assert outcome == Needs((Span(100_000, 100_001),))


def test_both_ends_of_a_file_are_asked_for_at_once():
    source = SparseSource(lambda start, length: b"", 1 << 20, [])
    assert run(SCANNERS, source) == Needs((Span(0, 4096), Span((1 << 20) - TAIL, 1 << 20)))


def box(source, scan):
    """A container: one byte of magic, then one part."""
    scan.account.examined(0, 1)
    if scan.inside(Slice(source, 1, source.size - 1), "part.a"):
        scan.account.examined(1, source.size)


def test_a_part_is_scanned_under_its_own_name_and_place():
    def named(source, scan):
        scan.anomaly("zip.gap", scan.name)
        everything(source, scan)

    outcome = run([scanner("box", box, magic=b"["), scanner("a", named, suffixes=[".a"])], b"[[xyz", "top")
    assert [(fact.code, fact.detail, fact.member) for fact in outcome.facts] == [
        ("zip.gap", "part.a", "part.a!/part.a"),
        ("zip.gap", "part.a", "part.a"),
        ("file.polyglot", "box, a", "part.a"),
    ]
    assert outcome.account == Totals(5, 0, 0)


def test_a_part_that_one_of_its_scanners_cannot_explain_leaves_its_container_unexplained():
    outcome = run([scanner("box", box, magic=b"["), scanner("a", half, magic=b"a")], b"[aaaa")
    assert outcome.account == Totals(1, 0, 4)
    assert [(fact.reason, fact.member) for fact in outcome.facts] == [("unknown", "part.a")]


def test_boxes_in_boxes_end_at_the_limit_of_depth():
    outcome = run([scanner("box", box, magic=b"[")], b"[" * 40)
    assert [fact.reason for fact in outcome.facts] == ["limit"]
    assert outcome.account.unexplained == 39


def test_an_error_in_a_part_does_not_end_its_container():
    def two(source, scan):
        for number in (1, 2):
            scan.inside(Slice(source, number, 1), f"{number}")
        scan.account.examined(0, source.size)

    def breaks(source, scan):
        scan.state(SEEN)
        raise Truncated(0, 2, 1)

    outcome = run([scanner("two", two, magic=b"["), scanner("a", breaks, magic=b"a")], b"[aa")
    assert [getattr(fact, "reason", "seen") for fact in outcome.facts] == ["seen", "broken"] * 2


def test_a_flood_of_names_ends_the_whole_scan_and_is_said():
    def floods(source, scan):
        for number in itertools.count():
            scan.state(Reference("pickle.global", "acme", f"f{number}", "imported"))

    outcome = run([scanner("zip", floods, magic=b"["), scanner("a", states, suffixes=[".a"])], b"[ab")
    assert len(outcome.facts) == LIMITS.facts + 2
    assert outcome.facts[-2].code == "file.flood"
    assert outcome.facts[-1].reason == "limit"
    assert outcome.account == Totals(0, 0, 3)
    assert outcome.format == "zip"


def test_facts_go_into_the_list_that_is_given():
    facts = []
    outcome = Router([scanner("a", states, magic=b"A")]).scan_blob(BytesSource(b"A"), "", LIMITS, facts)
    assert facts == [SEEN] == list(outcome.facts)


KNOWN = [
    scanner("pickle", everything, suffixes=[".pkl", ".bin", ".metadata"]),
    scanner("text", everything, suffixes=[".txt", "dockerfile", "config.json"]),
    scanner("json", everything, suffixes=[".json"]),
    scanner("shards", everything, suffixes=[".data-#-of-#", "group#-shard#of#"]),
]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("model.pkl", ".pkl"),
        ("a/b.pkl/model.PKL.txt", ".pkl,.txt"),
        ("model.txt.pkl", ".pkl,.txt"),
        ("pkl", ""),
        ("model.pkl2", ""),
        ("model", ""),
        ("folder.pkl/", ""),
        (".metadata", ".metadata"),
        ("Dockerfile", "dockerfile"),
        ("Dockerfile.txt", ".txt,dockerfile"),
        ("my-dockerfile", ""),
        ("sub/config.json", ".json,config.json"),
        ("other.json", ".json"),
        ("variables.data-00003-of-00128", ".data-#-of-#"),
        ("group1-shard2of11.bin", ".bin,group#-shard#of#"),
        ("data-1-of-2.bin", ".bin"),
    ],
)
def test_a_hint_holds_the_suffixes_that_some_scanner_knows_and_nothing_else(path, hint):
    assert routing.hint(path, KNOWN) == hint


PIECES = ["model", "x", "pkl", "bin", "txt", "json", "config", "dockerfile", "metadata", "", "PKL", "é", " ", ","]


@given(st.lists(st.sampled_from(PIECES), max_size=6).map(".".join))
def test_the_name_made_of_a_hint_has_that_hint(name):
    hint = routing.hint(name, KNOWN)
    assert routing.hint(routing.name_of(hint), KNOWN) == hint


@given(st.lists(st.sampled_from([*PIECES, *(s.strip(".") for one in SCANNERS for s in one.suffixes)]), max_size=6))
def test_the_same_holds_for_the_scanners_that_there_are(pieces):
    hint = routing.hint(".".join(pieces))
    assert routing.hint(routing.name_of(hint)) == hint


def test_a_name_made_of_a_hint_looks_like_a_file_of_its_kind():
    assert routing.name_of("") == "file"
    assert routing.name_of(".json") == "file.json"
    assert routing.name_of(".pkl,.txt") == "file.pkl.txt"
    assert routing.name_of(".json,config.json") == "config.json"


@given(st.integers(0, 1 << 40))
def test_the_first_fetch_has_both_ends_of_the_file_and_is_small(size):
    spans = routing.first(size, "model", KNOWN)
    assert all(0 <= span.start < span.stop <= size for span in spans)
    held = merge(spans)
    assert sum(span.length for span in held) <= 256 * 1024
    source = SparseSource(lambda start, length: bytes(length), size, held)
    assert not isinstance(run([], source), Needs)


def test_a_file_that_its_reader_reads_whole_is_fetched_whole_while_it_is_of_moderate_size():
    whole = [scanner("json", everything, suffixes=[".json"], whole=True)]
    assert routing.first(10 << 20, "tokenizer.json", whole) == (Span(0, 10 << 20),)
    assert len(routing.first(10 << 20, "model.bin", whole)) == 2
    assert len(routing.first(1 << 30, "tokenizer.json", whole)) == 2


def test_no_reader_of_lists_makes_a_checkpoint_be_fetched_whole():
    assert len(routing.first(10 << 20, "model.pth")) == 2
    assert routing.first(10 << 20, "demo.ipynb") == (Span(0, 10 << 20),)


def test_the_version_changes_with_every_scanner_and_with_nothing_else():
    one, two = scanner("a", everything), scanner("b", everything)
    versions = [
        routing.version(scanners)
        for scanners in ([], [one], [two], [one, two], [one._replace(version=2)], [one._replace(suffixes={".x"})])
    ]
    assert len(set(versions)) == len(versions)
    assert routing.version([one]) == routing.version([scanner("a", states)])
    assert routing.version(SCANNERS) == routing.VERSION


@given(st.binary(max_size=300), st.sampled_from(["", "file.pkl", "file.json", "file.txt", "file.zip"]))
def test_any_bytes_under_any_name_add_up(data, name):
    outcome = routing.scan_blob(BytesSource(data), name, LIMITS)
    assert isinstance(outcome, Read)
    assert sum((outcome.account.examined, outcome.account.inert, outcome.account.unexplained)) == len(data)
    if outcome.account.unexplained:
        assert any(isinstance(fact, Unread) for fact in outcome.facts)


# --- which stored results still hold --------------------------------------------------------------------------------


def versions(**numbers):
    return routing.Versions([scanner(name, everything)._replace(version=number) for name, number in numbers.items()])


def test_a_new_version_of_a_scanner_voids_what_it_was_asked_about_and_nothing_else():
    then, now = versions(a=1, b=1), versions(a=2, b=1)
    assert then.hold(then.mark(["a"]))
    assert not now.hold(then.mark(["a"]))
    assert not now.hold(then.mark(["a", "b"]))
    assert now.hold(then.mark(["b"]))


def test_another_set_of_scanners_voids_everything():
    then = versions(a=1, b=1)
    for now in (versions(a=1), versions(a=1, b=1, c=1), versions(a=1, c=1)):
        assert not now.hold(then.mark(["a"]))


def test_a_container_is_marked_with_the_readers_of_its_parts():
    def container(source, scan):
        scan.inside(Slice(source, 1, source.size - 1), "part")
        scan.account.examined(0, source.size)

    outcome = run([scanner("a", container, magic=b"A"), scanner("b", everything, magic=b"B")], b"AB")
    assert outcome.readers == ("a", "b")


@pytest.mark.parametrize("readers", [[], ["nobody"]])
def test_a_result_whose_readers_nobody_knows_depends_on_all(readers):
    then = versions(a=1, b=1)
    assert then.hold(then.mark(readers))
    assert not versions(a=1, b=2).hold(then.mark(readers))


@pytest.mark.parametrize("mark", ["", ":", "1f0c", "1f0c:a.1", "a.1", "old-scanners"])
def test_a_mark_of_another_time_does_not_hold(mark):
    assert not versions(a=1).hold(mark)
