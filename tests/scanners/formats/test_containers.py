"""What hides in archives, programs, documents, pictures and tables gets its verdict."""

import pytest

from scanners.findings import SEVERITIES
from tests.craft.attacks_containers import CONTAINER_ATTACKS
from tests.craft.table import said

ALL = [attack for group in CONTAINER_ATTACKS.values() for attack in group]


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.label) for attack in ALL])
def test_an_attack_gets_its_verdict(attack):
    verdict, findings = said(attack.data, attack.name)
    assert verdict == attack.verdict
    weights = [SEVERITIES.index(finding.severity) for finding in findings if finding.rule == attack.rule]
    assert max(weights, default=-1) >= SEVERITIES.index(attack.severity)


def test_samples_are_told_apart():
    assert len({attack.label for attack in ALL}) == len(ALL)
