"""No number of facts hides the one that matters."""

from scanners.budget import Limits
from scanners.facts import Anomaly, Call, Reference, Storage, Unread
from scanners.routing import scan_blob
from scanners.source import BytesSource
from tests.craft.pickles import HARMLESS, asm, call, named, op, text

LIMITS = Limits(facts=200)
RUN = call(named("posix", "system"), text(HARMLESS))


def storage(number):
    return asm("MARK", text("storage"), named("torch", "FloatStorage"), text(str(number)), text("cpu"), op("BININT1", 6), "TUPLE", "BINPERSID", "POP")  # fmt: skip


def facts(*parts):
    return scan_blob(BytesSource(asm(op("PROTO", 2), *parts, RUN, "STOP")), "model.pkl", LIMITS).facts


def calls(found):
    return [fact for fact in found if isinstance(fact, Call) and fact.name == "system"]


def test_storages_do_not_hide_a_call():
    found = facts(*(storage(n) for n in range(500)))
    assert calls(found)
    assert sum(isinstance(fact, Storage) for fact in found) == 500
    assert not [fact for fact in found if isinstance(fact, Unread)]


def test_calls_of_one_thing_do_not_hide_a_call_of_another():
    found = facts(*(asm(call(named("acme", f"f{n % 9}"), text(f"x{n}")), "POP") for n in range(900)))
    assert calls(found)
    assert [fact.reason for fact in found if isinstance(fact, Unread)] == ["limit"]
    assert len(found) < 250


def test_a_flood_of_names_is_an_anomaly_of_its_own():
    found = facts(*(asm(named("acme", f"f{n}"), "POP") for n in range(900)))
    assert [fact.code for fact in found if isinstance(fact, Anomaly)] == ["file.flood"]
    assert [fact.reason for fact in found if isinstance(fact, Unread)] == ["limit"]
    assert sum(isinstance(fact, Reference) for fact in found) == 200
