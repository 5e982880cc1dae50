"""Conversion of the marks of the mushaf to everyday marks."""

from __future__ import annotations

from harakat.arabic.marks.diacritics import (
    DAMMA,
    DAMMATAN,
    FATHA,
    FATHATAN,
    KASRA,
    KASRATAN,
    MARKS,
    OPEN_DAMMATAN,
    OPEN_FATHATAN,
    OPEN_KASRATAN,
    QURANIC_SUKUN,
    SHADDA,
    SUKUN,
    MarkKind,
)
from harakat.arabic.spelling.uthmani.letters import (
    ALEF,
    ALEF_MAKSURA,
    CONSONANTS,
    HAA,
    HAMZAS,
    LAM,
    LONG_LETTERS,
    NOON,
    SAD,
    SEEN,
    SHORT,
    TANWIN,
    VOWELLED,
    WAW,
    YAA,
)
from harakat.arabic.spelling.uthmani.units import Unit

__all__ = ["settle_assimilation", "settle_marks"]

SUBSCRIPT_ALEF = "\u0656"
INVERTED_DAMMA = "\u0657"
FATHA_TWO_DOTS = "\u065e"
IMALA_DOT = "\u065c"
SMALL_HIGH_SEEN = "\u06dc"
SMALL_HIGH_MEEM = "\u06e2"
SMALL_LOW_MEEM = "\u06ed"

_ALWAYS_SILENT = "\u06df"  # rounded zero; the upright one, U+06E0, is silent only in connected reading
# Signs that say nothing about everyday spelling: pauses, and the reading aids of the mushaf. The honorifics
# U+0610-U+0614 and the marks of other languages belong to everyday text and stay.
_DROPPED = frozenset(
    [char for char, mark in MARKS.items() if mark.kind in (MarkKind.WAQF, MarkKind.SILENT)]
    + [IMALA_DOT, "\u06e3", "\u06ea", "\u06eb", "\u06ec"]
)
_PLAIN_MARK = {
    QURANIC_SUKUN: SUKUN,
    OPEN_FATHATAN: FATHATAN,
    OPEN_DAMMATAN: DAMMATAN,
    OPEN_KASRATAN: KASRATAN,
    # The older encoding of the Medina mushaf writes open dammatan so.
    FATHA_TWO_DOTS: DAMMATAN,
}
_EVERYDAY = frozenset(FATHA + DAMMA + KASRA + SHADDA + SUKUN + TANWIN)
_TO_TANWIN = {FATHA: FATHATAN, DAMMA: DAMMATAN, KASRA: KASRATAN}


def settle_marks(units: list[Unit], source: str) -> None:
    """Turn Quranic marks into everyday marks, and remove signs about pausing and reading."""
    medina = QURANIC_SUKUN in source
    for index, unit in enumerate(units):
        last = index == len(units) - 1
        marks = unit.marks
        if not marks:
            continue
        if unit.letter == SAD and SMALL_HIGH_SEEN in marks and not last:
            unit.letter = SEEN
        if (
            unit.has(_ALWAYS_SILENT)
            or (SUKUN in marks and unit.letter == ALEF)
            or (SUKUN in marks and unit.letter in (WAW, YAA) and _silent_sukun(units, index, medina))
        ):
            unit.silent = True
            marks = marks.replace(SUKUN, "")
        if SUBSCRIPT_ALEF in marks or INVERTED_DAMMA in marks:
            marks = _long_or_tanwin(units, index, marks)
        if SMALL_HIGH_MEEM in marks or SMALL_LOW_MEEM in marks:
            marks = marks.replace(SMALL_HIGH_MEEM, "").replace(SMALL_LOW_MEEM, "")
            short = [mark for mark in marks if mark in SHORT]
            ends = last or (index == len(units) - 2 and units[-1].letter in (ALEF, ALEF_MAKSURA))
            if short and ends:
                marks = marks.replace(short[0], _TO_TANWIN[short[0]])
            elif unit.letter == NOON and not short and not any(mark in TANWIN + SHADDA for mark in marks):
                marks += SUKUN
        if IMALA_DOT in marks and not any(mark in VOWELLED for mark in marks):
            marks += FATHA
        if not _EVERYDAY.issuperset(marks):
            marks = "".join([_PLAIN_MARK.get(mark, mark) for mark in marks if mark not in _DROPPED])
        unit.marks = marks


def _silent_sukun(units: list[Unit], index: int, medina: bool) -> bool:
    """Return True where an ordinary sukun on waw or yaa is the circle of a silent letter, as in the Medina mushaf."""
    if index == 0:
        return False
    if medina:
        return True
    before = units[index - 1]
    matching = DAMMA if units[index].letter == WAW else KASRA
    return matching in before.marks and before.letter in HAMZAS


def _long_or_tanwin(units: list[Unit], index: int, marks: str) -> str:
    """Settle subscript alef and inverted damma: a long vowel (Indo-Pakistani) or open tanwin (old Medina encoding)."""
    unit = units[index]
    rest = [other.letter for other in units[index + 1 : index + 3]]
    if unit.letter == HAA and not rest:
        return marks.replace(SUBSCRIPT_ALEF, KASRA).replace(INVERTED_DAMMA, DAMMA)
    if not rest:
        return marks.replace(SUBSCRIPT_ALEF, KASRATAN).replace(INVERTED_DAMMA, FATHATAN)
    if INVERTED_DAMMA in marks and rest in ([ALEF], [ALEF_MAKSURA]):
        return marks.replace(INVERTED_DAMMA, FATHATAN)
    return marks


def settle_assimilation(units: list[Unit]) -> None:
    """Undo the marks of assimilation, which the mushaf writes and everyday spelling does not.

    The shadda that a word's first letter takes from the word before goes; a consonant left without sukun because
    it is assimilated into what follows gets it back. Only words marked throughout are touched.
    """
    if not units:
        return
    units[0].drop(SHADDA)
    if len(units) > 2 and [unit.letter for unit in units[-2:]] == [WAW, ALEF]:
        diphthong = not units[-2].marks and FATHA in units[-3].marks
        units[-2].marks += SUKUN if diphthong else ""
    bare = {index for index, unit in enumerate(units) if not unit.marks and unit.letter in CONSONANTS}
    articles = {index for index in bare if _article_lam(units, index)}
    bare -= {index for index in articles if SHADDA in units[index + 1].marks}
    if 0 in bare or bare & articles or any(index + 1 in bare for index in bare):
        return
    for index in sorted(bare):
        follower = units[index + 1] if index + 1 < len(units) else None
        before = units[index - 1]
        after_wasla = before.letter == ALEF and index <= 2
        if not (before.has(SHORT) or after_wasla) or (follower is not None and follower.letter in LONG_LETTERS):
            continue
        units[index].marks = SUKUN
        if follower is not None and units[index].letter != LAM:
            follower.drop(SHADDA)


def _article_lam(units: list[Unit], index: int) -> bool:
    return units[index].letter == LAM and 0 < index < len(units) - 1 and units[index - 1].letter in (ALEF, LAM)
