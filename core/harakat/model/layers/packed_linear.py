"""Linear layers on x86 CPUs: weights packed once in oneDNN's layout.

PyTorch hands float32 products to MKL, which keeps to AVX2 on processors that are not Intel's and packs the weights
again in every call. oneDNN takes the widest instructions there are. The operators are those that PyTorch's own
compiler (Inductor) calls; where a build or a processor lacks them, the plain layers stay. Sums run in another order,
so vectors move by float rounding (under 1e-6) and no more.
"""

from __future__ import annotations

import platform
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["FusedLinear", "PackedLinear", "linear_gelu", "linear_plus", "pack_linears", "packing_supported"]

_X86 = ("x86_64", "amd64")
_OPERATORS = ("_linear_pointwise", "_reorder_linear_weight", "_is_mkldnn_bf16_supported")


def packing_supported(dtype: torch.dtype) -> bool:
    """Return True where this build and this processor have packed layers in a number format.

    bfloat16 wants AVX-512: without it oneDNN refuses, and PyTorch's plain layers work, slowly.
    """
    if platform.machine().lower() not in _X86 or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    if not all(hasattr(torch.ops.mkldnn, name) for name in _OPERATORS):
        return False
    if dtype == torch.bfloat16:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return dtype == torch.float32


class FusedLinear(nn.Module):
    """A linear layer for inference that keeps its weight in a layout of its own, and can do what follows it.

    A state dict holds the weight in its ordinary layout. A deep copy is an ordinary `nn.Linear`, so that it can be
    moved and cast.

    Args:
        linear: The layer in whose place it stands.
    """

    bias: Tensor | None

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.register_parameter("bias", linear.bias)

    @property
    def weight(self) -> Tensor:
        """The weight in its ordinary layout, (out_features, in_features); a new tensor each time."""
        raise NotImplementedError

    def forward(self, x: Tensor, residual: Tensor | None = None, *, gelu: bool = False) -> Tensor:
        """(T, in_features) -> (T, out_features).

        Args:
            x: In the layer's number format.
            residual: Added to the result, (T, out_features).
            gelu: Instead: the exact GELU of the result.
        """
        raise NotImplementedError

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "weight"] = self.weight

    def __deepcopy__(self, memo: dict[int, Any]) -> nn.Linear:
        plain = nn.Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        plain.weight = nn.Parameter(self.weight, requires_grad=False)
        if self.bias is not None:
            plain.bias = nn.Parameter(self.bias.detach().clone(), requires_grad=False)
        return plain.train(self.training)


class PackedLinear(FusedLinear):
    """A linear layer in oneDNN's layout; what follows is done in the same pass over the result.

    Args:
        linear: On the CPU, in a number format for which `packing_supported` holds.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear)
        self.packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), None)

    @property
    def weight(self) -> Tensor:
        """As in `FusedLinear`."""
        return self.packed.to_dense()

    def forward(self, x: Tensor, residual: Tensor | None = None, *, gelu: bool = False) -> Tensor:
        """As in `FusedLinear`."""
        operator = torch.ops.mkldnn._linear_pointwise
        out: Tensor
        if residual is not None:
            out = operator.binary(x, residual, self.packed, self.bias, "add")
        elif gelu:
            out = operator.default(x, self.packed, self.bias, "gelu", [], "none")
        else:
            out = operator.default(x, self.packed, self.bias, "none", [], "")
        return out


def linear_plus(layer: nn.Module, x: Tensor, residual: Tensor) -> Tensor:
    """Compute a linear layer's result plus `residual`, in one pass where the layer is packed."""
    out: Tensor = layer(x, residual) if isinstance(layer, FusedLinear) else residual + layer(x)
    return out


def linear_gelu(layer: nn.Module, x: Tensor) -> Tensor:
    """Compute the exact GELU of a linear layer's result, in one pass where the layer is packed."""
    out: Tensor = layer(x, gelu=True) if isinstance(layer, FusedLinear) else functional.gelu(layer(x))
    return out


def pack_linears(network: nn.Module) -> None:
    """Put a `PackedLinear` in the place of every linear layer of a network, where that is supported."""
    # Without the layers themselves, so that each is freed once it is packed.
    for module in [module for module in network.modules() if not isinstance(module, nn.Linear)]:
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear) and child.weight.is_cpu and packing_supported(child.weight.dtype):
                setattr(module, name, PackedLinear(child).train(child.training))
