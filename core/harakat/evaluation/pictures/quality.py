"""Quality against Matryoshka dim, and against bytes a stored vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harakat.errors import EvaluationError
from harakat.evaluation.figures import Key
from harakat.evaluation.pictures.canvas import COLOURS, new_figure
from harakat.evaluation.report import Report
from harakat.options import PRECISIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["quality_picture"]

LINES = {"float32": "-", "int8": "--", "binary": ":"}
POINTS = {"float32": "o", "int8": "s", "binary": "^"}


def quality_picture(report: Report, keys: Sequence[Key]) -> Figure:
    """Draw a row of two panels for each measure, over dims and over bytes, with bootstrap intervals.

    Args:
        report: Of systems measured at several views.
        keys: The measures to draw.

    Raises:
        EvaluationError: A measure that no system has.
    """
    figure = new_figure(10, 3.1 * len(keys))
    panels: Any = figure.subplots(len(keys), 2, squeeze=False, sharey="row")
    for row, key in zip(panels, keys, strict=True):
        drawn = [
            _line(row, report, place, key, precision)
            for place in range(len(report.results))
            for precision in PRECISIONS
        ]
        if not any(drawn):
            raise EvaluationError(f"no system of this report has {'/'.join(key)}")
        row[0].set_ylabel(f"{key.task}\n{key.metric}" + (" (%)" if key.metric == "accuracy" else ""))
        for axes, label in zip(row, ("dim", "bytes a vector"), strict=True):
            axes.set_xscale("log", base=2)
            axes.xaxis.set_major_formatter(lambda value, _place: f"{value:g}")
            axes.grid(alpha=0.3)
            axes.spines[["top", "right"]].set_visible(False)
            if key is keys[-1]:
                axes.set_xlabel(label)
        row[0].set_xticks(sorted({f.view.dim for r in report.results for f in r.figures if f.key == key}))
        row[0].minorticks_off()
        row[0].set_ylim(bottom=min(0.0, row[0].get_ylim()[0]))
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.suptitle(f"Quality by dim and by bytes, with {report.bootstrap.level:.0%} intervals", fontsize=11)
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _line(row: Any, report: Report, place: int, key: Key, precision: str) -> bool:
    result = report.results[place]
    found = sorted(
        (f for f in result.figures if f.key == key and f.view.precision == precision), key=lambda f: f.view.dim
    )
    if not found:
        return False
    ends = [report.interval(result, f) for f in found]
    values = [e.value for e in ends]
    bars = [[e.value - e.low for e in ends], [e.high - e.value for e in ends]]
    # Side by side where lines share their dims.
    aside = 1.012 ** (3 * place + PRECISIONS.index(precision))
    for axes, across in zip(row, ([f.view.dim * aside for f in found], [f.view.bytes for f in found]), strict=True):
        axes.errorbar(
            across,
            values,
            yerr=bars,
            label=f"{result.system} {precision}",
            color=COLOURS[place % len(COLOURS)],
            linestyle=LINES[precision],
            marker=POINTS[precision],
            markersize=5,
            linewidth=1.3,
            elinewidth=0.7,
            capsize=2,
            alpha=0.85,
        )
    return True
