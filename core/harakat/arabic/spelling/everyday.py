"""Every way of writing the same words as one text: all rules of this package, in their order.

`to_everyday` is `harakat.arabic.to_imlai` with the rules about letters of other keyboards, compatibility characters,
digits, signs that touch a word and other mushafs before it. Like that it is for what is embedded or analysed; what is
stored and shown stays the original. A word takes one thing from the text around it, its `reading`, so words can be
cached. Mark-up and text out of PDFs are rules of their own, for texts that need them (`harakat.arabic.strip_markup`,
`harakat.arabic.repair_pdf_text`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from harakat.arabic.spelling.batch import spell_each
from harakat.arabic.spelling.compatibility import FORMS, PHRASES
from harakat.arabic.spelling.imlai import MUSHAF_SIGNS, is_quranic, spell_word
from harakat.arabic.spelling.keyboards import DIGITS, LETTERS
from harakat.arabic.spelling.mushafs import ALEF_DAGGER, HINTS, is_indopak, to_medina
from harakat.arabic.spelling.touching import SIGNS, STOPS, bare_word, part_words
from harakat.arabic.spelling.uthmani.letters import ALEF_WASLA
from harakat.errors import TextTypeError

__all__ = ["RULES_VERSION", "Reading", "everyday_each", "everyday_word", "reading_of", "to_everyday"]

RULES_VERSION = "everyday-1"
"""Raised whenever a rule of this module changes a word; a part of the identity of tokenizers that use it."""

_ROUNDS = 8
# Direction controls, soft hyphen, zero-width characters but the non-joiner: neither letters nor signs.
_CONTROLS = "\u00ad\u061c\u200b\u200d\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
_CONTROL = re.compile(f"[{_CONTROLS}]")
_FOLDED = str.maketrans({**LETTERS, **FORMS, **PHRASES, **DIGITS})
_FINAL_YEH = re.compile("(?<=[\u064b\u064e\u0670])\u06cc(?![\u0610-\u061a\u0620-\u06d3\u06d5-\u06ff])")
_STOPPED = "(?<=[\u0620-\u065f\u0670])[.,;:!?\u060c\u061b\u061f\u2026\u06d4]+(?=[\u0620-\u064a]|[^\\w\\s])"
_TOUCHED = re.compile(f"[{''.join(map(re.escape, (*map(chr, _FOLDED), *SIGNS)))}{_CONTROLS}]|{_STOPPED}")

_HINT = re.compile(f"[{MUSHAF_SIGNS}{HINTS}]")

_EDGE = ord("\n")
_TOUCHING, _STOP = 1, 2


def _kinds() -> NDArray[np.uint8]:
    """Return the kind of each character: one that calls for a rule here, a stop, or 0."""
    kinds = np.zeros(0xFF01, np.uint8)
    kinds[[*_FOLDED, *map(ord, SIGNS)]] = _TOUCHING
    kinds[[point for point in range(0xFF00) if _CONTROL.match(chr(point))]] = _TOUCHING
    kinds[[ord(stop) for stop in STOPS]] = _STOP
    kinds[-1] = 0
    return kinds


_KINDS = _kinds()


class Reading(IntEnum):
    """Kind of text that a word stands in."""

    EVERYDAY = 0
    """No sign of a mushaf."""
    MEDINA = 1
    """Spelling of the mushaf as `harakat.arabic.to_imlai` knows it."""
    INDOPAK = 2
    """Spelling of the mushafs of India and Pakistan."""
    ALONE = 3
    """No sign of a mushaf, and the word is the whole text."""


def reading_of(text: str) -> Reading:
    """Return the kind of text that the words of `text` are read in."""
    if ALEF_WASLA in text:  # most texts of the mushaf hold one
        return Reading.MEDINA
    if _HINT.search(text) is not None or ALEF_DAGGER in text:
        if is_indopak(text):
            return Reading.INDOPAK
        if is_quranic(text):
            return Reading.MEDINA
    return Reading.EVERYDAY if " " in text or len(text.split()) > 1 else Reading.ALONE


def to_everyday(text: str) -> str:
    """Return a text in everyday spelling, whatever keyboard, print or mushaf it comes from; marks are kept.

    Args:
        text: Any text.

    Returns:
        The words of the text with one space between them. Applying it twice changes nothing more.

    Raises:
        TextTypeError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise TextTypeError(f"to_everyday takes a str, not {type(text).__name__}: {text!r:.80}")
    reading = reading_of(text)
    return " ".join([part for word in text.split() for part in everyday_word(word, reading).split()])


def everyday_word(word: str, reading: Reading) -> str:
    """Return the everyday spelling of a word in a text.

    Args:
        word: Holds no white space.
        reading: Of that text, from `reading_of`.

    Returns:
        No word, one, or several with spaces between them.
    """
    if _CONTROL.search(word) is not None:
        word = _CONTROL.sub("", word)
    if reading != Reading.INDOPAK:
        bare = bare_word(word)
        if bare is not None:
            return spell_word(bare, reading == Reading.MEDINA)
    spelt = _once(word, reading)
    # A sign of the mushaf may have stood between a word and a sign that touches it.
    for _ in range(_ROUNDS):
        if _TOUCHED.search(spelt) is None:
            break
        again = " ".join([_once(part, Reading.EVERYDAY) for part in spelt.split()])
        if again == spelt:
            break
        spelt = again
    return spelt


def _once(word: str, reading: Reading) -> str:
    quranic = reading in (Reading.MEDINA, Reading.INDOPAK)
    if _TOUCHED.search(word) is not None:
        word = part_words(_FINAL_YEH.sub("\u0649", word).translate(_FOLDED))
    if reading == Reading.INDOPAK:
        word = " ".join([to_medina(part) for part in word.split()])
    if " " not in word:
        return spell_word(word, quranic)
    return " ".join([spell_word(part, quranic) for part in word.split()])


def everyday_each(words: Sequence[str], reading: Reading) -> list[str]:
    """Return each word as `everyday_word` does, many words at once.

    Args:
        words: None holds white space.
        reading: Of the text that they stand in.
    """
    if reading == Reading.INDOPAK:
        return [everyday_word(word, reading) for word in words]
    codes = np.frombuffer(("\n".join(words) + "\n").encode("utf-32-le", "surrogatepass"), "<u4")
    kinds = _KINDS[np.minimum(codes, len(_KINDS) - 1)]
    stops = kinds == _STOP
    stops[:-1] &= (kinds[1:] != _STOP) & (codes[1:] != _EDGE)
    at = np.flatnonzero((kinds == _TOUCHING) | stops)
    if not len(at):
        return spell_each(words, reading == Reading.MEDINA)
    ends = np.cumsum(np.fromiter(map(len, words), np.int64, len(words)) + 1)
    touched = np.unique(np.searchsorted(ends, at, side="right")).tolist()
    spelt = list(words)
    for place in touched:
        spelt[place] = ""
    spelt = spell_each(spelt, reading == Reading.MEDINA)
    for place in touched:
        spelt[place] = everyday_word(words[place], reading)
    return spelt
