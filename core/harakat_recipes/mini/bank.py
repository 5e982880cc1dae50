"""Passages of earlier steps, kept as negatives: a small batch then ranks against hundreds.

The weights change little in the few dozen steps that a vector stays, so it is still nearly what the network would give
(Wang et al. 2020, "Cross-Batch Memory for Embedding Learning").
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["Bank"]


class Bank:
    """The last passages of each kind, first in, first out.

    Args:
        size: How many of a kind are kept; 0 for none.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._vectors: dict[str, Tensor] = {}
        self._places: dict[str, list[tuple[int, int]]] = {}

    def recall(self, kind: str, hidden: int) -> tuple[Tensor, list[tuple[int, int]]]:
        """Return what is kept, float32 (n, hidden), without gradient, and where each lies; n is 0 at first."""
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

    def state(self) -> dict[str, Any]:
        """Everything, for a checkpoint."""
        return {"vectors": dict(self._vectors), "places": {kind: list(there) for kind, there in self._places.items()}}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        self._vectors, self._places = dict(state["vectors"]), dict(state["places"])
