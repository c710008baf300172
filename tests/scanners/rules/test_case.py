"""What rules share: where a path leads."""

import pytest

from scanners.facts import TEXT_LIMIT, clip
from scanners.rules.case import leads_away


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "\\\\host\\share", "C:\\x", "C:x", "~/.ssh/id_rsa", "..", "../x", "a/../b", "a\\..\\b", "a/..",
     "http://host/x", "gs://bucket/x", "file:/etc/passwd", "a\n/../b", clip("a" * (TEXT_LIMIT + 1))],
)  # fmt: skip
def test_a_path_that_leads_away(path):
    assert leads_away(path)


@pytest.mark.parametrize("path", ["", "x.raw", "a/b.h5", "a..b", "..a/b", "a/b..", "source-%b.h5", "xy:z", ".", "a~"])
def test_a_path_that_stays_beside_the_file(path):
    assert not leads_away(path)
