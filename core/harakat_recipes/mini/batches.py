"""Sequences of any length through the network in one go, without padding outside attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.model.families.mini_network import MarkedBert

__all__ = ["BucketAttention", "Sequence_", "embed", "pool", "pooled", "prepare"]


class Sequence_(NamedTuple):
    """One tokenised text with its special tokens: ids and packed marks, int64, shape (n,)."""

    ids: NDArray[np.int64]
    marks: NDArray[np.int64]


def prepare(tokenizer: PieceTokenizer, texts: Sequence[str], *, longest: int, prefix: str = "") -> list[Sequence_]:
    """Tokenise `texts`, each cut to `longest` tokens, special tokens and the pieces of `prefix` included."""
    head = [*tokenizer.prefix, *(tokenizer.tokenize([prefix])[0].ids if prefix else ())]
    tail = list(tokenizer.suffix)
    budget = longest - len(head) - len(tail)
    prepared = []
    for tokens in tokenizer.tokenize(texts):
        assert tokens.marks is not None  # always set by PieceTokenizer
        ids = np.concatenate([head, tokens.ids[:budget], tail]).astype(np.int64)
        marks = np.zeros(len(ids), np.int64)
        marks[len(head) : -len(tail)] = tokens.marks[:budget]
        prepared.append(Sequence_(ids, marks))
    return prepared


class BucketAttention:
    """Attention by two plain matrix products over buckets of neighbouring lengths, padded within a bucket.

    On a CPU this trains about twice as fast as fused attention, whose backward pass is slow there. The tokens go
    through the whole network in the padded layout, `source` says which token is where: to pad them for attention alone
    takes longer than a few fillers do (2,400 and 4,100 tokens/s in training, 200 verses, two cores with AMX).

    Args:
        lengths: Of the sequences, in descending order, as they lie in the row of tokens.
        slack: How much longer than its shortest sequence a bucket may be.

    Attributes:
        source: The token of each place, int64 (places,); a filler repeats the last token of its sequence.
        owner: The sequence of each place, int64 (places,).
        positions: Place in its sequence, from 0, int64 (places,).
        real: False for fillers, bool (places,).
    """

    def __init__(self, lengths: Sequence[int], slack: float = 0.15) -> None:
        sizes = torch.tensor(lengths)
        self._buckets: list[tuple[int, int, Tensor | None]] = []
        widths = torch.empty_like(sizes)
        first = 0
        while first < len(lengths):
            width, last = lengths[first], first
            while last < len(lengths) and lengths[last] >= width / (1 + slack) - 1:
                last += 1
            filler = torch.arange(width) >= sizes[first:last, None]
            bias = torch.zeros(filler.shape).masked_fill(filler, -1e4)[:, None, None] if bool(filler.any()) else None
            self._buckets.append((last - first, width, bias))
            widths[first:last] = width
            first = last
        self.owner = torch.repeat_interleave(torch.arange(len(lengths)), widths)
        self.positions = torch.arange(len(self.owner)) - (widths.cumsum(0) - widths)[self.owner]
        self._lengths = sizes[self.owner]
        self.real = self.positions < self._lengths
        self.source = (sizes.cumsum(0) - sizes)[self.owner] + self.positions.minimum(self._lengths - 1)

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend within each sequence; (places, heads, head_dim) in and out."""
        parts = []
        counts = [count * width for count, width, _ in self._buckets]
        for (count, width, bias), *qkv in zip(self._buckets, *(torch.split(x, counts) for x in (q, k, v)), strict=True):
            a, b, c = (x.reshape(count, width, *x.shape[-2:]).transpose(1, 2) for x in qkv)
            if bias is not None:
                bias = bias.to(a.dtype)
            if torch.is_grad_enabled():
                scores = (a * a.shape[-1] ** -0.5) @ b.transpose(2, 3)
                if bias is not None:
                    scores = scores + bias
                out = scores.softmax(-1).to(c.dtype) @ c
            else:
                out = functional.scaled_dot_product_attention(a, b, c, attn_mask=bias)
            parts.append(out.transpose(1, 2).reshape(count * width, *q.shape[1:]))
        return torch.cat(parts)

    def token_lengths(self) -> Tensor:
        """Length of the sequence that each place is in, fillers not counted, int64 (places,)."""
        return self._lengths


def pool(network: MarkedBert, sequences: Sequence[Sequence_]) -> Tensor:
    """Return the mean token vector of each sequence, in order, float32, shape (n, hidden); not normalised."""
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i].ids))
    lengths = [len(sequences[i].ids) for i in order]
    attention = BucketAttention(lengths)
    ids = torch.from_numpy(np.concatenate([sequences[i].ids for i in order]))[attention.source]
    marks = torch.from_numpy(np.concatenate([sequences[i].marks for i in order]))[attention.source]
    tokens = network(ids, attention.positions, attention, marks if bool((marks != 0).any()) else None)
    shares = attention.real / attention.token_lengths()
    owner = torch.tensor(order)[attention.owner]
    return torch.zeros(len(order), tokens.shape[1]).index_add(0, owner, tokens.float() * shares[:, None])


@torch.no_grad()
def pooled(
    network: MarkedBert, sequences: Sequence[Sequence_], *, tokens: int = 8192, projected: bool = True
) -> Tensor:
    """Return the mean token vector of any number of sequences, in order, float32, shape (n, hidden).

    Args:
        network: In bfloat16.
        sequences: In any order.
        tokens: About how many go through the network at a time.
        projected: False for the vectors before the network's projection.
    """
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i].ids))
    result = torch.zeros(len(sequences), network.config.hidden_size)
    projection = network.projection
    if not projected:
        network.projection = nn.Identity()  # type: ignore[assignment]
    at = 0
    try:
        while at < len(order):
            part: list[int] = []
            used = 0
            while at < len(order) and (not part or used + len(sequences[order[at]].ids) <= tokens):
                part.append(order[at])
                used += len(sequences[order[at]].ids)
                at += 1
            with torch.autocast("cpu", torch.bfloat16):
                result[part] = pool(network, [sequences[i] for i in part])
    finally:
        network.projection = projection
    return result


def embed(network: MarkedBert, sequences: Sequence[Sequence_], *, tokens: int = 8192) -> NDArray[np.float32]:
    """Return unit rows for any number of sequences, at most about `tokens` tokens at a time, in bfloat16."""
    rows: NDArray[np.float32] = functional.normalize(pooled(network, sequences, tokens=tokens), dim=1).numpy()
    return rows
