"""Training examples: phrases to hold to the teacher, and the marks that a step shows of a text."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harakat.arabic.marks import codes as markcodes
from harakat_recipes.mini import lexicon, texts
from harakat_recipes.mini.batches import Sequence_
from harakat_recipes.mini.scenes import scene

__all__ = ["Phrase", "bare_codes", "phrases", "render", "reworded", "spans", "thinned"]

_CASE_BITS = np.int64((1 << 60) - 1)
_SHADDA, _FATHATAN = 8, 4
_FEW_TOKENS = 20
_ARTICLE = "ال"
_CLAUSE = re.compile("[.:\u061b\u060c\u061f!]")


class Phrase(NamedTuple):
    """A text to hold the student on, marked where its source is, and whether it is an everyday sentence."""

    text: str
    everyday: bool


def render(base: str, classes: Sequence[int]) -> str:
    """Write letters and mark classes as text again."""
    return "".join(letter + markcodes.marks_of(value) for letter, value in zip(base, classes, strict=True))


def bare_codes(sequence: Sequence_) -> Sequence_:
    """The same text without its marks."""
    return Sequence_(sequence.ids, np.zeros_like(sequence.marks))


def thinned(sequence: Sequence_, chance: random.Random) -> Sequence_:
    """The same text with all of its marks, some, or none, as people write it."""
    if not sequence.marks.any():
        return sequence
    kind = chance.random()
    if kind < 0.35:
        return sequence
    if kind < 0.55:
        return bare_codes(sequence)
    if kind < 0.68:  # no case endings, as in dictionaries and in modern books
        return Sequence_(sequence.ids, sequence.marks & _CASE_BITS)
    if kind < 0.72:  # nothing but case endings
        return Sequence_(sequence.ids, sequence.marks & ~_CASE_BITS)
    if kind < 0.79:
        return _typed(sequence, chance)
    if len(sequence.ids) <= _FEW_TOKENS:  # a marked word among bare ones is a contrast's business
        return sequence
    noise = np.random.default_rng(chance.getrandbits(32))
    share = chance.choice((0.15, 0.4, 0.7))
    if kind < 0.87:  # whole words at random; pieces stand in for words
        keep = noise.random(len(sequence.marks)) < share
        return Sequence_(sequence.ids, np.where(keep, sequence.marks, 0))
    mask = np.zeros(len(sequence.marks), np.uint64)
    for slot in range(markcodes.SLOTS):
        keep = (noise.random(len(mask)) < share).astype(np.uint64)
        mask |= (keep * np.uint64(15)) << np.uint64(4 * slot)
    return Sequence_(sequence.ids, sequence.marks & mask.view(np.int64))


def _typed(sequence: Sequence_, chance: random.Random) -> Sequence_:
    """The same text with the marks that bare texts are typed with: a shadda or two, the tanwin of an adverb."""
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
    return Sequence_(sequence.ids, marks)


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


def phrases(
    folder: Path, count: int, seed: int, scenes: float = 0.24, told: float = 0.0, paragraphs: float = 0.0
) -> list[Phrase]:
    """Return about `count` varied texts to hold the student to its teacher on.

    Args:
        folder: The data folder.
        count: How many; less where sentences come out the same.
        seed: Of the choice.
        scenes: Share of everyday sentences.
        told: Share of those that get words of the lexicon in the place of their own.
        paragraphs: How many everyday texts of two to ten such sentences there are beside them, as a share of them.
    """
    chance = random.Random(seed)
    commentary = [text for _, text in texts.commentaries(folder)]
    verses = [text for key, text in texts.verses().items() if not texts.surah_is_dev(key)]
    rest = count * (1 - scenes)
    result = spans(texts.prose(folder, dev=False), int(rest * 0.355), chance)
    result += spans(commentary, int(rest * 0.329), chance)
    result += chance.sample(verses, min(len(verses), int(rest * 0.105)))
    for _ in range(int(rest * 0.066)):
        at = chance.randrange(len(verses) - 5)
        result.append(" ".join(verses[at : at + chance.randint(2, 5)]))
    # No single words, nor sentences about one: the teacher sees too little of a word, and dictionaries say more.
    everyday = list(dict.fromkeys(scene(chance) for _ in range(int(count * scenes))))
    if told:
        words = [markcodes.separate(word)[0] for word, verb, _ in lexicon.lemmas(folder) if not verb]
        few = int(len(everyday) * told)
        everyday[:few] = [reworded(sentence, words, chance) for sentence in everyday[:few]]
    everyday += [
        ". ".join(chance.sample(everyday, min(len(everyday), chance.randint(2, 10))))
        for _ in range(int(len(everyday) * paragraphs))
    ]
    found = [*(Phrase(text, False) for text in result), *(Phrase(text, True) for text in everyday)]
    chance.shuffle(found)
    return found


def reworded(sentence: str, words: Sequence[str], chance: random.Random) -> str:
    """Put one of `words`, or two, into `sentence` in the place of its own; an article stays."""
    parts = sentence.split()
    for at in chance.sample(range(len(parts)), min(len(parts), chance.randint(1, 2))):
        article = _ARTICLE if parts[at].startswith(_ARTICLE) else ""
        parts[at] = article + chance.choice(words).removeprefix(article)
    return " ".join(parts)
