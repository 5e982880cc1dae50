"""Bare letters and mark classes of many words at once: the array twin of `harakat.arabic.marks.codes`.

Only plain words are taken: characters that no normal form changes or joins, and at most one vowel on a letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harakat.arabic.marks import codes as markcodes

__all__ = ["EDGE", "WORD_START", "MarkedWords"]

WORD_START = "\u2581"
"""The sign of a word's beginning in a Unigram vocabulary, a part of the pieces that stand there."""
EDGE = "\n"
"""The character behind each word."""

_HEAD = EDGE + WORD_START
_EDGE_CODE = ord(EDGE)
_RANGES = ((0x21, 0x250), (0x600, 0x700), (0x8D3, 0x900), (0x2000, 0x2070), (0xFD3E, 0xFD40), (0xFEFF, 0xFF00))
_BASE, _ALPHA, _SILENT, _ODD = 1 << 24, 1 << 25, 1 << 26, 1 << 27
# Marks of one letter are added up: a byte for the vowel, then how many vowels, shaddas, dagger alefs.
_VOWEL, _SHADDA, _DAGGER = 1 << 8, 1 << 12, 1 << 16
_FIELD = 15
_MOST_MARKS = 8


@cache
def _kinds() -> NDArray[np.uint32]:
    """Return the kind of each character as the bits above; the last entry is for all that are not in `_RANGES`."""
    kinds = np.full(_RANGES[-1][1] + 1, _ODD, np.uint32)
    chars = [chr(point) for first, last in _RANGES for point in range(first, last)]
    for char in chars:
        kinds[ord(char)] = _kind(char)
    for char in chars:
        composed = unicodedata.decomposition(char).split()
        if len(composed) > 1 and not composed[0].startswith("<"):  # what may join the letter before it
            kinds[int(composed[-1], 16) if int(composed[-1], 16) < len(kinds) else -1] = _ODD
    kinds[[_EDGE_CODE, ord(WORD_START)]] = _BASE
    return kinds


def _kind(char: str) -> int:
    if char.isspace() or unicodedata.normalize("NFKC", char) != char:
        return _ODD
    if markcodes.is_mark(char):
        vowel = markcodes.class_of(char) if char not in (markcodes.SHADDA, markcodes.DAGGER_ALEF) else 0
        if vowel:
            return _VOWEL + vowel
        return {markcodes.SHADDA: _SHADDA, markcodes.DAGGER_ALEF: _DAGGER}.get(char, 0)
    if markcodes.is_dropped(char):
        return 0
    if unicodedata.combining(char) or unicodedata.category(char).startswith("M"):
        return _ODD
    silent = _SILENT if char in (markcodes.ALEF, markcodes.ALEF_MAKSURA) else 0
    return _BASE | silent | (_ALPHA if char.isalpha() else 0)


class MarkedWords:
    """Letters of many words, one after the other, each word with `WORD_START` before it and `EDGE` behind.

    Attributes:
        odd: Of each word, whether it is not plain; nothing else here is true of such a word. Shape (words,).
        points: Code points of the bare letters, uint32.
        stops: Where the edges stand in `points`, shape (words,).
    """

    __slots__ = ("_case", "_classes", "_starts", "odd", "points", "stops")

    def __init__(self, words: Sequence[str]) -> None:
        """Read words.

        Args:
            words: At least one. None holds a line feed; one with other white space is odd.
        """
        text = _HEAD + _HEAD.join(words) + EDGE
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        table = _kinds()
        kinds = table[np.minimum(codes, len(table) - 1)]
        at = np.flatnonzero(kinds & _BASE)
        letters = codes[at]
        edges = np.flatnonzero(letters == _EDGE_CODE)
        summed = np.add.reduceat(kinds & (_BASE - 1), at)
        odd = (summed >> 8) & _FIELD > 1
        odd[:-1] |= np.diff(at) > _MOST_MARKS
        # What is odd is no letter: it counts for the letter before it.
        odd |= np.bitwise_or.reduceat(kinds & _ODD, at) != 0
        self.odd = np.logical_or.reduceat(odd, edges[:-1])
        self.points, self.stops = letters[1:], edges[1:] - 1
        self._starts = edges[:-1] + 1
        self._classes = _classes(summed)[1:]
        # Marks before the first letter stand on nothing.
        self._classes[self.stops] = self._classes[self._starts - 1] = 0
        self._case = self._case_letters(kinds[at][1:])

    def _case_letters(self, kinds: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Return the index of the letter that bears the case ending, as `markcodes.case_letter` does; -1 for none."""
        places = np.where(kinds & _ALPHA != 0, np.arange(len(kinds)), -1)
        last = np.maximum.reduceat(places, self._starts - 1)
        before = last - 1
        silent = (last > self._starts) & (kinds[last] & _SILENT != 0) & (self._classes[last] == 0)
        silent &= self._classes[before] & 7 == markcodes.FATHATAN_CLASS
        return np.where(silent, before, last)

    def codes(self, words: NDArray[np.int64], starts: NDArray[np.int32], ends: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the packed marks of pieces, as in `harakat.arabic.marks.codes`.

        Args:
            words: The word that each piece is part of, shape (pieces,).
            starts: Its first letter there.
            ends: One after its last letter.
        """
        if not self._classes.any():
            return np.zeros(len(words), np.int64)
        sizes = (ends - starts).astype(np.int64)
        stops = np.cumsum(sizes)
        if not len(stops) or not stops[-1]:
            return np.zeros(len(words), np.int64)
        slots = np.arange(stops[-1]) - np.repeat(stops - sizes, sizes)
        letters = slots + np.repeat(self._starts[words] + starts, sizes)
        case = letters == np.repeat(self._case[words], sizes)
        shifts = np.where(case, 4 * markcodes.CASE_SLOT, 4 * slots)
        values = self._classes[letters]
        values[(slots >= markcodes.CASE_SLOT) & ~case] = 0
        # Sums of letters up to each piece, whose differences are right even where they overflow.
        sums = np.zeros(stops[-1] + 1, np.uint64)
        np.cumsum(values << np.minimum(shifts, 60).astype(np.uint64), out=sums[1:])
        codes: NDArray[np.int64] = (sums[stops] - sums[stops - sizes]).view(np.int64)
        return codes


def _classes(summed: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return the mark classes, as `markcodes.class_of` does, from the summed marks of each letter."""
    vowels = summed & 0xFF
    shadda = (summed >> 12) & _FIELD != 0
    doubled = np.where((vowels >= 1) & (vowels <= 6), vowels + 8, 8)
    classes = np.where(shadda, doubled, vowels)
    dagger = (summed >> 16) & _FIELD != 0
    classes = np.where(dagger, np.where(shadda, 9, 15), classes)
    return classes.astype(np.uint64)
