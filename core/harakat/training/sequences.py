"""Attention over sequences of any length, for training on a CPU."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["BucketAttention"]


class BucketAttention:
    """Attention by two plain matrix products over buckets of neighbouring lengths, padded within a bucket.

    On a CPU this trains about twice as fast as fused attention, whose backward pass is slow there. The tokens go
    through the whole network in the padded layout that `source` describes: to pad them for attention alone takes
    longer than a few fillers do (2,400 and 4,100 tokens/s in training, 200 verses, two cores with AMX).

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
        """Attend within each sequence; float (places, heads, head_dim) in and out."""
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
        """Return the length of the sequence that each place is in, fillers not counted, int64 (places,)."""
        return self._lengths
