"""Synonyms and homographs: triplets of words, and pairs of conflicting vowellings."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harakat.arabic.marks import codes as markcodes
from harakat.arabic.marks.codes import conflict
from harakat.data.held_out import one_in
from harakat.errors import RecordError
from harakat_recipes.mini import lexicon, texts, thesaurus, wordnet
from harakat_recipes.mini.examples import render

__all__ = ["Triplet", "Words"]


@dataclass(frozen=True)
class Triplet:
    """An anchor, a synonym, and the same letters vowelled as another word ("" where the anchor has no marks)."""

    anchor: str
    positive: str
    negative: str
    base: str


class Words:
    """Synonyms and homographs of the training synsets, and of dictionaries where they are asked for.

    No pair of words that share a held-out synset is ever drawn, from whichever source.

    Args:
        folder: Data folder.
        attested: {base letters: mark strings} of a fully marked corpus, for negatives that exist.
        sources: {"synsets", "thesaurus", "lexicon" or "wordnet": how often a triplet is drawn from it}; a source that
            is not named is not read.
        dropped: Share (one in so many) of base forms that never appear here, so that what is learnt can be judged on
            words never seen; 0 for none.

    Raises:
        RecordError: A source is unknown, its file is missing, or it holds no two words to train on.
    """

    def __init__(
        self,
        folder: Path,
        attested: dict[str, list[tuple[int, ...]]],
        sources: Mapping[str, float] | None = None,
        dropped: int = 0,
    ) -> None:
        sources = {"synsets": 1.0} if sources is None else sources
        readers = {
            "synsets": self._read_synsets,
            "thesaurus": self._read_thesaurus,
            "lexicon": self._read_lexicon,
            "wordnet": self._read_wordnet,
        }
        unknown = sorted(set(sources) - set(readers))
        if unknown or not sources:
            raise RecordError(f"sources of words: {unknown or sources}; known are {', '.join(readers)}")
        self.groups: list[list[str]] = []
        self.homes: dict[str, set[int]] = defaultdict(set)
        self.patterns: dict[int, list[tuple[int, ...]]] = defaultdict(list)
        self.forms: dict[str, set[tuple[int, ...]]] = defaultdict(set)
        self.where: dict[tuple[str, tuple[int, ...]], set[Hashable]] = defaultdict(set)
        """Known meanings of each form; two forms without a common one are two words."""
        self._dropped = dropped
        self.forbidden = {
            frozenset((texts.strip_marks(a), texts.strip_marks(b)))
            for _, lemmas in texts.synsets(folder, dev=True)
            for a in lemmas
            for b in lemmas
        }
        self.usable: list[tuple[float, list[int]]] = []
        for name, weight in sources.items():
            start = len(self.groups)
            readers[name](folder)
            usable = self._usable(range(start, len(self.groups)))
            if not usable:
                raise RecordError(f"{folder}: {name} holds no two words of one sense to train on")
            self.usable.append((weight, usable))
        self.attested = {base: forms for base, forms in attested.items() if not one_in(base, dropped)}
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
        """Two words with the same letters."""
        self.marked = [base for base, forms in self.forms.items() if forms]

    def _read_synsets(self, folder: Path) -> None:
        for _, lemmas in texts.synsets(folder, dev=False):
            for lemma in self._add(lemmas):
                self._add_form(lemma, {len(self.groups) - 1})

    def _read_lexicon(self, folder: Path) -> None:
        for word, verb, glosses in lexicon.lemmas(folder):
            if not one_in(markcodes.separate(word)[0], self._dropped):
                self._add_form(word, {(verb, gloss) for gloss in glosses})
        for group in lexicon.groups(folder):
            self._add(group)

    def _read_wordnet(self, folder: Path) -> None:
        for group in wordnet.groups(folder):
            self._add(group)

    def _read_thesaurus(self, folder: Path) -> None:
        """Add the senses, but not their marks as forms that exist: they were typed by hand."""
        for sense in thesaurus.senses(folder):
            self._add(sense)

    def _add(self, words: Sequence[str]) -> list[str]:
        """Add a group of those `words` that are not dropped, and return them."""
        kept = [word for word in words if not one_in(markcodes.separate(word)[0], self._dropped)]
        for word in kept:
            self.homes[markcodes.separate(word)[0]].add(len(self.groups))
        self.groups.append(kept)
        return kept

    def _add_form(self, word: str, senses: set[Hashable]) -> None:
        base, classes = markcodes.separate(word)
        form = tuple(classes)
        if " " not in base and sum(1 for value in classes[:-1] if value) * 2 >= len(base) - 1:
            self.forms[base].add(form)
            self.patterns[len(base)].append(form)
        self.where[base, form] |= senses

    def _usable(self, indices: Sequence[int]) -> list[int]:
        """Return the groups with a pair of different words, one of them a single word, that are not held out."""
        return [
            index
            for index in indices
            if any(
                self.allowed(texts.strip_marks(first), texts.strip_marks(second))
                for first in self.groups[index]
                if " " not in first
                for second in self.groups[index]
            )
        ]

    def allowed(self, first: str, second: str) -> bool:
        """Return true where two different base forms may be trained as synonyms: they share no held-out synset."""
        return first != second and frozenset((first, second)) not in self.forbidden

    def related(self, first: str, second: str) -> bool:
        """Return true where two base forms share a synset."""
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
        weights = [weight for weight, _ in self.usable]
        while True:
            group = self.groups[chance.choice(chance.choices(self.usable, weights)[0][1])]
            single = [word for word in group if " " not in word] if chance.random() < 0.85 else group
            if len(single) < 2:
                continue
            marked = [word for word in single if texts.strip_marks(word) != word]
            anchor = chance.choice(marked if marked and chance.random() < 0.75 else single)
            base, classes = markcodes.separate(anchor)
            others = [word for word in group if self.allowed(base, texts.strip_marks(word))]
            if not others:
                continue
            positive = chance.choice(others)
            if chance.random() < 0.4:
                positive = texts.strip_marks(positive)
            if not any(classes[:-1]) or chance.random() < 0.15:
                return Triplet(base, positive, "", base)
            if not self._exists(base, classes):
                return Triplet(anchor, positive, "", base)
            negative = self.negative(base, tuple(classes), chance)
            if chance.random() < 0.3:  # other case endings change nothing
                anchor = render(
                    base, [*classes[:-1], chance.choice((0, 1, 2, 3, 5, 6))] if classes[-1] < 8 else classes
                )
            return Triplet(anchor, positive, negative, base)

    def _exists(self, base: str, classes: Sequence[int]) -> bool:
        """Return true where a form that is known to exist agrees with these marks."""
        known = (*self.forms.get(base, ()), *self.attested.get(base, ()))
        return any(not conflict(classes, form) for form in known)

    def _senses(self, base: str, classes: Sequence[int]) -> set[Hashable]:
        """Return the known meanings of the forms that agree with these marks."""
        found = set(self.where.get((base, tuple(classes)), ()))
        for form in self.forms.get(base, ()):
            if not conflict(classes, form):
                found |= self.where[base, form]
        return found

    def negative(self, base: str, classes: tuple[int, ...], chance: random.Random) -> str:
        """Return the same letters vowelled as another word: one that exists if one is known, else a pattern."""
        known = [
            other
            for other in (*self.forms.get(base, ()), *self.attested.get(base, ()))
            if conflict(classes, other) and not self.where.get((base, other), set()) & self._senses(base, classes)
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
