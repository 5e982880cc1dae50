"""Grouping of sequences, and both kinds of attention against plain softmax."""

from __future__ import annotations

from itertools import pairwise
from types import ModuleType

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from harakat.model.layers.attention import (
    MOST_PADDING,
    BucketedAttention,
    PackedAttention,
    PaddedAttention,
    VarlenAttention,
    equal_length_groups,
)


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


def starts_of(lengths: list[int]) -> torch.Tensor:
    return torch.tensor([0, *lengths]).cumsum(0).to(torch.int32)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=25), st.booleans())
def test_bucketed_equals_packed(lengths: list[int], ordered: bool) -> None:
    lengths = sorted(lengths, reverse=True) if ordered else lengths
    q, k, v = torch.randn(3, sum(lengths), 2, 8, generator=torch.Generator().manual_seed(len(lengths)))
    ours = BucketedAttention(lengths, starts_of(lengths))
    packed = PackedAttention(equal_length_groups(lengths))
    torch.testing.assert_close(ours(q, k, v), packed(q, k, v), atol=1e-5, rtol=1e-5)
    assert ours.token_lengths().tolist() == packed.token_lengths().tolist()


@given(st.lists(st.integers(1, 512), min_size=1, max_size=200))
def test_buckets_are_few_and_hold_little_padding(lengths: list[int]) -> None:
    lengths = sorted(lengths, reverse=True)
    attention = BucketedAttention(lengths, starts_of(lengths))
    padded = [taken.numel() for taken, *_ in attention._buckets]
    real = [back.numel() for _, back, *_ in attention._buckets]
    assert sum(real) == sum(lengths)
    assert all(tokens >= (1 - MOST_PADDING) * places for tokens, places in zip(real, padded, strict=True))
    assert len(padded) <= 16


def test_sliced_queries_are_taken_as_they_lie() -> None:
    """Networks hand over views into one tensor."""
    lengths = [9, 8, 8, 2]
    qkv = torch.randn(sum(lengths), 4, 3, 16)
    q, k, v = qkv.unbind(2)
    whole = [x.contiguous() for x in (q, k, v)]
    for attention in (BucketedAttention(lengths, starts_of(lengths)), PackedAttention(equal_length_groups(lengths))):
        torch.testing.assert_close(attention(q, k, v), attention(*whole))


@pytest.fixture
def varlen() -> ModuleType:
    return pytest.importorskip("torch.nn.attention.varlen", reason="needs torch 2.10")


@pytest.mark.usefixtures("varlen")
def test_varlen_fits_the_operator_of_this_torch() -> None:
    """The kernels need a GPU; the operator's signature and shapes are here."""
    lengths = [5, 3, 3]
    q = torch.empty(11, 4, 16, dtype=torch.bfloat16, device="meta")
    out = VarlenAttention(lengths, torch.empty(4, dtype=torch.int32, device="meta"))(q, q, q)
    assert out.shape == q.shape and out.dtype == q.dtype


def test_varlen_says_where_sequences_are(varlen: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def by_the_book(q, k, v, starts_q, starts_k, longest_q, longest_k):  # type: ignore[no-untyped-def]
        assert starts_q.dtype == starts_k.dtype == torch.int32
        edges = list(pairwise(starts_q.tolist()))
        assert longest_q == longest_k == max(b - a for a, b in edges)
        return torch.cat([plain(q[a:b], k[a:b], v[a:b]) for a, b in edges])

    monkeypatch.setattr(varlen, "varlen_attn", by_the_book)
    lengths = [5, 5, 3, 1]
    q, k, v = torch.randn(3, sum(lengths), 2, 8)
    ours = VarlenAttention(lengths, starts_of(lengths))
    torch.testing.assert_close(ours(q, k, v), PackedAttention(equal_length_groups(lengths))(q, k, v))
    assert ours.token_lengths().tolist() == [5] * 10 + [3] * 3 + [1]
