"""How many bytes tensors of GGML take: elements come in blocks, and each type has a length of its own for a block.

Sources: `type_traits` of ggml/src/ggml.c, and GGML_QUANT_SIZES of gguf-py 0.19. Types that were taken out again have
the lengths that they had: files of them are still there. Before version 3 of GGJT some scales had four bytes.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Block(NamedTuple):
    """A block of a type."""

    elements: int
    length: int
    """In bytes."""


TYPES: Final[dict[int, Block]] = {
    number: Block(elements, length)
    for elements, sizes in {
        1: {0: 4, 1: 2, 24: 1, 25: 2, 26: 4, 27: 8, 28: 8, 30: 2},
        16: {4: 10, 5: 12},
        32: {2: 18, 3: 20, 6: 22, 7: 24, 8: 34, 9: 40, 20: 18, 31: 18, 32: 18, 33: 18, 36: 18, 37: 18, 38: 18, 39: 17},
        64: {40: 36},
        128: {41: 18},
        256: {10: 84, 11: 110, 12: 144, 13: 176, 14: 210, 15: 292, 16: 66, 17: 74, 18: 98, 19: 50, 21: 110, 22: 82,
              23: 136, 29: 56, 34: 54, 35: 66},
    }.items()
    for number, length in sizes.items()
}  # fmt: skip
"""By the number of the type."""
EARLY: Final[dict[int, Block]] = {
    **{number: TYPES[number] for number in (0, 1, 4, 5, 6, 7)},
    2: Block(32, 20),
    3: Block(32, 24),
    8: Block(32, 36),
}
"""The same in files that were written before May 19, 2023."""
