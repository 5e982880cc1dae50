"""The verses of a surah on a plane: the two directions in which their vectors differ most."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from harakat._support.extras import require
from harakat.embedders.base import Embedder
from harakat.errors import OptionError
from harakat.evaluation.pictures.canvas import arabic, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["surah_picture"]

SURAHS = 114
LABELLED, LABEL_WORDS = 10, 3


def surah_picture(embedder: Embedder, surah: int) -> Figure:
    """Draw the first principal components of the verses' vectors (numpy's SVD), coloured by place, some labelled.

    Verses with equal letters (refrains) are one larger point.

    Args:
        embedder: The system.
        surah: 1 to 114, of at least three verses.

    Raises:
        OptionError: Another number.
        MissingExtraError: `quran-text` is not installed.
    """
    from harakat.arabic import strip_marks

    if not 1 <= surah <= SURAHS:
        raise OptionError(f"surah {surah}: there are 1 to {SURAHS}")
    whole = require("quran_text", "cli").Mushaf.hafs().surah(surah)
    texts: list[str] = [ayah.text for ayah in whole.ayahs]
    vectors = embedder.encode(texts, "document").astype(np.float64)
    alike: dict[str, list[int]] = defaultdict(list)
    for verse, text in enumerate(texts):
        alike[strip_marks(text)].append(verse)
    points = [verses[0] for verses in alike.values()]
    counts = np.array([len(verses) for verses in alike.values()])
    # Each text counts once, or a refrain would be a direction of its own.
    centred = vectors[points] - vectors[points].mean(0)
    left, strengths, _ = np.linalg.svd(centred, full_matrices=False)
    shares = strengths**2 / (strengths**2).sum()
    places = left[:, :2] * strengths[:2]

    areas = 45 * np.sqrt(counts)
    figure = new_figure(9, 7)
    axes: Any = figure.add_subplot()
    shown = axes.scatter(
        places[:, 0],
        places[:, 1],
        c=[point + 1 for point in points],
        s=areas,
        cmap="viridis",
        edgecolors="white",
        linewidths=0.6,
        alpha=0.9,
    )
    axes.set_xlabel(f"first component ({shares[0]:.0%} of the variance)")
    axes.set_ylabel(f"second component ({shares[1]:.0%})")
    axes.margins(0.1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{whole.name_en}  {arabic(whole.name_ar)}  ({len(texts)} verses, {embedder.name})")
    figure.colorbar(shown, ax=axes, shrink=0.7, label="verse")
    # From here on the positions on the page are known.
    figure.draw_without_rendering()
    labels = _Labels(axes, places, np.sqrt(areas) / 2)
    halo = [require("matplotlib.patheffects", "eval").withStroke(linewidth=3, foreground="white")]
    named = [place for place, chosen in enumerate(_spread_out(places, LABELLED)) if chosen or counts[place] > 1]
    for place in named:
        words = arabic(" ".join(texts[points[place]].split()[:LABEL_WORDS]))
        labels.put(place, words, always=True, fontsize=11, path_effects=halo, zorder=5)
    for place, (point, count) in enumerate(zip(points, counts, strict=True)):
        name = f"{point + 1}" + (f" ×{count}" if count > 1 else "")
        labels.put(place, name, always=place in named, fontsize=7, color="#444444")
    return figure


class _Labels:
    """Texts beside points, each where it covers the fewest points and no text.

    Args:
        axes: With its limits set, in a figure that has been laid out.
        places: (points, 2), in data coordinates.
        radii: (points,), in 1/72 inch.
    """

    SIDES = (("left", "center", 1, 0), ("center", "top", 0, -1), ("center", "bottom", 0, 1), ("right", "center", -1, 0))
    """Anchors of the text, across and along, and the side of its point that it lies on (right, up)."""
    GAP = 1.5
    """Distance between a point and its text, in 1/72 inch."""

    def __init__(self, axes: Any, places: Any, radii: Any) -> None:
        self._axes, self._places, self._radii = axes, places, radii
        self._on_page = axes.transData.transform(places)
        self._taken: list[Any] = []

    def put(self, place: int, text: str, *, always: bool, **style: Any) -> None:
        """Write a text beside a point; without `always` it is left out where it would cover another text."""
        best: tuple[int, Any, Any] | None = None
        apart = float(self._radii[place]) + self.GAP
        for across, along, right, up in self.SIDES:
            aside = (apart * right, apart * up)
            label = self._axes.annotate(
                text, self._places[place], aside, textcoords="offset points", ha=across, va=along, **style
            )
            box = label.get_window_extent()
            label.remove()
            hidden = sum(bool(box.overlaps(taken)) for taken in self._taken)
            outside = not self._axes.bbox.contains(box.x0, box.y0) or not self._axes.bbox.contains(box.x1, box.y1)
            covered = int(box.count_contains(self._on_page))
            if hidden and not always:
                continue
            cost = 100 * hidden + 100 * outside + covered
            if best is None or cost < best[0]:
                best = cost, label, box
        if best is not None:
            self._axes.add_artist(best[1])
            self._taken.append(best[2])


def _spread_out(places: Any, most: int) -> list[bool]:
    """Choose points to label: one at the edge, then each time the one that is farthest from those chosen."""
    chosen = [int(np.argmax(np.linalg.norm(places, axis=1)))]
    while len(chosen) < min(most, len(places)):
        apart = np.linalg.norm(places[:, None] - places[chosen][None], axis=2).min(1)
        chosen.append(int(np.argmax(apart)))
    return [place in chosen for place in range(len(places))]
