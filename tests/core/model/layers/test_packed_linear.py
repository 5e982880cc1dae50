"""Packed layers: the plain layer's numbers, state and copies."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from harakat.model.layers.packed_linear import PackedLinear, pack_linears, packing_supported

pytestmark = pytest.mark.skipif(not packing_supported(torch.float32), reason="no packed layers on this machine")


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 70), st.integers(1, 40), st.integers(1, 40), st.booleans(), st.integers(0, 2**31))
def test_gives_the_plain_layers_numbers(tokens: int, width: int, out: int, bias: bool, seed: int) -> None:
    torch.manual_seed(seed)
    plain = nn.Linear(width, out, bias=bias)
    x = torch.randn(tokens, width)
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(plain)(x), plain(x), atol=1e-5, rtol=1e-5)


def test_takes_rows_that_do_not_lie_side_by_side() -> None:
    plain, x = nn.Linear(24, 5), torch.randn(9, 48)[:, ::2]
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(plain)(x), plain(x), atol=1e-6, rtol=1e-5)


def test_bfloat16_is_as_the_plain_layer() -> None:
    if not packing_supported(torch.bfloat16):
        pytest.skip("this processor has no bfloat16 layers")
    plain, x = nn.Linear(64, 32, dtype=torch.bfloat16), torch.randn(11, 64, dtype=torch.bfloat16)
    with torch.inference_mode():
        torch.testing.assert_close(PackedLinear(plain)(x), plain(x), atol=0.02, rtol=0.02)


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.Sequential(nn.Linear(8, 3, bias=False))).eval()


def test_state_dict_is_that_of_the_plain_network() -> None:
    plain = network()
    packed = copy.deepcopy(plain)
    pack_linears(packed)
    assert isinstance(packed[0], PackedLinear) and isinstance(packed[2][0], PackedLinear)
    state = packed.state_dict()
    assert state.keys() == plain.state_dict().keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in plain.state_dict().items())


def test_a_deep_copy_is_plain_and_its_own() -> None:
    packed = network()
    pack_linears(packed)
    copied = copy.deepcopy(packed)
    assert isinstance(copied[0], nn.Linear) and isinstance(copied[2][0], nn.Linear)
    x = torch.randn(4, 6)
    with torch.inference_mode():
        before = packed(x)
        torch.testing.assert_close(copied(x), before, atol=1e-6, rtol=1e-5)
        copied[0].bias.zero_()
        copied[0].weight.zero_()
        assert torch.equal(packed(x), before)
    copied.double()(x.double())  # can be cast, as a SentenceTransformer may


def test_other_number_formats_stay_plain() -> None:
    doubles = network().double()
    pack_linears(doubles)
    assert isinstance(doubles[0], nn.Linear)
