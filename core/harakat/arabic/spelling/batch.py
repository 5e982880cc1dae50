"""Everyday spelling of many words at once, each by itself.

The array twin of `harakat.arabic.spelling.imlai`, for callers that hold words.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harakat.arabic.spelling.imlai import find_signs, spell_word
from harakat.arabic.spelling.uthmani.rules_arrays import respell_plain

__all__ = ["spell_each"]

_FEW = 40
"""Words from which on arrays save more than they cost."""


def spell_each(words: Sequence[str], quranic: bool) -> list[str]:
    """Return each word in everyday spelling, as `harakat.arabic.spelling.imlai.spell_word` does.

    Args:
        words: None holds white space.
        quranic: Whether they stand in a text of the mushaf (`harakat.arabic.spelling.imlai.is_quranic`).
    """
    if len(words) < _FEW:
        return [spell_word(word, quranic) for word in words]
    if quranic:
        return [
            spell_word(word, True) if spelt is None else spelt
            for word, spelt in zip(words, respell_plain(words), strict=True)
        ]
    spelt = list(words)
    at = find_signs("\n".join(words))
    if at:
        ends = np.cumsum(np.fromiter(map(len, words), np.int64, len(words)) + 1)
        for place in np.unique(np.searchsorted(ends, at, side="right")).tolist():
            spelt[place] = spell_word(words[place], False)
    return spelt
