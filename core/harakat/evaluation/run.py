"""Judging several models on one task."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from harakat.embedders import as_embedder, open_embedder
from harakat.errors import OptionError
from harakat.evaluation.figures import MARKS, marks_of
from harakat.evaluation.report import Report
from harakat.evaluation.significance import Bootstrap
from harakat.evaluation.tasks import Task, open_task
from harakat.evaluation.views import views_of
from harakat.options import PRECISIONS

__all__ = ["evaluate"]


def evaluate(
    task: str | Task,
    models: Iterable[Any],
    *,
    precisions: Iterable[str] = PRECISIONS,
    marks: Iterable[str] = MARKS,
    bootstrap: Bootstrap | None = None,
    say: Callable[[str], None] | None = None,
) -> Report:
    """Judge models on one task, each at all of its dims.

    Args:
        task: A task, or the name of one that needs no options (see `open_task`).
        models: Systems that are compared with the first: names that `open_embedder` takes, or models that
            `as_embedder` takes.
        precisions: Of float32, int8 and binary.
        marks: Forms of the texts, ``"as-is"`` and ``"bare"``, for tasks that have both.
        bootstrap: Settings of the intervals.
        say: Called with a line for each model.

    Returns:
        The figures with their intervals, and the differences from the first model.

    Raises:
        OptionError: No model, or an unknown task, precision or form.
        EvaluationError: Two models of one name, or a model that gives no vectors.
        ModelError: A model cannot be opened.
        HarakatError: The task's data cannot be had or taken.
    """
    forms, precisions = marks_of(marks), tuple(precisions)
    views_of([8], precisions)
    if isinstance(models, str):
        raise OptionError(f"models={models!r}: give a list of models, such as [{models!r}]")
    opened = open_task(task) if isinstance(task, str) else task
    embedders = [open_embedder(model) if isinstance(model, str) else as_embedder(model) for model in models]
    views = [views_of(embedder.dims, precisions) for embedder in embedders]
    results = []
    for embedder, seen in zip(embedders, views, strict=True):
        if say is not None:
            say(f"judging {embedder.name}")
        results.append(opened.judge(embedder, seen, forms))
    return Report(opened.title, results, opened.data, bootstrap or Bootstrap())
