"""The verses of a surah on a plane: the two directions in which their vectors differ most."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from harakat._extras import require
from harakat.errors import OptionError
from harakat.evaluation.embedders import Embedder
from harakat.evaluation.pictures.canvas import arabic, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["surah_picture"]

SURAHS = 114
LABELLED, LABEL_WORDS = 10, 3


def surah_picture(embedder: Embedder, surah: int) -> Figure:
    """Principal components of the verses' vectors (numpy's SVD), coloured by place, some with their first words.

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

    figure = new_figure(9, 7)
    axes: Any = figure.add_subplot()
    shown = axes.scatter(
        places[:, 0],
        places[:, 1],
        c=[point + 1 for point in points],
        s=45 * np.sqrt(counts),
        cmap="viridis",
        edgecolors="white",
        linewidths=0.6,
        alpha=0.9,
    )
    halo = [require("matplotlib.patheffects", "eval").withStroke(linewidth=3, foreground="white")]
    spread = _spread_out(places, LABELLED)
    for place, point, count, chosen in zip(places, points, counts, spread, strict=True):
        name = f"{point + 1}" + (f" ×{count}" if count > 1 else "")
        axes.annotate(name, place, xytext=(4, 3), textcoords="offset points", fontsize=7, color="#444444")
        if chosen or count > 1:
            words = arabic(" ".join(texts[point].split()[:LABEL_WORDS]))
            below = {"xytext": (0, -17), "textcoords": "offset points", "fontsize": 11, "ha": "center"}
            axes.annotate(words, place, path_effects=halo, zorder=5, **below)
    axes.set_xlabel(f"first component ({shares[0]:.0%} of the variance)")
    axes.set_ylabel(f"second component ({shares[1]:.0%})")
    axes.margins(0.1)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(f"{whole.name_en}  {arabic(whole.name_ar)}  ({len(texts)} verses, {embedder.name})")
    figure.colorbar(shown, ax=axes, shrink=0.7, label="verse")
    return figure


def _spread_out(places: Any, most: int) -> list[bool]:
    """Which points to label: one at the edge, then each time the one that is farthest from those chosen."""
    chosen = [int(np.argmax(np.linalg.norm(places, axis=1)))]
    while len(chosen) < min(most, len(places)):
        apart = np.linalg.norm(places[:, None] - places[chosen][None], axis=2).min(1)
        chosen.append(int(np.argmax(apart)))
    return [place in chosen for place in range(len(places))]
