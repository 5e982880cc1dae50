"""Pieces of distillation: the map from a teacher's vectors to targets, and the loss that holds a student to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

__all__ = ["Axes", "find_axes", "hold"]

Vectors = NDArray[np.float32]
_LEAST_VARIANCE = 1e-12
"""Share of the largest variance that the others are raised to."""


@dataclass(frozen=True)
class Axes:
    """The map from a teacher's unit vector to a target: ``(v - mean) @ matrix``, then L2.

    Attributes:
        mean: float32 (hidden,).
        matrix: float32 (hidden, hidden), the principal axes in its columns, the one of the largest variance first.
    """

    mean: Vectors
    matrix: Vectors

    def apply(self, vectors: Vectors) -> Vectors:
        """Return unit targets of unit teacher vectors, both float32 (n, hidden)."""
        turned = (vectors - self.mean) @ self.matrix
        result: Vectors = (turned / np.linalg.norm(turned, axis=1, keepdims=True)).astype(np.float32)
        return result


def find_axes(vectors: Vectors, alpha: float) -> Axes:
    """Fit `Axes` to a sample of teacher vectors.

    The first dimensions of a target then hold most of what tells texts apart, so that a Matryoshka prefix is good
    before any training.

    Args:
        vectors: Unit rows, float32 (n, hidden).
        alpha: Softness of the whitening: each axis is scaled by its variance to the power of -alpha / 2; 0 scales
            nothing, at 1 all axes have one variance.
    """
    mean = vectors.mean(0)
    centred = (vectors - mean).astype(np.float64)
    values, turn = np.linalg.eigh(centred.T @ centred / len(centred))
    # Axes that a small sample does not reach have no variance, or by rounding less than none.
    values, turn = np.maximum(values[::-1], _LEAST_VARIANCE * values[-1]), turn[:, ::-1]
    # The overall scale is free; this one keeps the projection near an orthogonal matrix.
    scale = (values / values[0]) ** (-alpha / 2)
    return Axes(mean.astype(np.float32), (turn * scale).astype(np.float32))


def hold(vectors: Tensor, targets: Tensor, dims: Sequence[int]) -> Tensor:
    """Return the mean of 1 - cosine to the targets, over the prefixes of all `dims`; float (n, hidden) both."""
    parts = [1 - (normalize(vectors[:, :dim], dim=1) * normalize(targets[:, :dim], dim=1)).sum(1) for dim in dims]
    return torch.stack([part.mean() for part in parts]).mean()
