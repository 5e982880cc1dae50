"""Rules that bring one Uthmani word to everyday spelling, in their order.

A word is read as units, the rules rewrite the list of units, and the units are written out again. Rules come first;
what no rule can know stands in `harakat.arabic.spelling.uthmani.lexicon`.
"""

from __future__ import annotations

from difflib import SequenceMatcher

from harakat.arabic.marks.diacritics import (
    DAGGER_ALEF,
    DAMMATAN,
    FATHA,
    HAMZA_ABOVE,
    HAMZA_BELOW,
    KASRA,
    KASRATAN,
    MADDAH,
    SHADDA,
    SUKUN,
)
from harakat.arabic.spelling.uthmani import lexicon
from harakat.arabic.spelling.uthmani.hamza import seat_hamza, seat_marks, settle_maddah, settle_silent
from harakat.arabic.spelling.uthmani.letters import (
    ALEF,
    ALEF_HAMZA_ABOVE,
    ALEF_MADDA,
    ALEF_MAKSURA,
    ALEF_WASLA,
    FAA,
    FARSI_YAA,
    HAMZA,
    LAM,
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
from harakat.arabic.spelling.uthmani.marks import settle_assimilation, settle_marks
from harakat.arabic.spelling.uthmani.units import SMALL_LETTERS, Unit, parse, settle_small_letters, settle_tatweel

__all__ = ["respell"]

_PLURAL_ENDING = WAW + ALEF
# What in a word calls for a rule: hamza above and below and alef wasla, maddah, free hamzas.
_SEATED = HAMZA_ABOVE + HAMZA_BELOW + ALEF_WASLA
_LENGTHENED = MADDAH + ALEF_MADDA
_FREE = HAMZA + HAMZA_ABOVE + HAMZA_BELOW


def respell(word: str, quranic: bool = False) -> list[Unit]:
    """Return a word in everyday spelling.

    Args:
        word: Arabic letters and marks, no spaces.
        quranic: The word stands in Uthmani text, so that marks of assimilation are settled too.

    Returns:
        The units of the everyday word, each with its place in `word`; their letters and marks, joined, are the
        word. A unit whose letter is a space divides two words.
    """
    units = settle_tatweel(parse(word))
    cut = _split_vocative(units)
    if cut:
        place = units[cut - 1].end
        head, tail = _respell(units[:cut], word, quranic), _respell(units[cut:], word, quranic)
        return [*head, Unit(" ", "", place, place), *tail]
    return _respell(units, word, quranic)


def _respell(units: list[Unit], source: str, quranic: bool) -> list[Unit]:
    # Most words hold what one or two of these rules are about.
    held = frozenset(source)
    if not held.isdisjoint(SMALL_LETTERS):
        units = settle_small_letters(units)
    settle_marks(units, source)
    if not held.isdisjoint(_SEATED):
        seat_marks(units)
    if ALEF_MAKSURA in held:
        _settle_yaa(units)
    if not held.isdisjoint(_LENGTHENED):
        units = settle_maddah(units, quranic)
    if not held.isdisjoint(_FREE) or DAGGER_ALEF in held:
        units = seat_hamza(units)
    units = settle_silent(units)
    if DAGGER_ALEF in held:
        units = _settle_daggers(units)
    if SHADDA in held:
        units = _settle_lam(units)
    if quranic:
        settle_assimilation(units)
    return _apply_exceptions(units)


def _split_vocative(units: list[Unit]) -> int:
    """Return the number of units of a joined ya or ha that everyday spelling writes apart; 0 if there is none."""
    skeleton = "".join((unit.letter or " ") + (DAGGER_ALEF if DAGGER_ALEF in unit.marks else "") for unit in units)
    match = lexicon.VOCATIVE.match(skeleton)
    return 0 if match is None else len(match.group(1).replace(DAGGER_ALEF, ""))


def _settle_yaa(units: list[Unit]) -> None:
    """Give an undotted yaa that is pronounced as yaa its dots."""
    for index, unit in enumerate(units):
        if unit.letter != ALEF_MAKSURA or DAGGER_ALEF in unit.marks:
            continue
        inside = index < len(units) - 1
        after_kasra = index > 0 and KASRA in units[index - 1].marks
        if inside or after_kasra or unit.has(SHORT + SHADDA + SUKUN + DAMMATAN + KASRATAN):
            unit.letter = YAA


def _settle_daggers(units: list[Unit]) -> list[Unit]:
    """Turn dagger alefs into alefs, except over a final alef maksura and in words that never write one."""
    silent_words = _unwritten(units)
    vowelled = any(unit.has(VOWELLED) for unit in units)
    out: list[Unit] = []
    skip = False
    for index, unit in enumerate(units):
        if skip:
            skip = False
            out[-1].end = unit.end
            continue
        if DAGGER_ALEF not in unit.marks:
            out.append(unit)
            continue
        follower = units[index + 1] if index + 1 < len(units) else None
        last = follower is None
        unit.drop(DAGGER_ALEF)
        out.append(unit)
        if index in silent_words:
            if vowelled and unit.letter != "" and not unit.has(SHORT):
                unit.marks += FATHA
            continue
        if unit.letter == FARSI_YAA and last:
            continue
        if unit.letter == ALEF_MAKSURA or (unit.letter == YAA and not unit.has(SHORT) and index > 0):
            unit.letter = ALEF_MAKSURA if last else ALEF
            if not last:
                unit.drop(SHADDA)
            continue
        if unit.letter == WAW and not unit.has(SHORT) and follower is not None:
            consonant = index > 0 and FATHA in units[index - 1].marks and vowelled
            if follower.letter == TAA_MARBUTA or (consonant and follower.letter != ALEF):
                unit.letter = ALEF
                continue
            if follower.letter == ALEF and index + 2 == len(units):
                unit.letter = ALEF
                skip = True
                continue
        if unit.letter in (ALEF, ALEF_MADDA):
            continue
        if follower is not None:
            if follower.letter in (ALEF, ALEF_MADDA) and not follower.marks:
                continue
            if follower.letter == ALEF_MAKSURA and not follower.has(VOWELLED):
                if index + 2 < len(units):
                    follower.letter = ALEF
                continue
            after = units[index + 2] if index + 2 < len(units) else None
            if follower.letter == WAW and not follower.marks and after is not None and after.letter == TAA_MARBUTA:
                follower.letter = ALEF
                continue
        out.append(Unit(ALEF, "", unit.start, unit.end))
    return out


def _unwritten(units: list[Unit]) -> set[int]:
    """Return the indices of units whose dagger alef everyday spelling leaves out (hadha, dhalika, lakin, ilah, …)."""
    skeleton = "".join(unit.letter + (DAGGER_ALEF if DAGGER_ALEF in unit.marks else "") for unit in units)
    match = lexicon.UNWRITTEN_ALEF.search(skeleton)
    if match is None:
        return set()
    at = 0
    for index, unit in enumerate(units):
        at += len(unit.letter) + (DAGGER_ALEF in unit.marks)
        if at == match.end():
            return {index}
    return set()


def _settle_lam(units: list[Unit]) -> list[Unit]:
    """Write both lams of the words for the night, the two who, and those (f.), as everyday spelling does."""
    skeleton = "".join(unit.letter or " " for unit in units)
    match = lexicon.DOUBLE_LAM.search(skeleton)
    if match is None:
        return units
    at = match.end(1) - 1
    lam = units[at]
    if SHADDA not in lam.marks or (lexicon.DUAL_RELATIVE.search(skeleton) and not _dual(units, at)):
        return units
    return [*units[:at], Unit(LAM, "", lam.start, lam.end), *units[at:]]


def _dual(units: list[Unit], at: int) -> bool:
    """Return True for alladhayni, which has a fatha on the dhal, and False for alladhina."""
    return FATHA in units[at + 1].marks


def _apply_exceptions(units: list[Unit]) -> list[Unit]:
    """Spell whole words whose everyday spelling is a fact of the lexicon."""
    if len(units) < 2 or not units[0].letter:
        return units
    last, before = units[-1], units[-2]
    if last.letter == ALEF_HAMZA_ABOVE and before.letter == WAW and not before.marks:
        last.letter = HAMZA  # tanu'u: no seat after a long vowel
    if last.letter == YAA_HAMZA and before.letter == ALEF:
        last.letter = HAMZA  # tilqa'i, with the yaa that only seats the hamza
    if (
        units[0].letter in (WAW, FAA)
        and [unit.letter for unit in units[1:4]] == [SEEN, ALEF_HAMZA_ABOVE, LAM]
        and SUKUN in units[1].marks
    ):
        # wa-s'al: the alef of the imperative, which the mushaf leaves out.
        place = units[0].end
        units.insert(1, Unit(ALEF, "", place, place))
    bare = "".join(unit.letter for unit in units)
    if bare.endswith(TAA) and units[-1].has(VOWELLED) and FATHA in units[-2].marks and lexicon.open_taa(bare):
        units[-1].letter = TAA_MARBUTA
        return units
    tanwin = any(unit.has(TANWIN) for unit in units[-2:])
    found = lexicon.whole_word(bare, tanwin)
    if found is None or (bare.endswith(_PLURAL_ENDING) and len(units) > 2 and FATHA in units[-3].marks):
        return units  # banaw, they built: the alef is the everyday one
    return _rewrite(units, *found)


def _rewrite(units: list[Unit], keep: int, letters: str) -> list[Unit]:
    """Write `letters` in place of the units after the first `keep`, marks staying with the letters they share."""
    out, tail = units[:keep], units[keep:]
    bare = "".join(unit.letter for unit in tail)
    for what, first, last, new_first, new_last in SequenceMatcher(None, bare, letters, False).get_opcodes():
        old, new = tail[first:last], letters[new_first:new_last]
        if what == "equal":
            out += old
            continue
        place = old[0].start if old else out[-1].end if out else 0
        fresh = max(0, len(new) - len(old))
        split_madda = bool(old) and old[0].letter == ALEF_MADDA
        out += [Unit(letter, "", place, place) for letter in new[:fresh]]
        for unit, letter in zip(old, new[fresh:], strict=False):
            unit.letter = letter
            out.append(unit)
        for unit in old[len(new) :]:
            out[-1].end = unit.end
        if split_madda:
            # Hamza and alef in one letter come apart: the hamza had the fatha.
            for unit in out[-len(new) :]:
                unit.marks = FATHA if unit.letter == ALEF_HAMZA_ABOVE else unit.marks
    return out
