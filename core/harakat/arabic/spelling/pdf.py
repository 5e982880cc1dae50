"""Text that came out of a PDF: ligatures in the wrong order, lines in visual order, letters with spaces between.

Sources: the lam-alef ligatures of the Unicode code chart U+FE70, whose letters a reader of PDFs gives back in the order
of their shapes (alef, lam, hamza's alef); UAX #9, the bidirectional algorithm, by which a line in visual order is the
reversal of a line of Arabic; the letters with which no Arabic word begins or ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from harakat.arabic.marks.diacritics import strip_marks
from harakat.errors import TextTypeError

__all__ = ["PdfRepair", "needs_pdf_repair", "repair_pdf_text"]

_LETTER = "\u0621-\u063a\u0641-\u064a"
_MARK = "\u064b-\u065f\u0670"
_LIGATURE = re.compile(f"(?<![{_LETTER}{_MARK}])([\u0648\u0641\u0628\u0643]?)\u0627\u0644([\u0623\u0625\u0622])(?=[{_LETTER}])")
# Alef, hamza's alef, lam: what the ligature lam-alef leaves when its two letters are swapped behind the article.
_SWAPPED = re.compile(
    f"(?<![{_LETTER}{_MARK}])([\u0648\u0641\u0628\u0643]{{0,2}})\u0627([\u0623\u0625\u0622])\u0644(?=[{_LETTER}{_MARK}])"
)
_WORD = re.compile(f"[{_LETTER}][{_LETTER}{_MARK}\u0640]*")
_SPACED = re.compile(f"(?<![{_LETTER}{_MARK}])(?:[{_LETTER}][{_MARK}]* ){{3,}}[{_LETTER}][{_MARK}]*(?![{_LETTER}{_MARK}])")
_WIDE_SPACE = re.compile("  +")
_GROUP = re.compile(f"[^{_MARK}][{_MARK}]*|[{_MARK}]+", re.DOTALL)
_RUN = re.compile(r"[0-9\u0660-\u0669\u06f0-\u06f9A-Za-z]+(?:[.,:/'-][0-9\u0660-\u0669\u06f0-\u06f9A-Za-z]+)*")
_MIRRORED = str.maketrans("()[]{}<>\u00ab\u00bb\ufd3e\ufd3f", ")(][}{><\u00bb\u00ab\ufd3f\ufd3e")
_FEWEST = 2
"""Signs of reversal that a line has to show more than signs of order."""


@dataclass(frozen=True, slots=True)
class PdfRepair:
    """Text that `repair_pdf_text` mended.

    Attributes:
        text: The mended text.
        ligatures: Number of ligatures of lam and alef whose letters were put in order.
        lines: Number of lines that were turned from visual to logical order.
        spaced: Number of words that were closed because spaces stood between their letters.
    """

    text: str
    ligatures: int
    lines: int
    spaced: int

    @property
    def mended(self) -> int:
        """Return how much was mended altogether."""
        return self.ligatures + self.lines + self.spaced


def needs_pdf_repair(text: str) -> bool:
    """Return True where a text shows signs of a damage that `repair_pdf_text` mends."""
    return repair_pdf_text(text).mended > 0


def repair_pdf_text(text: str) -> PdfRepair:
    """Mend text that came out of a PDF.

    Args:
        text: Any text; lines in good order stay as they are.

    Returns:
        The text with counts of what was mended. Applying it twice changes nothing more.

    Raises:
        TextTypeError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise TextTypeError(f"repair_pdf_text takes a str, not {type(text).__name__}: {text!r:.80}")
    lines = spaced = ligatures = 0
    mended = []
    for line in text.split("\n"):
        line, closed = _close_words(line)
        spaced += closed
        if _is_reversed(line):
            line = _turned(line)
            lines += 1
        mended.append(line)
    joined, ligatures = _SWAPPED_LIGATURE.subn(_in_order, "\n".join(mended))
    return PdfRepair(joined, ligatures, lines, spaced)


# Alef, lam, hamza's alef where an article and a lam-alef were: al-'ard comes out as alef, lam, alef with hamza, raa ...
_SWAPPED_LIGATURE = re.compile(
    f"(?<![{_LETTER}{_MARK}])([\u0648\u0641\u0628\u0643]{{0,2}})\u0627([\u0623\u0625\u0622])\u0644(?=[{_LETTER}{_MARK}])"
)


def _in_order(match: re.Match[str]) -> str:
    return f"{match.group(1)}\u0627\u0644{match.group(2)}"
