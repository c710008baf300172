"""The checksums of an HDF5 file, so that a bent structure is one that libhdf5 still reads."""

from itertools import islice

_MASK = 0xFFFFFFFF
_MIX = ((0, 2, 4, 1), (1, 0, 6, 2), (2, 1, 8, 0), (0, 2, 16, 1), (1, 0, 19, 2), (2, 1, 4, 0))
_LAST = ((2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24))
_LENGTHS = {b"OHDR": None, b"BTHD": 34, b"FRHP": 142, b"EAHD": 68, b"FAHD": 24, b"\x89HDF": 44}
"""Bytes before the checksum; of others they are searched for."""
_SEARCHED = (b"OCHK", b"BTLF", b"BTIN", b"EAIB", b"FADB")
_SEARCHED_MOST, _LENGTH_MOST = 12, 600


def _turned(value, by):
    return (value << by | value >> (32 - by)) & _MASK


def checksum(data):
    """Bob Jenkins' lookup3, as HDF5 uses it (specification 3.0, II.A)."""
    words = [(0xDEADBEEF + len(data)) & _MASK] * 3
    whole = max(0, -(-len(data) // 12) - 1) * 12
    for at in range(0, len(data), 12):
        block = data[at : at + 12].ljust(12, b"\0")
        words = [(word + int.from_bytes(block[4 * n : 4 * n + 4], "little")) & _MASK for n, word in enumerate(words)]
        if at < whole:
            for to, of, by, then in _MIX:
                words[to] = (words[to] - words[of]) & _MASK ^ _turned(words[of], by)
                words[of] = (words[of] + words[then]) & _MASK
        else:
            for to, of, by in _LAST:
                words[to] = ((words[to] ^ words[of]) - _turned(words[of], by)) & _MASK
    return words[2]


def seals(data):
    """Where the checksummed parts of an honest file begin, and where their checksums stand."""
    found = []
    for mark in _LENGTHS:
        found += [(at, at + length) for at in _places(data, mark) if (length := _length(data, mark, at))]
    for mark in _SEARCHED:
        for at in islice(_places(data, mark), _SEARCHED_MOST):
            stops = range(at + 8, min(len(data) - 4, at + _LENGTH_MOST))
            found += [(at, stop) for stop in stops if _holds(data, at, stop)][:1]
    return [(at, stop) for at, stop in found if _holds(data, at, stop)]


def _places(data, mark):
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _length(data, mark, at):
    if mark != b"OHDR" or at + 40 > len(data):
        return _LENGTHS[mark]
    flags = data[at + 5]
    prefix, width = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0), 1 << (flags & 3)
    return prefix + width + int.from_bytes(data[at + prefix : at + prefix + width], "little")


def _holds(data, at, stop):
    return stop + 4 <= len(data) and checksum(data[at:stop]) == int.from_bytes(data[stop : stop + 4], "little")


def sealed(data, places):
    """The same with all of these checksums made anew."""
    made = bytearray(data)
    for at, stop in places:
        if stop + 4 <= len(made):
            made[stop : stop + 4] = checksum(bytes(made[at:stop])).to_bytes(4, "little")
    return bytes(made)
