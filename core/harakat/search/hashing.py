"""MurmurHash3, 32 bits, x86 variant: term numbers that are the same on every machine and in every release.

Austin Appleby's published algorithm (SMHasher, public domain); the tests hold its verification value.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["murmur3", "murmur3_pairs"]

_C1 = 0xCC9E2D51
_C2 = 0x1B873593
_MASK = 0xFFFFFFFF


def murmur3(data: bytes, seed: int = 0) -> int:
    """Return the 32-bit MurmurHash3 of some bytes.

    Args:
        data: Any bytes.
        seed: A whole number of 32 bits.

    Returns:
        A whole number from 0 to 2**32 - 1.
    """
    state = seed
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        block = (int.from_bytes(data[at : at + 4], "little") * _C1) & _MASK
        block = ((block << 15) | (block >> 17)) & _MASK
        state ^= (block * _C2) & _MASK
        state = ((state << 13) | (state >> 19)) & _MASK
        state = (state * 5 + 0xE6546B64) & _MASK
    if whole < len(data):
        block = (int.from_bytes(data[whole:], "little") * _C1) & _MASK
        block = ((block << 15) | (block >> 17)) & _MASK
        state ^= (block * _C2) & _MASK
    state ^= len(data)
    state = ((state ^ (state >> 16)) * 0x85EBCA6B) & _MASK
    state = ((state ^ (state >> 13)) * 0xC2B2AE35) & _MASK
    return state ^ (state >> 16)


def murmur3_pairs(first: npt.NDArray[np.uint32], second: npt.NDArray[np.uint32], seed: int) -> npt.NDArray[np.uint32]:
    """Return the MurmurHash3 of many eight-byte keys at once: two 32-bit numbers each, little-endian.

    Args:
        first: The numbers that come first, one dimension.
        second: The numbers that come second, as many.
        seed: A whole number of 32 bits.

    Returns:
        One hash a pair, uint32.
    """
    state: npt.NDArray[np.uint32] = np.full(first.shape, seed, np.uint32)
    for block in (first, second):
        block = block * np.uint32(_C1)
        block = (block << np.uint32(15)) | (block >> np.uint32(17))
        state ^= block * np.uint32(_C2)
        state = (state << np.uint32(13)) | (state >> np.uint32(19))
        state = state * np.uint32(5) + np.uint32(0xE6546B64)
    state ^= np.uint32(8)
    state = (state ^ (state >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    state = (state ^ (state >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    state ^= state >> np.uint32(16)
    return state
