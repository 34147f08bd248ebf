"""The idx format of the MNIST files: a magic number, the shape, then the raw array.

The magic number is two zero bytes, a byte for the element type and a byte for the number of
dimensions; each dimension is a big-endian 32-bit integer, and so are multi-byte elements.
Source: the format description on the MNIST database's page (LeCun, Cortes, Burges).
"""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_idx", "write_idx"]

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(content: bytes, name: str = "idx data") -> NDArray[Any]:
    """Return the array held by the bytes of an uncompressed idx file.

    ``name`` appears in the error. The array is a writable copy in the machine's byte order.
    Raises ValueError if the magic number, the shape or the length is wrong.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        raise ValueError(f"{name} is not in idx format: it starts with {bytes(content[:4])!r}")
    dtype, rank = np.dtype(_TYPES[content[2]]), content[3]
    start = 4 + 4 * rank
    if len(content) < start:
        raise ValueError(f"{name} ends within its header")
    shape = struct.unpack(f">{rank}I", content[4:start])
    want = start + math.prod(shape) * dtype.itemsize
    if len(content) != want:
        raise ValueError(f"{name} has {len(content)} bytes; its header {shape} asks for {want}")
    array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def write_idx(array: NDArray[Any]) -> bytes:
    """Return the idx file of an array; the inverse of :func:`read_idx`.

    Raises ValueError for an element type that the format does not have.
    """
    for code, dtype in _TYPES.items():
        if np.dtype(dtype) == array.dtype.newbyteorder(">"):
            header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
            return header + array.astype(dtype).tobytes()
    raise ValueError(f"the idx format has no element type {array.dtype}")
