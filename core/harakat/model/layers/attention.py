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
from torch.nn.functional import pad, scaled_dot_product_attention

__all__ = [
    "Attention",
    "BucketedAttention",
    "Group",
    "PackedAttention",
    "PaddedAttention",
    "VarlenAttention",
    "XformersAttention",
    "count_in_sequence",
    "equal_length_groups",
]


class Attention(Protocol):
    """Attention as a network calls it."""

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend within each sequence; (tokens, heads, head_dim) in and out."""
        ...

    def token_lengths(self) -> Tensor:
        """Return how many real tokens each token's sequence has: int64 (tokens,), on the CPU or where the mask is."""
        ...


class Group(NamedTuple):
    """A run of neighbouring sequences of one length in a packed row of tokens."""

    start: int
    """The first token of the run."""
    sequences: int
    """Number of sequences that it holds."""
    length: int
    """Number of tokens of each of them."""

    @property
    def stop(self) -> int:
        """One past the last token of the run."""
        return self.start + self.sequences * self.length


def count_in_sequence(flags: Tensor, positions: Tensor, lengths: Tensor) -> Tensor:
    """Return how many tokens of its sequence are flagged, for each token; sequences lie unbroken in the row.

    A filler sequence may say any positions: what its tokens get is not used.

    Args:
        flags: bool (tokens,).
        positions: Place of each token in its sequence, from 0, (tokens,).
        lengths: As `Attention.token_lengths` gives them, on the same device, (tokens,).
    """
    sums = pad(flags.long().cumsum(0), (1, 0))
    starts = torch.arange(len(flags), device=flags.device) - positions
    return sums[(starts + lengths).clamp(max=len(flags))] - sums[starts]


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
        if len(self.groups) == 1:
            return _attend(q, k, v, self.groups[0].sequences, self.groups[0].length, None)
        parts = [
            _attend(q[g.start : g.stop], k[g.start : g.stop], v[g.start : g.stop], g.sequences, g.length, None)
            for g in self.groups
        ]
        return torch.cat(parts)

    def token_lengths(self) -> Tensor:
        """As in `Attention`."""
        if len(self.groups) == 1:
            return torch.full((self.groups[0].stop,), self.groups[0].length)
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


class _FlatAttention:
    """Sequences laid end to end on a device, known by where they start.

    Args:
        lengths: Tokens in each sequence, at least one.
        starts: int32 (sequences + 1,), where the q, k and v will be: 0, then the end of each sequence.
    """

    def __init__(self, lengths: Sequence[int], starts: Tensor) -> None:
        self.lengths, self.starts = lengths, starts
        self.total, self.longest = sum(lengths), max(lengths)

    def token_lengths(self) -> Tensor:
        """As in `Attention`; on the device."""
        sizes = self.starts.diff().long()
        # The size is said beforehand, so that the host need not wait for the device to tell.
        return sizes.repeat_interleave(sizes, output_size=self.total)


class VarlenAttention(_FlatAttention):
    """FlashAttention over packed sequences: `torch.nn.attention.varlen.varlen_attn` (torch 2.10 and newer).

    CUDA, bfloat16 or float16, a head width that is a multiple of 8 and at most 256. Arguments as in
    `BucketedAttention`.
    """

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend within each sequence; shapes as in `Attention`."""
        from torch.nn.attention.varlen import varlen_attn

        mixed = varlen_attn(q, k, v, self.starts, self.starts, self.longest, self.longest)
        assert isinstance(mixed, Tensor)  # a pair only where auxiliary results are asked for
        return mixed


class XformersAttention(_FlatAttention):
    """Memory-efficient attention of xformers under a block-diagonal mask: CUDA, any float. Arguments as above."""

    def __init__(self, lengths: Sequence[int], starts: Tensor) -> None:
        from xformers.ops.fmha.attn_bias import BlockDiagonalMask

        super().__init__(lengths, starts)
        self.blocks = BlockDiagonalMask.from_seqlens(list(lengths))

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend within each sequence; shapes as in `Attention`."""
        from xformers.ops import memory_efficient_attention

        mixed: Tensor = memory_efficient_attention(q[None], k[None], v[None], attn_bias=self.blocks)
        return mixed[0]


MOST_PADDING = 0.25
"""Share of padding at which `BucketedAttention` starts another bucket."""


class BucketedAttention(_FlatAttention):
    """Packed outside, padded inside: neighbours of similar length are padded to the longest of them for one SDPA call.

    For devices where a call for each single length (`PackedAttention`) costs more than a little padding. Everything
    but the attention itself still runs without padding. Works everywhere, in any float.

    Args:
        lengths: Tokens in each sequence; sort them for the fewest buckets.
        starts: int32 (sequences + 1,) on the device: 0, then the end of each sequence.
    """

    def __init__(self, lengths: Sequence[int], starts: Tensor) -> None:
        super().__init__(lengths, starts)
        self._buckets = [self._bucket(*edges) for edges in _similar(lengths)]

    def _bucket(self, first: int, last: int, length: int) -> tuple[Tensor, Tensor, Tensor | None, int, int]:
        """Return the token of each padded place, the padded place of each token, and the mask."""
        count, device = last - first, self.starts.device
        starts = self.starts[first:last].long()
        sizes = self.starts[first + 1 : last + 1].long() - starts
        places = torch.arange(length, device=device)
        real = places < sizes[:, None]
        taken = torch.where(real, starts[:, None] + places, starts[:, None]).flatten()
        tokens = sum(self.lengths[first:last])
        rows = torch.arange(count, device=device).repeat_interleave(sizes, output_size=tokens)
        begin = sum(self.lengths[:first])
        back = rows * length + torch.arange(begin, begin + tokens, device=device) - starts[rows]
        even = min(self.lengths[first:last]) == length
        return taken, back, None if even else real[:, None, None, :], count, length

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend within each sequence; shapes as in `Attention`."""
        parts = []
        for taken, back, mask, count, length in self._buckets:
            padded = [x.index_select(0, taken) for x in (q, k, v)]
            mixed = _attend(padded[0], padded[1], padded[2], count, length, mask)
            parts.append(mixed.index_select(0, back))
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def _similar(lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """First, one past the last, and longest of runs of neighbours whose padding stays under `MOST_PADDING`."""
    runs: list[tuple[int, int, int]] = []
    first = longest = tokens = 0
    for index, length in enumerate(lengths):
        wider = max(longest, length)
        if index > first and (tokens + length) < (1 - MOST_PADDING) * wider * (index + 1 - first):
            runs.append((first, index, longest))
            first, longest, tokens = index, length, length
        else:
            longest, tokens = wider, tokens + length
    return [*runs, (first, len(lengths), longest)]
