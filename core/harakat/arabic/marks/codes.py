"""Marks packed beside the letters they stand on: one int64 for each vocabulary piece.

harakat-mini reads a word as the pieces of its bare letters, and its marks as a code that each piece carries. A code
is sixteen slots of four bits. Slot i (0 to 14) is the mark class of the i-th letter of the piece; the last slot is
the class of the letter that bears the case ending of the word, kept apart so that a model can learn that case
endings say little about meaning. A letter further along in a piece than slot 14 keeps its mark to itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

__all__ = [
    "CASE_SLOT",
    "CLASSES",
    "INNER_MARKS",
    "SLOTS",
    "case_letter",
    "class_of",
    "conflict",
    "digits",
    "is_dropped",
    "is_mark",
    "marks_of",
    "nfkc",
    "pack",
    "pack_digits",
    "separate",
    "unpack",
]

SLOTS = 16
"""Slots in a code."""
CLASSES = 16
"""Values of a slot: 0 is a letter without a mark."""
CASE_SLOT = 15
"""The slot of the letter that bears the case ending."""
INNER_MARKS = (1 << (4 * CASE_SLOT)) - 1
"""Every slot of a code but the case ending's."""

FATHA, DAMMA, KASRA = "\u064e", "\u064f", "\u0650"
FATHATAN, DAMMATAN, KASRATAN = "\u064b", "\u064c", "\u064d"
SUKUN, SHADDA, DAGGER_ALEF = "\u0652", "\u0651", "\u0670"
ALEF, ALEF_MAKSURA = "\u0627", "\u0649"

_VOWELS = {
    FATHA: 1,
    DAMMA: 2,
    KASRA: 3,
    FATHATAN: 4,
    DAMMATAN: 5,
    KASRATAN: 6,
    SUKUN: 7,
    # Quranic forms of the same signs: open tanwin, Quranic sukun, the small vowels of some Mushafs.
    "\u08f0": 4,
    "\u08f1": 5,
    "\u08f2": 6,
    "\u06e1": 7,
    "\u0618": 1,
    "\u0619": 2,
    "\u061a": 3,
}
_SUKUN = 7
_SHADDA_ONLY = 8
_DAGGER = 15
FATHATAN_CLASS = 4
_FATHATAN_CLASSES = (FATHATAN_CLASS, _SHADDA_ONLY + FATHATAN_CLASS)

_MARKS_OF = (
    "",
    FATHA,
    DAMMA,
    KASRA,
    FATHATAN,
    DAMMATAN,
    KASRATAN,
    SUKUN,
    SHADDA,
    SHADDA + FATHA,
    SHADDA + DAMMA,
    SHADDA + KASRA,
    SHADDA + FATHATAN,
    SHADDA + DAMMATAN,
    SHADDA + KASRATAN,
    DAGGER_ALEF,
)

_MARK_RANGES = (
    (0x0610, 0x061A),
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E8),
    (0x06EA, 0x06ED),
    (0x0898, 0x089F),
    (0x08CA, 0x08E1),
    (0x08E3, 0x08FF),
)
_MARKS = frozenset(chr(c) for first, last in _MARK_RANGES for c in range(first, last + 1))
# Tatweel; zero-width and direction controls; end of ayah, rub el hizb, place of sajda: no letters, no marks.
_IGNORED = frozenset(
    "\u0640\u00ad\u034f\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff\u06dd\u06de\u06e9"
)


_MARK_CLASS = "".join(f"\\u{first:04x}-\\u{last:04x}" for first, last in _MARK_RANGES)
_MARK = re.compile(f"[{_MARK_CLASS}]")
_LETTER_AND_MARKS = re.compile(f"([^{_MARK_CLASS}])([{_MARK_CLASS}]*)", re.DOTALL)
# What is ignored, and the control characters (category Cc).
_DROPPED = re.compile("[\x00-\x1f\x7f-\x9f" + "".join(sorted(_IGNORED)) + "]")


_LONGEST_UNSORTED = 128
"""Characters up to which disordered marks cost little."""


def nfkc(text: str) -> str:
    """Return the Unicode normal form NFKC, in time that grows with the length.

    The library sorts the combining marks of a letter by insertion: a run of n disordered ones takes n² steps. Long
    texts are therefore decomposed and their runs sorted first, which their normal form does not show.
    """
    if len(text) <= _LONGEST_UNSORTED:
        return unicodedata.normalize("NFKC", text)
    sorted_runs: list[str] = []
    run: list[str] = []
    for character in "".join([_decomposed(character) for character in text]):
        if unicodedata.combining(character):
            run.append(character)
            continue
        if run:
            sorted_runs += sorted(run, key=unicodedata.combining)
            run = []
        sorted_runs.append(character)
    sorted_runs += sorted(run, key=unicodedata.combining)
    return unicodedata.normalize("NFKC", "".join(sorted_runs))


