"""Training examples: phrases with their teacher's vectors, words with their contrasts, queries with their passages."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harakat.arabic import markcodes
from harakat.errors import RecordError
from harakat.training.mini import texts
from harakat.training.mini.batches import Sequence_
from harakat.training.mini.judge import CARRIERS, conflict
from harakat.training.mini.scenes import scene

__all__ = ["Words", "bare_codes", "phrases", "render", "spans", "thinned"]

_CASE_BITS = np.int64((1 << 60) - 1)
_SHADDA, _FATHATAN = 8, 4
_FEW_TOKENS = 20
_CLAUSE = re.compile("[.:\u061b\u060c\u061f!]")


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


def phrases(folder: Path, count: int, seed: int) -> list[str]:
    """Return about `count` varied texts to hold the student to its teacher on, marked where their source is."""
    chance = random.Random(seed)
    commentary = [text for _, text in texts.commentaries(folder)]
    verses = [text for key, text in texts.verses().items() if not texts.surah_is_dev(key)]
    lemmas = [lemma for _, group in texts.synsets(folder, dev=False) for lemma in group]
    result = spans(texts.prose(folder, dev=False), int(count * 0.27), chance)
    result += spans(commentary, int(count * 0.25), chance)
    result += chance.sample(verses, min(len(verses), int(count * 0.08)))
    for _ in range(int(count * 0.05)):
        at = chance.randrange(len(verses) - 5)
        result.append(" ".join(verses[at : at + chance.randint(2, 5)]))
    result += chance.sample(lemmas, min(len(lemmas), int(count * 0.1)))
    result += [chance.choice(CARRIERS).format(chance.choice(lemmas)) for _ in range(int(count * 0.03))]
    result += list({scene(chance) for _ in range(int(count * 0.24))})
    chance.shuffle(result)
    return result


@dataclass(frozen=True)
class Triplet:
    """An anchor, a synonym, and the same letters vowelled as another word ("" where the anchor has no marks)."""

    anchor: str
    positive: str
    negative: str
    base: str


class Words:
    """Synonyms and homographs of the training synsets.

    No pair of words that share a held-out synset is ever drawn.

    Args:
        folder: The data folder.
        attested: {base letters: mark strings} of a fully marked corpus, for negatives that exist.
        dropped: Share (one in so many) of base forms that never appear here, so that they can be judged.
    """

    def __init__(self, folder: Path, attested: dict[str, list[tuple[int, ...]]], dropped: int = 6) -> None:
        self.groups: list[list[str]] = []
        self.homes: dict[str, set[int]] = defaultdict(set)
        self.patterns: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        self.forms: dict[str, set[tuple[int, ...]]] = defaultdict(set)
        self.where: dict[tuple[str, tuple[int, ...]], set[int]] = defaultdict(set)
        for _, lemmas in texts.synsets(folder, dev=False):
            kept = []
            for lemma in lemmas:
                base, classes = markcodes.separate(lemma)
                if not texts.held_out(base, dropped):
                    kept.append(lemma)
                    self.homes[base].add(len(self.groups))
                    if " " not in base and sum(1 for value in classes[:-1] if value) * 2 >= len(base) - 1:
                        self.forms[base].add(tuple(classes))
                        self.patterns[len(base)].append(tuple(classes))
                    self.where[base, tuple(classes)].add(len(self.groups))
            self.groups.append(kept)
        self.forbidden = {
            frozenset((texts.strip_marks(a), texts.strip_marks(b)))
            for _, lemmas in texts.synsets(folder, dev=True)
            for a in lemmas
            for b in lemmas
        }
        self.usable = self._usable(range(len(self.groups)))
        if not self.usable:
            raise RecordError(f"{folder}/awn_synsets holds no synset with two words to train on")
        self.attested = {base: forms for base, forms in attested.items() if not texts.held_out(base, dropped)}
        self.clashing = [
            base
            for base, forms in self.attested.items()
            if any(conflict(forms[0], other) for other in forms[1:4]) and len(base) > 2
        ]
        self.known = [
            (base, first, second)
            for base, forms in self.forms.items()
            for first in sorted(forms)
            for second in sorted(forms)
            if conflict(first, second) and not self.where[base, first] & self.where[base, second]
        ]
        """Two words of the synsets with the same letters."""
        self.marked = [base for base, forms in self.forms.items() if forms]

    def _usable(self, indices: Sequence[int]) -> list[int]:
        """Return the groups with a pair of different words, one of them a single word, that are not held out."""
        return [
            index
            for index in indices
            if any(
                self._pair(texts.strip_marks(first), texts.strip_marks(second))
                for first in self.groups[index]
                if " " not in first
                for second in self.groups[index]
            )
        ]

    def _pair(self, first: str, second: str) -> bool:
        return first != second and frozenset((first, second)) not in self.forbidden

    def related(self, first: str, second: str) -> bool:
        """True where two base forms share a synset."""
        return bool(self.homes[first] & self.homes[second])

    def clash(self, chance: random.Random) -> tuple[str, str, str]:
        """Return one word vowelled in two ways that conflict, and bare; the first way is the commoner one."""
        kind = chance.random()
        if self.known and kind < 0.25:
            base, first, second = chance.choice(self.known)
            return self._ended(base, first, chance), self._ended(base, second, chance), base
        if self.clashing and kind < 0.6:
            base = chance.choice(self.clashing)
            forms = self.attested[base]
            first = forms[0]
            second = chance.choice([other for other in forms[1:] if conflict(first, other)])
            return self._ended(base, first, chance), self._ended(base, second, chance), base
        base = chance.choice(self.marked)
        form = chance.choice(sorted(self.forms[base]))
        return self._ended(base, form, chance), self.negative(base, form, chance) or base, base

    def _ended(self, base: str, form: tuple[int, ...], chance: random.Random) -> str:
        if form[-1] >= 8 or chance.random() < 0.5:
            return render(base, form)
        return render(base, [*form[:-1], chance.choice((1, 2, 3, 5, 6))])

    def draw(self, chance: random.Random) -> Triplet:
        """Draw one triplet: half of the anchors with marks where any lemma of the synset has them."""
        while True:
            group = self.groups[chance.choice(self.usable)]
            single = [word for word in group if " " not in word] if chance.random() < 0.85 else group
            if len(single) < 2:
                continue
            marked = [word for word in single if texts.strip_marks(word) != word]
            anchor = chance.choice(marked if marked and chance.random() < 0.75 else single)
            base, classes = markcodes.separate(anchor)
            others = [word for word in group if self._pair(base, texts.strip_marks(word))]
            if not others:
                continue
            positive = chance.choice(others)
            if chance.random() < 0.4:
                positive = texts.strip_marks(positive)
            if not any(classes[:-1]) or chance.random() < 0.15:
                return Triplet(base, positive, "", base)
            negative = self.negative(base, tuple(classes), chance)
            if chance.random() < 0.3:  # other case endings change nothing
                anchor = render(
                    base, [*classes[:-1], chance.choice((0, 1, 2, 3, 5, 6))] if classes[-1] < 8 else classes
                )
            return Triplet(anchor, positive, negative, base)

    def negative(self, base: str, classes: tuple[int, ...], chance: random.Random) -> str:
        """Return the same letters vowelled as another word: one that exists if one is known, else a pattern."""
        known = [
            other
            for other in (*self.forms.get(base, ()), *self.attested.get(base, ()))
            if conflict(classes, other) and not self.where.get((base, other), set()) & self.where[base, classes]
        ]
        if known and chance.random() < 0.6:
            return render(base, chance.choice(known))
        for _ in range(20):
            pattern = chance.choice(self.patterns[len(base)] or [()])
            if pattern and conflict(classes, pattern):
                return render(base, pattern)
        inner = [index for index, value in enumerate(classes[:-1]) if value]
        if not inner:
            return ""
        at = chance.choice(inner)
        changed = chance.choice([value for value in (1, 2, 3, 7, 9, 11) if conflict([classes[at], 0], [value, 0])])
        return render(base, [*classes[:at], changed, *classes[at + 1 :]])
