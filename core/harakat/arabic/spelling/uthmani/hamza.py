"""Hamza and maddah: the seats that everyday spelling gives them, and silent letters, which often are old seats."""

from __future__ import annotations

from harakat.arabic.marks.diacritics import (
    DAGGER_ALEF,
    DAMMA,
    FATHA,
    FATHATAN,
    HAMZA_ABOVE,
    HAMZA_BELOW,
    KASRA,
    MADDAH,
    SHADDA,
    SUKUN,
)
from harakat.arabic.spelling.uthmani import lexicon
from harakat.arabic.spelling.uthmani.letters import (
    ALEF,
    ALEF_HAMZA_ABOVE,
    ALEF_HAMZA_BELOW,
    ALEF_MADDA,
    ALEF_WASLA,
    BAA,
    CLITICS,
    HAA,
    HAMZA,
    HAMZAS,
    LAM,
    SEEN,
    SHORT,
    TANWIN,
    WAW,
    WAW_HAMZA,
    YAA,
    YAA_HAMZA,
)
from harakat.arabic.spelling.uthmani.units import SEATED, Unit

__all__ = ["seat_hamza", "seat_marks", "settle_maddah", "settle_silent"]


def seat_marks(units: list[Unit]) -> None:
    """Join hamza above or below to its letter, and turn alef wasla into alef."""
    for index, unit in enumerate(units):
        for mark in (HAMZA_ABOVE, HAMZA_BELOW):
            if mark in unit.marks:
                seated = SEATED.get((unit.letter, mark))
                if seated is None:
                    continue
                unit.drop(mark)
                after_alef = index > 0 and units[index - 1].letter == ALEF
                final = index == len(units) - 1
                # A yaa that only seats the hamza after an alef (tilqa'i): everyday spelling has none.
                unit.letter = HAMZA if seated == YAA_HAMZA and final and after_alef else seated
        if unit.letter == ALEF_WASLA:
            unit.letter = ALEF


def _lengthened_alef(units: list[Unit], index: int) -> bool:
    """Return True where an alef with maddah is a long alef (before hamza or a doubled letter), not hamza and alef."""
    if index == 0:
        return False
    before = units[index - 1]
    if before.has(KASRA + DAMMA + SUKUN):
        return False
    if index == len(units) - 1:
        return True
    follower = units[index + 1]
    return follower.letter in HAMZAS or SHADDA in follower.marks


def settle_maddah(units: list[Unit], quranic: bool) -> list[Unit]:
    """Keep maddah only where it is a hamza with an alef, and then as one letter."""
    out: list[Unit] = []
    for index, unit in enumerate(units):
        composed = unit.letter == ALEF_MADDA
        if composed or (unit.letter == ALEF and MADDAH in unit.marks):
            unit.letter = ALEF if _lengthened_alef(units, index) else ALEF_MADDA
            if composed and index == len(units) - 1 and index > 0:
                # A final composed one is a dual (qara'a) unless it ends one of the words that the mushaf lengthens.
                before = units[index - 1]
                lengthened = FATHA in before.marks and (quranic or before.letter in lexicon.LENGTHENED_FINALS)
                unit.letter = ALEF if lengthened else ALEF_MADDA
        elif unit.letter == ALEF_HAMZA_ABOVE and MADDAH in unit.marks:
            unit.letter, unit.marks = ALEF_MADDA, unit.marks.replace(FATHA, "")
        unit.drop(MADDAH)
        out.append(unit)
    return out


def _merge(first: Unit, second: Unit, letter: str) -> Unit:
    return Unit(letter, "", first.start, second.end)


def _is_proclitic(units: list[Unit], index: int) -> bool:
    """Return True where everything before `index` can be proclitic particles, ending in bi- or li-."""
    return (
        0 < index <= 3
        and units[index - 1].letter in (BAA, LAM)
        and all(unit.letter in CLITICS for unit in units[:index])
    )


