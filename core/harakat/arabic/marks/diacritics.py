"""Marks of Arabic script: their names and kinds, functions that strip them, and a canonical order.

A *mark* is every sign that hangs on a letter: vowels, tanwin, sukun, shadda, dagger alef, hamza and maddah
above or below, and the signs of the mushaf (Quranic sukun, small waw and yaa, waqf signs, …). Small waw U+06E5
and small yaa U+06E6 count as marks, although Unicode calls them letters: they hang on the word as the others do.
Signs that stand alone (end of ayah, rub el hizb, place of sajda) are not marks but `SIGNS`; tatweel is neither.

Names and code points follow the Unicode code charts U+0600, U+0890 and U+08A0. Unicode's normal forms are
never applied: NFC and NFD put the vowel before the shadda, and NFC composes hamza and maddah with their letter.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

__all__ = [
    "DAGGER_ALEF",
    "DAMMA",
    "DAMMATAN",
    "DOTTED_CIRCLE",
    "FATHA",
    "FATHATAN",
    "HAMZA_ABOVE",
    "HAMZA_BELOW",
    "KASRA",
    "KASRATAN",
    "MADDAH",
    "MARKS",
    "MARK_CHARS",
    "OPEN_DAMMATAN",
    "OPEN_FATHATAN",
    "OPEN_KASRATAN",
    "QURANIC_SUKUN",
    "SHADDA",
    "SIGNS",
    "SMALL_WAW",
    "SMALL_YAA",
    "SUKUN",
    "TATWEEL",
    "Mark",
    "MarkKind",
    "canonical_mark_order",
    "is_mark",
    "join_marks",
    "split_marks",
    "strip_marks",
]

TATWEEL = "\u0640"
DOTTED_CIRCLE = "\u25cc"

FATHATAN = "\u064b"
DAMMATAN = "\u064c"
KASRATAN = "\u064d"
FATHA = "\u064e"
DAMMA = "\u064f"
KASRA = "\u0650"
SHADDA = "\u0651"
SUKUN = "\u0652"
MADDAH = "\u0653"
HAMZA_ABOVE = "\u0654"
HAMZA_BELOW = "\u0655"
DAGGER_ALEF = "\u0670"
QURANIC_SUKUN = "\u06e1"
SMALL_WAW = "\u06e5"
SMALL_YAA = "\u06e6"
OPEN_FATHATAN = "\u08f0"
OPEN_DAMMATAN = "\u08f1"
OPEN_KASRATAN = "\u08f2"


class MarkKind(Enum):
    """Kind of a mark. The value is its rank in canonical order."""

    HAMZA = 0
    """Hamza above or below: part of the letter itself."""
    SHADDA = 1
    """Doubling."""
    VOWEL = 2
    """Fatha, damma, kasra and their small forms."""
    TANWIN = 3
    """Fathatan, dammatan, kasratan."""
    OPEN_TANWIN = 4
    """The mushaf's tanwin before a letter that it is pronounced into."""
    SUKUN = 5
    """No vowel, everyday sign."""
    QURANIC_SUKUN = 6
    """No vowel, the mushaf's sign (a head of khah without its dot)."""
    LONG_VOWEL = 7
    """Dagger alef, subscript alef, inverted damma: a long vowel that the line does not write."""
    MADDAH = 8
    """Lengthening; on an alef it also stands for hamza and alef."""
    SMALL_LETTER = 9
    """A small letter that is pronounced: waw, yaa, noon, meem, seen."""
    SILENT = 10
    """The letter is written and not pronounced (always, or in connected reading)."""
    ANNOTATION = 11
    """Other signs above or below: reading aids, honorifics, signs of other languages."""
    WAQF = 12
    """Sign to pause or not to pause, and the line over the words of sajda."""


class Mark(NamedTuple):
    """Name and kind of one mark."""

    char: str
    name: str
    kind: MarkKind


