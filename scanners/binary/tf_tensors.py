"""Texts in a TensorProto: one by one, or packed into its content.

Packed, the lengths of all texts come first, each as a varint, then the texts (`DecodeStringList` of
tensorflow/core/platform/tensor_coding.cc).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STRING: Final = 7
"""DT_STRING."""


def texts_of(tensor: Any, content: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """The texts of a tensor; `content` gives what a value holds, which may be long and stand elsewhere."""
    yield from (content(each) for each in tensor.string_val)
    if tensor.dtype == STRING and tensor.tensor_content:
        yield from packed(content(tensor.tensor_content), tensor)


def packed(data: bytes, tensor: Any) -> Iterator[bytes]:
    """The texts that the content of a tensor holds, as many of them as there are whole."""
    count = 1
    for dimension in tensor.tensor_shape.dim:
        count *= max(0, dimension.size)
    lengths: list[int] = []
    value = shift = at = 0
    while at < len(data) and len(lengths) < count:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        if data[at] < 0x80:
            lengths.append(value)
            value = shift = 0
        at += 1
    ends = [at]
    for length in lengths:
        ends.append(ends[-1] + length)
    yield from (data[start:stop] for start, stop in pairwise(ends) if stop <= len(data))
