"""Fusion of dense and lexical scores of the same candidates: plain functions over NumPy arrays.

All take one row a query: `dense` (cosines) and `lexical` (0 to 1) of the same candidates in the same order, NaN where
a candidate was not in that list; it then counts as the list's lowest. `align` makes such rows of two result lists.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from harakat.errors import OptionError

__all__ = [
    "adaptive_fusion",
    "align",
    "boost_runs",
    "min_max_fusion",
    "rank_fusion",
    "weighted_sum",
    "z_score_fusion",
]

Row = npt.NDArray[np.float64]
Id = TypeVar("Id", bound=Hashable)

LEXICAL_WEIGHT = 4.0
"""Weight of the lexical score beside a cosine; 3 to 6 are much the same."""
FULLY_FOUND = 0.5
"""Lexical score of a text of average length that has every word of the query once: more is no better found."""
_DENSE_SHARE = 0.6
_POWER = 0.5


def align(
    dense: Sequence[tuple[Id, float]], lexical: Sequence[tuple[Id, float]], limit: int | None = None
) -> tuple[list[Id], Row, Row]:
    """Bring two result lists to one list of candidates.

    Args:
        dense: Ids and cosines of one search, in any order.
        lexical: Ids and lexical scores of the other.
        limit: Number of hits that were asked for: a lexical list that is shorter is complete, so that what it lacks
            scored 0.

    Returns:
        All ids (those of `dense` first), their cosines and their lexical scores, NaN where one is unknown.
    """
    ids = list(dict.fromkeys([each for each, _ in dense] + [each for each, _ in lexical]))
    cosines, scores = dict(dense), dict(lexical)
    missing = 0.0 if limit is not None and len(lexical) < limit else np.nan
    return (
        ids,
        np.array([cosines.get(each, np.nan) for each in ids], np.float64),
        np.array([scores.get(each, missing) for each in ids], np.float64),
    )


def weighted_sum(dense: npt.ArrayLike, lexical: npt.ArrayLike, weight: float = LEXICAL_WEIGHT) -> Row:
    """Return cosine + weight x lexical score: the form that a store can compute by itself.

    Raises:
        OptionError: Rows of unlike lengths.
    """
    cosines, scores = _rows(dense, lexical)
    return cosines + weight * scores


def min_max_fusion(dense: npt.ArrayLike, lexical: npt.ArrayLike, dense_share: float = 0.2) -> Row:
    """Return a weighted mean of both, each stretched to 0..1 over the candidates.

    Raises:
        OptionError: Rows of unlike lengths, or a share outside 0..1.
    """
    share = _share(dense_share)
    cosines, scores = (_stretched(row) for row in _rows(dense, lexical))
    return share * cosines + (1.0 - share) * scores


def z_score_fusion(dense: npt.ArrayLike, lexical: npt.ArrayLike, dense_share: float = 0.3) -> Row:
    """Return a weighted mean of both, each in standard deviations from its mean over the candidates.

    Raises:
        OptionError: Rows of unlike lengths, or a share outside 0..1.
    """
    share = _share(dense_share)
    cosines, scores = (_standard(row) for row in _rows(dense, lexical))
    return share * cosines + (1.0 - share) * scores


def adaptive_fusion(
    dense: npt.ArrayLike, lexical: npt.ArrayLike, most: float = _DENSE_SHARE, power: float = _POWER
) -> Row:
    """Return the z-score fusion whose dense share falls as the query is found by its letters.

    The share is most x (1 - c) ** power, c being the best lexical score over `FULLY_FOUND`, at most 1.

    Args:
        dense: Cosines.
        lexical: Lexical scores.
        most: Dense share where no letter of the query was found.
        power: How late the share falls; 1 is a straight line.

    Raises:
        OptionError: Rows of unlike lengths, or a share outside 0..1.
    """
    _, scores = _rows(dense, lexical)
    found = min(1.0, max(0.0, float(scores.max(initial=0.0)) / FULLY_FOUND))
    return z_score_fusion(dense, lexical, _share(most) * (1.0 - found) ** power)


def rank_fusion(
    dense: npt.ArrayLike, lexical: npt.ArrayLike, k: int = 60, dense_weight: float = 0.3, lexical_weight: float = 0.7
) -> Row:
    """Return weighted reciprocal rank fusion: the fallback where a store gives ranks alone.

    A candidate that one list lacks gets nothing from it.

    Raises:
        OptionError: Rows of unlike lengths.
    """
    total = np.zeros(0)
    for weight, row in ((dense_weight, _one(dense)), (lexical_weight, _one(lexical))):
        known = ~np.isnan(row)
        ranks = np.argsort(np.argsort(np.where(known, -row, np.inf), kind="stable"), kind="stable")
        part = np.where(known, weight / (k + 1.0 + ranks), 0.0)
        if len(total) and len(part) != len(total):
            raise OptionError(f"{len(total)} dense and {len(part)} lexical scores; give one of each a candidate")
        total = part + total if len(total) else part
    return total


def boost_runs(scores: npt.ArrayLike, run_shares: npt.ArrayLike, weight: float = 1.0) -> Row:
    """Return scores in which texts that hold the query as a run come first.

    Args:
        scores: Fused scores of the candidates.
        run_shares: `harakat.search.runs.run_shares` of the same candidates.
        weight: Worth of a whole run, in widths of the candidates' scores: from 1 on it passes any other.

    Returns:
        The scores stretched to 0..1, plus weight x share squared.

    Raises:
        OptionError: Rows of unlike lengths.
    """
    fused, shares = _rows(scores, run_shares)
    return _stretched(fused) + weight * shares**2


def _one(row: npt.ArrayLike) -> Row:
    values = np.asarray(row, np.float64)
    if values.ndim != 1:
        raise OptionError(f"scores of shape {values.shape}; give one row, a score a candidate")
    return values


def _rows(dense: npt.ArrayLike, lexical: npt.ArrayLike) -> tuple[Row, Row]:
    first, second = _one(dense), _one(lexical)
    if len(first) != len(second):
        raise OptionError(f"{len(first)} dense and {len(second)} lexical scores; give one of each a candidate")
    return _filled(first), _filled(second)


def _filled(row: Row) -> Row:
    known = row[~np.isnan(row)]
    return np.where(np.isnan(row), known.min() if len(known) else 0.0, row)


def _share(value: float) -> float:
    if not 0.0 <= value <= 1.0:
        raise OptionError(f"the dense share is {value!r}; give a number from 0 to 1")
    return float(value)


def _stretched(row: Row) -> Row:
    low, high = row.min(initial=np.inf), row.max(initial=-np.inf)
    return (row - low) / (high - low) if high > low else np.zeros_like(row)


def _standard(row: Row) -> Row:
    spread = row.std() if len(row) else 0.0
    return (row - row.mean()) / spread if spread > 0 else np.zeros_like(row)
