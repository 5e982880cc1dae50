"""From windows to one flat batch: ids, positions and marks laid end to end, in one piece of memory for one copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harakat.runtime.batching import Window

__all__ = ["FlatBatch", "pack"]


class FlatBatch(NamedTuple):
    """A batch on the host.

    `values` is int64 and holds, one after the other: ids (T), positions (T), marks (T, where the model reads them),
    and where sequences start and end (S + 1).
    """

    values: NDArray[np.int64]
    lengths: list[int]
    """Tokens in each of the S sequences, special tokens included; a filler sequence comes last."""
    tokens: int
    """T."""
    marked: bool
    """True where marks are there; without any mark in the batch they are left out."""


def pack(windows: Sequence[Window], prefix: Sequence[int], suffix: Sequence[int], multiple: int = 1) -> FlatBatch:
    """Lay windows end to end, special ids around each.

    Args:
        windows: At least one, in the order of the rows to come.
        prefix: Special ids before each window's content.
        suffix: Special ids after it.
        multiple: The number of tokens is brought to a multiple of this by a filler sequence, for compiled networks,
            which then meet few different shapes.
    """
    marked = any(w.tokens.marks is not None and _marks(w).any() for w in windows)
    if len(windows) == 1 and multiple == 1:
        return _pack_one(windows[0], prefix, suffix, marked)
    head, tail = len(prefix), len(suffix)
    sizes = np.array([w.stop - w.start for w in windows], dtype=np.int64) + head + tail
    total = int(sizes.sum())
    filler = -total % multiple
    if filler:
        sizes = np.append(sizes, filler)
        total += filler
    count = len(sizes)
    values = np.zeros((3 if marked else 2) * total + count + 1, dtype=np.int64)
    bounds = values[-count - 1 :]
    np.cumsum(sizes, out=bounds[1:])
    starts, stops = bounds[: len(windows)], bounds[1 : len(windows) + 1]

    content = np.ones(total, dtype=bool)
    content[total - filler :] = False
    ids = values[:total]
    for place, special in enumerate(prefix):
        ids[starts + place] = special
        content[starts + place] = False
    for place, special in enumerate(reversed(suffix), 1):
        ids[stops - place] = special
        content[stops - place] = False
    ids[content] = np.concatenate([w.tokens.ids[w.start : w.stop] for w in windows])

    positions = values[total : 2 * total]
    positions[:] = np.arange(total) - np.repeat(bounds[:-1], sizes)
    # Its places are not used, and it may be longer than the network has positions.
    positions[total - filler :] = 0
    if marked:
        marks = values[2 * total : 3 * total]
        marks[content] = np.concatenate([_marks(w) for w in windows])
    return FlatBatch(values, sizes.tolist(), total, marked)


def _pack_one(window: Window, prefix: Sequence[int], suffix: Sequence[int], marked: bool) -> FlatBatch:
    """Pack a query with few calls, which are most of what packing it costs."""
    start, size = len(prefix), window.size
    total = start + size + len(suffix)
    values = np.zeros((3 if marked else 2) * total + 2, dtype=np.int64)
    values[:start] = prefix
    values[start : start + size] = window.tokens.ids[window.start : window.stop]
    values[start + size : total] = suffix
    values[total : 2 * total] = np.arange(total)
    if marked:
        values[2 * total + start : 2 * total + start + size] = _marks(window)
    values[-1] = total
    return FlatBatch(values, [total], total, marked)


def _marks(window: Window) -> NDArray[np.int64]:
    marks = window.tokens.marks
    assert marks is not None  # a tokenizer gives marks with all texts or with none
    return marks[window.start : window.stop]
