"""npy files that lie on request."""

import struct

MAGIC = b"\x93NUMPY"


def header(text, *, version=(1, 0), length=None, encoding="latin-1"):
    """Magic, version, length and header; `length` is what is said of it."""
    raw = text if isinstance(text, bytes) else text.encode(encoding)
    form = "<H" if version == (1, 0) else "<I"
    return MAGIC + bytes(version) + struct.pack(form, len(raw) if length is None else length) + raw


def described(descr="'<f8'", shape="(3,)", order="False"):
    """The literal, from the texts of its parts, padded as NumPy pads it."""
    literal = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    return literal + " " * (-(len(literal) + 11) % 64) + "\n"


def npy(data=bytes(24), descr="'<f8'", shape="(3,)", order="False", **more):
    """An npy file."""
    return header(described(descr, shape, order), **more) + data
