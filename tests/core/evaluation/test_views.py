"""Forms of a vector: cosines are those of the vectors as they would be stored."""

from __future__ import annotations

import numpy as np
import pytest

from harakat.errors import OptionError
from harakat.evaluation.views import View, views_of
from harakat.model.pooling import to_precision, unit_prefix


@pytest.fixture
def vectors() -> np.ndarray:
    return unit_prefix(np.random.default_rng(3).normal(size=(20, 64)), 64)


def test_bytes_and_names():
    assert [View(64, p).bytes for p in ("float32", "int8", "binary")] == [256, 64, 8]
    assert str(View(64)) == "64 float32"


def test_float32_is_the_renormalised_prefix(vectors: np.ndarray):
    np.testing.assert_array_equal(View(16).rows(vectors), unit_prefix(vectors, 16))


def test_int8_is_the_cosine_of_the_stored_numbers(vectors: np.ndarray):
    stored = to_precision(unit_prefix(vectors, 32), "int8").astype(np.float64)
    norms = np.linalg.norm(stored, axis=1)
    rows = View(32, "int8").rows(vectors)
    np.testing.assert_allclose(rows @ rows.T, stored @ stored.T / np.outer(norms, norms), atol=1e-6)


def test_binary_is_hamming_distance(vectors: np.ndarray):
    stored = to_precision(unit_prefix(vectors, 32), "binary")
    hamming = np.array([[np.unpackbits(a ^ b).sum() for b in stored] for a in stored])
    rows = View(32, "binary").rows(vectors)
    np.testing.assert_allclose(rows @ rows.T, 1 - 2 * hamming / 32, atol=1e-6)


def test_every_dim_at_every_precision():
    assert views_of([12, 64], ["float32", "binary"]) == (View(64), View(12), View(64, "binary"))
    with pytest.raises(OptionError, match="int4"):
        views_of([64], ["int4"])
    with pytest.raises(OptionError, match="multiples of 8"):
        views_of([12], ["binary"])
