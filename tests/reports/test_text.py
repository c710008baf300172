"""What people read."""

import re
import unicodedata

import pytest

from reports.record import HubVerdict, Problem, Stats
from reports.text import as_text, human
from tests.reports.made import RUNS, audit, blob, file, finding, said

RULES = {RUNS.id: RUNS}
SEALED = (
    "no-new-privileges", "capabilities", "undumpable", "death-signal", "descriptors", "environment", "limits", "landlock:7", "seccomp",
)  # fmt: skip


def text(one, width=100):
    return as_text(one, said(one), RULES, width=width, colour=False)


def test_a_malicious_repo_reads_like_this():
    one = audit(
        "a1",
        file("pytorch_model.bin", finding(), bytes_fetched=50),
        file("odd.bin", finding("medium", "an import that nobody knows: foo.bar", member="", offset=None)),
        file("model.safetensors", format="safetensors", reused=True),
        file("big.h5", verdict="incomplete", complete=False, error=Problem("limit", "whole: 80 MB")),
        safe_revision="d" * 40,
        blobs=(blob(sealed=SEALED),),
        stats=Stats(4, 5_000_000_000, 66_000, 12, 1.25),
    )
    assert text(one) == (
        """\
org/model @ cccccccccccccccccccccccccccccccccccccccc (model, main)
MALICIOUS: loading this can run code, or reach files or the network. Do not load it.
Not everything could be examined; there may be more.

CRITICAL  The file runs code when it is loaded  [pickle-runs-code]
  pytorch_model.bin > archive/data.pkl, byte 2
      posix.system('id')
  What it means: Loading it does what its author wants, with your rights.
  What to do: Do not load it.
  When: load, by torch.load(weights_only=False)
  Loaders take model.safetensors instead, unless they are told not to.

MEDIUM  The file runs code when it is loaded  [pickle-runs-code]
  odd.bin
      an import that nobody knows: foo.bar
  When: load, by torch.load(weights_only=False)

NOT EXAMINED TO THE END  1 file
  big.h5  limit: whole: 80 MB

An earlier commit was audited clean: revision="dddddddddddddddddddddddddddddddddddddddd"
The same folder has weights that were audited clean: model.safetensors. Load those
(use_safetensors=True).

4 files, 66.0 kB fetched of 5.0 GB (0.0013 %), 12 requests, 1.2 s, not scanned by the Hub itself, 1
known from before
"""
    )


def test_a_clean_repo_reads_like_this():
    assert text(audit("a1", file())) == (
        """\
org/model @ cccccccccccccccccccccccccccccccccccccccc (model, main)
CLEAN: every byte that a loader interprets was examined, and nothing that runs was found.

Pin what was audited: revision="cccccccccccccccccccccccccccccccccccccccc". Branches move.

1 file, 50 B fetched of 100 B (50 %), 3 requests, 1.2 s, not scanned by the Hub itself
"""
    )


def test_a_local_path_has_no_pin_and_no_requests():
    told = text(audit("a1", file(), kind="path", repo="/models", commit=None))
    assert told.startswith("/models\nCLEAN")
    assert "Pin" not in told
    assert "1 file, 100 B, 1.2 s" in told


def test_a_target_that_could_not_be_audited_says_why():
    told = text(audit("a1", verdict="incomplete", complete=False, error=Problem("gated", "access must be asked for")))
    assert "INCOMPLETE" in told
    assert "The audit did not reach its end: access must be asked for" in told


def test_what_repeats_is_counted():
    many = [file(f"{number:02}.bin", finding()) for number in range(15)]
    others = [file("z.bin", *(finding(message=f"call {number}", offset=number) for number in range(9)))]
    told = text(audit("a1", *many, *others))
    assert told.count("posix.system('id')") == 1
    assert "and 12 more places" in told
    assert "and 5 more\n" in told
    assert told.count("What it means") == 1


def test_measures_that_did_not_hold_are_named():
    blobs = (blob("sha256:aa", sealed=SEALED), blob("sha256:bb", sealed=SEALED[:-2]), blob("sha256:cc"))
    assert "could not seal the scanners fully; missing: landlock, seccomp\n" in text(audit("a1", file(), blobs=blobs))
    assert "seal" not in text(audit("a1", file(), blobs=(blob(sealed=SEALED), blob())))


HOSTILE = "\x1b[2J\x1b]0;t\x07[bold red]\u202egnp\u200b\n:smile: \udcff"


@pytest.mark.parametrize("colour", [False, True])
def test_a_hostile_string_is_only_text_wherever_it_stands(colour):
    one = audit(
        "a1",
        file(HOSTILE, finding(message=HOSTILE, member=HOSTILE)),
        file(HOSTILE + ".safetensors", verdict="clean"),
        file("x" + HOSTILE, verdict="incomplete", complete=False, error=Problem(HOSTILE, HOSTILE)),
        repo="org/" + HOSTILE,
        commit=HOSTILE,
        error=Problem("x", HOSTILE),
        safe_revision=HOSTILE,
    )
    told = as_text(one, said(one), RULES, width=400, colour=colour)
    bare = re.sub(r"\x1b\[[0-9;]*m", "", told) if colour else told
    assert {unicodedata.category(character) for character in bare.replace("\n", "")} <= {
        "Lu",
        "Ll",
        "Nd",
        "Po",
        "Ps",
        "Pe",
        "Pd",
        "Pc",
        "Zs",
        "Sm",
        "Sk",
    }
    assert bare.count(r"\x1b[2J\x1b]0;t\x07[bold red]\u202egnp\u200b\n:smile: \udcff") >= 9


def test_colour_adds_only_colour():
    one = audit("a1", file("a.bin", finding()), file("b.bin"))
    coloured = as_text(one, said(one), RULES, width=100, colour=True)
    assert "\x1b[1;31mMALICIOUS\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text(one)


@pytest.mark.parametrize("colour", [False, True])
def test_lines_keep_to_the_width(colour):
    one = audit("a1", file("a.bin", finding(message="word " * 60)))
    told = as_text(one, said(one), RULES, width=60, colour=colour)
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", row)) for row in told.splitlines()) <= 60


def test_what_is_drawn_around_the_text_is_ascii():
    assert text(audit("a1", file("a.bin", finding()))).isascii()


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (66_000, "66.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (5 * 10**9, "5.0 GB"),
        (2 * 10**16, "20000.0 TB"),
    ],
)
def test_sizes_are_said_in_decimal_units(size, said):
    assert human(size) == said


def test_the_hubs_own_verdicts_stand_beside_ours_where_the_two_disagree():
    unsafe = (
        HubVerdict("hub", "unsafe"),
        HubVerdict("pickleImportScan", "unsafe", "builtins.eval\x1b[2J"),
        HubVerdict("avScan", "safe"),
    )
    one = audit(
        "a1",
        file("agreed.bin", finding(), hub=unsafe),
        file("danger.dat", hub=unsafe),
        file("model.bin", finding(), hub=(HubVerdict("hub", "safe"),)),
        file("fine.txt", hub=(HubVerdict("hub", "safe"),)),
        file("late.bin", finding(), hub=(HubVerdict("hub", "queued"),)),
        file("new.bin"),
    )
    assert """
THE HUB'S OWN SCANNERS  4 of 6 files, 2 not scanned
  danger.dat  only the Hub alarms
      the Hub says unsafe (pickleImportScan: builtins.eval\\x1b[2J), hub-audit says clean
  model.bin  only hub-audit alarms
      the Hub says safe, hub-audit says malicious
""" in text(one)
