"""Sequences of any length through the network in one go, without padding outside attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harakat.arabic.piece_tokenizer import PieceTokenizer
from harakat.model.marked_bert import MarkedBert

__all__ = ["BucketAttention", "Sequence_", "embed", "pool", "pooled", "prepare"]


class Sequence_(NamedTuple):
    """One tokenised text with its special tokens: ids and packed marks, int64, shape (n,)."""

    ids: NDArray[np.int64]
    marks: NDArray[np.int64]


def prepare(tokenizer: PieceTokenizer, texts: Sequence[str], *, longest: int, prefix: str = "") -> list[Sequence_]:
    """Tokenise `texts`, each cut to `longest` tokens, special tokens and the pieces of `prefix` included."""
    head = [*tokenizer.prefix, *(tokenizer.tokenize([prefix])[0].ids if prefix else ())]
    tail = list(tokenizer.suffix)
    room = longest - len(head) - len(tail)
    prepared = []
    for tokens in tokenizer.tokenize(texts):
        assert tokens.marks is not None  # always set by PieceTokenizer
        ids = np.concatenate([head, tokens.ids[:room], tail]).astype(np.int64)
        marks = np.zeros(len(ids), np.int64)
        marks[len(head) : -len(tail)] = tokens.marks[:room]
        prepared.append(Sequence_(ids, marks))
    return prepared


class BucketAttention:
    """Attention by two plain matrix products over buckets of neighbouring lengths, padded within a bucket.

    On a CPU this trains about twice as fast as fused attention, whose backward pass is slow there.

    Args:
        lengths: Of the sequences, in descending order, as they lie in the row of tokens.
        slack: How much longer than its shortest sequence a bucket may be.
    """

    def __init__(self, lengths: Sequence[int], slack: float = 0.2) -> None:
        self.lengths = torch.tensor(lengths)
        self.buckets: list[tuple[int, int, int, int, Tensor | None, Tensor | None]] = []
        at = first = 0
        while first < len(lengths):
            width, last = lengths[first], first
            while last < len(lengths) and lengths[last] >= width / (1 + slack) - 1:
                last += 1
            inside = torch.tensor(lengths[first:last])
            real = torch.arange(width)[None, :] < inside[:, None]
            count = int(inside.sum())
            if bool(real.all()):
                self.buckets.append((at, at + count, last - first, width, None, None))
            else:
                bias = torch.zeros(real.shape).masked_fill(~real, -1e4)[:, None, None, :]
                self.buckets.append((at, at + count, last - first, width, real, bias))
            at += count
            first = last

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend within each sequence; (tokens, heads, head_dim) in and out."""
        parts = []
        for start, stop, count, width, real, bias in self.buckets:
            qkv = [x[start:stop] for x in (q, k, v)]
            if real is not None:
                qkv = [x.new_zeros(count, width, *x.shape[1:]).masked_scatter(real[..., None, None], x) for x in qkv]
            a, b, c = (x.reshape(count, width, *x.shape[-2:]).transpose(1, 2) for x in qkv)
            if torch.is_grad_enabled():
                scores = (a * a.shape[-1] ** -0.5) @ b.transpose(2, 3)
                if bias is not None:
                    scores = scores + bias.to(scores.dtype)
                out = (scores.softmax(-1).to(c.dtype) @ c).transpose(1, 2)
            else:
                mask = None if bias is None else bias.to(a.dtype)
                out = functional.scaled_dot_product_attention(a, b, c, attn_mask=mask).transpose(1, 2)
            parts.append(out[real] if real is not None else out.reshape(count * width, *out.shape[2:]))
        return torch.cat(parts)

    def token_lengths(self) -> Tensor:
        """Length of the sequence that each token is in, int64 (tokens,)."""
        return self.lengths.repeat_interleave(self.lengths)


def pool(network: MarkedBert, sequences: Sequence[Sequence_]) -> Tensor:
    """Return the mean token vector of each sequence, in order, float32, shape (n, hidden); not normalised."""
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i].ids))
    lengths = [len(sequences[i].ids) for i in order]
    ids = torch.from_numpy(np.concatenate([sequences[i].ids for i in order]))
    marks = torch.from_numpy(np.concatenate([sequences[i].marks for i in order]))
    sizes = torch.tensor(lengths)
    owner = torch.repeat_interleave(torch.arange(len(order)), sizes)
    positions = torch.arange(len(ids)) - torch.repeat_interleave(sizes.cumsum(0) - sizes, sizes)
    tokens = network(ids, positions, BucketAttention(lengths), marks if bool((marks != 0).any()) else None)
    sums = torch.zeros(len(order), tokens.shape[1]).index_add(0, owner, tokens.float())
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return (sums / sizes[:, None])[back]


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
