"""What the student is held to: the teacher's vector of the bare text, centred, turned to its principal axes, cached.

The teacher's vectors all lie in a narrow cone (the cosine of unrelated sentences is about 0.8). Subtracting their
mean opens it. The teacher knows a text by a prompt, "query: " or "passage: ", and we have none: a target is the mean of
its vectors with each of them and without. Turning the vectors to their principal axes, each scaled by its variance to
the power -alpha / 2, puts most of what tells texts apart into the first dimensions, so that a Matryoshka prefix is good
before any training.

Everyday sentences may have axes of their own. What tells fragments and commentaries apart, all of the mean taken away
and small differences enlarged, is what disturbs the order of "a man plays the lute" and "a man plays an instrument":
for these sentences more of the mean stays and nothing is scaled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.model.families.mini_network import MarkedBert
from harakat_recipes.mini.batches import Sequence_, embed, prepare
from harakat_recipes.mini.examples import Phrase, bare_codes

__all__ = ["Axes", "Phrases", "attach_axes", "find_axes", "phrase_targets", "teach"]

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Axes:
    """The map from a teacher's unit vector to a target: ``(v - mean) @ matrix``, then L2."""

    mean: Vectors
    matrix: Vectors

    def apply(self, vectors: Vectors) -> Vectors:
        """Return unit targets of unit teacher vectors, both (n, hidden)."""
        turned = (vectors - self.mean) @ self.matrix
        result: Vectors = (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)
        return result


def teach(
    teacher: MarkedBert, tokenizer: PieceTokenizer, items: list[str], prompts: Sequence[str], *, longest: int
) -> Vectors:
    """Return the teacher's vectors of texts, unit rows, the mean over `prompts`, (n, hidden).

    It reads them bare. Marks are taken away from the tokens, not from the text: a dagger alef is spelled before that.
    """
    views = [prepare(tokenizer, items, longest=longest, prefix=prompt) for prompt in prompts]
    total = sum(embed(teacher, [bare_codes(sequence) for sequence in view]) for view in views)
    result: Vectors = total / np.linalg.norm(total, axis=1, keepdims=True)
    return result


def find_axes(vectors: Vectors, alpha: float, centre: float = 1.0) -> Axes:
    """Fit `Axes` to a sample of teacher vectors, shape (n, hidden), of whose mean the share `centre` is taken away."""
    mean = vectors.mean(0)
    centred = (vectors - mean).astype(np.float64)
    values, turn = np.linalg.eigh(centred.T @ centred / len(centred))
    values, turn = values[::-1], turn[:, ::-1]
    # The overall scale is free; this one keeps the projection near an orthogonal matrix.
    scale = (values / values[0]) ** (-alpha / 2)
    return Axes((centre * mean).astype(np.float32), (turn * scale).astype(np.float32))


def attach_axes(network: MarkedBert, axes: Axes, pooled_norm: float) -> None:
    """Write `axes` into the network's projection, `pooled_norm` being the mean length of its pooled vectors."""
    matrix = torch.from_numpy(axes.matrix.T.copy())
    with torch.no_grad():
        network.projection.weight.copy_(matrix)
        network.projection.bias.copy_(-pooled_norm * matrix @ torch.from_numpy(axes.mean))


@dataclass(frozen=True)
class Phrases:
    """Sequences with their marks, and the unit target of each bare text, float16 (n, hidden)."""

    sequences: list[Sequence_]
    targets: NDArray[np.float16]

    def save(self, file: Path) -> None:
        """Write to `file` (.npz)."""
        np.savez(
            file,
            ids=np.concatenate([s.ids for s in self.sequences]).astype(np.int32),
            marks=np.concatenate([s.marks for s in self.sequences]),
            lengths=np.array([len(s.ids) for s in self.sequences]),
            targets=self.targets,
        )

    @classmethod
    def load(cls, file: Path) -> Phrases:
        """Read what `save` wrote."""
        with np.load(file) as found:
            cuts = found["lengths"].cumsum()[:-1]
            ids = np.split(found["ids"].astype(np.int64), cuts)
            marks = np.split(found["marks"], cuts)
            return cls([Sequence_(i, m) for i, m in zip(ids, marks, strict=True)], found["targets"])


def phrase_targets(
    teacher: MarkedBert,
    tokenizer: PieceTokenizer,
    items: list[Phrase],
    axes: Axes,
    everyday: Axes,
    prompts: Sequence[str] = ("",),
    *,
    longest: int,
) -> Phrases:
    """Compute the targets of `items`: the teacher's vector of each text without its marks, turned to the axes.

    Those of everyday sentences are turned to `everyday`, all others to `axes`.
    """
    written = [text for text, _ in items]
    vectors = teach(teacher, tokenizer, written, prompts, longest=longest)
    mine = np.array([daily for _, daily in items])[:, None]
    found = np.where(mine, everyday.apply(vectors), axes.apply(vectors))
    return Phrases(prepare(tokenizer, written, longest=longest), found.astype(np.float16))


def pooled_norm(teacher: MarkedBert, tokenizer: PieceTokenizer, sample: list[str]) -> float:
    """Return the mean length of the teacher's pooled vectors before their L2 norm."""
    from harakat_recipes.mini.batches import pool

    longest = min(128, teacher.config.max_position_embeddings)
    sequences = [bare_codes(sequence) for sequence in prepare(tokenizer, sample, longest=longest)]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        lengths: Tensor = pool(teacher, sequences).norm(dim=1)
    return float(lengths.mean())
