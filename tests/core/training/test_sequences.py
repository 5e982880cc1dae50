"""Attention over buckets of neighbouring lengths."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat.model.layers.attention import PaddedAttention
from harakat.training.sequences import BucketAttention


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_buckets_attend_like_padded_batches(lengths):
    lengths = sorted(lengths, reverse=True)
    torch.manual_seed(0)
    q, k, v = torch.randn(3, sum(lengths), 2, 8)
    padded = torch.zeros(3, len(lengths), lengths[0], 2, 8)
    mask = torch.arange(lengths[0])[None] < torch.tensor(lengths)[:, None]
    padded[:, mask] = torch.stack([q, k, v])
    flat = padded.flatten(1, 2)
    expected = PaddedAttention(len(lengths), lengths[0], mask)(flat[0], flat[1], flat[2]).view((*mask.shape, 2, 8))[
        mask
    ]
    rows = BucketAttention(lengths)
    assert torch.equal(rows.source[rows.real], torch.arange(sum(lengths)))
    assert torch.equal(rows.token_lengths()[rows.real], torch.tensor(lengths).repeat_interleave(torch.tensor(lengths)))
    q, k, v = (x[rows.source] for x in (q, k, v))
    torch.testing.assert_close(rows(q, k, v)[rows.real], expected, atol=1e-5, rtol=1e-4)
    with torch.no_grad():
        torch.testing.assert_close(rows(q, k, v)[rows.real], expected, atol=1e-5, rtol=1e-4)
