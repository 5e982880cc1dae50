"""Signs that touch a word: quotes, brackets, bullets, dashes, footnote marks, a missing space after a stop, ZWNJ.

A sign before a word takes the place of the word's first piece, and a sign of either side has a share in the vector of a
short text, though it says nothing about the word. So signs around a word are left out, and what stands inside (a stop,
a dash, a bracket, a zero-width non-joiner between letters) parts two words. A word without Arabic letters stays.

Sources: Unicode general categories Ps, Pe, Pi, Pf, Pd for brackets, quotes and dashes; the ornate parentheses U+FD3E
and U+FD3F; the usual bullets; superscript digits U+00B9, U+00B2, U+00B3, U+2070 to U+2079 for footnotes.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

__all__ = ["SIGNS", "STOPS", "bare_word", "part_words"]

_BULLETS = "*\u2022\u00b7\u25cf\u25cb\u25aa\u25e6\u2023\u2043\u06de\u2605\u2606\u25ba\u25c4\u25a0"
_QUOTES = "\"'`\u00b4\u2032\u2033"
_SUPERSCRIPTS = "\u00b9\u00b2\u00b3\u2070\u2074\u2075\u2076\u2077\u2078\u2079"
_ZWNJ = "\u200c"


@cache
def _category(*wanted: str) -> str:
    return "".join(chr(point) for point in range(0x3020) if unicodedata.category(chr(point)) in wanted)


_DASHES = _category("Pd")
_AROUND = _category("Ps", "Pe", "Pi", "Pf") + "\ufd3e\ufd3f" + _BULLETS + _QUOTES + _DASHES + "\u2212_=~|"
SIGNS: str = _AROUND + _SUPERSCRIPTS + _ZWNJ
"""Every character, stops apart, that calls for a rule of this module."""

_LETTER = "\u0620-\u063f\u0641-\u064a\u066e-\u06d3\u06d5\u06fa-\u06fc\u0750-\u077f\u08a0-\u08c9"
_MARK = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08ca-\u08e1\u08e3-\u08ff"
_FOOTNOTE = re.compile(f"(?<=[{_LETTER}{_MARK}])(?:[{_SUPERSCRIPTS}]+|[(\\[{{][0-9]{{1,2}}[)\\]}}])")
STOPS = ".,;:!?\u060c\u061b\u061f\u2026\u06d4"
"""Stops, which stay at the end of a word."""
_STOPS = f"[{STOPS}]"
_SIGN = f"[{re.escape(_AROUND)}{_ZWNJ}]"
_MISSING_SPACE = re.compile(f"(?<=[{_LETTER}{_MARK}])({_SIGN}*{_STOPS}+{_SIGN}*)(?=[{_LETTER}])")
# Dashes, slashes, brackets and quotes between letters, and ZWNJ there.
_INSIDE = re.compile(f"(?<=[{_LETTER}{_MARK}])(?:[{re.escape(_AROUND)}{_ZWNJ}/]+(?=[{_LETTER}])|[(\\[{{]+(?=[0-9]))")
_BEFORE = re.compile(f"^{_SIGN}+")
_BEHIND = re.compile(f"(?<=[^{re.escape(_AROUND)}{_ZWNJ}]){_SIGN}+(?={_STOPS}*$)")
_NO_SIGN = re.compile(f"[^{re.escape(_AROUND)}{_ZWNJ}]")
_ARABIC = re.compile(f"[{_LETTER}]")


# Most words that a sign touches: letters and marks of everyday text, signs around, a stop.
_SIMPLE = re.compile(
    f"[{re.escape(_AROUND)}]*([\u0621-\u063a\u0641-\u064a][\u0621-\u063a\u0641-\u0652]*)"
    f"({_STOPS}*)[{re.escape(_AROUND)}]*({_STOPS}*)"
)


def bare_word(word: str) -> str | None:
    """Return a word without the signs around it, quickly; None where more than that is to be done.

    Args:
        word: As for `part_words`, in any script.
    """
    found = _SIMPLE.fullmatch(word)
    return None if found is None else found[1] + found[2] + found[3]


def part_words(word: str) -> str:
    """Return a word without the signs that touch it; parts that belong to several words stand apart.

    Args:
        word: Holds no white space; its digits are ASCII.

    Returns:
        The words with a space between them; `word` itself where it holds no Arabic letter.
    """
    if _ARABIC.search(word) is None:
        return word
    word = _FOOTNOTE.sub("", word)
    word = _MISSING_SPACE.sub(r"\1 ", word)
    word = _INSIDE.sub(" ", word)
    return " ".join([_without_signs(part) for part in word.split(" ")])


def _without_signs(part: str) -> str:
    if _NO_SIGN.search(part) is None:
        return part
    return _BEHIND.sub("", _BEFORE.sub("", part))
