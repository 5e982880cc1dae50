"""The losses: holding to the teacher, and contrast, each at every Matryoshka dimension."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, normalize

__all__ = ["Cut", "contrast", "hold", "likeness", "margin", "part", "reached", "structure"]

Cut = int | slice
"""The first so many dimensions of a vector, or those that a slice takes."""


def _unit(vectors: Tensor, dim: Cut) -> Tensor:
    return normalize(vectors[:, dim if isinstance(dim, slice) else slice(dim)], dim=1)


def hold(vectors: Tensor, targets: Tensor, dims: Sequence[int]) -> Tensor:
    """Return the mean of 1 - cosine to the targets, over the prefixes of all `dims`; (n, hidden) both."""
    parts = [1 - (_unit(vectors, dim) * _unit(targets, dim)).sum(1).mean() for dim in dims]
    return torch.stack(parts).mean()


def contrast(
    anchors: Tensor, candidates: Tensor, gold: Tensor, hidden: Tensor, dims: Sequence[Cut], scale: float = 20.0
) -> Tensor:
    """Multiple negatives ranking over the prefixes of all `dims`.

    Args:
        anchors: (n, hidden).
        candidates: Positives and negatives of the whole batch, (m, hidden).
        gold: Index of each anchor's positive among the candidates, (n,).
        hidden: bool (n, m), true where a candidate must not count against an anchor.
        dims: Matryoshka dimensions.
        scale: Inverse temperature of the cosines.
    """
    parts = []
    for dim in dims:
        scores = _unit(anchors, dim) @ _unit(candidates, dim).T * scale
        parts.append(cross_entropy(scores.masked_fill(hidden, -1e4), gold))
    return torch.stack(parts).mean()


@torch.no_grad()
def reached(anchors: Tensor, candidates: Tensor, gold: Tensor, hidden: Tensor, dim: Cut, share: float) -> Tensor:
    """Return which anchors have their positive among the nearest `share` of the candidates; bool (n,).

    A query whose passage lies farther off says too little of it, or speaks of something else: of questions cut out of
    commentaries three in four. Arguments as for `contrast`.
    """
    scores = (_unit(anchors, dim) @ _unit(candidates, dim).T).masked_fill(hidden, -2)
    nearer = (scores > scores.gather(1, gold[:, None])).sum(1)
    return nearer < share * len(candidates)


def margin(anchors: Tensor, near: Tensor, far: Tensor, dims: Sequence[Cut], least: float) -> Tensor:
    """Return by how much cosine(anchor, near) - cosine(anchor, far) falls short of `least`; (n, hidden) all three.

    The mean over the prefixes of all `dims`.
    """
    parts = []
    for dim in dims:
        anchor, one, other = (_unit(vectors, dim) for vectors in (anchors, near, far))
        parts.append((least - (anchor * (one - other)).sum(1)).relu().mean())
    return torch.stack(parts).mean()


def part(first: Tensor, second: Tensor, dims: Sequence[Cut], above: float) -> Tensor:
    """Return by how much the cosine of the pairs exceeds `above`, over the prefixes of all `dims`; (n, hidden) both."""
    parts = [(_unit(first, dim) * _unit(second, dim)).sum(1).sub(above).relu().mean() for dim in dims]
    return torch.stack(parts).mean()


def likeness(
    short: Tensor,
    full: Tensor,
    dims: Sequence[Cut],
    others: tuple[Tensor, Tensor] | None = None,
    scale: float = 20.0,
) -> Tensor:
    """Return how far the neighbours in prefixes of `short`, (n, size), differ from those in `full`, (n, hidden).

    The mean over `dims` of the Kullback-Leibler divergence between each row's similarities to the other rows, as a
    softmax in `full` and in the prefix.

    Args:
        short: Rows whose prefixes are judged.
        full: The same texts as they should be.
        dims: Lengths of the prefixes.
        others: Other texts, (m, size) and (m, hidden), that the rows are compared with instead of with each other.
        scale: Inverse temperature of the cosines.
    """

    def similarities(part: Tensor, other: Tensor | None, dim: Cut) -> Tensor:
        part = _unit(part, dim)
        if other is None:
            return (part @ part.T * scale).fill_diagonal_(-1e4).log_softmax(1)
        return (part @ _unit(other, dim).T * scale).log_softmax(1)

    cut, whole = others or (None, None)
    wanted = similarities(full, whole, full.shape[1])
    found = [kl_div(similarities(short, cut, dim), wanted, reduction="batchmean", log_target=True) for dim in dims]
    return torch.stack(found).mean()


def structure(vectors: Tensor, dims: Sequence[int]) -> Tensor:
    """Return the `likeness` of the prefixes of `vectors` to all of it, which this loss does not train; (n, hidden)."""
    return likeness(vectors, vectors.detach(), [dim for dim in dims if dim < vectors.shape[1]])
