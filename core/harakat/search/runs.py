"""Runs: how many of a query's words stand in a text one after the other, in the query's order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harakat.search.fields import word_numbers

__all__ = ["longest_runs", "run_shares"]

_FEWEST = 3
"""Words from which on a run counts, but for queries of two words."""


def longest_runs(query: str, texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the length in words of the longest run that a query has in common with each text.

    Words are compared folded: marks and spelling do not matter, clitics do.

    Args:
        query: Any text.
        texts: Candidates, mostly the best hundred of a search.

    Returns:
        One number a text; 0 where they share no word.
    """
    words = word_numbers(query)
    runs = np.zeros(len(texts), np.int64)
    rows = [word_numbers(text) for text in texts]
    full = np.array([at for at, row in enumerate(rows) if len(row)], np.int64)
    if not len(words) or not len(full):
        return runs
    # All texts in one row, a separator that equals no word behind each: a run never crosses from one to the next.
    lengths = np.array([len(rows[at]) + 1 for at in full])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    line = np.full(int(lengths.sum()), -1, np.int64)
    for start, at in zip(starts, full, strict=True):
        line[start : start + len(rows[at])] = rows[at]
    here = np.zeros(len(line), np.int64)
    best = here
    for word in words.astype(np.int64):
        # The run that ends here is one longer than the run that ended a word before, in query and text.
        here = np.where(line == word, np.concatenate([[0], here[:-1]]) + 1, 0)
        best = np.maximum(best, here)
    runs[full] = np.maximum.reduceat(best, starts)
    return runs


def run_shares(query: str, texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return the share of a query that each text holds as one run, 0 to 1.

    Args:
        query: Any text.
        texts: Candidates.

    Returns:
        The longest run over the query's length, a text; 0 for runs under three words, unless they are the whole
        query and it has two.
    """
    length = len(word_numbers(query))
    if length < 2:
        return np.zeros(len(texts), np.float32)
    runs = longest_runs(query, texts)
    return np.where(runs >= min(_FEWEST, length), runs / length, 0.0).astype(np.float32)
