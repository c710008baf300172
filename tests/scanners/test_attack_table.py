"""Every attack of the catalogue gets its verdict, and the pages in docs say what the scanners say."""

import pytest

from scanners.budget import Limits
from scanners.findings import SEVERITIES
from scanners.routing import hint, name_of, scan_blob
from scanners.source import BytesSource
from tests.craft.attacks import ATTACKS, MISSING
from tests.craft.pickles import asm, op, system
from tests.craft.table import PAGES, document, explained, honest, reasons, said

ALL = [attack for group in ATTACKS.values() for attack in group]


def _parameter(attack):
    why = MISSING.get(attack.label)
    return pytest.param(attack, id=attack.label, marks=pytest.mark.xfail(reason=why, strict=True) if why else ())


@pytest.mark.parametrize("attack", [_parameter(attack) for attack in ALL])
def test_an_attack_gets_its_verdict(attack):
    verdict, findings = said(attack.data, attack.name)
    assert verdict == attack.verdict
    weights = [SEVERITIES.index(finding.severity) for finding in findings if finding.rule == attack.rule]
    assert max(weights, default=-1) >= SEVERITIES.index(attack.severity)


def test_samples_are_told_apart():
    labels = [attack.label for attack in ALL]
    assert sorted(labels) == sorted(set(labels))
    assert set(MISSING) <= set(labels)


def test_a_call_behind_sixty_four_megabytes_is_found():
    data = asm(op("PROTO", 4), op("BINBYTES", bytes(64 << 20)), "POP", system()[2:])
    assert said(data, "model.pkl")[0] == "malicious"


def test_what_libraries_wrote_is_clean_or_explained():
    verdicts = {name: said(path.read_bytes(), path.name)[0] for name, path in honest().items()}
    doubtful = {name for name, verdict in verdicts.items() if verdict in {"suspicious", "malicious"}}
    assert [name for name in doubtful if not reasons(name)] == []
    assert {pattern for name in doubtful for pattern in reasons(name)} == set(explained())
    # Only what was made to carry code may be malicious.
    assert [
        name for name in doubtful if verdicts[name] == "malicious" and not name.startswith(("code/", "marshal/"))
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_page_is_up_to_date(page):
    assert page.path.read_text() == document(page), "run `make docs`"


@pytest.mark.parametrize("page", PAGES[1:], ids=lambda page: page.name)
def test_what_stands_for_a_name_in_the_sealed_process_says_as_much_as_the_name(page):
    for attacks in page.attacks.values():
        for attack in attacks:
            stands = [name_of(hint(attack.name)), attack.name]
            read = [scan_blob(BytesSource(attack.data), name, Limits()) for name in stands]
            assert read[0].format == read[1].format, attack.label
            assert len(read[0].facts) == len(read[1].facts), attack.label
