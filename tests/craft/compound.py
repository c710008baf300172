"""Compound files of Microsoft, with a directory and nothing in its streams."""

import struct

INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")


def compound(*names, owner=bytes(16), sectors=1, following=0xFFFFFFFE):
    """A file whose directory has a root and these entries; `following` is the sector after the last of it."""
    root = _entry("Root Entry", 5, owner)
    directory = root + b"".join(_entry(name, 2) for name in names)
    directory = directory.ljust(512 * sectors, b"\0")
    count = len(directory) // 512
    table = [0xFFFFFFFD, *range(2, count + 1), following]
    table = b"".join(struct.pack("<I", each) for each in table).ljust(512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 62, 3, 0xFFFE, 9, 6)
    head = head.ljust(44, b"\0") + struct.pack("<II", 1, 1)
    head = head.ljust(76, b"\0") + struct.pack("<I", 0) + b"\xff" * 432
    return head + table + directory


def _entry(name, kind, owner=bytes(16)):
    spelled = name.encode("utf-16-le") + b"\0\0"
    return (spelled.ljust(64, b"\0") + struct.pack("<HB", len(spelled), kind)).ljust(80, b"\0") + owner + bytes(32)