def seat_hamza(units: list[Unit]) -> list[Unit]:
    """Give free hamzas the seat of everyday spelling, by the vowels on both sides."""
    out: list[Unit] = []
    index = 0
    while index < len(units):
        unit = units[index]
        follower = units[index + 1] if index + 1 < len(units) else None
        before = out[-1] if out else None
        index += 1
        if unit.letter == ALEF_HAMZA_ABOVE and DAGGER_ALEF in unit.marks:
            unit.letter, unit.marks = ALEF_MADDA, ""
        if unit.letter != HAMZA:
            out.append(unit)
            continue
        long_a = DAGGER_ALEF in unit.marks
        alef_next = (
            follower is not None
            and follower.letter in (ALEF, ALEF_MADDA)
            and not follower.marks
            and not follower.silent
        )
        if before is None or before.letter == "":
            if alef_next and not unit.has(DAMMA + KASRA) and follower is not None:
                out.append(_merge(unit, follower, ALEF_MADDA))
                index += 1
                continue
            if long_a:
                unit.letter, unit.marks = ALEF_MADDA, ""
            elif follower is not None:
                unit.letter = ALEF_HAMZA_BELOW if KASRA in unit.marks else ALEF_HAMZA_ABOVE
            out.append(unit)
            continue
        if SUKUN in unit.marks and DAGGER_ALEF in before.marks:
            before.drop(DAGGER_ALEF)  # fa-ddara'tum: the dagger alef is the seat
        after_long_a = before.letter in (ALEF, ALEF_MADDA) or DAGGER_ALEF in before.marks
        after_yaa = before.letter == YAA and not before.has(FATHA + DAMMA)
        after_kasra = KASRA in before.marks
        if (alef_next or long_a) and not unit.has(DAMMA + KASRA + TANWIN) and not after_long_a:
            if (after_kasra or after_yaa) and not _is_proclitic(out, len(out)):
                unit.letter = YAA_HAMZA
                out.append(unit)
            elif alef_next and follower is not None:
                if unit.free_hamza or unit.has(FATHA) or _is_proclitic(out, len(out)):
                    out.append(_merge(unit, follower, ALEF_MADDA))
                    index += 1
                else:
                    out.append(unit)
            else:
                unit.letter, unit.marks = ALEF_MADDA, ""
                out.append(unit)
            continue
        unit.letter = _seat(unit, before, follower, after_long_a, after_yaa)
        if (
            unit.letter == ALEF_HAMZA_ABOVE
            and FATHATAN in unit.marks
            and follower is not None
            and follower.letter == ALEF
        ):
            # muttaka'an: no alef after a hamza on an alef.
            unit.end = follower.end
            index += 1
        out.append(unit)
    return out


def _seat(unit: Unit, before: Unit, follower: Unit | None, after_long_a: bool, after_yaa: bool) -> str:
    """Return the seat of one free hamza inside or at the end of a word."""
    if not unit.free_hamza and follower is None:
        return HAMZA
    questioning = before.letter == ALEF_HAMZA_ABOVE and FATHA in before.marks
    if KASRA in unit.marks and follower is not None:
        return YAA_HAMZA
    if KASRA in before.marks or (after_yaa and unit.free_hamza):
        if after_yaa and KASRA not in before.marks and follower is not None and follower.letter == SEEN:
            return ALEF_HAMZA_ABOVE  # the root of ya'isa
        return YAA_HAMZA
    if DAMMA in unit.marks:
        if after_long_a or before.letter == WAW:
            return HAMZA
        if questioning:
            return ALEF_HAMZA_ABOVE
        if follower is not None and follower.letter == WAW:
            return YAA_HAMZA if unit.free_hamza else HAMZA
        return WAW_HAMZA
    if SUKUN in unit.marks or FATHA in unit.marks or FATHATAN in unit.marks:
        if after_long_a or (before.letter == WAW and not before.has(SHORT)):
            return HAMZA
        if DAMMA in before.marks:
            return WAW_HAMZA
        if FATHATAN in unit.marks and FATHA not in before.marks:
            return YAA_HAMZA if unit.free_hamza else HAMZA
        if follower is None:
            return HAMZA
        return ALEF_HAMZA_ABOVE
    return YAA_HAMZA if unit.free_hamza and follower is not None else HAMZA


def settle_silent(units: list[Unit]) -> list[Unit]:
    """Keep the silent letters that everyday spelling writes, and remove the others."""
    out: list[Unit] = []
    for index, unit in enumerate(units):
        if not unit.silent:
            out.append(unit)
            continue
        before = out[-1] if out else None
        follower = units[index + 1] if index + 1 < len(units) else None
        if before is None:
            out.append(unit)
            continue
        if unit.letter == ALEF and follower is None:
            keep = _settle_final_hamza(out) if before.letter == WAW_HAMZA else before.letter == WAW
        elif unit.letter == ALEF:
            keep = follower is not None and follower.letter == YAA_HAMZA
        elif unit.letter == WAW:
            keep = before.letter == ALEF_HAMZA_ABOVE and follower is not None and follower.letter == LAM
        elif unit.letter == YAA:
            keep = False
            if before.letter == ALEF_HAMZA_BELOW and follower is not None and follower.letter == HAA:
                before.letter = YAA_HAMZA
        else:
            keep = True
        if keep:
            out.append(unit)
        else:
            before.end = unit.end
    return out


def _settle_final_hamza(out: list[Unit]) -> bool:
    """Seat a final hamza before a silent alef by the letter before it. Return True where the alef stays."""
    hamza, before = out[-1], out[-2] if len(out) > 1 else None
    if before is None:
        return True
    if before.letter in (ALEF, ALEF_MADDA) or DAGGER_ALEF in before.marks:
        hamza.letter = HAMZA
    elif FATHA in before.marks:
        hamza.letter = ALEF_HAMZA_ABOVE
    return False
