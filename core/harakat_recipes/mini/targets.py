"""Targets of the student: the teacher's vectors of bare texts, centred and turned to their principal axes.

The teacher's vectors all lie in a narrow cone (the cosine of unrelated sentences is about 0.8). Subtracting their
mean opens it; `harakat.training.distillation.find_axes` then orders what is left by its variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.model.families.mini_network import MarkedBert
from harakat.training.distillation import Axes, find_axes
from harakat_recipes.mini.batches import TokenSequence, embed, pooled, prepare
from harakat_recipes.mini.examples import bare_codes

__all__ = ["Targets", "attach_axes", "find_targets", "teach"]

Vectors = NDArray[np.float32]
_AXES_FROM, _NORM_FROM = 5000, 300
"""Number of texts that the axes and the mean length of pooled vectors are taken from."""


@dataclass(frozen=True)
class Targets:
    """Texts of a recipe as tokens, and the vectors that the student is held to.

    Attributes:
        sequences: Texts with their marks.
        vectors: Unit target of each bare text, float16 (n, hidden).
        axes: Map from the teacher's vectors to targets.
        norm: Mean length of the teacher's pooled vectors.
    """

    sequences: list[TokenSequence]
    vectors: NDArray[np.float16]
    axes: Axes
    norm: float

    def save(self, file: BinaryIO) -> None:
        """Write everything to `file`, in the form of .npz."""
        np.savez(
            file,
            ids=np.concatenate([s.ids for s in self.sequences]).astype(np.int32),
            marks=np.concatenate([s.marks for s in self.sequences]),
            lengths=np.array([len(s.ids) for s in self.sequences]),
            vectors=self.vectors,
            mean=self.axes.mean,
            matrix=self.axes.matrix,
            norm=self.norm,
        )

    @classmethod
    def load(cls, file: BinaryIO) -> Targets:
        """Read what `save` wrote."""
        with np.load(file, allow_pickle=False) as found:
            cuts = found["lengths"].cumsum()[:-1]
            ids = np.split(found["ids"].astype(np.int64), cuts)
            marks = np.split(found["marks"], cuts)
            sequences = [TokenSequence(i, m) for i, m in zip(ids, marks, strict=True)]
            return cls(sequences, found["vectors"], Axes(found["mean"], found["matrix"]), float(found["norm"]))


def find_targets(
    teacher: MarkedBert, tokenizer: PieceTokenizer, texts: list[str], alpha: float, *, longest: int
) -> Targets:
    """Compute the targets of some texts; the axes are those of the first 5,000.

    Args:
        teacher: Network with the teacher's weights.
        tokenizer: Its tokenizer.
        texts: Texts, marked or not.
        alpha: Softness of the whitening (see `find_axes`).
        longest: Tokens a text is cut to.
    """
    vectors = teach(teacher, tokenizer, texts, longest=longest)
    axes = find_axes(vectors[:_AXES_FROM], alpha)
    norm = _pooled_norm(teacher, tokenizer, texts[:_NORM_FROM])
    sequences = prepare(tokenizer, texts, longest=longest)
    return Targets(sequences, axes.apply(vectors).astype(np.float16), axes, norm)


def teach(teacher: MarkedBert, tokenizer: PieceTokenizer, texts: list[str], *, longest: int) -> Vectors:
    """Return the teacher's vectors of texts without their marks, unit rows, float32 (n, hidden).

    Marks are taken away from the tokens, not from the text: a dagger alef is spelled before that.
    """
    return embed(teacher, [bare_codes(sequence) for sequence in prepare(tokenizer, texts, longest=longest)])


def attach_axes(network: MarkedBert, axes: Axes, norm: float) -> None:
    """Write `axes` into the network's projection, `norm` being the mean length of its pooled vectors."""
    matrix = torch.from_numpy(axes.matrix.T.copy())
    with torch.no_grad():
        network.projection.weight.copy_(matrix)
        network.projection.bias.copy_(-norm * matrix @ torch.from_numpy(axes.mean))


def _pooled_norm(teacher: MarkedBert, tokenizer: PieceTokenizer, texts: list[str]) -> float:
    """Return the mean length of the teacher's pooled vectors of bare texts, before their L2 norm."""
    longest = min(128, teacher.config.max_position_embeddings)
    sequences = [bare_codes(sequence) for sequence in prepare(tokenizer, texts, longest=longest)]
    return float(pooled(teacher, sequences).norm(dim=1).mean())
