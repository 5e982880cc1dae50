"""Grouping of sequences, and both kinds of attention against plain softmax."""

from __future__ import annotations

from itertools import pairwise

import torch
from hypothesis import given
from hypothesis import strategies as st

from harakat.model.attention import PackedAttention, PaddedAttention, equal_length_groups


def plain(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    scores = torch.einsum("ihd,jhd->hij", q, k) / q.shape[-1] ** 0.5
    return torch.einsum("hij,jhd->ihd", scores.softmax(-1), v)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_groups_cover_every_token_once(lengths: list[int]) -> None:
    groups = equal_length_groups(lengths)
    assert [g.length for g in groups for _ in range(g.sequences)] == lengths
    assert groups[0].start == 0
    assert all(a.stop == b.start and a.length != b.length for a, b in pairwise(groups))
    assert groups[-1].stop == sum(lengths)


def test_packed_equals_plain_softmax() -> None:
    torch.manual_seed(0)
    lengths = [5, 5, 3, 1]
    q, k, v = torch.randn(3, sum(lengths), 2, 8)
    ours = PackedAttention(equal_length_groups(lengths))(q, k, v)
    parts = zip(*(x.split(lengths) for x in (q, k, v)), strict=True)
    assert torch.allclose(ours, torch.cat([plain(*part) for part in parts]), atol=1e-5)


def test_padding_keys_are_hidden() -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 8, 2, 8)
    mask = torch.tensor([[True, True, True, False], [True, True, True, True]])
    ours = PaddedAttention(2, 4, mask)(q, k, v)
    k[3], v[3] = 1e4, -1e4
    assert torch.equal(ours, PaddedAttention(2, 4, mask)(q, k, v))
    assert torch.allclose(ours[:3], plain(q[:3], k[:3], v[:3]), atol=1e-5)


def test_every_token_knows_how_long_its_sequence_is() -> None:
    packed = PackedAttention(equal_length_groups([3, 2, 2])).token_lengths()
    assert packed.tolist() == [3, 3, 3, 2, 2, 2, 2]
    mask = torch.tensor([[True, True, False], [True, True, True]])
    assert PaddedAttention(2, 3, mask).token_lengths().tolist() == [2, 2, 2, 3, 3, 3]
    assert PaddedAttention(2, 3).token_lengths().tolist() == [3] * 6
