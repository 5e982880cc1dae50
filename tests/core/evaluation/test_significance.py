"""Intervals against other implementations, and against what must hold whatever the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harakat.errors import EvaluationError
from harakat.evaluation.significance import Bootstrap, Sample, compare, interval, value_of

HOW = Bootstrap(resamples=1000)
RNG = np.random.default_rng(1)


def test_a_mean_as_scipy_has_it():
    values = RNG.normal(3, 2, 400)
    found = interval(Sample(values), Bootstrap(resamples=4000))
    theirs = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=5).confidence_interval
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(theirs.low, abs=0.03) and found.high == pytest.approx(theirs.high, abs=0.03)


def test_spearman_as_scipy_has_it():
    gold = RNG.integers(0, 6, 200).astype(float)
    values = np.round(gold + RNG.normal(0, 2, 200), 1)
    sample = Sample(values, "spearman", gold, scale=100)
    assert value_of(sample) == pytest.approx(100 * stats.spearmanr(values, gold).statistic)
    found = interval(sample, HOW)
    theirs = stats.bootstrap(
        (values, gold), lambda a, b: stats.spearmanr(a, b).statistic, paired=True, vectorized=False,
        n_resamples=500, method="percentile", rng=5,
    ).confidence_interval  # fmt: skip
    assert found.low == pytest.approx(100 * theirs.low, abs=2.5)
    assert found.high == pytest.approx(100 * theirs.high, abs=2.5)


def test_groups_widen_the_interval():
    values = np.repeat(RNG.normal(size=40), 25)
    alone = interval(Sample(values), HOW)
    grouped = interval(Sample(values, groups=np.repeat(np.arange(40), 25)), HOW)
    assert grouped.value == alone.value
    assert grouped.high - grouped.low > 3 * (alone.high - alone.low)
    one_each = interval(Sample(values, groups=np.arange(len(values))), HOW)
    assert one_each == alone


def test_a_constant_advantage_is_certain_and_none_is_not_decided():
    values = RNG.normal(size=300)
    better = compare(Sample(values + 0.1), Sample(values), HOW)
    assert better.low == pytest.approx(0.1) and better.high == pytest.approx(0.1) and better.winner == "first"
    assert compare(Sample(values), Sample(values + 0.1), HOW).winner == "second"
    assert compare(Sample(values), Sample(RNG.permutation(values)), HOW).winner is None
    assert compare(Sample(values), Sample(values), HOW).winner is None


def test_coverage_is_about_what_it_says():
    chance = np.random.default_rng(2)
    hits = 0
    for seed in range(200):
        found = interval(Sample(chance.normal(1, 1, 80)), Bootstrap(resamples=400, seed=seed))
        hits += found.low <= 1 <= found.high
    assert 175 <= hits <= 200


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=2, max_size=30), st.integers(0, 99))
def test_seeded_ordered_and_opposite(pairs: list[tuple[float, float]], seed: int):
    how = Bootstrap(resamples=200, seed=seed)
    one, two = (Sample(np.array(side)) for side in zip(*pairs, strict=True))
    found = interval(one, how)
    assert found == interval(one, how) and found.low <= found.high
    there, back = compare(one, two, how), compare(two, one, how)
    assert there.low == pytest.approx(-back.high, abs=1e-9) and there.value == pytest.approx(-back.value)
    assert {there.winner, back.winner} in ({None}, {"first", "second"})


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(EvaluationError, match="at least one item"):
        interval(Sample(np.array([])))
    with pytest.raises(EvaluationError, match="all the same"):
        interval(Sample(np.arange(5.0), "spearman", np.ones(5)))
    with pytest.raises(EvaluationError, match="gold"):
        interval(Sample(np.arange(5.0), "spearman"))
    with pytest.raises(EvaluationError, match="same items"):
        compare(Sample(np.arange(5.0)), Sample(np.arange(6.0)))
    with pytest.raises(EvaluationError, match="same items"):
        compare(
            Sample(np.arange(3.0), "spearman", np.array([1.0, 2, 3])),
            Sample(np.arange(3.0), "spearman", np.array([1.0, 3, 2])),
        )
