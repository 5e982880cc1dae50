"""Parts of all pictures: a figure without global state, Arabic in the right order, files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat._support.extras import require
from harakat.errors import OptionError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "arabic", "new_figure", "save"]

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#000000")
"""Colours that the colour-blind can tell apart (Wong 2011, Nature Methods 8:441)."""
DPI = 120


def new_figure(width: float, height: float) -> Figure:
    """Make an empty figure with its own canvas.

    Args:
        width: Inches.
        height: Inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure: Figure = require("matplotlib.figure", "eval").Figure(figsize=(width, height), layout="constrained")
    require("matplotlib.backends.backend_agg", "eval").FigureCanvasAgg(figure)
    return figure


def arabic(text: str) -> str:
    """Return Arabic text for matplotlib, so that its letters join and it runs from right to left.

    Since 3.11 matplotlib shapes text itself (libraqm); before, the forms of the letters and their order in the line
    are computed here. Uthmani text is spelled in everyday letters: matplotlib's own font lacks the others.

    Raises:
        MissingExtraError: An older matplotlib, and arabic-reshaper or python-bidi is not installed.
    """
    from harakat.arabic import to_imlai

    text = to_imlai(text)
    if hasattr(require("matplotlib.ft2font", "eval"), "__libraqm_version__"):
        return text
    return shaped(text)


def shaped(text: str) -> str:
    """Return a text with its letters in their joined forms, from left to right, each mark before its letter.

    That order suits the font DejaVu Sans, whose marks lie over what follows them.

    Raises:
        MissingExtraError: arabic-reshaper or python-bidi is not installed.
    """
    # The font lacks the ligature of Allah.
    options = {"delete_harakat": False, "support_ligatures": True, "ARABIC LIGATURE ALLAH": False}
    joined = require("arabic_reshaper", "eval").ArabicReshaper(configuration=options).reshape(text)
    return str(require("bidi.algorithm", "eval").get_display(joined))


def save(figure: Figure, folder: str | Path, name: str) -> list[Path]:
    """Write NAME.png and NAME.svg; the same figure gives the same SVG.

    Args:
        figure: The picture.
        folder: Made where it is missing.
        name: Without ending.

    Raises:
        OptionError: A file cannot be written.
    """
    written = []
    rc: Any = require("matplotlib", "eval").rc_context({"svg.hashsalt": name, "svg.fonttype": "path"})
    with rc:
        for ending, options in (("png", {"dpi": DPI}), ("svg", {"metadata": {"Date": None}})):
            path = Path(folder) / f"{name}.{ending}"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                figure.savefig(path, **options)
            except OSError as error:
                raise OptionError(f"{path} cannot be written: {error.strerror or error}") from error
            written.append(path)
    return written