def _table() -> dict[str, Mark]:
    kind = MarkKind
    rows: list[tuple[int, str, MarkKind]] = [
        (0x064B, "fathatan", kind.TANWIN),
        (0x064C, "dammatan", kind.TANWIN),
        (0x064D, "kasratan", kind.TANWIN),
        (0x064E, "fatha", kind.VOWEL),
        (0x064F, "damma", kind.VOWEL),
        (0x0650, "kasra", kind.VOWEL),
        (0x0651, "shadda", kind.SHADDA),
        (0x0652, "sukun", kind.SUKUN),
        (0x0653, "maddah above", kind.MADDAH),
        (0x0654, "hamza above", kind.HAMZA),
        (0x0655, "hamza below", kind.HAMZA),
        (0x0656, "subscript alef", kind.LONG_VOWEL),
        (0x0657, "inverted damma", kind.LONG_VOWEL),
        (0x0658, "mark noon ghunna", kind.ANNOTATION),
        (0x0659, "zwarakay", kind.ANNOTATION),
        (0x065A, "vowel sign small v above", kind.ANNOTATION),
        (0x065B, "vowel sign inverted small v above", kind.ANNOTATION),
        (0x065C, "vowel sign dot below", kind.ANNOTATION),
        (0x065D, "reversed damma", kind.VOWEL),
        (0x065E, "fatha with two dots", kind.VOWEL),
        (0x065F, "wavy hamza below", kind.HAMZA),
        (0x0670, "dagger alef", kind.LONG_VOWEL),
        (0x0610, "sallallahou alayhe wasallam", kind.ANNOTATION),
        (0x0611, "alayhe assallam", kind.ANNOTATION),
        (0x0612, "rahmatullah alayhe", kind.ANNOTATION),
        (0x0613, "radi allahou anhu", kind.ANNOTATION),
        (0x0614, "takhallus", kind.ANNOTATION),
        (0x0615, "small high tah", kind.WAQF),
        (0x0616, "small high alef with lam with yeh", kind.WAQF),
        (0x0617, "small high zain", kind.WAQF),
        (0x0618, "small fatha", kind.VOWEL),
        (0x0619, "small damma", kind.VOWEL),
        (0x061A, "small kasra", kind.VOWEL),
        (0x06D6, "small high sad lam alef maksura", kind.WAQF),
        (0x06D7, "small high qaf lam alef maksura", kind.WAQF),
        (0x06D8, "small high meem initial form", kind.WAQF),
        (0x06D9, "small high lam alef", kind.WAQF),
        (0x06DA, "small high jeem", kind.WAQF),
        (0x06DB, "small high three dots", kind.WAQF),
        (0x06DC, "small high seen", kind.WAQF),
        (0x06DF, "small high rounded zero", kind.SILENT),
        (0x06E0, "small high upright rectangular zero", kind.SILENT),
        (0x06E1, "quranic sukun", kind.QURANIC_SUKUN),
        (0x06E2, "small high meem isolated form", kind.SMALL_LETTER),
        (0x06E3, "small low seen", kind.SMALL_LETTER),
        (0x06E4, "small high madda", kind.WAQF),
        (0x06E5, "small waw", kind.SMALL_LETTER),
        (0x06E6, "small yaa", kind.SMALL_LETTER),
        (0x06E7, "small high yaa", kind.SMALL_LETTER),
        (0x06E8, "small high noon", kind.SMALL_LETTER),
        (0x06EA, "empty centre low stop", kind.ANNOTATION),
        (0x06EB, "empty centre high stop", kind.ANNOTATION),
        (0x06EC, "rounded high stop with filled centre", kind.ANNOTATION),
        (0x06ED, "small low meem", kind.SMALL_LETTER),
        (0x08E4, "curly fatha", kind.VOWEL),
        (0x08E5, "curly damma", kind.VOWEL),
        (0x08E6, "curly kasra", kind.VOWEL),
        (0x08E7, "curly fathatan", kind.TANWIN),
        (0x08E8, "curly dammatan", kind.TANWIN),
        (0x08E9, "curly kasratan", kind.TANWIN),
        (0x08F0, "open fathatan", kind.OPEN_TANWIN),
        (0x08F1, "open dammatan", kind.OPEN_TANWIN),
        (0x08F2, "open kasratan", kind.OPEN_TANWIN),
        (0x08F3, "small high waw", kind.SMALL_LETTER),
        (0x08F4, "fatha with ring", kind.VOWEL),
        (0x08FE, "damma with dot", kind.VOWEL),
    ]
    # The rest of the combining marks of Arabic Extended-A and -B (African, Indian and Pakistani traditions).
    named = {row[0] for row in rows}
    for first, last, what in (
        (0x0897, 0x089F, "extended-B mark"),
        (0x08CA, 0x08E1, "extended-A mark"),
        (0x08E3, 0x08FF, "extended-A mark"),
    ):
        rows += [
            (point, f"{what} U+{point:04X}", kind.ANNOTATION) for point in range(first, last + 1) if point not in named
        ]
    return {chr(point): Mark(chr(point), name, what) for point, name, what in rows}


