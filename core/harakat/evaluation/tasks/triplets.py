"""Triplets judged by the protocol of Muradif: is the context with the positive nearer than with the negative?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from harakat.data.triplet import Triplet
from harakat.embedders.base import Embedder
from harakat.evaluation.figures import Figure, Key, in_form, marks_of
from harakat.evaluation.significance import Sample
from harakat.evaluation.views import View

__all__ = ["LEAST_MARGIN", "margins", "triplet_figures"]

LEAST_MARGIN = 1e-6
"""Smallest margin that counts as a preference; a smaller one is float rounding."""


def margins(
    embedder: Embedder, rows: Sequence[Triplet], views: Sequence[View], marks: str = "as-is"
) -> dict[View, NDArray[np.float64]]:
    """Compute cos(anchor, positive) - cos(anchor, negative) of each row, each word in the row's context.

    Args:
        embedder: The system.
        rows: The triplets.
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
    rows: Sequence[Triplet],
    views: Sequence[View],
    *,
    subsets: dict[str, NDArray[np.bool_]] | None = None,
    marks: Iterable[str] = ("as-is",),
    groups: Sequence[str] | None = None,
) -> list[Figure]:
    """Compute accuracy (% of rows whose positive is closer) and mean cosine margin.

    Args:
        task: Name for tables.
        embedder: The system.
        rows: The triplets.
        views: Forms of the vectors.
        subsets: Named parts of the rows, bool (rows,) each; None for one part, ``"all"``.
        marks: Forms of the texts.
        groups: A name for each row; rows of one name are resampled together. None for their anchors.
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
