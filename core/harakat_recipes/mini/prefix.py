"""A map of their own for the short prefixes, with full width nearly as it was: the very last step of training.

At full width only the angles between vectors count, not their coordinates. So the first dims may be any linear map of
the vector, the best one that can be found for ranking, as long as the dims after them make up for it: with A the map
of the short prefix, scaled so that no direction is counted more than once, the others hold the square root of
I - A'A. All of it is linear and becomes part of the projection.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from harakat_recipes.mini import losses
from harakat_recipes.mini.head import Pooled, descend, rank
from harakat_recipes.mini.mixture import PARTED
from harakat_recipes.mini.settings import PrefixSettings

__all__ = ["complete", "even", "fit_prefix", "shorten"]


def shorten(projection: nn.Linear, data: Pooled, settings: PrefixSettings) -> list[float]:
    """Give the first values of `projection` a map of their own, in place.

    Args:
        projection: (hidden, hidden), trained.
        data: Pooled vectors before the projection.
        settings: Settings of the prefixes and of their training.

    Returns:
        The loss of every hundredth step.
    """
    with torch.no_grad():
        there = _projected(projection, data)
    short, curve = fit_prefix(there, settings)
    every = _rows(there)
    turn = complete(short, every.T @ every / len(every))
    with torch.no_grad():
        projection.bias.copy_(turn @ projection.bias)
        projection.weight.copy_(turn @ projection.weight)
    return curve


@torch.no_grad()
def even(projection: nn.Linear, data: Pooled, dims: list[int], power: float) -> list[float]:
    """Bring the parts of a vector between one dim and the next nearer to one size, in place.

    Each is divided by its root mean square to the power of `power`. Training holds the first dims to what most texts
    differ in; what tells one text from its like lies in the others, and at full width counts a little more then. The
    shortest prefix stays as it was.

    Args:
        projection: (hidden, hidden), finished.
        data: Pooled vectors before the projection.
        dims: Matryoshka dims.
        power: Strength of the change: 0 changes nothing, at 1 all parts are of one size.

    Returns:
        The factor of each part, the shortest prefix first.
    """
    sizes = _rows(_projected(projection, data)).square().mean(0)
    ends = sorted(set(dims))
    spans = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    factors = torch.ones(len(sizes))
    for span in spans:
        factors[span] = sizes[span].mean() ** (-power / 2)
    factors /= (factors.square() * sizes).sum().sqrt()  # the vectors keep their length
    projection.weight.mul_(factors[:, None])
    projection.bias.mul_(factors)
    return [float(factors[span.start]) for span in spans]


def complete(short: Tensor, moment: Tensor) -> Tensor:
    """Return a square map whose first rows are a multiple of `short` and which keeps angles as they were.

    Args:
        short: (dim, hidden).
        moment: Mean outer product of the vectors, (hidden, hidden), positive definite. The dims behind the first hold
            what is left in the order of its size; of what is left, the `dim` directions with the least are lost.

    Returns:
        (hidden, hidden).
    """
    dim, hidden = short.shape
    work = short.double()
    work = work / torch.linalg.matrix_norm(work, 2)
    left = torch.eye(hidden, dtype=torch.float64) - work.T @ work
    values, axes = torch.linalg.eigh(left)
    root = axes * values.clamp(min=0).sqrt() @ axes.T
    _, order = torch.linalg.eigh(root @ moment.double() @ root)
    rest = order.flip(1).T[: hidden - dim] @ root
    return torch.cat([work, rest]).to(short.dtype)


def fit_prefix(data: Pooled, settings: PrefixSettings) -> tuple[Tensor, list[float]]:
    """Train a linear map of finished vectors to the longest of its dims, beginning with their own first values.

    Args:
        data: Finished vectors.
        settings: Settings of the prefixes and of their training.

    Returns:
        The map, (dim, hidden), and the loss of every hundredth step.
    """
    torch.manual_seed(settings.seed)
    short = torch.eye(data.phrases[0].shape[1])[: max(settings.dims)].clone().requires_grad_()
    optimiser = torch.optim.Adam([short], lr=settings.rate)
    curve = descend(optimiser, settings.steps, lambda: _loss(short, data, settings))
    return short.detach(), curve


def _loss(short: Tensor, data: Pooled, settings: PrefixSettings) -> Tensor:
    dims = settings.dims
    ranked = rank(lambda side: side @ short.T, data, dims, settings.batch)
    parts = [one.loss for one in ranked]
    phrases = data.phrases[0][torch.randperm(len(data.phrases[0]))[: settings.batch]]
    shown = [losses.likeness(phrases @ short.T, phrases, dims)]
    for _, (queries, passages), (q, p) in ranked:
        shown += [losses.likeness(q, queries, dims), losses.likeness(q, queries, dims, (p, passages))]
    parts += [settings.structure_weight * loss for loss in shown]
    at = torch.randperm(len(data.clashes[0]))[: settings.batch]
    one, other = (side[at] @ short.T for side in data.clashes)
    parts.append(settings.clash_weight * losses.part(one, other, dims, PARTED))
    gram = short @ short.T
    gram = gram / gram.diagonal().mean()
    parts.append(settings.upright_weight * (gram - torch.eye(len(short))).square().sum() / len(short))
    return torch.stack(parts).sum()


def _rows(there: Pooled) -> Tensor:
    """Return the unit rows of all finished phrases, queries, passages and words."""
    rows = [there.phrases[0], *(side for one in there.pairs.values() for side in one[:2])]
    rows += [side for one in there.words.values() for side in one[:2]]
    return torch.cat([normalize(side, dim=1) for side in rows])


def _projected(projection: nn.Linear, data: Pooled) -> Pooled:
    return replace(
        data,
        pairs={kind: (projection(q), projection(p), own, spots) for kind, (q, p, own, spots) in data.pairs.items()},
        words={
            kind: (projection(a), projection(p), projection(n), has, owner)
            for kind, (a, p, n, has, owner) in data.words.items()
        },
        phrases=(projection(data.phrases[0]), data.phrases[1]),
        clashes=(projection(data.clashes[0]), projection(data.clashes[1])),
    )