MARKS: dict[str, Mark] = _table()
"""Every mark by its character."""

MARK_CHARS: str = "".join(sorted(MARKS))
"""Every mark in one string, in code point order."""

SIGNS: dict[str, str] = {
    "\u06dd": "end of ayah",
    "\u06de": "start of rub el hizb",
    "\u06e9": "place of sajda",
    "\ufd3e": "ornate left parenthesis",
    "\ufd3f": "ornate right parenthesis",
}
"""Signs of the mushaf that stand by themselves: character to name."""


def _char_class(chars: str) -> str:
    return "[" + "".join(f"\\u{ord(char):04x}" for char in chars) + "]"


def _inversion(order: dict[str, int]) -> re.Pattern[str]:
    """Return a pattern that matches two neighbouring marks of which the second belongs before the first."""
    ranks = sorted(set(order.values()))
    parts = []
    for rank in ranks[1:]:
        high = _char_class("".join(char for char, its in order.items() if its == rank))
        low = _char_class("".join(char for char, its in order.items() if its < rank))
        parts.append(high + low)
    return re.compile("|".join(parts))


# Small waw and small yaa may carry marks themselves (a maddah, as in the pronoun of lahu before hamza), so
# nothing moves across them.
_ORDER: dict[str, int] = {char: mark.kind.value for char, mark in MARKS.items() if char not in (SMALL_WAW, SMALL_YAA)}
_ORDERED_RUN = re.compile(_char_class("".join(sorted(_ORDER))) + "{2,}")
_INVERSION = _inversion(_ORDER)

_ANY = re.compile(_char_class(MARK_CHARS))
_GROUP = re.compile(f"([^{_char_class(MARK_CHARS)[1:]})({_char_class(MARK_CHARS)}*)", re.DOTALL)
_LEADING = re.compile(_char_class(MARK_CHARS) + "+")
_DELETE: dict[int, None] = {ord(char): None for char in MARK_CHARS}


def is_mark(char: str) -> bool:
    """Return True where a character is a mark of `MARKS`.

    Args:
        char: One character; anything else is not a mark.
    """
    return char in MARKS


def strip_marks(text: str) -> str:
    """Remove every mark from a text. Letters, spaces, tatweel and `SIGNS` stay as they are.

    Args:
        text: Any text.

    Returns:
        `text` without the characters of `MARKS`; `text` itself where there are none.
    """
    if text.isascii() or _ANY.search(text) is None:
        return text
    return text.translate(_DELETE)


_RUNS: dict[str, str] = {}
_RUNS_LIMIT = 4096


def _sorted_run(match: re.Match[str]) -> str:
    run = match.group()
    known = _RUNS.get(run)
    if known is None:
        known = "".join(sorted(run, key=_ORDER.__getitem__))
        # Real text holds a few hundred runs; hostile text holds any number of them.
        if len(_RUNS) < _RUNS_LIMIT and len(run) <= 8:
            _RUNS[run] = known
    return known


def canonical_mark_order(text: str) -> str:
    """Put the marks of every letter in one order: shadda, then vowel, then the rest by `MarkKind`.

    Only the order changes, and never across a letter, a small waw or a small yaa. Marks of one kind keep the
    order they came in. Nothing is composed or decomposed (this is not a Unicode normal form).

    Args:
        text: Any text.

    Returns:
        The same characters, reordered; `text` itself where it is in order already.
    """
    if text.isascii() or _INVERSION.search(text) is None:
        return text
    return _ORDERED_RUN.sub(_sorted_run, text)


def split_marks(word: str) -> list[tuple[str, str]]:
    """Split a word into its letters, each with the marks that follow it.

    Args:
        word: A word, or any text: spaces and punctuation are letters here.

    Returns:
        One `(letter, marks)` pair a letter, in order; `marks` is ``""`` where a letter has none. Marks that
        stand before any letter come as a first pair whose letter is ``""``. `join_marks` undoes it exactly.
    """
    leading = _LEADING.match(word)
    if leading is None:
        return _GROUP.findall(word)
    return [("", leading.group()), *_GROUP.findall(word, leading.end())]


def join_marks(groups: list[tuple[str, str]]) -> str:
    """Join letters and their marks; the inverse of `split_marks`.

    Args:
        groups: Pairs of a letter and its marks.

    Returns:
        The word.
    """
    return "".join([letter + marks for letter, marks in groups])
