"""Batches of pretraining: the texts of each step, and the form that they are shown in.

All of it is decided by the seed and the place in the run alone, so a resumed run and one on several devices see the
very same batches.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.training.distillation import Axes
from harakat.training.pretraining.corpus import Corpus
from harakat.training.pretraining.marks import thinned
from harakat.training.pretraining.masking import WordMasker

__all__ = ["Draws", "MaskedBatches", "TextBatches"]

Draw = tuple[int, int]
"""The number of a text, and the place in the run."""


class Draws(torch.utils.data.Dataset[Draw]):
    """Texts of a run in their order: all of them, shuffled anew for each pass.

    Args:
        texts: Number of texts.
        length: Number of draws in all.
        seed: Seed of the order.
    """

    def __init__(self, texts: int, length: int, seed: int) -> None:
        self.texts, self.length, self.seed = texts, length, seed
        self._order: tuple[int, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: int) -> Draw:
        turn, at = divmod(place, self.texts)
        if self._order is None or self._order[0] != turn:
            self._order = turn, np.random.default_rng([self.seed, turn]).permutation(self.texts)
        return int(self._order[1][at]), place


@dataclass
class MaskedBatches:
    """A collator of draws to batches for `harakat.training.pretraining.masked_lm.MaskedLM`.

    Attributes:
        corpus: Windows that the draws number.
        tokenizer: Gives the special tokens.
        masker: Hides words.
        seed: Seed of the hidden words.
    """

    corpus: Corpus
    tokenizer: ArabicTokenizer
    masker: WordMasker
    seed: int

    def __call__(self, draws: Sequence[Draw]) -> dict[str, Tensor]:
        """Return ids, lengths and labels, int64; the longest sequence first."""
        head, tail = self.tokenizer.prefix, self.tokenizer.suffix
        seen = []
        for window, place in draws:
            ids, words = self.corpus.window(window)
            ids = np.concatenate((head, ids, tail)).astype(np.int64)
            words = np.pad(words, (len(head), len(tail)), constant_values=-1)
            seen.append(self.masker(ids, words, np.random.default_rng([self.seed, place])))
        seen.sort(key=lambda pair: -len(pair[0]))
        return {**_flat([ids for ids, _ in seen]), "labels": torch.from_numpy(np.concatenate([x for _, x in seen]))}


@dataclass
class TextBatches:
    """A collator of draws to batches for `harakat.training.pretraining.masked_lm.Student`.

    Attributes:
        texts: With their marks, in the spelling that the model reads.
        vectors: The teacher's of the bare texts, (texts, hidden).
        tokenizer: The student's.
        budget: Largest number of tokens of a text.
        seed: Seed of the marks that are left out.
        axes: Turns vectors to targets; None takes them as they are.
    """

    texts: Sequence[str]
    vectors: NDArray[Any]
    tokenizer: ArabicTokenizer
    budget: int
    seed: int
    axes: Axes | None = field(default=None)

    def __call__(self, draws: Sequence[Draw]) -> dict[str, Tensor]:
        """Return ids and lengths, int64, the longest sequence first, and targets, float32 (n, hidden)."""
        shown = [thinned(self.texts[text], random.Random(f"{self.seed} {place}")) for text, place in draws]
        found = [tokens.ids[: self.budget] for tokens in self.tokenizer.tokenize(shown)]
        order = sorted(range(len(draws)), key=lambda index: -len(found[index]))
        head, tail = self.tokenizer.prefix, self.tokenizer.suffix
        ids = [np.concatenate((head, found[index], tail)).astype(np.int64) for index in order]
        targets = np.stack([self.vectors[draws[index][0]] for index in order]).astype(np.float32)
        if self.axes is not None:
            targets = self.axes.apply(targets)
        return {**_flat(ids), "targets": torch.from_numpy(targets)}


def _flat(sequences: Sequence[NDArray[np.int64]]) -> dict[str, Tensor]:
    lengths = torch.tensor([len(ids) for ids in sequences])
    return {"ids": torch.from_numpy(np.concatenate(sequences)), "lengths": lengths}
