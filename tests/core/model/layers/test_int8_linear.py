"""int8 layers: close to the plain layer, exact in their sums, each token on its own."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from harakat.model.layers import int8_linear
from harakat.model.layers.int8_linear import OUTLIERS, Int8Linear, int8_obstacle, quantise_linears

pytestmark = pytest.mark.skipif(int8_obstacle() is not None, reason=f"int8 {int8_obstacle()}")


def made(width: int, out: int, *, bias: bool = True, outliers: int = 0) -> tuple[nn.Linear, torch.Tensor]:
    """A layer and 300 tokens for it, of which some columns are fifty times as large."""
    plain = nn.Linear(width, out, bias=bias)
    x = torch.randn(300, width)
    x[:, torch.randperm(width)[:outliers]] *= 50
    return plain, x


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 90), st.integers(1, 70), st.integers(1, 300), st.booleans(), st.integers(0, 2**31))
@torch.inference_mode()
def test_is_near_the_plain_layer(width: int, out: int, tokens: int, bias: bool, seed: int) -> None:
    torch.manual_seed(seed)
    plain, x = made(width, out, bias=bias, outliers=min(OUTLIERS, width // 3))
    layer = Int8Linear(plain, x.abs().amax(0))
    # Where eight columns are all there are, nothing is rounded.
    torch.testing.assert_close(layer(x[:tokens]), plain(x[:tokens]), atol=0.5, rtol=0.02)
    assert relative(layer(x), plain(x)) < (0.02 if width > OUTLIERS else 1e-5)


@torch.inference_mode()
def test_outliers_cost_no_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    plain, x = made(256, 64, outliers=OUTLIERS)
    assert relative(Int8Linear(plain, x.abs().amax(0))(x), plain(x)) < 0.002
    monkeypatch.setattr(int8_linear, "OUTLIERS", 1)
    assert relative(Int8Linear(plain, x.abs().amax(0))(x), plain(x)) > 0.004


@torch.inference_mode()
def test_a_token_does_not_depend_on_the_others() -> None:
    torch.manual_seed(0)
    plain, x = made(96, 40)
    layer = Int8Linear(plain, x.abs().amax(0))
    wild = torch.cat([x, 1e4 * torch.randn(5, 96)])
    torch.testing.assert_close(layer(wild)[:300], layer(x), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(layer(x[7:8]), layer(x)[7:8], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_zeros_and_constant_tokens() -> None:
    plain, x = made(64, 32)
    layer = Int8Linear(plain, x.abs().amax(0))
    torch.testing.assert_close(layer(torch.zeros(3, 64)), plain(torch.zeros(3, 64)), atol=1e-6, rtol=1e-6)
    for value in (-3.0, 1e-20, 1e8):
        constant = torch.full((2, 64), value)
        assert relative(layer(constant), plain(constant)) < 0.05
    assert bool(layer(torch.full((1, 64), torch.nan)).isnan().all())


@torch.inference_mode()
def test_an_unseen_column_and_one_without_weights() -> None:
    torch.manual_seed(0)
    plain, x = made(64, 32)
    plain.weight[:, 3] = 0
    seen = x.clone()
    seen[:, 5] = 0
    assert relative(Int8Linear(plain, seen.abs().amax(0))(x), plain(x)) < 0.02


@torch.inference_mode()
def test_residual_and_gelu() -> None:
    plain, x = made(64, 32)
    layer = Int8Linear(plain, x.abs().amax(0))
    residual = torch.randn(300, 32)
    kept = residual.clone()
    torch.testing.assert_close(layer(x, residual), layer(x) + residual)
    torch.testing.assert_close(layer(x, gelu=True), nn.functional.gelu(layer(x)))
    assert torch.equal(residual, kept)


@torch.inference_mode()
def test_state_dict_and_copies_hold_the_rounded_weights() -> None:
    torch.manual_seed(0)
    plain, x = made(64, 32)
    layer = Int8Linear(plain, x.abs().amax(0))
    state = layer.state_dict()
    assert state.keys() == plain.state_dict().keys()
    assert torch.equal(state["bias"], plain.bias)
    assert 1e-4 < relative(state["weight"], plain.weight) < 0.01
    copied = copy.deepcopy(layer)
    assert type(copied) is nn.Linear
    assert torch.equal(copied.weight, layer.weight)
    assert relative(copied(x), layer(x)) < 0.01


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Linear(16, 24)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(24, 24), nn.Sequential(nn.Linear(24, 24))) for _ in range(2)
        )
        self.after = nn.Linear(24, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.before(x)
        for block in self.blocks:
            x = x + block(x)
        return self.after(x)


@torch.inference_mode()
def test_layers_of_blocks_are_replaced_and_no_others() -> None:
    torch.manual_seed(0)
    network, x = Network().eval(), torch.randn(50, 16)
    expected = network(x)
    quantise_linears(network, lambda: network(x))
    assert type(network.before) is type(network.after) is nn.Linear
    for block in network.blocks:
        assert isinstance(block[0], Int8Linear) and isinstance(block[1][0], Int8Linear)
    assert not any(module._forward_pre_hooks for module in network.modules())
    assert 0 < relative(network(x), expected) < 0.02
    assert network.state_dict().keys() == Network().state_dict().keys()
