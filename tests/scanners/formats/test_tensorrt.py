"""TensorRT: engines are never clean, and programs for the machine are found at either end."""

import pytest

from scanners.registry import SCANNERS
from tests.craft.attacks_engines import ELF, PE
from tests.craft.reading import anomalies, scan, unread_reasons

ENGINE = {"tensorrt.engine"}


@pytest.mark.parametrize("name", ["model.engine", "model.plan", "model.trt"])
def test_an_engine_is_named_and_not_read(name):
    outcome = scan(b"\xff\0\1\2" * 500, name, scanners=SCANNERS)
    assert (outcome.format, anomalies(outcome), unread_reasons(outcome)) == ("tensorrt", ENGINE, {"no-reader"})
    assert outcome.account.unexplained == 2000


@pytest.mark.parametrize(
    "data", [b"ftrt" + bytes(100) + each for each in (ELF[:18], PE[:-1], b"MZ", ELF.replace(b">", b"\1"))]
)
def test_what_only_begins_like_a_program_is_none(data):
    assert anomalies(scan(data, "x.engine", scanners=SCANNERS)) == ENGINE


def test_the_places_of_programs_are_told_up_to_a_bound():
    outcome = scan(b"ftrt" + ELF * 20, "x.engine", scanners=SCANNERS)
    assert [fact.offset for fact in outcome.facts if getattr(fact, "code", "") == "tensorrt.native"] == [
        4 + n * len(ELF) for n in range(8)
    ]


@pytest.mark.parametrize("data", [b"words of a plan\n" * 100, b"ft"])
def test_text_is_no_engine(data):
    assert scan(data, "x.plan", scanners=SCANNERS).format == "text"


def test_another_format_under_the_name_of_an_engine_is_that_format():
    assert scan(b"\x80\x04N.", "x.engine", scanners=SCANNERS).format == "pickle"
