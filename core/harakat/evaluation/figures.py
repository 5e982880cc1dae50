"""Figures with the items that they are computed from, and the results of a system."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harakat.embedders.bare import bare_texts
from harakat.errors import EvaluationError, OptionError
from harakat.evaluation.significance import Bootstrap, Difference, Interval, Sample, compare, interval, value_of
from harakat.evaluation.views import View

__all__ = ["MARKS", "Figure", "Key", "Result", "compare_results", "in_form", "marks_of"]

MARKS = ("as-is", "bare")
"""Forms of a text: as it is given, and in everyday spelling without any mark."""


class Key(NamedTuple):
    """Name of a measured quantity, the same for every system."""

    task: str
    metric: str
    subset: str
    marks: str


@dataclass(frozen=True)
class Figure:
    """One figure of one system.

    Attributes:
        key: The measured quantity.
        view: Dim and precision.
        sample: The items it is computed from.
    """

    key: Key
    view: View
    sample: Sample

    @property
    def value(self) -> float:
        """Value on all items."""
        return value_of(self.sample)

    def interval(self, how: Bootstrap | None = None) -> Interval:
        """Compute the value with its bootstrap interval."""
        return interval(self.sample, how)


@dataclass
class Result:
    """Figures of one system.

    Attributes:
        system: Its name.
        facts: Model, revision, device, dtype and the like.
        figures: In the order of measuring.
        notes: Remarks for readers of the figures.
        failures: Reasons of figures that could not be measured.
    """

    system: str
    facts: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def find(
        self, task: str, metric: str, subset: str = "all", marks: str = "as-is", view: View | None = None
    ) -> Figure:
        """Find one figure; without a view the first, which is the full size.

        Raises:
            EvaluationError: It was not measured.
        """
        key = Key(task, metric, subset, marks)
        for figure in self.figures:
            if figure.key == key and view in (None, figure.view):
                return figure
        raise EvaluationError(f"{self.system} has no figure {'/'.join(key)}{f' at {view}' if view else ''}")


def compare_results(
    first: Result, second: Result, how: Bootstrap | None = None
) -> list[tuple[Figure, Figure, Difference]]:
    """Compare two systems figure by figure, at their full sizes and at the views of both.

    Full sizes are compared with each other even where they differ; other views only with the same view.

    Returns:
        Figures of the first and of the second system, and their difference.
    """
    pairs: list[tuple[Figure, Figure]] = []
    for key in dict.fromkeys(figure.key for figure in first.figures):
        one = [f for f in first.figures if f.key == key]
        two = [f for f in second.figures if f.key == key]
        if not two:
            continue
        pairs.append((one[0], two[0]))
        there = {f.view: f for f in two}
        pairs += [(f, there[f.view]) for f in one if f.view in there and (f, there[f.view]) != pairs[-1]]
    unique = {(a.key, a.view, b.view): (a, b) for a, b in pairs}
    return [(a, b, compare(a.sample, b.sample, how)) for a, b in unique.values()]


def marks_of(asked: Iterable[str]) -> tuple[str, ...]:
    """Return the chosen forms of a text, each once.

    Raises:
        OptionError: An unknown one, or none.
    """
    chosen = tuple(dict.fromkeys(asked))
    unknown = [marks for marks in chosen if marks not in MARKS]
    if unknown or not chosen:
        raise OptionError(f"marks={list(chosen)}: choose from {', '.join(MARKS)}")
    return chosen


def in_form(texts: Sequence[str], marks: str) -> list[str]:
    """Return texts in one of the forms of `MARKS`."""
    return bare_texts(texts) if marks == "bare" else list(texts)
