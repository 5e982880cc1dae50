"""Published preparation of a text before its vocabulary: normalisation, and marks apart from letters.

These are the rules that NeoAraBERT was trained with (U4RASD/NeoAraBERT, `exportable/tokenizer.py`), reimplemented
from their description. They are kept as they are, including what one would do otherwise today: the mark set
lacks the dagger alef, the hamza and maddah marks, small waw and yaa, and open tanwin, and the order of the marks
on a letter is left alone. A model that reads these tokens has learnt them so.
"""

from __future__ import annotations

import re

from harakat.arabic.marks.separation import separate_by_arrays

__all__ = ["PUBLISHED_MARKS", "RULES_VERSION", "normalize", "prepare", "separate_marks"]

RULES_VERSION = "published-1"
"""Names this module's rules; part of every tokenizer's identity."""

_RANGES = (
    (0x064B, 0x0652),
    (0x0657, 0x065F),
    (0x0610, 0x061A),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E4),
    (0x06E7, 0x06E8),
    (0x06EA, 0x06ED),
)

PUBLISHED_MARKS: frozenset[str] = frozenset(chr(point) for low, high in _RANGES for point in range(low, high + 1))
"""The characters that the published tokenizer takes for marks (47 of them)."""

# Characters from which on arrays save more than they cost, and up to which they take little memory (100 bytes each).
_SHORTEST_LONG, _LONGEST = 4096, 1 << 20

_NO_MARK = "\u25cc"  # dotted circle: stands for a letter without a mark

_DROPPED = "\u0640\u200b\u200c\u200d\u200e\u200f\ufeff"  # tatweel; zero-width and direction characters
_FOLDED = {
    "\u0622": "\u0627",  # alef with maddah -> alef
    "\u0623": "\u0627",  # alef with hamza above -> alef
    "\u0625": "\u0627",  # alef with hamza below -> alef
    "\u0671": "\u0627",  # alef wasla -> alef
    "\u0649": "\u064a",  # alef maksura -> yaa
    "\u0629": "\u0647",  # taa marbuta -> haa
}
_REPLACEMENTS = [*((char, "") for char in _DROPPED), *_FOLDED.items()]

_MARK_CLASS = "".join(f"\\u{low:04x}-\\u{high:04x}" for low, high in _RANGES)
_MARK = re.compile(f"[{_MARK_CLASS}]")
_MARK_RUN = re.compile(f"[{_MARK_CLASS}]+")
_GROUP = re.compile(f"[^{_MARK_CLASS}]([{_MARK_CLASS}]*)", re.DOTALL)


def normalize(text: str) -> str:
    """Drop tatweel, zero-width and direction characters; fold alef forms, alef maksura and taa marbuta.

    Args:
        text: Any text.

    Returns:
        The normalised text. Marks, spaces and everything else stay.
    """
    # Thirteen searches for one character each are fifteen times faster than one `str.translate`.
    for char, replacement in _REPLACEMENTS:
        text = text.replace(char, replacement)
    return text


def _separate_piece(piece: str) -> str:
    if _MARK.search(piece) is None:
        return piece
    if _MARK.match(piece):
        piece = " " + piece  # a mark before any letter hangs on a blank
    groups = _GROUP.findall(piece)
    return _MARK_RUN.sub("", piece) + " " + "".join([marks or _NO_MARK for marks in groups])


def separate_marks(text: str, separator: str) -> str:
    """Replace each word that holds a mark by its letters, a space, and one group of marks a letter.

    A letter without a mark gives a dotted circle (U+25CC). Words end at white space (as `str.isspace` knows it)
    and at the separator; both stay where they are.

    Args:
        text: A normalised text.
        separator: What stands between the clitics of a segmented word, such as ``[+]``.

    Returns:
        The text with every marked piece as ``letters + " " + marks``.
    """
    if _MARK.search(text) is None:
        return text
    parts = re.split(rf"(\s+|{re.escape(separator)})", text)
    # The odd parts are what was split at.
    parts[::2] = [_separate_piece(piece) for piece in parts[::2]]
    return "".join(parts)


def prepare(text: str, separator: str) -> str:
    """Apply the whole published preparation after segmentation: `normalize`, then `separate_marks`."""
    text = normalize(text)
    if _SHORTEST_LONG <= len(text) <= _LONGEST:
        return separate_by_arrays(text, separator, PUBLISHED_MARKS)
    return separate_marks(text, separator)
