"""Semantic textual similarity: STS17 ar-ar and STS22-v2 ar, Spearman of the cosine with human scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

import numpy as np

from harakat.data.readers import number_field, text_field
from harakat.embedders.base import Embedder
from harakat.errors import EvaluationError, OptionError
from harakat.evaluation.figures import Figure, Key, in_form, marks_of
from harakat.evaluation.judging_sets import JudgingSet, open_rows
from harakat.evaluation.significance import Sample
from harakat.evaluation.tasks.task import Task
from harakat.evaluation.views import View

__all__ = ["STS_SETS", "StsPairs", "read_sts", "sts_figures", "sts_task"]

# Hub ids and commits as mteb names them for STS17 and STS22.v2.
STS_SETS = {
    "sts17": JudgingSet(
        "sts17", "mteb/sts17-crosslingual-sts", "ar-ar", revision="faeb762787bd10488a50c8b5be4a3b82e411949c", rows=250
    ),
    "sts22": JudgingSet(
        "sts22", "mteb/sts22-crosslingual-sts", "ar", revision="d31f33a128469b20e357535c39b82fb3c3f6f2bd"
    ),
}
_TASKS = {"sts17": "STS17", "sts22": "STS22.v2"}


@dataclass(frozen=True)
class StsPairs:
    """Pairs of texts with human scores.

    Attributes:
        name: ``"sts17"``, ``"sts22"``, or another for tables.
        first: One text of each pair.
        second: The other.
        scores: Higher is more alike.
        facts: Origin and sizes, for reports.
    """

    name: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    scores: tuple[float, ...]
    facts: dict[str, Any] = field(default_factory=dict)


def read_sts(name: str, source: str | None = None, *, revision: str | None = None, offline: bool = False) -> StsPairs:
    """Read a set of pairs (columns ``sentence1``, ``sentence2``, ``score``).

    Hub id and commit are those of `mteb`'s task where that package is installed; else those of `STS_SETS`, which are
    the same as of mteb 2.26.

    Args:
        name: ``"sts17"`` or ``"sts22"``.
        source: As in `open_rows`; None for the hub.
        revision: As in `open_rows`.
        offline: As in `open_rows`.

    Raises:
        OptionError: Another name, or a revision of a local file.
        DataUnavailableError: It is not here and cannot be fetched.
        RecordError: A row that cannot be taken.
        EvaluationError: Fewer than two rows.
    """
    if name not in STS_SETS:
        raise OptionError(f"{name!r} is no STS set; choose {', '.join(STS_SETS)}")
    rows, facts = open_rows(_judging_set(name), source, revision=revision, offline=offline)
    first, second, scores = [], [], []
    for place, fields in rows:
        where = f"{name}, row {place:,}"
        first.append(text_field(fields, "sentence1", where))
        second.append(text_field(fields, "sentence2", where))
        scores.append(number_field(fields, "score", where))
    if len(scores) < 2:
        raise EvaluationError(f"{name} has {len(scores)} pairs; Spearman needs two")
    facts["rows"] = len(scores)
    if STS_SETS[name].rows is not None:
        facts["sizes as published"] = len(scores) == STS_SETS[name].rows
    return StsPairs(name, tuple(first), tuple(second), tuple(scores), facts)


def _judging_set(name: str) -> JudgingSet:
    """Return a set with hub id and commit of `mteb`'s task, where that package is installed."""
    known = STS_SETS[name]
    try:
        mteb = import_module("mteb")
    except ModuleNotFoundError as error:
        if error.name != "mteb":
            raise
        return known
    dataset = mteb.get_task(_TASKS[name]).metadata.dataset
    return replace(known, hub=dataset["path"], revision=dataset["revision"])


def sts_figures(
    embedder: Embedder, pairs: StsPairs, views: Sequence[View], *, marks: Iterable[str] = ("as-is",)
) -> list[Figure]:
    """Compute Spearman x 100 of the cosine with the human scores.

    Args:
        embedder: The system.
        pairs: The pairs.
        views: Forms of the vectors.
        marks: Forms of the texts.
    """
    gold = np.array(pairs.scores)
    figures = []
    for form in marks_of(marks):
        vectors = embedder.encode(in_form([*pairs.first, *pairs.second], form))
        for view in views:
            rows = view.rows(vectors)
            alike = np.einsum("ij,ij->i", rows[: len(gold)], rows[len(gold) :], dtype=np.float64)
            # Equal texts differ by float rounding, which must not rank them.
            sample = Sample(np.round(alike, 6), "spearman", gold, scale=100)
            figures.append(Figure(Key(pairs.name, "spearman", "all", form), view, sample))
    return figures


def sts_task(name: str, source: str | None = None, *, revision: str | None = None, offline: bool = False) -> Task:
    """Open the task of an STS set; arguments and errors are those of `read_sts`."""
    pairs = read_sts(name, source, revision=revision, offline=offline)
    return Task(
        name, {name: pairs.facts}, lambda embedder, views, marks: sts_figures(embedder, pairs, views, marks=marks)
    )
