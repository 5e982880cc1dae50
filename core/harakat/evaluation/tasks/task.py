"""Tasks: a measure together with the data that it measures on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from harakat.embedders.base import Embedder
from harakat.evaluation.figures import Figure, Result
from harakat.evaluation.views import View

__all__ = ["Measure", "Task"]

Measure = Callable[[Embedder, Sequence[View], Sequence[str]], list[Figure]]
"""Function from a system, views of its vectors and forms of the texts to figures."""


@dataclass(frozen=True)
class Task:
    """A measure with its data, opened and checked.

    Attributes:
        title: Of its report.
        data: Facts of each data set, for the report.
        measure: Computes the figures of a system. Tasks whose texts have one form only ignore the forms.
        notes: Remarks for readers of the figures.
    """

    title: str
    data: dict[str, Any]
    measure: Measure
    notes: tuple[str, ...] = ()

    def judge(self, embedder: Embedder, views: Sequence[View], marks: Sequence[str] = ("as-is",)) -> Result:
        """Measure one system.

        Args:
            embedder: The system.
            views: Forms of the vectors.
            marks: Forms of the texts.

        Raises:
            EvaluationError: The system gives no vectors that can be judged.
            MissingExtraError: A library that the measure needs is not installed.
        """
        return Result(embedder.name, dict(embedder.facts), self.measure(embedder, views, marks), list(self.notes))
