"""Bootstrap intervals of figures, and of differences between two systems on the same items.

Percentile bootstrap (Efron and Tibshirani 1993, ch. 13). Items are resampled together for both systems (paired), and
items of one group (rows of one anchor word, say) are resampled as a whole, since they are not independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harakat._support.extras import require
from harakat.errors import EvaluationError

__all__ = ["Bootstrap", "Difference", "Interval", "Sample", "Statistic", "compare", "interval", "value_of"]

Statistic = Literal["mean", "spearman"]
Floats = NDArray[np.float64]
CHUNK = 2**22
"""Number of values in memory at a time while resampling."""


@dataclass(frozen=True)
class Sample:
    """Items that a figure is computed from.

    Attributes:
        values: float64 (n,): the value of each item; for Spearman the system's similarity of each pair.
        statistic: ``"mean"``, or ``"spearman"`` of `values` against `gold`.
        gold: For Spearman the human score of each pair.
        groups: int64 (n,): items with one number are resampled together. None where items are independent.
        scale: The figure is the statistic times this; 100 for percentages.
    """

    values: Floats
    statistic: Statistic = "mean"
    gold: Floats | None = None
    groups: NDArray[np.int64] | None = None
    scale: float = 1.0

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Bootstrap:
    """Settings of bootstrap intervals.

    Attributes:
        resamples: Number of draws of all items.
        seed: Of the draws.
        level: Share of the resamples inside an interval.
    """

    resamples: int = 2000
    seed: int = 0
    level: float = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure with both ends of its interval.

    Attributes:
        value: On all items.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Interval):
    """Difference of the first and the second system on the same items."""

    @property
    def winner(self) -> Literal["first", "second"] | None:
        """The better system; None where the interval holds zero."""
        if self.low > 0:
            return "first"
        return "second" if self.high < 0 else None


def value_of(sample: Sample) -> float:
    """Compute the figure on all items.

    Raises:
        EvaluationError: There are no items, or Spearman has nothing to rank by.
    """
    if not len(sample):
        raise EvaluationError("a figure needs at least one item, and there is none")
    if sample.statistic == "mean":
        return sample.scale * float(sample.values.mean())
    value = _spearman(sample.values[None], _gold(sample)[None])[0]
    if not np.isfinite(value):
        raise EvaluationError("Spearman needs different scores, and here they are all the same")
    return sample.scale * float(value)


def interval(sample: Sample, how: Bootstrap | None = None) -> Interval:
    """Compute a figure with its bootstrap interval.

    Raises:
        EvaluationError: As `value_of`.
    """
    how = how or Bootstrap()
    value = value_of(sample)
    return Interval(value, *_ends(_resampled(sample, [sample.values], how)[0], how))


def compare(first: Sample, second: Sample, how: Bootstrap | None = None) -> Difference:
    """Compute the difference of two systems on the same items, with its paired bootstrap interval.

    Raises:
        EvaluationError: The samples are not of the same items, or as `value_of`.
    """
    how = how or Bootstrap()
    same = (
        len(first) == len(second)
        and first.statistic == second.statistic
        and first.scale == second.scale
        and _equal(first.gold, second.gold)
        and _equal(first.groups, second.groups)
    )
    if not same:
        raise EvaluationError(
            f"a paired comparison needs the same items on both sides, and these are {len(first)} items of a "
            f"{first.statistic} and {len(second)} of a {second.statistic}, or with other gold scores or groups"
        )
    value = value_of(first) - value_of(second)
    one, two = _resampled(first, [first.values, second.values], how)
    return Difference(value, *_ends(one - two, how))


def _equal(one: NDArray[np.generic] | None, two: NDArray[np.generic] | None) -> bool:
    if one is None or two is None:
        return one is two
    return bool(np.array_equal(one, two))


def _gold(sample: Sample) -> Floats:
    if sample.gold is None or len(sample.gold) != len(sample.values):
        raise EvaluationError("Spearman needs a gold score for each item")
    return sample.gold


def _ends(values: Floats, how: Bootstrap) -> tuple[float, float]:
    # A resample whose gold scores are all the same has no Spearman and says nothing.
    low, high = np.nanquantile(values, [(1 - how.level) / 2, (1 + how.level) / 2])
    return float(low), float(high)


def _resampled(sample: Sample, columns: list[Floats], how: Bootstrap) -> list[Floats]:
    """Compute the scaled figure of each column in each resample, float64 (resamples,), with the same draws for all."""
    chance = np.random.default_rng(how.seed)
    draw = _draw_means if sample.statistic == "mean" else _draw_spearman
    found = draw(sample, columns, how.resamples, chance)
    return [sample.scale * values for values in found]


def _draw_means(sample: Sample, columns: list[Floats], resamples: int, chance: np.random.Generator) -> list[Floats]:
    if sample.groups is None:
        sums, sizes = np.stack(columns, axis=1), np.ones(len(sample))
    else:
        _, group = np.unique(sample.groups, return_inverse=True)
        sizes = np.bincount(group).astype(np.float64)
        sums = np.stack([np.bincount(group, weights=column) for column in columns], axis=1)
    n = len(sizes)
    out = np.empty((resamples, len(columns)))
    for start in range(0, resamples, step := max(1, CHUNK // n)):
        stop = min(start + step, resamples)
        counts = np.stack([np.bincount(chance.integers(0, n, n), minlength=n) for _ in range(start, stop)])
        out[start:stop] = (counts @ sums) / (counts @ sizes)[:, None]
    return list(out.T)


def _draw_spearman(sample: Sample, columns: list[Floats], resamples: int, chance: np.random.Generator) -> list[Floats]:
    gold, n = _gold(sample), len(sample)
    out = np.empty((len(columns), resamples))
    for start in range(0, resamples, step := max(1, CHUNK // n)):
        stop = min(start + step, resamples)
        drawn = chance.integers(0, n, (stop - start, n))
        for place, column in enumerate(columns):
            out[place, start:stop] = _spearman(column[drawn], gold[drawn])
    return list(out)


def _spearman(left: Floats, right: Floats) -> Floats:
    """Compute Spearman's rho of rows (r, n) with the same rows, ties at their mean rank; NaN where one is constant."""
    rank = require("scipy.stats", "eval").rankdata
    one, two = (rank(side, axis=1) - (side.shape[1] + 1) / 2 for side in (left, right))
    spread = np.sqrt((one**2).sum(1) * (two**2).sum(1))
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Floats = (one * two).sum(1) / spread
    return result