@lru_cache(maxsize=4096)
def _decomposed(character: str) -> str:
    return unicodedata.normalize("NFKD", character)


def is_mark(character: str) -> bool:
    """Return True where a character is taken for a mark here."""
    return character in _MARKS


def is_dropped(character: str) -> bool:
    """Return True where a character is left out because it is neither letter nor mark."""
    return character in _IGNORED or unicodedata.category(character) == "Cc"


def class_of(marks: str) -> int:
    """Return the class (0 to 15) of the marks on one letter, in whatever order they were typed.

    A shadda joins the vowel beside it; of two vowels the first counts; a dagger alef without shadda is a class of
    its own, and with one it counts as the fatha that it implies. Signs that carry no vowel (waqf, small letters)
    say nothing.
    """
    shadda = SHADDA in marks
    vowel = next((_VOWELS[m] for m in marks if m in _VOWELS), 0)
    if DAGGER_ALEF in marks:
        return _SHADDA_ONLY + 1 if shadda else _DAGGER
    if not shadda:
        return vowel
    return _SHADDA_ONLY + vowel if 1 <= vowel <= 6 else _SHADDA_ONLY


def marks_of(value: int) -> str:
    """Return the marks that class `value` stands for, shadda first.

    Raises:
        IndexError: `value` is no class.
    """
    if value < 0:
        raise IndexError(value)
    return _MARKS_OF[value]


def separate(word: str) -> tuple[str, list[int]]:
    """Split a word into its base letters and the mark class of each.

    Args:
        word: Text without whitespace, in any normal form. Tatweel, zero-width characters, control characters and
            Quranic signs are dropped; marks before the first letter have nothing to stand on and are dropped too.

    Returns:
        The base text in NFKC without Arabic marks, and as many classes as it has characters.
    """
    base: list[str] = []
    marks: list[list[str]] = []
    for character in nfkc(word):
        if character in _MARKS:
            if base:
                marks[-1].append(character)
        elif not is_dropped(character):
            base.append(character)
            marks.append([])
    return "".join(base), [class_of("".join(m)) if m else 0 for m in marks]


def digits(word: str) -> tuple[str, str]:
    """Return the result of `separate`, several times as fast, with each class as one hexadecimal digit."""
    word = nfkc(word)
    if _DROPPED.search(word) is not None:
        word = _DROPPED.sub("", word)
    if _MARK.search(word) is None:
        return word, "0" * len(word)
    groups = _LETTER_AND_MARKS.findall(word)
    return "".join([letter for letter, _ in groups]), "".join([_digit(marks) for _, marks in groups])


@lru_cache(maxsize=4096)
def _digit(marks: str) -> str:
    return f"{class_of(marks):x}"


def case_letter(base: str, classes: Sequence[int]) -> int:
    """Return the index of the letter that bears the word's case ending, or -1 where there is no letter.

    That is the last letter; where it is the silent alef or alef maksura of a fathatan, the letter before it.
    """
    last = len(base) - 1
    while last >= 0 and not base[last].isalpha():
        last -= 1
    silent = last > 0 and base[last] in (ALEF, ALEF_MAKSURA) and classes[last] == 0
    return last - 1 if silent and classes[last - 1] in _FATHATAN_CLASSES else last


def pack(classes: Sequence[int], case: int = 0) -> int:
    """Pack the classes of a piece's letters, and the class in its case slot, into one signed 64-bit integer."""
    code = case << (4 * CASE_SLOT)
    for slot, value in enumerate(classes[:CASE_SLOT]):
        code |= value << (4 * slot)
    return code - (1 << 64) if code >> 63 else code


def pack_digits(inner: str, case: str = "0") -> int:
    """Pack classes as `pack` does, from one hexadecimal digit for each class."""
    code = int(case + inner[CASE_SLOT - 1 :: -1].rjust(CASE_SLOT, "0"), 16)
    return code - (1 << 64) if code >> 63 else code


def unpack(code: int) -> list[int]:
    """Return the sixteen slots of a code; the inverse of `pack`."""
    return [(code >> (4 * slot)) & 15 for slot in range(SLOTS)]


def conflict(first: Sequence[int], second: Sequence[int]) -> bool:
    """Return True where the marks of an inner letter contradict, so that two mark strings cannot be one word.

    What one of them leaves out contradicts nothing: all marks of a letter, the shadda beside the same vowel, the vowel
    on the same shadda. The last letter, which bears the case ending, is not looked at.

    Args:
        first: Mark classes of each letter, as `separate` gives them.
        second: Of the same letters.
    """
    return any(a != b and _contradict(min(a, b), max(a, b)) for a, b in zip(first[:-1], second[:-1], strict=True))


def _contradict(low: int, high: int) -> bool:
    shadda_left_out = low < _SUKUN and high == low + _SHADDA_ONLY
    vowel_left_out = low == _SHADDA_ONLY and high < _DAGGER
    return low > 0 and not shadda_left_out and not vowel_left_out
