"""Fusion of two rows of scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harakat.errors import OptionError
from harakat.search import (
    adaptive_fusion,
    align,
    boost_runs,
    min_max_fusion,
    rank_fusion,
    weighted_sum,
    z_score_fusion,
)

ALL = [weighted_sum, min_max_fusion, z_score_fusion, adaptive_fusion, rank_fusion]
SCORE = st.floats(0, 1, width=32) | st.just(float("nan"))


def rows():
    return st.integers(0, 12).flatmap(
        lambda n: st.tuples(arrays(np.float64, n, elements=SCORE), arrays(np.float64, n, elements=SCORE))
    )


@pytest.mark.parametrize("fuse", ALL)
@given(rows())
def test_a_finite_score_a_candidate(fuse, given_rows):
    fused = fuse(*given_rows)
    assert fused.shape == given_rows[0].shape and np.all(np.isfinite(fused))


@pytest.mark.parametrize("fuse", ALL)
@given(rows(), st.randoms())
def test_order_of_candidates_says_nothing(fuse, given_rows, random):
    dense, lexical = given_rows
    # Ranks of equal scores follow the order they came in, so only rows without ties are shuffled.
    if any(len(np.unique(row)) < len(row) or np.isnan(row).any() for row in given_rows):
        return
    order = list(range(len(dense)))
    random.shuffle(order)
    assert np.allclose(fuse(dense, lexical)[order], fuse(dense[order], lexical[order]), atol=1e-6)


@pytest.mark.parametrize("fuse", ALL)
def test_best_in_both_is_first(fuse):
    assert np.argmax(fuse([0.2, 0.9, 0.5], [0.1, 0.8, np.nan])) == 1
    assert np.argmin(fuse([0.2, 0.9, 0.5], [np.nan, 0.8, 0.3])) == 0


def test_numbers():
    dense, lexical = [0.8, 0.6, 0.4], [0.0, 0.5, 0.1]
    assert np.allclose(weighted_sum(dense, lexical, 4), [0.8, 2.6, 0.8])
    assert np.allclose(min_max_fusion(dense, lexical, 0.5), [0.5, 0.75, 0.1])
    assert np.allclose(
        rank_fusion(dense, lexical, 60, 0.5, 0.5), [0.5 / 61 + 0.5 / 63, 0.5 / 62 + 0.5 / 61, 0.5 / 63 + 0.5 / 62]
    )
    assert np.allclose(z_score_fusion(dense, lexical, 1.0), (np.array(dense) - 0.6) / np.std(dense))


def test_found_by_its_letters_leaves_no_dense_share():
    dense, lexical = [0.9, 0.1, 0.5], [0.1, 0.6, 0.3]
    assert np.allclose(adaptive_fusion(dense, lexical), z_score_fusion(dense, lexical, 0.0))
    unseen = [0.0, 0.0, 0.0]
    assert np.allclose(adaptive_fusion(dense, unseen), z_score_fusion(dense, unseen, 0.6))
    half = [0.1, 0.25, 0.2]
    assert np.allclose(adaptive_fusion(dense, half, 0.8, 1.0), z_score_fusion(dense, half, 0.4))


def test_a_whole_run_passes_any_score():
    assert np.argmax(boost_runs([3.0, 1.0, 0.5], [0.0, 0.0, 1.0], 1.01)) == 2
    assert np.argmax(boost_runs([3.0, 1.0, 0.5], [0.0, 0.0, 0.5])) == 0
    assert boost_runs([], []).tolist() == []


def test_two_lists_become_one():
    ids, dense, lexical = align([("a", 0.9), ("b", 0.8)], [("b", 0.5), ("c", 0.2)])
    assert ids == ["a", "b", "c"]
    assert np.array_equal(dense, [0.9, 0.8, np.nan], equal_nan=True)
    assert np.array_equal(lexical, [np.nan, 0.5, 0.2], equal_nan=True)
    assert align([("a", 0.9)], [("b", 0.5)], limit=2)[2].tolist() == [0.0, 0.5]
    assert align([], [])[0] == []


@pytest.mark.parametrize("fuse", [*ALL, boost_runs])
def test_rows_that_do_not_fit(fuse):
    with pytest.raises(OptionError, match="2 dense and 1 lexical scores"):
        fuse([0.1, 0.2], [0.3])
    with pytest.raises(OptionError, match="give one row"):
        fuse([[0.1]], [[0.3]])


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_a_part(share):
    for fuse in (min_max_fusion, z_score_fusion, adaptive_fusion):
        with pytest.raises(OptionError, match="dense share"):
            fuse([0.1], [0.2], share)
