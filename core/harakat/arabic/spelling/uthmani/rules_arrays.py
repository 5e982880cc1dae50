"""Spelling of many words of the mushaf at once: the rules of `harakat.arabic.spelling.uthmani.rules` on columns.

Each rule here does to all words what the rule of the same name does to one, as far as it is about plain words; a
word that a rarer case of a rule is about is marked as odd and left to those rules. So the two always agree, and
the tests compare them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from harakat.arabic.marks.diacritics import (
    DAGGER_ALEF,
    DAMMA,
    DAMMATAN,
    FATHA,
    KASRA,
    KASRATAN,
    MADDAH,
    QURANIC_SUKUN,
    SHADDA,
    SMALL_WAW,
    SMALL_YAA,
    SUKUN,
)
from harakat.arabic.spelling.uthmani import lexicon
from harakat.arabic.spelling.uthmani.columns import BIT, FREE_HAMZA, Bools, Column, Columns, bits, group, has, where_is
from harakat.arabic.spelling.uthmani.letters import (
    ALEF,
    ALEF_HAMZA_ABOVE,
    ALEF_MADDA,
    ALEF_MAKSURA,
    ALEF_WASLA,
    CONSONANTS,
    FAA,
    HAA,
    HAMZA,
    HAMZAS,
    LAM,
    LONG_LETTERS,
    NOON,
    SEEN,
    SHORT,
    TAA,
    TAA_MARBUTA,
    TANWIN,
    VOWELLED,
    WAW,
    YAA,
    YAA_HAMZA,
)
from harakat.arabic.spelling.uthmani.marks import SMALL_HIGH_MEEM, SMALL_LOW_MEEM
from harakat.arabic.spelling.uthmani.seats import seat_hamzas

__all__ = ["respell_plain"]

_DHAL = "\u0630"
_UNWRITTEN_ALEF = re.compile(lexicon.UNWRITTEN_ALEF.pattern, re.MULTILINE)
_EDGE = "\n"


def respell_plain(words: Sequence[str]) -> list[str | None]:
    """Return words of Uthmani text in everyday spelling, without the signs of pause at their ends.

    Args:
        words: None holds white space.

    Returns:
        Of each word its spelling, or None where it is to be spelt by itself.
    """
    if not words:
        return []
    columns = Columns(words)
    _small_letters(columns)
    _marks(columns)
    _vocative(columns)
    _yaa(columns)
    _maddah(columns)
    columns.refuse(where_is(columns.letters, ALEF_HAMZA_ABOVE) & has(columns.marks, DAGGER_ALEF))
    seat_hamzas(columns)
    _daggers(columns)
    _lam(columns)
    _assimilation(columns)
    _exceptions(columns)
    _signs(columns)
    spelt: list[str | None] = [*columns.write()]
    for place in np.flatnonzero(columns.odd_words()).tolist():
        spelt[place] = None
    return spelt


_HAMZAS, _LONG, _CONSONANTS = group(HAMZAS + FREE_HAMZA), group(LONG_LETTERS), group(CONSONANTS)


def _next(units: Bools) -> Bools:
    """Return the units behind these."""
    out = np.zeros_like(units)
    out[1:] = units[:-1]
    return out


def _previous(units: Bools) -> Bools:
    """Return the units before these."""
    out = np.zeros_like(units)
    out[:-1] = units[1:]
    return out


def _put(column: Column, where: Bools, letter: str) -> None:
    np.putmask(column, where, ord(letter))


def _drop(column: Column, where: Bools, marks: str) -> None:
    np.bitwise_and(column, ~bits(marks) & 0xFFFF, out=column, where=where)


def _small_letters(columns: Columns) -> None:
    letters = columns.letters
    waw, yaa = letters == ord(SMALL_WAW), letters == ord(SMALL_YAA)
    small = waw | yaa
    if not small.any():
        return
    _put(letters, waw, WAW)
    _put(letters, yaa, YAA)
    gone = small & columns.last & where_is(columns.before()[0], HAA)
    columns.refuse(gone & has(columns.marks, QURANIC_SUKUN))  # it tells the encoding, wherever it stands
    columns.leave_out(gone)


def _marks(columns: Columns) -> None:
    letters, marks, first, last = columns.letters, columns.marks, columns.first, columns.last
    before, after = columns.before()[0], columns.after()[0]
    alef, sukun, quranic_sukun = where_is(letters, ALEF), has(marks, SUKUN), has(marks, QURANIC_SUKUN)
    # The sukun of a silent letter. Of those, everyday spelling writes only the final alef after waw.
    silent = alef & sukun
    columns.refuse(silent & ~(last & where_is(before, WAW) & (marks == BIT[SUKUN])))
    columns.refuse((alef & quranic_sukun) | (where_is(letters, ALEF_WASLA) & (sukun | quranic_sukun)))
    long = where_is(letters, WAW + YAA) & sukun & ~first
    if long.any():
        columns.refuse(long & (_HAMZAS[before] | columns.spread(quranic_sukun)))
    np.putmask(marks, silent, 0)
    # A small meem makes tanwin of a final vowel, and is the sukun of noon.
    meem = has(marks, SMALL_HIGH_MEEM + SMALL_LOW_MEEM)
    if meem.any():
        short = marks & bits(SHORT)
        ends = last | (where_is(after, ALEF + ALEF_MAKSURA) & _previous(last))
        to_tanwin = meem & (short != 0) & ends
        to_sukun = meem & (short == 0) & where_is(letters, NOON) & ~has(marks, TANWIN + SHADDA)
        marks += to_tanwin * ((short >> 3) - short)  # in the order of `BIT`
        marks |= to_sukun * np.uint16(BIT[SUKUN])
        marks &= 0xFFFF & ~bits(SMALL_HIGH_MEEM + SMALL_LOW_MEEM)
    # Quranic sukun and open tanwin.
    marks |= (marks & BIT[QURANIC_SUKUN]) >> 1 | (marks & 0xE00) >> 9
    marks &= 0xF0FF
    _put(letters, where_is(letters, ALEF_WASLA), ALEF)


def _vocative(columns: Columns) -> None:
    """Refuse words with joined ya or ha: a dagger alef on the first letter, or on the second after wa and fa."""
    letters, first = columns.letters, columns.first
    dagger = has(columns.marks, DAGGER_ALEF)
    second = _next(first) & where_is(columns.before()[0], WAW + FAA)
    columns.refuse(where_is(letters, YAA) & dagger & (first | second))
    columns.refuse(where_is(letters, HAA) & dagger & first & where_is(columns.after()[0], ALEF_HAMZA_ABOVE))


def _yaa(columns: Columns) -> None:
    marks = columns.marks
    found = where_is(columns.letters, ALEF_MAKSURA) & ~has(marks, DAGGER_ALEF)
    pronounced = has(marks, SHORT + SHADDA + SUKUN + DAMMATAN + KASRATAN)
    found &= ~columns.last | has(columns.before()[1], KASRA) | pronounced
    _put(columns.letters, found, YAA)


def _maddah(columns: Columns) -> None:
    letters, marks = columns.letters, columns.marks
    maddah = has(marks, MADDAH)
    after, after_marks = columns.after()
    closed = columns.first | has(columns.before()[1], KASRA + DAMMA + SUKUN)
    opens = columns.last | _HAMZAS[after] | has(after_marks, SHADDA)
    seated = maddah & where_is(letters, ALEF_HAMZA_ABOVE)
    two = seated | (maddah & where_is(letters, ALEF) & (closed | ~opens))
    _drop(marks, seated, FATHA)
    _put(letters, two, ALEF_MADDA)
    marks &= 0xFFFF & ~BIT[MADDAH]


def _daggers(columns: Columns) -> None:
    letters, marks, last = columns.letters, columns.marks, columns.last
    dagger = has(marks, DAGGER_ALEF)
    if not dagger.any():
        return
    _unwritten(columns, dagger)
    after, after_marks = columns.after()
    short = has(marks, SHORT)
    maksura = dagger & (where_is(letters, ALEF_MAKSURA) | (where_is(letters, YAA) & ~short & ~columns.first))
    waw = dagger & where_is(letters, WAW) & ~short & ~last
    as_alef = waw & (where_is(after, TAA_MARBUTA) | (has(columns.before()[1], FATHA) & ~where_is(after, ALEF)))
    columns.refuse(waw & ~as_alef)
    rest = dagger & ~maksura & ~waw & ~where_is(letters, ALEF + ALEF_MADDA)
    rest &= ~(where_is(after, ALEF + ALEF_MADDA) & (after_marks == 0))
    columns.refuse(rest & where_is(after, ALEF_MAKSURA) & ~has(after_marks, VOWELLED))
    columns.refuse(rest & where_is(after, WAW) & (after_marks == 0))
    marks &= 0xFFFF & ~BIT[DAGGER_ALEF]
    _drop(marks, maksura & ~last, SHADDA)
    as_alef |= maksura & ~last
    _put(letters, maksura & last, ALEF_MAKSURA)
    _put(letters, as_alef, ALEF)
    columns.insert_after(rest, ALEF)


def _unwritten(columns: Columns, dagger: Bools) -> None:
    """Refuse the words that are written without their dagger alef."""
    units = np.flatnonzero(columns.spread(dagger))
    skeleton = np.zeros((len(units), 2), np.uint16)
    skeleton[:, 0] = columns.letters[units]
    _put(skeleton[:, 0], skeleton[:, 0] == 0, _EDGE)
    _put(skeleton[:, 1], dagger[units], DAGGER_ALEF)
    flat = skeleton.ravel()
    at = np.flatnonzero(flat)
    text = flat[at].astype("<u2", copy=False).tobytes().decode("utf-16-le")
    found = np.zeros(len(dagger), np.bool_)
    found[units[at[[match.end() - 1 for match in _UNWRITTEN_ALEF.finditer(text)]] >> 1]] = True
    columns.refuse(found)


def _lam(columns: Columns) -> None:
    (after, after_marks), then = columns.after(), columns.after(2)[0]
    found = where_is(after, YAA) & where_is(then, LAM)
    found |= where_is(after, ALEF) & where_is(then, TAA + YAA_HAMZA)
    found |= where_is(after, _DHAL) & (where_is(then, ALEF) | has(after_marks, FATHA))
    columns.refuse(found & where_is(columns.letters, LAM) & has(columns.marks, SHADDA))


def _assimilation(columns: Columns) -> None:
    letters, marks, first, last = columns.letters, columns.marks, columns.first, columns.last
    _drop(marks, first, SHADDA)
    (before, before_marks), (after, after_marks) = columns.before(), columns.after()
    diphthong = (
        where_is(letters, WAW) & (marks == 0) & where_is(after, ALEF) & _previous(last) & has(before_marks, FATHA)
    )
    np.putmask(marks, diphthong, BIT[SUKUN])
    bare = _CONSONANTS[letters] & (marks == 0)
    article = bare & where_is(letters, LAM) & ~first & ~last & where_is(before, ALEF + LAM)
    bare &= ~(article & has(after_marks, SHADDA))
    # Only words marked throughout.
    bare &= ~columns.spread(bare & (first | article | _next(bare)))
    after_wasla = where_is(before, ALEF) & (_next(first) | _next(_next(first)))
    bare &= (has(before_marks, SHORT) | after_wasla) & ~_LONG[after]
    np.putmask(marks, bare, BIT[SUKUN])
    _drop(marks, _next(bare & ~where_is(letters, LAM)), SHADDA)


def _exceptions(columns: Columns) -> None:
    letters = columns.letters
    (before, before_marks), after, last = columns.before(), columns.after()[0], columns.last
    columns.refuse(last & where_is(letters, ALEF_HAMZA_ABOVE) & where_is(before, WAW) & (before_marks == 0))
    columns.refuse(last & where_is(letters, YAA_HAMZA) & where_is(before, ALEF))
    second = where_is(letters, SEEN) & _next(columns.first)
    columns.refuse(second & where_is(before, WAW + FAA) & where_is(after, ALEF_HAMZA_ABOVE))
    bare = columns.bare()
    exceptions = lexicon.all_exceptions().intersection(bare)
    if exceptions:
        columns.refuse_words([place for place, word in enumerate(bare) if word in exceptions])


def _signs(columns: Columns) -> None:
    """Refuse words that came out with a sign of the mushaf in them and have to be read once more."""
    letters, marks, first = columns.letters, columns.marks, columns.first
    after, after_marks = columns.after()
    columns.refuse(where_is(letters, ALEF) & has(marks, SUKUN))
    columns.refuse(where_is(letters, HAMZA) & (first | _next(first) | where_is(after, ALEF)))
    closes = columns.last | _HAMZAS[after] | has(after_marks, SHADDA)
    columns.refuse(where_is(letters, ALEF_MADDA) & ~first & closes)
