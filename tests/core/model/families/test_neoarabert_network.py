"""The network against an independent oracle: padded, packed, alone, in any batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat.model.families.neoarabert_network import NeoAraBERT, NeoAraBERTShape, rotate
from harakat.model.layers.attention import PackedAttention, PaddedAttention, equal_length_groups
from support.oracle import hidden_states
from support.tiny import DEFAULT_CONFIG, random_weights

CONFIG = {**DEFAULT_CONFIG, "vocab_size": 50}
WEIGHTS = random_weights(CONFIG)


@pytest.fixture(scope="module")
def network() -> NeoAraBERT:
    shape = NeoAraBERTShape(
        hidden_size=64,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=96,
        vocab_size=50,
        max_positions=128,
    )
    model = NeoAraBERT(shape)
    model.load_state_dict(WEIGHTS)
    return model.eval()


def packed(model: NeoAraBERT, sequences: list[list[int]]) -> list[np.ndarray]:
    lengths = [len(s) for s in sequences]
    ids = torch.tensor([i for s in sequences for i in s])
    positions = torch.cat([torch.arange(n) for n in lengths])
    with torch.inference_mode():
        out = model(ids, positions, PackedAttention(equal_length_groups(lengths)))
    return [part.numpy() for part in out.split(lengths)]


def padded(model: NeoAraBERT, sequences: list[list[int]]) -> list[np.ndarray]:
    longest = max(map(len, sequences))
    ids = torch.tensor([s + [0] * (longest - len(s)) for s in sequences])
    mask = torch.tensor([[i < len(s) for i in range(longest)] for s in sequences])
    positions = torch.arange(longest).repeat(len(sequences))
    with torch.inference_mode():
        out = model(ids.flatten(), positions, PaddedAttention(len(sequences), longest, mask))
    return [row[: len(s)].numpy() for row, s in zip(out.view(len(sequences), longest, -1), sequences, strict=True)]


SEQUENCES = [[2, 7, 9, 3], [2, 3], [2, *range(4, 44), 3], [2, 11, 9, 3], [5], [2] * 128]


@pytest.mark.parametrize("run", [packed, padded])
def test_equals_the_oracle(network: NeoAraBERT, run) -> None:  # type: ignore[no-untyped-def]
    for ids, ours in zip(SEQUENCES, run(network, SEQUENCES), strict=True):
        np.testing.assert_allclose(ours, hidden_states(WEIGHTS, CONFIG, ids), atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.integers(0, 49), min_size=1, max_size=30), min_size=1, max_size=6))
def test_a_sequence_does_not_see_its_neighbours(network: NeoAraBERT, sequences: list[list[int]]) -> None:
    together = packed(network, sequences)
    for sequence, ours in zip(sequences, together, strict=True):
        np.testing.assert_allclose(ours, packed(network, [sequence])[0], atol=1e-5)


def test_feed_forward_width_is_two_thirds_rounded_up_to_eight() -> None:
    assert NeoAraBERTShape(intermediate_size=3072).ffn_size == 2048
    assert NeoAraBERTShape(intermediate_size=100).ffn_size == 72


def test_rotary_keeps_norms_and_depends_on_distance_only() -> None:
    model = NeoAraBERT(NeoAraBERTShape(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=4))
    x = torch.randn(1, 2, 1, 8)

    def at(position: int) -> torch.Tensor:
        return rotate(x, model.cos[[position]][:, None, None], model.sin[[position]][:, None, None])

    assert torch.allclose(at(77).norm(), x.norm(), atol=1e-5)
    assert torch.allclose((at(5) * at(9)).sum(), (at(105) * at(109)).sum(), atol=1e-3)
    assert torch.equal(at(0), x)


def test_the_rotary_table_is_real_even_on_the_meta_device() -> None:
    """The published code leaves it uninitialised under transformers 5; two loads of ours agree exactly."""
    with torch.device("meta"):
        model = NeoAraBERT(NeoAraBERTShape(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=4))
    assert model.encoder.weight.is_meta and not model.cos.is_meta
    fresh = NeoAraBERT(NeoAraBERTShape(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, vocab_size=4))
    assert torch.equal(model.cos, fresh.cos)
    assert torch.equal(model.sin, fresh.sin)
    assert "cos" not in fresh.state_dict()
