"""Muradif (U4RASD/Muradif): synonyms in context, on all rows and on those of held-out anchors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harakat.data.muradif import HUB_ID, SPLIT_RULE, muradif_triplet, split_by_anchor
from harakat.data.triplet import Triplet
from harakat.embedders.base import Embedder
from harakat.errors import EvaluationError, RecordError
from harakat.evaluation.figures import Figure
from harakat.evaluation.judging_sets import JudgingSet, open_rows
from harakat.evaluation.tasks.task import Task
from harakat.evaluation.tasks.triplets import triplet_figures
from harakat.evaluation.views import View

__all__ = ["HELD_OUT_ANCHORS", "MURADIF", "TRAIN_ANCHORS", "Muradif", "muradif_figures", "muradif_task", "read_muradif"]

MURADIF = JudgingSet("muradif", HUB_ID, rows=38_554)
TRAIN_ANCHORS, HELD_OUT_ANCHORS = 3_631, 1_555
"""Distinct anchor words of the published split."""


@dataclass(frozen=True)
class Muradif:
    """Rows of Muradif, with their split.

    Attributes:
        rows: All rows.
        held_out: For each row, whether its anchor is held out by `harakat.data.muradif.split_by_anchor`. The
            published split has as many anchors; its members are not published, and differ.
        facts: Origin and sizes, and whether they are the published ones.
    """

    rows: tuple[Triplet, ...]
    held_out: tuple[bool, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_published(self) -> bool:
        """True where it has the numbers of rows and anchors of the published data set."""
        return bool(self.facts["sizes as published"])


def read_muradif(
    source: str | None = None, *, revision: str | None = None, offline: bool = False, skip_bad: bool = False
) -> Muradif:
    """Read the data set.

    Args:
        source: As in `open_rows`; None for the hub.
        revision: As in `open_rows`.
        offline: As in `open_rows`.
        skip_bad: Leave out rows that cannot be taken, and count them in `facts`.

    Raises:
        DataUnavailableError: It is not here and cannot be fetched.
        RecordError: A row that cannot be taken, named by its place.
        EvaluationError: There are no rows.
        OptionError: A revision of a local file.
    """
    found, facts = open_rows(MURADIF, source, revision=revision, offline=offline)
    rows, bad = [], 0
    for place, fields in found:
        try:
            rows.append(muradif_triplet(fields, f"Muradif, row {place:,}"))
        except RecordError:
            if not skip_bad:
                raise
            bad += 1
    if not rows:
        raise EvaluationError(f"{source or HUB_ID} holds no row of Muradif")
    split = split_by_anchor(rows)
    train = {row.anchor for row in split.train}
    sizes = (len(rows) + bad, split.train_anchors, split.held_out.anchors)
    facts |= {
        "rows": len(rows),
        "rows left out": bad,
        "train anchors": split.train_anchors,
        "held-out anchors": split.held_out.anchors,
        "held-out rows": len(split.held_out.rows),
        "split": SPLIT_RULE,
        "sizes as published": sizes == (MURADIF.rows, TRAIN_ANCHORS, HELD_OUT_ANCHORS),
    }
    return Muradif(tuple(rows), tuple(row.anchor not in train for row in rows), facts)


def muradif_figures(
    embedder: Embedder, data: Muradif, views: Sequence[View], *, marks: Iterable[str] = ("as-is",)
) -> list[Figure]:
    """Compute accuracy and mean margin, ``full`` and ``held-out`` (absent where there is no such row).

    Args:
        embedder: The system.
        data: The rows.
        views: Forms of the vectors.
        marks: Forms of the texts.
    """
    held = np.array(data.held_out, dtype=bool)
    subsets = {"full": np.ones(len(data.rows), dtype=bool)}
    if held.any():
        subsets["held-out"] = held
    return triplet_figures("muradif", embedder, data.rows, views, subsets=subsets, marks=marks)


def muradif_task(
    source: str | None = None, *, revision: str | None = None, offline: bool = False, skip_bad: bool = False
) -> Task:
    """Open the task of Muradif; arguments and errors are those of `read_muradif`."""
    data = read_muradif(source, revision=revision, offline=offline, skip_bad=skip_bad)
    return Task(
        "Muradif",
        {"muradif": data.facts},
        lambda embedder, views, marks: muradif_figures(embedder, data, views, marks=marks),
    )
