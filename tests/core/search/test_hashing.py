"""MurmurHash3 gives the published numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.search.hashing import murmur3, murmur3_pairs

NUMBERS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("data", "seed", "expected"),
    [
        (b"", 0, 0x00000000),
        (b"", 1, 0x514E28B7),
        (b"", 0xFFFFFFFF, 0x81F16F39),
        (b"\0\0\0\0", 0, 0x2362F9DE),
        (b"\xff\xff\xff\xff", 0, 0x76293B50),
        (b"!Ce\x87", 0, 0xF55B516B),
        (b"!Ce", 0, 0x7E4A8634),
        (b"!C", 0, 0xA0F7B07A),
        (b"!", 0, 0x72661CF4),
        (b"aaaa", 0x9747B28C, 0x5A97808A),
        (b"Hello, world!", 0x9747B28C, 0x24884CBA),
        ("ππππππππ".encode(), 0x9747B28C, 0xD58063C1),
    ],
)
def test_published_vectors(data, seed, expected):
    assert murmur3(data, seed) == expected


def test_verification_value_of_smhasher():
    """SMHasher hashes the 256 prefixes of 0, 1, 2, … under falling seeds, then hashes those hashes."""
    keys = bytes(range(256))
    hashes = b"".join(murmur3(keys[:length], 256 - length).to_bytes(4, "little") for length in range(256))
    assert murmur3(hashes, 0) == 0xB0F57EE3


@given(st.binary(max_size=40), NUMBERS)
def test_agrees_with_mmh3(data, seed):
    mmh3 = pytest.importorskip("mmh3")
    assert murmur3(data, seed) == mmh3.hash(data, seed, signed=False)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=8), NUMBERS)
def test_many_pairs_as_one_by_one(pairs, seed):
    first, second = (np.array([pair[at] for pair in pairs], np.uint32) for at in (0, 1))
    keys = [a.to_bytes(4, "little") + b.to_bytes(4, "little") for a, b in pairs]
    assert murmur3_pairs(first, second, seed).tolist() == [murmur3(key, seed) for key in keys]
