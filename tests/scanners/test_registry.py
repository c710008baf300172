"""The two lists, and what the rest relies on of their entries."""

import re

import pytest

from scanners.registry import RULES, SCANNERS

names = {"ids": lambda entry: getattr(entry, "name", None) or entry.id}


def test_no_two_scanners_share_a_name():
    assert len({scanner.name for scanner in SCANNERS}) == len(SCANNERS)


def test_no_two_rules_share_an_id():
    assert len({rule.id for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("scanner", SCANNERS, **names)
def test_a_suffix_is_lower_case_and_either_one_dotted_part_or_a_whole_name(scanner):
    assert scanner.version >= 1
    for suffix in scanner.suffixes:
        assert suffix == suffix.lower()
        assert "," not in suffix
        assert "/" not in suffix
        assert re.fullmatch(r"\.[^.]+|[^.].*", suffix), suffix


def test_fallbacks_come_last_so_that_the_list_reads_in_the_order_of_asking():
    order = [scanner.fallback for scanner in SCANNERS]
    assert order == sorted(order)


@pytest.mark.parametrize("rule", RULES, **names)
def test_a_rule_explains_itself(rule):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.id)
    assert all(text.strip() for text in (rule.title, rule.why, rule.remedy))
