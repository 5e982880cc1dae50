"""Losses besides the teacher's: contrast, margins and likeness, each at every Matryoshka dimension."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, normalize

__all__ = ["contrast", "likeness", "margin", "part", "structure"]


def _unit(vectors: Tensor, dim: int) -> Tensor:
    return normalize(vectors[:, :dim], dim=1)


def contrast(
    anchors: Tensor, candidates: Tensor, gold: Tensor, hidden: Tensor, dims: Sequence[int], scale: float = 20.0
) -> Tensor:
    """Return the loss of multiple negatives ranking, the mean over the prefixes of all `dims`.

    Args:
        anchors: (n, hidden).
        candidates: Positives and negatives of the whole batch, (m, hidden).
        gold: Index of each anchor's positive among the candidates, int64 (n,).
        hidden: bool (n, m), true where a candidate must not count against an anchor.
        dims: Matryoshka dimensions.
        scale: Inverse temperature of the cosines.
    """
    parts = []
    for dim in dims:
        scores = _unit(anchors, dim) @ _unit(candidates, dim).T * scale
        parts.append(cross_entropy(scores.masked_fill(hidden, -1e4), gold))
    return torch.stack(parts).mean()


def margin(anchors: Tensor, near: Tensor, far: Tensor, dims: Sequence[int], least: float) -> Tensor:
    """Return the mean amount by which cosine(anchor, near) - cosine(anchor, far) falls short of `least`.

    Args:
        anchors: (n, hidden).
        near: Texts that are to be nearer, (n, hidden).
        far: Texts that are to be farther, (n, hidden).
        dims: Matryoshka dimensions, over whose prefixes the mean is taken.
        least: Margin from which on nothing more is asked.
    """
    parts = []
    for dim in dims:
        anchor, one, other = (_unit(vectors, dim) for vectors in (anchors, near, far))
        parts.append((least - (anchor * (one - other)).sum(1)).relu().mean())
    return torch.stack(parts).mean()


def part(first: Tensor, second: Tensor, dims: Sequence[int], above: float) -> Tensor:
    """Return the mean excess of the pairs' cosine over `above`, over the prefixes of all `dims`; (n, hidden) both."""
    parts = [(_unit(first, dim) * _unit(second, dim)).sum(1).sub(above).relu().mean() for dim in dims]
    return torch.stack(parts).mean()


def likeness(
    short: Tensor,
    full: Tensor,
    dims: Sequence[int],
    others: tuple[Tensor, Tensor] | None = None,
    scale: float = 20.0,
) -> Tensor:
    """Return the divergence of the neighbours in prefixes of `short`, (n, size), from those in `full`, (n, hidden).

    It is the mean over `dims` of the Kullback-Leibler divergence between each row's similarities to the other rows, as
    a softmax in `full` and in the prefix.

    Args:
        short: Rows whose prefixes are judged.
        full: Vectors of the same texts, whose neighbours are the right ones.
        dims: Lengths of the prefixes.
        others: Other texts, (m, size) and (m, hidden), that the rows are compared with instead of with each other.
        scale: Inverse temperature of the cosines.
    """

    def similarities(part: Tensor, other: Tensor | None, dim: int) -> Tensor:
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
