"""Mixture of a step: phrases held to the teacher, words with their contrasts, queries with their passages."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.data.held_out import is_held_out_surah
from harakat.model.families.mini_network import MarkedBert
from harakat.training.distillation import hold
from harakat_recipes.mini import losses, texts
from harakat_recipes.mini.bank import Bank
from harakat_recipes.mini.batches import TokenSequence, pool, prepare
from harakat_recipes.mini.examples import bare_codes, thinned
from harakat_recipes.mini.glosses import Glosses
from harakat_recipes.mini.scenes import frame, scene
from harakat_recipes.mini.settings import Settings
from harakat_recipes.mini.targets import Targets
from harakat_recipes.mini.words import Triplet, Words

__all__ = ["KINDS", "PARTED", "Mixture", "Pair", "Spot", "overlaps"]

# Up to six tokens a phrase is a word, whose marks may change it: only its bare form is held to the teacher. From 20
# on its marks must not move it: most are shown whole.
_WORD_TOKENS, _PASSAGE_TOKENS = 6, 20
_LONGEST_WORDS = 88
"""Most words of a passage, so that few are cut at 160 tokens and the subject of a query is in it."""
# Cosines above or below which nothing more is asked, for a word alone and in a sentence: of two conflicting vowellings,
# and of each of them with the bare word.
PARTED, _PARTED_IN_CARRIER = -0.1, 0.1
_NEAR, _NEAR_IN_CARRIER, _NEAR_WEIGHT = 0.3, 0.5, 0.3
_SHORT_CARRIER = 8
"""Words around a word from which on its part in the cosine shrinks."""
_MARGIN = 0.25
"""Margin by which a synonym is to be nearer than the same letters vowelled otherwise."""
KINDS = ("verse", "fragment", "question")
"""Kinds of pairs: a commentary and its verse, a fragment and its hadith, a question and its verses."""
_ASK = ("ما معنى", "ماذا قال الله عن", "ما حكم", "كيف", "لماذا", "من الذين", "ما جزاء", "هل", "ما فضل", "")
Spot = tuple[int, int]
"""Place of a passage in its source: from the first number up to, not including, the second."""
Pair = tuple[str, str, Spot]


class Mixture:
    """Source of a step's examples and of its losses.

    Args:
        folder: Data folder.
        targets: Texts with the teacher's vectors.
        words: Synonyms and homographs.
        tokenizer: The network's tokenizer.
        settings: Settings of the round.
        glosses: Words with their glosses; None for no such words.
    """

    def __init__(
        self,
        folder: Path,
        targets: Targets,
        words: Words,
        tokenizer: PieceTokenizer,
        settings: Settings,
        glosses: Glosses | None = None,
    ) -> None:
        self.glosses = glosses
        self.words, self.tokenizer, self.settings = words, tokenizer, settings
        self.sequences, self.targets = targets.sequences, torch.from_numpy(targets.vectors)
        self.prose = [text for text in texts.prose(folder, dev=False) if len(text.split()) > 20]
        self.verses = {key: text for key, text in texts.verses().items() if not is_held_out_surah(key)}
        self.keys = list(self.verses)
        self.place = {key: index for index, key in enumerate(self.keys)}
        self.first: dict[str, int] = {}  # a verse that comes again is the same passage
        for index, text in enumerate(self.verses.values()):
            self.first.setdefault(text, index)
        self.commentary: dict[str, list[str]] = defaultdict(list)
        for key, text in texts.commentaries(folder):
            self.commentary[key].append(text)
        self.bank = Bank(settings.bank)
        self._narrow = [dim for dim in settings.dims if dim < self.targets.shape[1]]

    def losses(
        self, network: MarkedBert, chance: random.Random, step: int
    ) -> tuple[dict[str, tuple[float, Tensor]], int]:
        """Run the network once over one step's examples.

        Returns:
            {name: (weight, loss)}, and the number of tokens.
        """
        batch: list[TokenSequence] = []
        chosen = self._phrases(chance)
        batch += [self.seen(index, chance) for index in chosen]
        in_carrier = step % 2 == 1
        triplets = [self.words.draw(chance) for _ in range(self.settings.words // (2 if in_carrier else 1))]
        carry, around = self.carrier(chance) if in_carrier else (str, 0)
        # The more words a sentence has, the less one of them counts.
        slack = max(1.0, around / _SHORT_CARRIER)
        items, negatives = _triplet_texts(triplets, carry)
        start_words = len(batch)
        batch += prepare(self.tokenizer, items, longest=self.settings.longest)
        pairs = self.pairs(chance, step % 3)
        start_pairs = len(batch)
        batch += prepare(self.tokenizer, [query for query, _, _ in pairs], longest=min(64, self.settings.longest))
        batch += [
            thinned(s, chance) for s in prepare(self.tokenizer, [p for _, p, _ in pairs], longest=self.settings.longest)
        ]
        clashes = [self.words.clash(chance) for _ in range(self.settings.clashes // (2 if in_carrier else 1))]
        start_clashes = len(batch)
        items = [carry(clash[way]) for way in range(3) for clash in clashes]
        batch += prepare(self.tokenizer, items, longest=self.settings.longest)
        start_glosses = len(batch)
        drawn = self.glosses.draw(self.settings.glosses, chance) if self.glosses else None
        if drawn:
            batch += prepare(self.tokenizer, drawn.texts, longest=self.settings.longest)
        with torch.autocast("cpu", torch.bfloat16):
            vectors = pool(network, batch)
        wanted, dims = self.targets[chosen].float(), self.settings.dims
        found = {"hold": (self.settings.hold_weight, hold(vectors[:start_words], wanted, dims))}
        count = len(triplets)
        anchors, rest = vectors[start_words : start_words + count], vectors[start_words + count : start_pairs]
        hidden = self._hidden(triplets, negatives)
        # One sentence for all: their cosines lie near each other, and only a higher scale tells them apart.
        scale = self.settings.carrier_scale * slack if in_carrier else 20.0
        loss = losses.contrast(anchors, rest, torch.arange(count), hidden, dims, scale)
        found["carrier" if in_carrier else "word"] = (1.0, loss)
        if negatives and self.settings.margin_weight:
            margin = losses.margin(anchors[negatives], rest[negatives], rest[count:], dims, _MARGIN / slack)
            found["margin in carrier" if in_carrier else "margin"] = (self.settings.margin_weight, margin)
        if in_carrier and self.settings.carrier_margin:
            free = ~hidden[:, :count].roll(-1, 1).diagonal()  # the next one's positive is no synonym of this one
            sides = (anchors[free], rest[:count][free], rest[:count].roll(-1, 0)[free])
            told = losses.margin(*sides, dims, self.settings.carrier_margin / slack)
            found["told apart in carrier"] = (self.settings.carrier_weight, told)
        queries = vectors[start_pairs : start_pairs + len(pairs)]
        passages = vectors[start_pairs + len(pairs) : start_clashes]
        kind = KINDS[step % 3]
        found[kind] = (1.0, self._ranked(kind, queries, passages, vectors[:start_words], [key for *_, key in pairs]))
        if self.settings.structure_weight:
            rows = slice(start_clashes)
            alike = losses.likeness(vectors[rows], vectors[rows].detach(), self._narrow)
            found["structure"] = (self.settings.structure_weight, alike)
        if clashes:
            first, second, bare = vectors[start_clashes:start_glosses].view(3, len(clashes), -1)
            parted = losses.part(first, second, dims, _PARTED_IN_CARRIER if in_carrier else PARTED)
            least = _NEAR_IN_CARRIER if in_carrier else _NEAR
            near = _NEAR_WEIGHT * sum(losses.part(way, -bare.detach(), dims, -least) for way in (first, second))
            found["clash in carrier" if in_carrier else "clash"] = (self.settings.clash_weight, parted + near)
        if drawn and self.glosses:
            found["gloss"] = (1.0, self.glosses.loss(vectors[start_glosses:], drawn, dims))
        return found, sum(len(s.ids) for s in batch)

    def _ranked(self, kind: str, queries: Tensor, passages: Tensor, others: Tensor, spots: list[Spot]) -> Tensor:
        """Return the loss of ranking each query's passage before those of the batch and of earlier steps."""
        count = len(queries)
        remembered, before = self.bank.recall(kind, queries.shape[1])
        candidates = torch.cat([passages, others, remembered])
        hidden = torch.zeros(count, len(candidates), dtype=torch.bool)
        hidden[:, :count] = overlaps(spots, spots) & ~torch.eye(count, dtype=torch.bool)
        if before:
            hidden[:, -len(before) :] = overlaps(spots, before)
        self.bank.keep(kind, passages, spots)
        dims = self.settings.pair_dims or self.settings.dims
        return losses.contrast(queries, candidates, torch.arange(count), hidden, dims)

    def seen(self, index: int, chance: random.Random) -> TokenSequence:
        """Return a held text with the marks that a step shows of it."""
        sequence = self.sequences[index]
        if len(sequence.ids) <= _WORD_TOKENS:
            return bare_codes(sequence)
        if len(sequence.ids) > _PASSAGE_TOKENS and chance.random() < 0.4:
            return sequence
        return thinned(sequence, chance)

    def _phrases(self, chance: random.Random) -> list[int]:
        """Draw the held texts of a step, as many as its tokens allow; return their indices."""
        chosen: list[int] = []
        tokens = 0
        while tokens < self.settings.phrase_tokens:
            chosen.append(chance.randrange(len(self.sequences)))
            tokens += len(self.sequences[chosen[-1]].ids)
        return list(dict.fromkeys(chosen))

    def _hidden(self, triplets: list[Triplet], negatives: list[int]) -> Tensor:
        """Return true where a positive or negative must not count against an anchor, as it may mean the same.

        Returns:
            bool (triplets, triplets + negatives), the positives first.
        """
        related = self.words.related
        positives = [(row, (t.base, texts.strip_marks(t.positive))) for row, t in enumerate(triplets)]
        columns = [*positives, *((row, (triplets[row].base,)) for row in negatives)]
        rows = [
            [
                owner != row and any(base == triplet.base or related(triplet.base, base) for base in bases)
                for owner, bases in columns
            ]
            for row, triplet in enumerate(triplets)
        ]
        return torch.tensor(rows, dtype=torch.bool).view(len(triplets), len(columns))

    def carrier(self, chance: random.Random) -> tuple[Callable[[str], str], int]:
        """Draw a sentence; return a function that puts a word into it, and the number of words around that."""
        if chance.random() < self.settings.frames:
            before, after = frame(chance)
            return lambda word: f"{before} {word} {after}".strip(), len(f"{before} {after}".split())
        source = chance.random()
        if source < 0.4:
            words = scene(chance).split()
        elif source < 0.8:
            words = chance.choice(self.commentary[chance.choice(self.keys)] or ["-"]).split()
        else:
            words = chance.choice(self.prose).split()
        size = chance.randint(2, 6 if chance.random() < 0.6 else 12)
        start = chance.randrange(max(1, len(words) - size))
        words = words[start : start + size]
        if source >= 0.8 and chance.random() < 0.5:
            words = [texts.strip_marks(word) for word in words]
        at = chance.randint(0, len(words))
        head, tail = words[:at], words[at:] if chance.random() < 0.5 else words[at + 1 :]
        return lambda word: " ".join([*head, word, *tail]), len(head) + len(tail)

    def pairs(self, chance: random.Random, kind: int) -> list[Pair]:
        """Draw pairs (query, passage, place of the passage), in runs of neighbours, the hardest to tell apart.

        Args:
            chance: Source of the choice.
            kind: Index of one of `KINDS`.
        """
        pairs: list[Pair] = []
        while len(pairs) < self.settings.pairs:
            at = chance.randrange(len(self.prose) if kind == 1 else len(self.keys))
            run = 1 if kind == 2 else self.settings.run  # windows of neighbouring verses hold the same verses
            for _ in range(min(run, self.settings.pairs - len(pairs))):
                pairs.append(self._pair(chance, kind, at))
                at += 1
        return pairs

    def _pair(self, chance: random.Random, kind: int, at: int) -> Pair:
        if kind == 1:
            text = texts.matn(self.prose[at % len(self.prose)])
            words = text.split()
            begin = chance.randrange(max(1, len(words) - _LONGEST_WORDS))
            words = words[begin : begin + _LONGEST_WORDS]
            size = chance.randint(5, 12)
            start = chance.randrange(max(1, len(words) - size))
            query = " ".join(words[start : start + size])
            if chance.random() < 0.85:
                query = texts.strip_marks(query)
            at %= len(self.prose)
            return query, " ".join(words), (at, at + 1)
        key = self.keys[at % len(self.keys)]
        while not self.commentary[key]:
            key = chance.choice(self.keys)
        words = texts.strip_marks(chance.choice(self.commentary[key])).split()
        if kind == 0:
            size = chance.choice((8, 16, 32, 48))
            start = 0 if chance.random() < 0.4 else chance.randrange(max(1, len(words) - size))
            at = self.first[self.verses[key]]
            return " ".join(words[start : start + size]), self.verses[key], (at, at + 1)
        size = chance.randint(3, 9)
        start = chance.randrange(max(1, len(words) - size))
        query = f"{chance.choice(_ASK)} {' '.join(words[start : start + size])}".strip()
        query += chance.choice((" ؟", "؟", ""))
        at = self.place[key]
        first = max(0, at - chance.randint(0, 3))
        last = min(len(self.keys), at + 1 + chance.randint(0, 3))
        window = [k for k in self.keys[first:last] if k.split(":")[0] == key.split(":")[0]]
        while len(window) > 1 and sum(len(self.verses[k].split()) for k in window) > _LONGEST_WORDS:
            window.remove(window[0] if window[0] != key else window[-1])
        first = self.place[window[0]]
        return query, " ".join(self.verses[k] for k in window), (first, first + len(window))


def overlaps(first: Sequence[Spot] | Tensor, second: Sequence[Spot] | Tensor) -> Tensor:
    """Return true where passages of one source share a part: bool (len(first), len(second))."""
    one, other = torch.as_tensor(first), torch.as_tensor(second)
    return (one[:, None, 0] < other[None, :, 1]) & (other[None, :, 0] < one[:, None, 1])


def _triplet_texts(triplets: list[Triplet], carry: Callable[[str], str]) -> tuple[list[str], list[int]]:
    negatives = [index for index, triplet in enumerate(triplets) if triplet.negative]
    items = [t.anchor for t in triplets] + [t.positive for t in triplets] + [triplets[i].negative for i in negatives]
    return [carry(item) for item in items], negatives
