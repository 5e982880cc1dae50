"""Linear layers on x86 CPUs with VNNI: int8 weights and int8 inputs, four products in the time of one in float32.

Weights are rounded once, with a scale an output channel. Inputs are rounded in every call, with a scale and a zero
point a token, so that a vector does not depend on what else is in the batch. Sums are exact int32; outside the layers
everything stays float32. Two things keep the rounding small. The few input columns that are far larger than the rest
(Dettmers et al. 2022, LLM.int8()) are multiplied in float32. Of the others, each is divided by a factor that its
weights are multiplied with, so that rounding meets columns of like size (Xiao et al. 2022, SmoothQuant). Which columns
and factors is seen on a few texts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor, nn

from harakat.model.layers.packed_linear import FusedLinear, packing_supported

__all__ = ["Int8Linear", "int8_obstacle", "quantise_linears"]

OUTLIERS = 8
"""Input columns that stay float32."""
BALANCE = 0.4
"""SmoothQuant's alpha: how much of a column's size goes from the inputs into the weights."""
LEVELS = 255
"""Steps between a token's least and largest value."""
HALF = 128
_TINY = 1e-30


@lru_cache(maxsize=1)
def int8_obstacle() -> str | None:
    """Return the reason why int8 layers cannot be had here; None where they can.

    Without VNNI the products of neighbours are added in 16 bits, and saturate. A trial with the largest numbers there
    are shows whether sums are exact.
    """
    if not packing_supported(torch.float32) or not hasattr(torch.ops.onednn, "qlinear_prepack"):
        return "needs an x86 processor and a build of torch with oneDNN"
    capabilities = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    if not (capabilities.get("avx512_vnni") or capabilities.get("avx_vnni")):
        return "needs a processor with VNNI instructions (AVX-512 VNNI or AVX-VNNI)"
    inputs = torch.full((33, 256), LEVELS, dtype=torch.uint8)
    weights = torch.full((48, 256), 127, dtype=torch.int8)
    weights[::2] = -127
    try:
        found = _multiply(inputs, torch.ops.onednn.qlinear_prepack(weights, None), torch.ones(48))
    except RuntimeError as error:
        return f"does not run with this build of torch ({(str(error).strip().splitlines() or ['no reason given'])[0]})"
    exact = bool((found == inputs.float() @ weights.float().T).all())
    return None if exact else "gives wrong sums on this processor"


def _multiply(inputs: Tensor, packed: Tensor, scale: Tensor) -> Tensor:
    """uint8 (T, in) times packed int8, each output channel times its scale: float32 (T, out)."""
    zeros = torch.zeros(len(scale), dtype=torch.int64)
    out: Tensor = torch.ops.onednn.qlinear_pointwise(
        inputs, 1.0, 0, packed, scale, zeros, None, 1.0, 0, torch.float32, "none", [], ""
    )
    return out


class Int8Linear(FusedLinear):
    """A linear layer with int8 weights and inputs, float32 outside.

    Args:
        linear: float32, on the CPU, where `int8_obstacle` sees none.
        peaks: The largest absolute value of each input column on typical texts, (in_features,).
    """

    def __init__(self, linear: nn.Linear, peaks: Tensor) -> None:
        super().__init__(linear)
        weight = linear.weight.detach()
        self.outliers: Tensor = peaks.topk(min(OUTLIERS, len(peaks))).indices.sort().values
        factors = _factors(weight, peaks)
        self.shrink: Tensor = factors.reciprocal().index_fill_(0, self.outliers, 0.0)
        kept = weight * factors
        kept[:, self.outliers] = 0
        self.scale: Tensor = (kept.abs().amax(dim=1) / 127).clamp_min_(_TINY)
        self.rounded: Tensor = (kept / self.scale[:, None]).round_().to(torch.int8)
        self.packed: Tensor = torch.ops.onednn.qlinear_prepack(self.rounded, None)
        # What a zero point adds is its product with the sum of a channel's weights: one more float32 column.
        sums = self.rounded.sum(dim=1) * self.scale
        beside = torch.cat([weight[:, self.outliers], sums[:, None]], dim=1)
        self.beside: Tensor = torch.ops.mkldnn._reorder_linear_weight(beside, None)

    @property
    def weight(self) -> Tensor:
        """The rounded weights, float32 (out_features, in_features); a new tensor each time."""
        weight = self.rounded * self.scale[:, None] * self.shrink
        weight[:, self.outliers] = self.beside.to_dense()[:, :-1]
        return weight

    def forward(self, x: Tensor, residual: Tensor | None = None, *, gelu: bool = False) -> Tensor:
        """As in `FusedLinear`; float32."""
        values = x * self.shrink
        least = values.amin(dim=1, keepdim=True)
        step = (values.amax(dim=1, keepdim=True) - least).div_(LEVELS).clamp_min_(_TINY)
        steps = step.reciprocal()
        # Few passes, and in place: fresh memory costs more than arithmetic. Conversion to int8 is vectorised, to
        # uint8 it is not; the last addition wraps around, as it should.
        values.mul_(steps).add_((least * steps).add_(HALF).neg_()).round_()
        inputs = values.to(torch.int8).view(torch.uint8).add_(HALF)
        beside = torch.cat([x.index_select(1, self.outliers), least], dim=1)
        out: Tensor = torch.ops.mkldnn._linear_pointwise(beside, self.beside, self.bias, "none", [], "")
        out.addcmul_(_multiply(inputs, self.packed, self.scale), step)
        if residual is not None:
            out.add_(residual)
        return torch.ops.aten.gelu_(out) if gelu else out


def _factors(weight: Tensor, peaks: Tensor) -> Tensor:
    """SmoothQuant's factor of each column; 1 for a column that is always zero or has no weights."""
    sizes = weight.abs().amax(dim=0)
    usable = (peaks > 0) & (sizes > 0)
    factors = peaks.clamp_min(_TINY) ** BALANCE / sizes.clamp_min(_TINY) ** (1 - BALANCE)
    return torch.where(usable, factors, 1.0)


def quantise_linears(network: nn.Module, run: Callable[[], object]) -> None:
    """Put an `Int8Linear` in the place of each linear layer of a network's blocks.

    Layers outside the blocks are few and small, and the last one rounds into the vectors unfiltered; they stay.

    Args:
        network: float32, on the CPU, in eval mode; its blocks are in an `nn.ModuleList`.
        run: Puts typical texts through it.
    """
    layers = [
        (parent, name, child)
        for blocks in network.modules()
        if isinstance(blocks, nn.ModuleList)
        for parent in blocks.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.Linear)
    ]
    peaks = {child: torch.zeros(child.in_features) for _, _, child in layers}

    def see(layer: nn.Linear, inputs: tuple[Tensor, ...]) -> None:
        torch.maximum(peaks[layer], inputs[0].detach().abs().amax(dim=0), out=peaks[layer])

    handles = [child.register_forward_pre_hook(see) for _, _, child in layers]
    try:
        run()
    finally:
        for handle in handles:
            handle.remove()
    for parent, name, child in layers:
        setattr(parent, name, Int8Linear(child, peaks[child]).train(child.training))
