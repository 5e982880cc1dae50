"""Histograms of cosine margins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harakat.errors import EvaluationError
from harakat.evaluation.pictures.canvas import COLOURS, new_figure
from harakat.evaluation.tasks.triplets import LEAST_MARGIN

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["margin_picture"]

BINS = 41


def margin_picture(margins: Mapping[str, NDArray[np.float64]], title: str) -> Figure:
    """Draw a panel a system over one axis: how much nearer the right word is than the wrong one.

    Args:
        margins: System to its margins, one a row.
        title: The picture's title.

    Raises:
        EvaluationError: No system, or one without margins.
    """
    if not margins or not all(len(values) for values in margins.values()):
        raise EvaluationError("a picture of margins needs at least one system with margins")
    reach = max(float(np.abs(values).max()) for values in margins.values()) or 1.0
    edges = np.linspace(-reach, reach, BINS + 1)
    figure = new_figure(7.5, 1 + 1.9 * len(margins))
    panels: Any = figure.subplots(len(margins), 1, squeeze=False, sharex=True)[:, 0]
    for place, (axes, (name, values)) in enumerate(zip(panels, margins.items(), strict=True)):
        right = 100 * float((values > LEAST_MARGIN).mean())
        axes.hist(values, edges, color=COLOURS[place % len(COLOURS)], alpha=0.85)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.axvline(float(values.mean()), color="black", linewidth=0.8, linestyle="--")
        axes.set_title(
            f"{name}: {right:.1f}% right, mean margin {values.mean():+.3f} (dashed)", fontsize=10, loc="left"
        )
        axes.set_ylabel("rows")
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("cosine with the right word - cosine with the wrong one")
    figure.suptitle(title, fontsize=11)
    return figure
