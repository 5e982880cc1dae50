"""Words of the mushaf as columns: one array of letters, one of their marks, for all the words of a batch.

The array twin of `harakat.arabic.spelling.uthmani.units`. Only plain words are taken: letters of the everyday
alphabet and alef wasla, each with at most one vowel, and no sign that calls for the rarer rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product
from operator import or_

import numpy as np
from numpy.typing import NDArray

from harakat.arabic.marks.diacritics import (
    DAGGER_ALEF,
    DAMMA,
    DAMMATAN,
    FATHA,
    FATHATAN,
    HAMZA_ABOVE,
    KASRA,
    KASRATAN,
    MADDAH,
    OPEN_DAMMATAN,
    OPEN_FATHATAN,
    OPEN_KASRATAN,
    QURANIC_SUKUN,
    SHADDA,
    SMALL_WAW,
    SMALL_YAA,
    SUKUN,
    TATWEEL,
)
from harakat.arabic.spelling.uthmani.letters import ALEF_MADDA, ALEF_WASLA
from harakat.arabic.spelling.uthmani.marks import SMALL_HIGH_MEEM, SMALL_LOW_MEEM

__all__ = ["BIT", "FREE_HAMZA", "Bools", "Column", "Columns", "bits", "group", "has", "where_is"]

Column = NDArray[np.uint16]
Bools = NDArray[np.bool_]

BIT = {
    mark: 1 << place
    for place, mark in enumerate(
        (
            *(FATHATAN, DAMMATAN, KASRATAN),
            *(FATHA, DAMMA, KASRA, SHADDA, SUKUN),
            *(QURANIC_SUKUN, OPEN_FATHATAN, OPEN_DAMMATAN, OPEN_KASRATAN),
            *(DAGGER_ALEF, MADDAH, HAMZA_ABOVE, SMALL_HIGH_MEEM),
        )
    )
}
BIT[SMALL_LOW_MEEM] = BIT[SMALL_HIGH_MEEM]  # they say the same
"""The bit of each mark in a column of marks. The marks of everyday spelling are the lowest eight."""

FREE_HAMZA = TATWEEL
"""Letter that a column holds for a hamza without a seat on the line of the word; it has lost its own mark."""

_EDGE = "\n"
_EDGE_CODE = ord(_EDGE)
_MARKS = (1 << 16) - 1
_UNIT, _PAUSE, _ODD = 1 << 16, 1 << 17, 1 << 18
_PAUSES = "\u06d6\u06d7\u06d8\u06d9\u06da\u06db\u06dc\u06e4\u0615\u0616\u0617"
_MARGIN = 3  # how far `Columns.before` and `Columns.after` look


def bits(marks: str) -> int:
    """Return the bits of some marks together."""
    return reduce(or_, (BIT[mark] for mark in marks), 0)


def group(letters: str) -> Bools:
    """Return a table of code points that is True for these letters. 0, which stands for no letter, is none of them."""
    table = np.zeros(0x700, np.bool_)
    table[list(map(ord, letters))] = True
    return table


def where_is(column: Column, letters: str) -> Bools:
    """Return True where a column of letters holds one of `letters`."""
    found: Bools = column == ord(letters[0])
    for letter in letters[1:]:
        found |= column == ord(letter)
    return found


def has(column: Column, marks: str) -> Bools:
    """Return True where a column of marks holds one of `marks`."""
    found: Bools = column & bits(marks) != 0
    return found


def _kinds() -> NDArray[np.uint32]:
    """Return the kind of each character up to U+08FF: a bit of `BIT` or one of those above. The last is any other."""
    kinds = np.full(0x901, _ODD, np.uint32)
    for char in map(chr, (*range(0x0621, 0x063B), *range(0x0641, 0x064B))):
        kinds[ord(char)] = _UNIT
    for char in ALEF_WASLA + FREE_HAMZA + SMALL_WAW + SMALL_YAA + _EDGE:
        kinds[ord(char)] = _UNIT
    kinds[ord(ALEF_MADDA)] = _ODD  # whether it is one letter or two takes more rules
    for char in _PAUSES:
        kinds[ord(char)] = _PAUSE
    for mark, bit in BIT.items():
        kinds[ord(mark)] = bit
    return kinds


def _plain() -> Bools:
    """Return a table of the sets of marks that may stand on one letter of a plain word."""
    plain = np.zeros(_MARKS + 1, np.bool_)
    short, tanwin = (FATHA, DAMMA, KASRA), (FATHATAN, DAMMATAN, KASRATAN)
    opened = (OPEN_FATHATAN, OPEN_DAMMATAN, OPEN_KASRATAN)
    for doubled, long, maddah in product(("", SHADDA), ("", DAGGER_ALEF), ("", MADDAH)):
        for vowel in ("", *short, *(() if long else (*tanwin, *opened))):
            plain[bits(doubled + long + maddah + vowel)] = True
    for doubled, meem in product(("", SHADDA), (SMALL_HIGH_MEEM, SMALL_LOW_MEEM)):
        for vowel in ("", *short, *tanwin):
            plain[bits(doubled + meem + vowel)] = True
    for doubled, vowel in product(("", SHADDA), ("", *short, *tanwin, *opened)):
        plain[bits(HAMZA_ABOVE + doubled + vowel)] = True
    plain[[bits(HAMZA_ABOVE + SUKUN), bits(HAMZA_ABOVE + QURANIC_SUKUN)]] = True
    plain[[bits(sukun + maddah) for sukun in (SUKUN, QURANIC_SUKUN) for maddah in ("", MADDAH)]] = True
    return plain


def _line_marks() -> Column:
    """Return the vowel, tanwin or sukun for each value of the lowest eight bits, with or without shadda."""
    chars = np.zeros(256, np.uint16)
    for mark in (FATHATAN, DAMMATAN, KASRATAN, FATHA, DAMMA, KASRA, SUKUN):
        chars[[BIT[mark], BIT[mark] | BIT[SHADDA]]] = ord(mark)
    return chars


_KINDS, _PLAIN, _LINE_MARKS = _kinds(), _plain(), _line_marks()
_MARKED = group(ALEF_WASLA + SMALL_WAW + SMALL_YAA)


class Columns:
    """Units of many words, one after the other, with an edge (a unit of zeros) before and behind each word.

    Attributes:
        letters: Code points, shape (units,).
        marks: Bits as in `BIT`, shape (units,).
    """

    __slots__ = ("_letters", "_marks", "_odd", "_odd_words", "letters", "marks")

    def __init__(self, words: Sequence[str]) -> None:
        """Read words, without the signs of pause at their ends. Words that are not plain are odd.

        Args:
            words: At least one. None holds a line feed.
        """
        text = f"{_EDGE}{_EDGE.join(words)}{_EDGE}"
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        kinds = _KINDS[np.minimum(codes, len(_KINDS) - 1)]
        kinds[:-1][(kinds[:-1] & _PAUSE != 0) & (codes[1:] != _EDGE_CODE)] |= _ODD
        at = np.flatnonzero(kinds & _UNIT)
        letters = codes[at].astype(np.uint16)
        letters[letters == _EDGE_CODE] = 0
        union = np.bitwise_or.reduceat(kinds, at)
        marks = union & _MARKS
        # Sums differ from unions where a letter bears one mark twice.
        odd = (np.add.reduceat(kinds & _MARKS, at) != marks) | (union & _ODD != 0) | ~_PLAIN[marks]
        # Neither marks before the first letter nor words of nothing.
        odd |= (letters == 0) & (marks != 0)
        odd[:-1] |= (letters[:-1] == 0) & (letters[1:] == 0)
        # A hamza above stands on tatweel here and only there.
        odd |= (marks & BIT[HAMZA_ABOVE] != 0) != (letters == ord(FREE_HAMZA))
        # A word with nothing on its letters is left as it is, as a rule.
        edges = np.flatnonzero(letters == 0)
        self._odd_words = ~np.logical_or.reduceat((marks != 0) | _MARKED[letters], edges[:-1])
        marks &= ~np.uint32(BIT[HAMZA_ABOVE])
        self._take(letters, marks.astype(np.uint16), odd)

    def _take(self, letters: Column, marks: Column, odd: Bools) -> None:
        self._letters, self._marks, self._odd = np.pad(letters, _MARGIN), np.pad(marks, _MARGIN), odd
        self.letters, self.marks = self._letters[_MARGIN:-_MARGIN], self._marks[_MARGIN:-_MARGIN]

    @property
    def first(self) -> Bools:
        """Return True for each unit that begins its word."""
        return where_is(self.before()[0], "\0")

    @property
    def last(self) -> Bools:
        """Return True for each unit that ends its word."""
        return where_is(self.after()[0], "\0")

    def before(self, by: int = 1) -> tuple[Column, Column]:
        """Return the letters and marks `by` (1 to 3) places before: views, 0 at the edge and undefined beyond it."""
        part = slice(_MARGIN - by, -_MARGIN - by)
        return self._letters[part], self._marks[part]

    def after(self, by: int = 1) -> tuple[Column, Column]:
        """Return the letters and marks `by` (1 to 3) places behind, as `before` does."""
        part = slice(_MARGIN + by, by - _MARGIN or None)
        return self._letters[part], self._marks[part]

    def refuse(self, units: Bools) -> None:
        """Mark the words of these units as odd."""
        self._odd |= units

    def refuse_words(self, words: list[int]) -> None:
        """Mark words as odd by their places."""
        self._odd_words[words] = True

    def spread(self, units: Bools) -> Bools:
        """Return True for each unit of a word that holds one of these units."""
        if not units.any():
            return units
        edges = np.flatnonzero(self.letters == 0)
        found = np.logical_or.reduceat(units, edges[:-1])
        return np.append(np.repeat(found, np.diff(edges)), False)

    def odd_words(self) -> Bools:
        """Return True for each word that is odd, shape (words,)."""
        edges = np.flatnonzero(self.letters == 0)
        self._odd_words |= np.logical_or.reduceat(self._odd, edges[:-1])
        return self._odd_words

    def leave_out(self, units: Bools) -> None:
        """Remove these units from their words."""
        self.odd_words()
        kept = ~units
        self._take(self.letters[kept], self.marks[kept], self._odd[kept])

    def insert_after(self, units: Bools, letter: str) -> None:
        """Insert a letter without marks behind each of these units."""
        counts = units + np.int64(1)
        source = np.repeat(np.arange(len(units)), counts)
        new = np.cumsum(counts)[units] - 1
        letters, marks = self.letters[source], self.marks[source]
        letters[new], marks[new] = ord(letter), 0
        self._take(letters, marks, self._odd[source])

    def bare(self) -> list[str]:
        """Return the letters of each word, odd or not."""
        letters = self.letters[1:].copy()
        letters[letters == 0] = _EDGE_CODE
        return _lines(letters)

    def write(self) -> list[str]:
        """Return each word, odd or not, with the marks of everyday spelling in canonical order."""
        text = np.zeros((len(self.letters) - 1, 3), np.uint16)
        text[:, 0] = self.letters[1:]
        text[text[:, 0] == 0, 0] = _EDGE_CODE
        text[:, 1] = np.where(self.marks[1:] & BIT[SHADDA], ord(SHADDA), 0)
        text[:, 2] = _LINE_MARKS[self.marks[1:] & 0xFF]
        flat = text.ravel()
        return _lines(flat[flat != 0])


def _lines(text: Column) -> list[str]:
    return text.astype("<u2", copy=False).tobytes().decode("utf-16-le").split(_EDGE)[:-1]
