"""Texts with all of their marks, some, or none, as people write them."""

from __future__ import annotations

import random
import re

from harakat.arabic.marks.diacritics import strip_marks

__all__ = ["thinned"]

_ALL, _NONE = 0.4, 0.3
_KEPT = (0.15, 0.4, 0.7)
_WORDS = re.compile(r"\S+")


def thinned(text: str, chance: random.Random) -> str:
    """Return a text with all marks (two times in five), none (three in ten), or those of some of its words.

    In the last case each word keeps its marks by itself, with a chance that is drawn for the whole text.

    Args:
        text: Any text.
        chance: Source of the choices.
    """
    kind = chance.random()
    if kind < _ALL:
        return text
    if kind < _ALL + _NONE:
        return strip_marks(text)
    kept = chance.choice(_KEPT)
    return _WORDS.sub(lambda word: word[0] if chance.random() < kept else strip_marks(word[0]), text)
