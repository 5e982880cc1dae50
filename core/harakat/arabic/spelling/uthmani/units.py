"""Units of a word (a letter with its marks each), and the first two passes over them."""

from __future__ import annotations

from dataclasses import dataclass

from harakat.arabic.marks.diacritics import (
    DAGGER_ALEF,
    FATHA,
    HAMZA_ABOVE,
    HAMZA_BELOW,
    MARKS,
    SMALL_WAW,
    SMALL_YAA,
    SUKUN,
    TATWEEL,
    canonical_mark_order,
)
from harakat.arabic.spelling.uthmani.letters import (
    ALEF,
    ALEF_HAMZA_ABOVE,
    ALEF_HAMZA_BELOW,
    ALEF_MAKSURA,
    ALEF_WASLA,
    HAA,
    HAMZA,
    NOON,
    SHORT,
    WAW,
    WAW_HAMZA,
    YAA,
    YAA_HAMZA,
)

__all__ = ["SEATED", "SMALL_LETTERS", "Unit", "parse", "settle_small_letters", "settle_tatweel"]

SMALL_LETTERS = {SMALL_WAW: WAW, SMALL_YAA: YAA, "\u06e7": YAA, "\u06e8": NOON}
"""Small letters that carry weight, and the letters that they are; the last two are the high yaa and the high noon."""

SEATED = {
    (ALEF, HAMZA_ABOVE): ALEF_HAMZA_ABOVE,
    (ALEF, HAMZA_BELOW): ALEF_HAMZA_BELOW,
    (ALEF_WASLA, HAMZA_ABOVE): ALEF_HAMZA_ABOVE,
    (ALEF_WASLA, HAMZA_BELOW): ALEF_HAMZA_BELOW,
    (WAW, HAMZA_ABOVE): WAW_HAMZA,
    (WAW, HAMZA_BELOW): WAW_HAMZA,
    (YAA, HAMZA_ABOVE): YAA_HAMZA,
    (YAA, HAMZA_BELOW): YAA_HAMZA,
    (ALEF_MAKSURA, HAMZA_ABOVE): YAA_HAMZA,
    (ALEF_MAKSURA, HAMZA_BELOW): YAA_HAMZA,
}
"""A letter and a hamza above or below it, and the letter that they make."""

_HOSTS = frozenset({TATWEEL, *(letter for letter, _ in SEATED)})


@dataclass(slots=True)
class Unit:
    """Letter with its marks.

    Attributes:
        letter: One character (``""`` for marks before any letter).
        marks: Its marks.
        start: Where it begins in the original word.
        end: Where it ends there.
        silent: Written and not pronounced, says a sign of the mushaf.
        free_hamza: A hamza that the mushaf writes without a seat on the line of the word.
    """

    letter: str
    marks: str
    start: int
    end: int
    silent: bool = False
    free_hamza: bool = False

    def has(self, marks: str) -> bool:
        """Return True where the unit carries one of these marks."""
        for mark in self.marks:  # noqa: SIM110 - a generator costs more than the work
            if mark in marks:
                return True
        return False

    def drop(self, marks: str) -> None:
        """Remove these marks."""
        if self.marks:
            for mark in marks:
                self.marks = self.marks.replace(mark, "")


def parse(word: str) -> list[Unit]:
    """Split a word into units; small letters that carry weight are units of their own."""
    starts = [at for at, char in enumerate(word) if char not in MARKS or char in SMALL_LETTERS]
    units = [
        Unit(word[start], canonical_mark_order(word[start + 1 : end]), start, end)
        for start, end in zip(starts, [*starts, len(word)][1:], strict=True)
    ]
    leading = starts[0] if starts else len(word)
    if leading:
        units.insert(0, Unit("", canonical_mark_order(word[:leading]), 0, leading))
    out: list[Unit] = []
    for unit in units:
        out.append(unit)
        if unit.letter not in _HOSTS and HAMZA_ABOVE in unit.marks and DAGGER_ALEF in unit.marks:
            # A hamza over a dagger alef that has no letter of its own (fa-ddara'tum in some files).
            out.append(Unit(ALEF_HAMZA_ABOVE, SUKUN, unit.start, unit.end))
            unit.drop(HAMZA_ABOVE + DAGGER_ALEF + SUKUN)
    return out


def settle_tatweel(units: list[Unit]) -> list[Unit]:
    """Remove tatweel, and move its marks to their place (a free hamza, a small letter, or the letter before)."""
    out: list[Unit] = []
    for index, unit in enumerate(units):
        if unit.letter != TATWEEL:
            out.append(unit)
            continue
        if unit.has(HAMZA_ABOVE + HAMZA_BELOW):
            if DAGGER_ALEF in unit.marks and not unit.has(SHORT) and out and FATHA in out[-1].marks:
                # The dagger alef is the seat (fa-ddara'tum): a hamza after a fatha.
                unit.drop(DAGGER_ALEF)
            unit.drop(HAMZA_ABOVE + HAMZA_BELOW)
            unit.letter, unit.free_hamza = HAMZA, True
            out.append(unit)
            continue
        follower = units[index + 1] if index + 1 < len(units) else None
        if follower is not None and follower.letter in SMALL_LETTERS and unit.end == follower.start:
            follower.marks, follower.start = unit.marks + follower.marks, unit.start
        elif out:
            out[-1].marks, out[-1].end = out[-1].marks + unit.marks, unit.end
        elif unit.marks:
            out.append(Unit("", unit.marks, unit.start, unit.end))
    return out


def settle_small_letters(units: list[Unit]) -> list[Unit]:
    """Turn small letters into letters, except where they only lengthen the pronoun -hu, -hi."""
    out: list[Unit] = []
    for index, unit in enumerate(units):
        if unit.letter not in SMALL_LETTERS:
            out.append(unit)
            continue
        host = out[-1] if out else None
        last = index == len(units) - 1
        if last and host is not None and host.letter == HAA and unit.letter in (SMALL_WAW, SMALL_YAA):
            host.end = unit.end
        else:
            unit.letter = SMALL_LETTERS[unit.letter]
            out.append(unit)
    return out
