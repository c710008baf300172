"""The rights that are taken, by the version of Landlock that the kernel speaks."""

import pytest

from scanners import landlock


@pytest.mark.parametrize(
    ("version", "fs", "net", "scoped"),
    [
        (1, 0x1FFF, 0, 0),
        (2, 0x3FFF, 0, 0),
        (3, 0x7FFF, 0, 0),
        (4, 0x7FFF, 3, 0),
        (5, 0xFFFF, 3, 0),
        (6, 0xFFFF, 3, 3),
        (7, 0xFFFF, 3, 3),
        (99, 0xFFFF, 3, 3),
    ],
)
def test_every_right_of_a_version_is_taken_and_none_that_it_does_not_know(version, fs, net, scoped):
    assert landlock.rights(version) == (fs, net, scoped)
