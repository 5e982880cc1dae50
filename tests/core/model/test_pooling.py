"""Pooling, Matryoshka prefix and precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harakat.errors import DimError, OptionError
from harakat.model.layers.attention import equal_length_groups
from harakat.model.pooling import check_precision, mean_pool, to_precision, unit_prefix, unit_rows

VECTORS = arrays(np.float32, (5, 16), elements=st.floats(-1, 1, width=32))


def test_mean_pool_is_the_mean_of_each_sequence() -> None:
    lengths = [4, 4, 2, 1]
    hidden = torch.randn(11, 6)
    expected = torch.stack([part.mean(0) for part in hidden.split(lengths)])
    assert torch.allclose(mean_pool(hidden, equal_length_groups(lengths)), expected, atol=1e-6)


def test_mean_pool_sums_in_float32() -> None:
    hidden = torch.full((4096, 1), 1.001, dtype=torch.bfloat16)
    pooled = mean_pool(hidden, equal_length_groups([4096]))
    assert pooled.dtype == torch.float32
    assert pooled.item() == hidden[0].item()


@given(VECTORS, st.integers(1, 16))
def test_prefix_has_unit_rows(vectors: np.ndarray, dim: int) -> None:
    rows = unit_prefix(vectors, dim)
    assert rows.shape == (5, dim)
    assert rows.dtype == np.float32
    norms = np.linalg.norm(rows.astype(np.float64), axis=1)
    zero = np.linalg.norm(vectors[:, :dim], axis=1) == 0
    np.testing.assert_allclose(norms[~zero], 1, atol=1e-5)
    assert np.isfinite(rows).all()


def test_long_tables_are_scaled_row_by_row() -> None:
    vectors = np.random.default_rng(0).standard_normal((1000, 24)).astype(np.float32)
    vectors[::7] *= 1e-30
    vectors[333] = 0
    rows = unit_rows(vectors[:, ::2])
    exact = vectors[:, ::2].astype(np.float64)
    norms = np.linalg.norm(exact, axis=1, keepdims=True)
    np.testing.assert_array_equal(rows[333], 0)
    np.testing.assert_allclose(rows, exact / np.where(norms == 0, 1, norms), rtol=1e-6, atol=0)
    assert unit_rows(vectors[:0]).shape == (0, 24)
    assert unit_rows(vectors.reshape(10, 100, 24)).shape == (10, 100, 24)


@given(VECTORS)
def test_int8_keeps_cosines(vectors: np.ndarray) -> None:
    rows = unit_rows(vectors)
    small = to_precision(rows, "int8")
    assert small.dtype == np.int8
    assert small.shape == rows.shape
    kept = np.linalg.norm(rows, axis=1) > 0
    cosines = (unit_rows(small.astype(np.float32)) * rows).sum(1)[kept]
    assert (cosines > 0.999).all()


@given(VECTORS)
def test_binary_packs_signs_first_dim_highest(vectors: np.ndarray) -> None:
    bits = to_precision(unit_rows(vectors), "binary")
    assert bits.dtype == np.uint8
    assert bits.shape == (5, 2)
    np.testing.assert_array_equal(np.unpackbits(bits, axis=1), unit_rows(vectors) > 0)


def test_precision_is_checked() -> None:
    assert check_precision("int8", 3) == "int8"
    with pytest.raises(OptionError, match="float16.*float32, int8, binary"):
        check_precision("float16", 64)
    with pytest.raises(DimError, match="dim=60"):
        check_precision("binary", 60)
