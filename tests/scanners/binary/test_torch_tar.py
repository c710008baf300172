"""The tar archives that torch wrote in its first months."""

import pytest

from scanners.facts import Call, Embedded, Reference, Storage
from scanners.judge import judge
from scanners.registry import SCANNERS
from scanners.rules.policy import Policy
from tests.craft import tars
from tests.craft.pickles import HARMLESS, asm, call, named, op, system, text
from tests.craft.reading import anomalies, called, scan, scan_in_rounds, unread_reasons

SYSTEM = call(named("posix", "system"), text(HARMLESS))


def read(**members):
    return scan(tars.torch_tar(**members), "model.pth", scanners=SCANNERS)


def system_in(outcome):
    return {member for name, member in called(outcome) if name == "posix.system"}


def test_an_honest_one_is_clean_and_has_nothing_to_say():
    outcome = read()
    assert outcome.format == "torch.tar"
    assert outcome.account.unexplained == 0
    assert judge(outcome.facts, path="model.pth", format=outcome.format, policy=Policy.default()) == ()
    assert {(fact.kind, fact.name) for fact in outcome.facts if isinstance(fact, Reference)} == {
        ("pickle.persistent", "'9'"), ("pickle.global", "FloatTensor"), ("pickle.global", "FloatStorage"),
    }  # fmt: skip
    assert not [fact for fact in outcome.facts if isinstance(fact, Storage | Call)]


def test_elements_that_look_like_a_pickle_are_no_pickle():
    raw = system(proto=2).ljust(240, b"\0")
    outcome = read(storages=tars.storages((7, "FloatStorage", 60, raw)))
    assert outcome.account.unexplained == 0
    assert system_in(outcome) == set()


SHORT = asm(op("PROTO", 2), "EMPTY_LIST", "STOP")
CALLS = asm(op("PROTO", 2), SYSTEM, "STOP")
PLACES = {
    "the object": ({"pickle": CALLS}, "pickle", True),
    "the number of storages": ({"storages": CALLS + tars.storages(tars.FLOATS)[len(tars.number(1)) :]}, "storages", False),
    "a storage's record": ({"storages": tars.number(1) + asm(op("PROTO", 2), SYSTEM, "NONE", "TUPLE2", "STOP")}, "storages", False),
    "a record behind raw elements": (
        {"storages": tars.number(2) + tars.storages(tars.FLOATS, views=b"")[len(tars.number(1)) :] + CALLS}, "storages", False,
    ),
    "the views of storages": ({"storages": tars.storages(tars.FLOATS, views=CALLS)}, "storages", True),
    "a tensor's record": ({"tensors": tars.number(2) + tars.tensors((9, 7, "FloatTensor", (6,)))[len(tars.number(1)) :] + CALLS}, "tensors", False),
    "no tensor's record": ({"tensors": tars.number(0) + CALLS}, "tensors!/tail@8", True),
    "a key": (
        {"storages": tars.number(1) + tars.triple(SYSTEM, text("cpu"), named("torch", "FloatStorage")) + bytes(8) + SHORT},
        "storages", True,
    ),
    "what is none without its name": (
        {"pickle": asm(text("posix"), text("system"), "STACK_GLOBAL", text(HARMLESS), "TUPLE1", "REDUCE", "STOP")}, "pickle", True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_call_is_found(place):
    members, where, whole = PLACES[place]
    outcome = read(**members)
    assert outcome.format == "torch.tar"
    assert system_in(outcome) == {where}
    assert ("broken" not in unread_reasons(outcome)) == whole


BROKEN = {
    "a class that is not known": {"storages": tars.storages((7, "MyStorage", 6, bytes(24)))},
    "fewer elements than stated": {"storages": tars.number(1) + tars.triple(op("BININT", 7), text("cpu"), named("torch", "FloatStorage")) + b"\xff" * 6 + bytes(9)},
    "a negative number of elements": {"storages": tars.storages((7, "FloatStorage", -1, b""))},
    "a number that is computed": {"storages": asm(op("PROTO", 2), call(named("builtins", "int"), text("1")), "STOP")},
    "fewer records than stated": {"storages": tars.storages(tars.FLOATS, count=3)},
    "a tensor of a million dimensions": {"tensors": tars.number(1) + tars.triple(op("BININT", 9), op("BININT", 7), named("torch", "FloatTensor")) + b"\0\0\x10\0" + bytes(600)},
    "a shape that is cut off": {"tensors": tars.tensors((9, 7, "FloatTensor", (2, 3)))[:-9]},
    "an object that is cut off": {"pickle": tars.OBJECT[:-1]},
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_what_cannot_be_followed_is_unread(how):
    assert "broken" in unread_reasons(read(**BROKEN[how]))


def test_what_torch_does_not_read_is_handed_on():
    outcome = read(pickle=tars.OBJECT + system(proto=2))
    assert anomalies(outcome) == {"pickle.trailing"}
    assert system_in(outcome) == {f"pickle!/tail@{len(tars.OBJECT)}"}


def test_a_pickle_in_a_constant_is_read_too():
    inner = system(proto=2)
    outcome = read(
        pickle=asm(op("PROTO", 2), call(named("my.pkg", "load"), op("BINBYTES", inner.ljust(2000, b"\0"))), "STOP")
    )
    assert [fact.passed_to for fact in outcome.facts if isinstance(fact, Embedded)] == ["my.pkg.load"]
    assert any(member.startswith("pickle!/constant@") for member in system_in(outcome))


@pytest.mark.parametrize("kind", ["1", "2"])
def test_a_link_with_the_name_of_a_member_is_followed(kind):
    data = tars.tar(
        tars.member("storages", tars.storages(tars.FLOATS)), tars.member("tensors", tars.tensors()),
        tars.member("x", PLACES["what is none without its name"][0]["pickle"]), tars.link("pickle", "x", kind),
    )  # fmt: skip
    outcome = scan(data, "model.pth", scanners=SCANNERS)
    assert outcome.format == "torch.tar"
    assert "pickle" in system_in(outcome)


def test_large_storages_are_not_fetched():
    storage = (7, "FloatStorage", 1 << 20, bytes(4 << 20))
    data = tars.torch_tar(storages=tars.storages(storage))
    outcome, held, _ = scan_in_rounds(data, "model.pth", scanners=SCANNERS, block=16_384)
    assert outcome.account.unexplained == 0
    assert sum(span.length for span in held) < 1 << 20
