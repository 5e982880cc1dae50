"""The Muradif protocol: a context filled with a word, with its synonym, and with an irrelevant word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from harakat.data.muradif import MuradifRow
from harakat.embedders.embedder import Embedder
from harakat.evaluation.figures import Figure, Key, in_form, marks_of
from harakat.evaluation.significance import Sample
from harakat.evaluation.views import View

__all__ = ["LEAST_MARGIN", "margins", "triplet_figures"]

LEAST_MARGIN = 1e-6
"""A preference smaller than this is float rounding, and counts as none."""


def margins(
    embedder: Embedder, rows: Sequence[MuradifRow], views: Sequence[View], marks: str = "as-is"
) -> dict[View, NDArray[np.float64]]:
    """cos(context + anchor, context + synonym) - cos(context + anchor, context + irrelevant word), row by row.

    Args:
        embedder: The system.
        rows: The rows.
        views: Forms of the vectors; the texts are encoded once for all of them.
        marks: ``"as-is"`` or ``"bare"``.

    Returns:
        float64 (rows,) for each view.
    """
    texts = in_form([text for row in rows for text in row.texts()], marks)
    vectors = embedder.encode(texts)
    found = {}
    for view in views:
        seen = view.rows(vectors)
        anchors, near, far = seen[0::3], seen[1::3], seen[2::3]
        found[view] = np.einsum("ij,ij->i", anchors, near - far, dtype=np.float64)
    return found


def triplet_figures(
    task: str,
    embedder: Embedder,
    rows: Sequence[MuradifRow],
    views: Sequence[View],
    *,
    subsets: dict[str, NDArray[np.bool_]] | None = None,
    marks: Iterable[str] = ("as-is",),
    groups: Sequence[str] | None = None,
) -> list[Figure]:
    """Accuracy (% of rows whose synonym is closer) and mean cosine margin.

    Args:
        task: Name for tables.
        embedder: The system.
        rows: The rows.
        views: Forms of the vectors.
        subsets: Which rows belong to each named part; None for one part, ``"all"``.
        marks: Forms of the texts.
        groups: What rows are resampled together by, one name a row; None for their anchors.
    """
    if subsets is None:
        subsets = {"all": np.ones(len(rows), dtype=bool)}
    named = [row.anchor for row in rows] if groups is None else list(groups)
    numbers = {name: number for number, name in enumerate(dict.fromkeys(named))}
    numbered = np.array([numbers[name] for name in named], dtype=np.int64)
    figures = []
    for form in marks_of(marks):
        found = margins(embedder, rows, views, form)
        for name, chosen in subsets.items():
            for view, values in found.items():
                here, group = values[chosen], numbered[chosen]
                right = (here > LEAST_MARGIN).astype(np.float64)
                figures += [
                    Figure(Key(task, "accuracy", name, form), view, Sample(right, groups=group, scale=100)),
                    Figure(Key(task, "margin", name, form), view, Sample(here, groups=group)),
                ]
    return figures
