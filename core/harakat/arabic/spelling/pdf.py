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
# What the ligature lam-alef leaves behind an article: alef, alef (with hamza, maddah or nothing), lam.
_LIGATURE = re.compile(
    f"(?<![{_LETTER}{_MARK}])([\u0648\u0641\u0628\u0643]{{0,2}})\u0627([\u0623\u0625\u0622\u0627])\u0644(?=[{_LETTER}])"
)
_WORD = re.compile(f"[{_LETTER}][{_LETTER}{_MARK}\u0640]*")
_SPACED = re.compile(
    f"(?<![{_LETTER}{_MARK}])(?:[{_LETTER}][{_MARK}]* ){{3,}}[{_LETTER}][{_MARK}]*(?![{_LETTER}{_MARK}])"
)
_GROUP = re.compile(f"[^{_MARK}][{_MARK}]*|[{_MARK}]+", re.DOTALL)
_RUN = re.compile(r"[0-9\u0660-\u0669\u06f0-\u06f9A-Za-z]+(?:[.,:/'-][0-9\u0660-\u0669\u06f0-\u06f9A-Za-z]+)*")
_MIRRORED = str.maketrans("()[]{}<>\u00ab\u00bb\ufd3e\ufd3f", ")(][}{><\u00bb\u00ab\ufd3f\ufd3e")
# Natural logarithms: how much more often a letter begins than ends a word of three and more letters, at most 4 (counted
# over classical prose); how much more often a word begins with the article than ends in its reversal.
_BEGINS = {
    "\u0621": -4.0, "\u0622": 4.0, "\u0623": 3.8, "\u0624": -0.6, "\u0625": 4.0, "\u0626": -2.2, "\u0627": 0.3,
    "\u0628": 0.8, "\u0629": -4.0, "\u062a": 0.3, "\u062b": -0.8, "\u062c": 1.3, "\u062d": 0.8, "\u062e": 2.4,
    "\u062f": -1.4, "\u0630": 1.8, "\u0631": -1.5, "\u0632": 0.0, "\u0633": 0.1, "\u0634": 2.6, "\u0635": 1.2,
    "\u0636": -1.3, "\u0637": 0.1, "\u0638": 0.8, "\u0639": 1.3, "\u063a": 1.8, "\u0641": 1.8, "\u0642": 0.3,
    "\u0643": -0.1, "\u0644": -0.3, "\u0645": -1.0, "\u0646": -2.0, "\u0647": -2.4, "\u0648": 3.0, "\u0649": -4.0,
    "\u064a": 0.5,
}  # fmt: skip
_ARTICLE = 3.7
_CERTAIN = -6.0
"""Logarithm of the odds that a line is in order below which it is turned."""
_TURNED_WORD = -0.9
"""The same for a word on average, so that a long line is not turned by chance."""


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
    """Return True where a text shows signs of a damage that `repair_pdf_text` mends.

    Args:
        text: Any text.
    """
    return repair_pdf_text(text).mended > 0


def repair_pdf_text(text: str) -> PdfRepair:
    """Mend text that came out of a PDF.

    Args:
        text: Any text; lines in good order stay as they are.

    Returns:
        The text with counts of what was mended.

    Raises:
        TextTypeError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise TextTypeError(f"repair_pdf_text takes a str, not {type(text).__name__}: {text!r:.80}")
    lines = text.split("\n")
    reversed_lines = spaced = 0
    for place, line in enumerate(lines):
        line, closed = _SPACED.subn(_closed, line)
        spaced += closed
        if _is_reversed(line):
            line = _turned(line)
            reversed_lines += 1
        lines[place] = line
    mended, ligatures = _LIGATURE.subn("\\1\u0627\u0644\\2", "\n".join(lines))
    return PdfRepair(mended, ligatures, reversed_lines, spaced)


def _closed(match: re.Match[str]) -> str:
    return match.group().replace(" ", "")


def _is_reversed(line: str) -> bool:
    """Return True where the letters that begin and end the words of a line say that it is in visual order."""
    words = [strip_marks(word).replace("\u0640", "") for word in _WORD.findall(line)]
    odds = [_odds(word) for word in words if len(word) >= 3]
    total = sum(odds)
    return bool(odds) and total < _CERTAIN and total < _TURNED_WORD * len(odds)


def _odds(word: str) -> float:
    """Return the natural logarithm of the odds that a word of three and more letters is in order."""
    if word.startswith("\u0627\u0644"):
        return _ARTICLE - _BEGINS[word[-1]]
    if word.endswith("\u0644\u0627"):
        return _BEGINS[word[0]] - _ARTICLE
    return _BEGINS[word[0]] - _BEGINS[word[-1]]


def _turned(line: str) -> str:
    """Return a line in visual order turned to logical order; numbers and Latin words keep their own order."""
    turned = "".join(reversed(_GROUP.findall(line))).translate(_MIRRORED)
    return _RUN.sub(lambda match: match.group()[::-1], turned)
