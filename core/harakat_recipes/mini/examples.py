"""Training examples: texts to hold to the teacher, and the marks that a step shows of a text."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from harakat.arabic.marks import codes as markcodes
from harakat.data.held_out import is_held_out_surah
from harakat_recipes.mini import texts
from harakat_recipes.mini.batches import TokenSequence
from harakat_recipes.mini.scenes import scene

__all__ = ["bare_codes", "phrases", "render", "spans", "thinned"]

_CASE_BITS = np.int64((1 << 60) - 1)
_SHADDA, _FATHATAN = 8, 4
_FEW_TOKENS = 20
_CLAUSE = re.compile("[.:\u061b\u060c\u061f!]")


def render(base: str, classes: Sequence[int]) -> str:
    """Return the text of letters and their mark classes."""
    return "".join(letter + markcodes.marks_of(value) for letter, value in zip(base, classes, strict=True))


def bare_codes(sequence: TokenSequence) -> TokenSequence:
    """Return the same text without its marks."""
    return TokenSequence(sequence.ids, np.zeros_like(sequence.marks))


def thinned(sequence: TokenSequence, chance: random.Random) -> TokenSequence:
    """Return the same text with all of its marks, some, or none, as people write it."""
    if not sequence.marks.any():
        return sequence
    kind = chance.random()
    if kind < 0.35:
        return sequence
    if kind < 0.55:
        return bare_codes(sequence)
    if kind < 0.68:  # no case endings, as in dictionaries and in modern books
        return TokenSequence(sequence.ids, sequence.marks & _CASE_BITS)
    if kind < 0.72:  # nothing but case endings
        return TokenSequence(sequence.ids, sequence.marks & ~_CASE_BITS)
    if kind < 0.79:
        return _typed(sequence, chance)
    if len(sequence.ids) <= _FEW_TOKENS:  # a marked word among bare ones is a contrast's business
        return sequence
    noise = np.random.default_rng(chance.getrandbits(32))
    share = chance.choice((0.15, 0.4, 0.7))
    if kind < 0.87:  # whole words at random; pieces stand in for words
        keep = noise.random(len(sequence.marks)) < share
        return TokenSequence(sequence.ids, np.where(keep, sequence.marks, 0))
    mask = np.zeros(len(sequence.marks), np.uint64)
    for slot in range(markcodes.SLOTS):
        keep = (noise.random(len(mask)) < share).astype(np.uint64)
        mask |= (keep * np.uint64(15)) << np.uint64(4 * slot)
    return TokenSequence(sequence.ids, sequence.marks & mask.view(np.int64))


def _typed(sequence: TokenSequence, chance: random.Random) -> TokenSequence:
    """Return the same text with the marks that bare texts are typed with: a shadda or two, the tanwin of an adverb."""
    marks = np.zeros_like(sequence.marks)
    found = []
    for index in np.flatnonzero(sequence.marks):
        for slot, value in enumerate(markcodes.unpack(int(sequence.marks[index]))):
            if _SHADDA <= value < markcodes.CLASSES - 1:
                found.append((index, slot, _SHADDA))
            elif slot == markcodes.CASE_SLOT and value == _FATHATAN:
                found.append((index, slot, value))
    for index, slot, value in chance.sample(found, min(len(found), chance.randint(1, 3))):
        at_end = slot == markcodes.CASE_SLOT
        marks[index] |= np.int64(markcodes.pack([], value) if at_end else markcodes.pack([0] * slot + [value]))
    return TokenSequence(sequence.ids, marks)


def spans(source: Sequence[str], count: int, chance: random.Random, *, longest: int = 110) -> list[str]:
    """Cut `count` spans out of texts, from three words to `longest`, half of them beginning at a clause."""
    found: list[str] = []
    while len(found) < count:
        words = chance.choice(source).split()
        kind = chance.random()
        size = (
            chance.randint(3, 12)
            if kind < 0.45
            else chance.randint(12, 40)
            if kind < 0.85
            else chance.randint(40, longest)
        )
        start = chance.randrange(max(1, len(words) - size))
        if chance.random() < 0.5:
            while start and not _CLAUSE.search(words[start - 1]):
                start -= 1
        found.append(" ".join(words[start : start + size]))
    return found


def phrases(folder: Path, count: int, seed: int, scenes: float) -> list[str]:
    """Return about `count` varied texts to hold the student to its teacher on, marked where their source is.

    Args:
        folder: Data folder.
        count: Number of texts; fewer are returned where sentences come out the same.
        seed: Seed of the choice.
        scenes: Share of everyday sentences.
    """
    chance = random.Random(seed)
    commentary = [text for _, text in texts.commentaries(folder)]
    verses = [text for key, text in texts.verses().items() if not is_held_out_surah(key)]
    rest = count * (1 - scenes)
    found = spans(texts.prose(folder, dev=False), int(rest * 0.355), chance)
    found += spans(commentary, int(rest * 0.329), chance)
    found += chance.sample(verses, min(len(verses), int(rest * 0.105)))
    for _ in range(int(rest * 0.066)):
        at = chance.randrange(len(verses) - 5)
        found.append(" ".join(verses[at : at + chance.randint(2, 5)]))
    # No single words, nor sentences about one: the teacher sees too little of a word, and dictionaries say more.
    found += dict.fromkeys(scene(chance) for _ in range(int(count * scenes)))
    chance.shuffle(found)
    return found
