"""A family of homographs as a heat map of cosines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harakat.data.families import Family
from harakat.embedders.base import Embedder
from harakat.evaluation.pictures.canvas import arabic, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["family_picture"]


def family_picture(family: Family, embedders: Sequence[Embedder]) -> Figure:
    """Draw the cosines of the readings, the letters without marks, and the words near each reading; a panel a system.

    Args:
        family: The readings.
        embedders: The systems.
    """
    words = [(sense.word, sense.meaning) for sense in family.senses]
    words += [(family.bare, "no marks")]
    words += [(sense.near, f"near {sense.meaning}") for sense in family.senses]
    size = 1.6 + 0.78 * len(words)
    figure = new_figure(size * len(embedders) + 0.6, size)
    panels: Any = figure.subplots(1, len(embedders), squeeze=False)[0]
    labels = [f"{arabic(word)}\n{meaning}" for word, meaning in words]
    places = range(len(words))
    shown: Any = None
    for axes, embedder in zip(panels, embedders, strict=True):
        vectors = embedder.encode([word for word, _ in words])
        cosines = vectors @ vectors.T
        shown = axes.imshow(cosines, vmin=0, vmax=1, cmap="YlGnBu")
        for row in places:
            for column in places:
                value = round(float(cosines[row, column]), 2) + 0.0  # no -0.00
                colour = "white" if value > 0.6 else "black"
                axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=9)
        axes.set_xticks(places, labels, fontsize=10, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(places, labels, fontsize=10)
        for edge in (len(family.senses), len(family.senses) + 1):
            axes.axhline(edge - 0.5, color="white", linewidth=2)
            axes.axvline(edge - 0.5, color="white", linewidth=2)
        axes.set_title(embedder.name)
    # Latin first: the line runs the way of its first letter.
    figure.suptitle(f"Cosines of the readings of {arabic(family.bare)}")
    figure.colorbar(shown, ax=list(panels), shrink=0.7, label="cosine")
    return figure
