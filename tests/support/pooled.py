"""Pooled vectors with a meaning in them, and how surely a prefix finds what belongs together."""

import torch

from harakat_recipes.mini.head import Pooled

__all__ = ["accuracy", "data", "identity"]


def data(count=240, hidden=32):
    """Pooled vectors whose first half is noise shared by nobody: a prefix knows nothing until the projection turns."""
    torch.manual_seed(1)

    def pair():
        meaning = torch.randn(count, hidden // 2)
        return [
            torch.cat([torch.randn(count, hidden // 2), meaning + 0.1 * torch.randn_like(meaning)], 1) for _ in "qp"
        ]

    owner = torch.arange(count)
    queries, passages = pair()
    anchors, positives = pair()
    texts = torch.randn(count, hidden)
    return Pooled(
        pairs={"verse": (queries, passages.flip(0), owner.flip(0), torch.stack([owner, owner + 1], 1))},
        words={"alone": (anchors, positives, -anchors, torch.ones(count, dtype=torch.bool), owner)},
        phrases=(texts, torch.nn.functional.normalize(texts, dim=1)),
        clashes=(torch.randn(count, hidden), torch.randn(count, hidden)),
    )


def identity(hidden=32):
    projection = torch.nn.Linear(hidden, hidden)
    with torch.no_grad():
        projection.weight.copy_(torch.eye(hidden))
        projection.bias.zero_()
    return projection


def accuracy(projection, pairs, dim):
    queries, passages, own, _ = pairs
    with torch.no_grad():
        q, p = (torch.nn.functional.normalize(projection(x)[:, :dim], dim=1) for x in (queries, passages))
    return float(((q @ p.T).argmax(1) == own).float().mean())
