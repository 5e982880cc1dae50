"""Passages of earlier steps, kept as negatives, so that a small batch ranks against hundreds.

The weights change little in the few dozen steps that a vector stays, so it is still nearly what the network would give
(Wang et al. 2020, "Cross-Batch Memory for Embedding Learning").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

__all__ = ["Bank"]


class Bank:
    """The last passages of each kind, first in, first out.

    Args:
        size: Number of passages of a kind that are kept; 0 for none.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._vectors: dict[str, Tensor] = {}
        self._places: dict[str, list[tuple[int, int]]] = {}

    def recall(self, kind: str, hidden: int) -> tuple[Tensor, list[tuple[int, int]]]:
        """Return the kept vectors, float32 (n, hidden), without gradient, and the place of each; n is 0 at first."""
        return self._vectors.get(kind, torch.zeros(0, hidden)), self._places.get(kind, [])

    def keep(self, kind: str, vectors: Tensor, places: list[tuple[int, int]]) -> None:
        """Add passages of a step, (n, hidden), and drop the oldest."""
        if not self.size:
            return
        vectors = vectors.detach().float()
        before = self._vectors.get(kind)
        joined = vectors if before is None else torch.cat([before, vectors])
        self._vectors[kind] = joined[-self.size :].clone()
        self._places[kind] = [*self._places.get(kind, []), *places][-self.size :]

    def state(self) -> tuple[dict[str, Tensor], dict[str, list[tuple[int, int]]]]:
        """Return the kept vectors and places by kind, for a checkpoint."""
        return dict(self._vectors), {kind: list(there) for kind, there in self._places.items()}

    def restore(self, vectors: Mapping[str, Tensor], places: Mapping[str, Sequence[Sequence[int]]]) -> None:
        """Put back the vectors and places that `state` returned; pairs may have become lists in a JSON file."""
        self._vectors = dict(vectors)
        self._places = {kind: [(first, last) for first, last in there] for kind, there in places.items()}
