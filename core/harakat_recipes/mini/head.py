"""Training of the projection alone, on pooled vectors computed once, against hundreds of negatives.

The network's batches are small on a CPU. Its projection is linear, so it can be applied after pooling: with the
pooled vectors of many examples in memory, a step over 512 pairs costs milliseconds. This is where the short Matryoshka
prefixes learn to rank.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from harakat.model.families.mini_network import MarkedBert
from harakat.training.distillation import hold
from harakat_recipes.mini import losses
from harakat_recipes.mini.batches import pooled, prepare
from harakat_recipes.mini.examples import thinned
from harakat_recipes.mini.mixture import KINDS, PARTED, Mixture, Pair, overlaps
from harakat_recipes.mini.settings import HeadSettings

__all__ = ["Pooled", "Ranked", "collect", "descend", "fit", "rank"]


@dataclass(frozen=True)
class Pooled:
    """Pooled vectors before the projection, float32 (n, hidden), and which of them belong together."""

    pairs: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]]
    """{kind: (queries, passages (m, hidden), the passage of each query (n,), its `Spot` (n, 2))}."""
    words: dict[str, tuple[Tensor, Tensor, Tensor, Tensor, Tensor]]
    """{"alone" or "carried": (anchors, positives, negatives, has a negative, number of the anchor's letters)}."""
    phrases: tuple[Tensor, Tensor]
    """(texts, their targets)."""
    clashes: tuple[Tensor, Tensor]
    """(one way, another way that conflicts)."""


def collect(network: MarkedBert, mixture: Mixture, settings: HeadSettings) -> Pooled:
    """Draw the examples and run the network over each of them once."""
    chance = random.Random(settings.seed)
    longest = mixture.settings.longest

    def vectors(items: list[str], *, thin: bool = False) -> Tensor:
        sequences = prepare(mixture.tokenizer, items, longest=longest)
        return pooled(network, [thinned(s, chance) for s in sequences] if thin else sequences, projected=False)

    pairs = {}
    for number, kind in enumerate(KINDS):
        drawn: list[Pair] = []
        while len(drawn) < settings.pairs:
            drawn += mixture.pairs(chance, number)
        passages = {passage: row for row, passage in enumerate(dict.fromkeys(p for _, p, _ in drawn))}
        pairs[kind] = (
            vectors([q for q, _, _ in drawn]),
            vectors(list(passages), thin=True),
            torch.tensor([passages[p] for _, p, _ in drawn]),
            torch.tensor([spot for _, _, spot in drawn]),
        )
    words = {}
    for kind in ("alone", "carried"):
        triplets = [mixture.words.draw(chance) for _ in range(settings.words // 2)]
        carry = [mixture.carrier(chance)[0] if kind == "carried" else str for _ in triplets]
        # In a sentence of its own a word is told from the batch's other words by the sentence: most get one of them
        # in the same sentence as their negative.
        wrong = [
            chance.choice(triplets).positive if kind == "carried" and chance.random() < 0.7 else t.negative
            for t in triplets
        ]
        numbers: dict[str, int] = {}
        sides = [
            vectors([put(text) for put, text in zip(carry, side, strict=True)])
            for side in ([t.anchor for t in triplets], [t.positive for t in triplets], [w or "-" for w in wrong])
        ]
        has = torch.tensor([bool(w) for w in wrong])
        owner = torch.tensor([numbers.setdefault(t.base, len(numbers)) for t in triplets])
        words[kind] = (sides[0], sides[1], sides[2], has, owner)
    chosen = chance.sample(range(len(mixture.sequences)), min(settings.phrases, len(mixture.sequences)))
    phrases = (
        pooled(network, [mixture.seen(index, chance) for index in chosen], projected=False),
        mixture.targets[chosen].float(),
    )
    clashes = [mixture.words.clash(chance) for _ in range(settings.clashes)]
    return Pooled(pairs, words, phrases, (vectors([c[0] for c in clashes]), vectors([c[1] for c in clashes])))


def fit(projection: nn.Linear, data: Pooled, dims: list[int], settings: HeadSettings) -> list[float]:
    """Train `projection` in place and return the loss of every hundredth step."""
    torch.manual_seed(settings.seed)
    first = nn.Linear(projection.in_features, projection.out_features)
    first.load_state_dict(projection.state_dict())
    optimiser = torch.optim.AdamW(projection.parameters(), lr=settings.rate, weight_decay=0.0)
    curve = descend(optimiser, settings.steps, lambda: _loss(projection, first, data, dims, settings))
    with torch.no_grad():
        projection.weight.lerp_(first.weight, settings.kept)
        projection.bias.lerp_(first.bias, settings.kept)
    return curve


def descend(optimiser: torch.optim.Optimizer, steps: int, compute: Callable[[], Tensor]) -> list[float]:
    """Take `steps` steps, the rate warmed up over 50 and cooled by a cosine; return the loss of every hundredth.

    Args:
        optimiser: Optimiser with its peak rate.
        steps: Number of steps.
        compute: Function that draws examples and returns their loss.
    """
    peaks = [group["lr"] for group in optimiser.param_groups]
    curve = []
    for step in range(steps):
        for group, peak in zip(optimiser.param_groups, peaks, strict=True):
            warm, cooled = min(1.0, (step + 1) / 50), 0.5 * (1 + math.cos(math.pi * step / steps))
            group["lr"] = peak * warm * cooled
        loss = compute()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 100 == 0:
            curve.append(float(loss.detach()))
    return curve


class Ranked(NamedTuple):
    """Queries of a step ranked against one another's passages, or words against one another's synonyms."""

    loss: Tensor
    given: tuple[Tensor, Tensor]
    """(queries, passages) before the map, (n, hidden) each."""
    turned: tuple[Tensor, Tensor]
    """Both mapped."""


def rank(turn: Callable[[Tensor], Tensor], data: Pooled, dims: Sequence[int], batch: int) -> list[Ranked]:
    """Draw up to `batch` examples of each kind of pair and of word, map them by `turn`, and rank them over `dims`."""
    ranked = []
    for queries, passages, own, spots in data.pairs.values():
        at = torch.randperm(len(queries))[:batch]
        hidden = overlaps(spots[at], spots[at]) & ~torch.eye(len(at), dtype=torch.bool)
        given = queries[at], passages[own[at]]
        q, p = map(turn, given)
        loss = losses.contrast(q, p, torch.arange(len(at)), hidden, dims)
        ranked.append(Ranked(loss, given, (q, p)))
    for anchors, positives, negatives, has, owner in data.words.values():
        at = torch.randperm(len(anchors))[:batch]
        same = owner[at][:, None] == owner[at]
        eye = torch.eye(len(at), dtype=torch.bool)
        hidden = torch.cat([same & ~eye, ~(eye & has[at])], 1)
        given = anchors[at], positives[at]
        (a, p), n = map(turn, given), turn(negatives[at])
        loss = losses.contrast(a, torch.cat([p, n]), torch.arange(len(at)), hidden, dims)
        ranked.append(Ranked(loss, given, (a, p)))
    return ranked


def _loss(projection: nn.Linear, first: nn.Linear, data: Pooled, dims: list[int], settings: HeadSettings) -> Tensor:
    ranked = rank(projection, data, dims, settings.batch)
    parts = [one.loss for one in ranked]
    everything = [torch.cat(one.turned) for one in ranked]
    at = torch.randperm(len(data.phrases[0]))[: settings.batch]
    held = projection(data.phrases[0][at])
    everything.append(held)
    parts.append(settings.hold_weight * hold(held, data.phrases[1][at], dims))
    with torch.no_grad():
        there = first(data.phrases[0][at])
    parts.append(settings.move_weight * hold(held, there, dims[:1]))
    at = torch.randperm(len(data.clashes[0]))[: settings.batch]
    one, other = (projection(side[at]) for side in data.clashes)
    parts.append(settings.clash_weight * losses.part(one, other, dims, PARTED))
    parts += [settings.structure_weight / len(everything) * losses.structure(vectors, dims) for vectors in everything]
    return torch.stack(parts).sum()
