"""joblib's streams by hand: wrappers between opcodes, and what joblib reads behind them.

`stream("MARK", wrapper(), Raw(bytes(24)), call(…), "LIST")` places its parts, so that padding is as long as joblib
would make it where it stands; PROTO comes first and STOP last. A part is bytes, the name of an opcode, or `Raw`.
"""

from typing import NamedTuple

from tests.craft.pickles import asm, call, named, op, text

WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")
ALIGNMENT = 16


class Raw(NamedTuple):
    """The elements of an array; with an alignment, joblib 1.2 and later put padding in front."""

    data: bytes
    alignment: int | None = ALIGNMENT
    padding: bytes | None = None
    """Instead of the honest padding: its length in one byte, and it."""


def stream(*parts, proto=4):
    """The parts as one whole stream."""
    made = bytearray(op("PROTO", proto))
    for part in (*parts, "STOP"):
        if isinstance(part, Raw):
            if part.padding is not None:
                made += part.padding
            elif part.alignment:
                length = part.alignment - (len(made) + 1) % part.alignment
                made += bytes([length]) + b"\xff" * length
            made += part.data
        else:
            made += asm(part)
    return bytes(made)


def number(value):
    """An integer constant of any size."""
    return op("LONG1", value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))


def many(opcode, *values):
    """A tuple, list, or whatever else takes what stands above a mark."""
    return asm("MARK", *values, opcode)


def shape(*lengths):
    return many("TUPLE", *map(number, lengths))


def mapping(**values):
    """A dict of assembled values."""
    flat = [part for key, value in values.items() for part in (text(key), value)]
    return asm("EMPTY_DICT", "MARK", *flat, "SETITEMS")


def dtype(spec="f8", *, flags=0, size=-1, copy="NEWTRUE", version=3, **more):
    """A dtype as NumPy pickles it; `more` are the parts of the state that a simple type leaves empty."""
    made = call(named("numpy", "dtype"), text(spec) if isinstance(spec, str) else spec, "NEWFALSE", copy)
    fields = [more.get(key, "NONE") for key in ("subarray", "names", "fields")]
    state = [number(version), text("<"), *fields, number(size), number(size), number(flags)]
    if "metadata" in more:
        state.append(more["metadata"])
    return asm(made, many("TUPLE", *state), "BUILD")


OBJECTS = dtype("O8", flags=63)


def instance(cls=WRAPPER):
    """An empty instance, made as protocol 2 and later make it."""
    return asm(named(*cls), "EMPTY_TUPLE", "NEWOBJ")


def state(**values):
    """The state of an array of three floats by joblib 1.2 and later; an attribute that is None is left out."""
    honest = {
        "subclass": named("numpy", "ndarray"), "shape": shape(3), "order": text("C"), "dtype": dtype(),
        "allow_mmap": "NEWTRUE", "numpy_array_alignment_bytes": number(ALIGNMENT),
    }  # fmt: skip
    return mapping(**{key: value for key, value in (honest | values).items() if value is not None})


def wrapper(made=None, **values):
    """An array wrapper up to its BUILD; `made` is the instance, `values` are attributes."""
    return asm(instance() if made is None else made, state(**values), "BUILD")


def old_wrapper(**values):
    """The same of joblib before 1.2."""
    return wrapper(numpy_array_alignment_bytes=None, **values)


def object_array(nested, **values):
    """An array of objects: its wrapper, and the nested pickle, whole."""
    return asm(wrapper(**{"dtype": OBJECTS, **values}), nested)


def file_wrapper(filename, name="NDArrayWrapper", module="joblib.numpy_pickle"):
    """What joblib before 0.10 wrote for an array in another file; `filename` may be assembled."""
    return asm(
        instance((module, name)),
        mapping(filename=text(filename) if isinstance(filename, str) else filename, allow_mmap="NEWTRUE"),
        "BUILD",
    )
