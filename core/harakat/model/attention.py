"""Attention over flat tokens: each object here knows how a row of tokens groups into sequences.

A network hands over queries, keys and values of shape (tokens, heads, head_dim) and gets the same shape back; it
never sees padding, masks or batches. Scores are scaled by 1/sqrt(head_dim), the default of
`torch.nn.functional.scaled_dot_product_attention` (SDPA).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

__all__ = ["Attention", "Group", "PackedAttention", "PaddedAttention", "equal_length_groups"]


class Attention(Protocol):
    """What a network needs of attention."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend within each sequence; (tokens, heads, head_dim) in and out."""
        ...

    def token_lengths(self) -> Tensor:
        """How many real tokens the sequence of each token has: int64 (tokens,), on the CPU or where the mask is."""
        ...


class Group(NamedTuple):
    """A run of neighbouring sequences of one length in a packed row of tokens."""

    start: int
    """The first token of the run."""
    sequences: int
    """How many sequences it holds."""
    length: int
    """How many tokens each of them has."""

    @property
    def stop(self) -> int:
        """One past the last token of the run."""
        return self.start + self.sequences * self.length


def equal_length_groups(lengths: Sequence[int]) -> list[Group]:
    """Runs of equal length in a sequence of lengths; sort the lengths first to get the fewest runs."""
    groups: list[Group] = []
    start = 0
    for length in lengths:
        if groups and groups[-1].length == length:
            groups[-1] = groups[-1]._replace(sequences=groups[-1].sequences + 1)
        else:
            groups.append(Group(start, 1, length))
        start += length
    return groups


def _attend(q: Tensor, k: Tensor, v: Tensor, count: int, length: int, mask: Tensor | None) -> Tensor:
    heads, head_dim = q.shape[1:]
    q, k, v = (x.reshape(count, length, heads, head_dim).transpose(1, 2) for x in (q, k, v))
    out = scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return out.transpose(1, 2).reshape(count * length, heads, head_dim)


class PackedAttention:
    """Sequences laid end to end, no padding: one SDPA call a run of equal lengths.

    Args:
        groups: The runs, in the order of the tokens (see `equal_length_groups`).
    """

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = list(groups)

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend within each sequence; shapes as in `Attention`."""
        parts = [
            _attend(q[g.start : g.stop], k[g.start : g.stop], v[g.start : g.stop], g.sequences, g.length, None)
            for g in self.groups
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def token_lengths(self) -> Tensor:
        """As in `Attention`."""
        lengths = torch.tensor([g.length for g in self.groups])
        return lengths.repeat_interleave(torch.tensor([g.sequences * g.length for g in self.groups]))


class PaddedAttention:
    """Sequences padded to one length, padding keys hidden.

    Args:
        count: How many sequences.
        length: Tokens in each, padding included.
        mask: bool (count, length), true at real tokens; None where nothing is padded. Every sequence needs at
            least one real token.
    """

    def __init__(self, count: int, length: int, mask: Tensor | None = None) -> None:
        self.count, self.length = count, length
        self.mask = None if mask is None else mask[:, None, None, :]

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend within each sequence; shapes as in `Attention`."""
        return _attend(q, k, v, self.count, self.length, self.mask)

    def token_lengths(self) -> Tensor:
        """As in `Attention`; padding has the length of its sequence too."""
        if self.mask is None:
            return torch.full((self.count * self.length,), self.length)
        return self.mask[:, 0, 0].sum(1).repeat_interleave(self.length)
