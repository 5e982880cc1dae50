"""The surroundings of a figure: the processor, the versions, and how fast the machine multiplies matrices."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat._support.provenance import installed
from harakat.errors import OptionError

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = [
    "cpu_model",
    "linear_flop",
    "linear_weights",
    "peak_memory",
    "pinned_threads",
    "sgemm_rates",
    "surroundings",
]

_PACKAGES = ("harakat", "torch", "tokenizers", "numpy")


def cpu_model() -> str:
    """Read the processor's name as the system gives it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def surroundings(threads: int) -> dict[str, Any]:
    """Processor, cores, threads in use, load and versions, for the head of a report."""
    import torch

    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": threads,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": installed(_PACKAGES),
    }


def peak_memory() -> int | None:
    """Read the most memory that this process has held so far, in bytes; None where the system does not tell."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    # Kilobytes everywhere but on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@contextmanager
def pinned_threads(threads: int | None) -> Iterator[int]:
    """Torch with so many threads while the block runs, None for as many as it has; gives their number.

    Raises:
        OptionError: Not a whole number above 0.
    """
    import torch

    before = torch.get_num_threads()
    if threads is None:
        yield before
        return
    if threads < 1:
        raise OptionError(f"threads={threads}: at least one is needed")
    torch.set_num_threads(threads)
    try:
        yield threads
    finally:
        torch.set_num_threads(before)


def linear_weights(network: nn.Module) -> list[Tensor]:
    """List the weights of all linear layers, packed ones in their ordinary layout."""
    from torch import nn

    from harakat.model.layers.packed_linear import FusedLinear

    return [m.weight for m in network.modules() if isinstance(m, nn.Linear | FusedLinear)]


def linear_flop(network: nn.Module) -> int:
    """Multiplications and additions in the linear layers, for one token."""
    return sum(2 * weight.numel() for weight in linear_weights(network))


def sgemm_rates(network: nn.Module, tokens: int = 1024) -> dict[str, float]:
    """FLOP/s of bare float32 products with the network's own matrices: ``"torch"`` (`torch.mm`) and ``"packed"``.

    Args:
        network: On the CPU.
        tokens: Rows of the other factor.
    """
    import torch

    from harakat.model.layers.packed_linear import FusedLinear, PackedLinear, packing_supported

    layers = [m for m in network.modules() if isinstance(m, torch.nn.Linear | FusedLinear)]
    # The shapes repeat from block to block; one of each is enough.
    weights = list({(m.in_features, m.out_features): m.weight.float() for m in layers}.values())
    inputs = [torch.randn(tokens, w.shape[1]) for w in weights]
    with torch.inference_mode():
        rates = {"torch": _rate([(x.matmul, w.T) for x, w in zip(inputs, weights, strict=True)], tokens, weights)}
        if packing_supported(torch.float32):
            packed = [PackedLinear(_linear(w)) for w in weights]
            rates["packed"] = _rate(list(zip(packed, inputs, strict=True)), tokens, weights)
    return rates


def _linear(weight: Tensor) -> torch.nn.Linear:
    import torch

    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    layer.weight = torch.nn.Parameter(weight, requires_grad=False)
    return layer


def _rate(products: list[tuple[Any, Tensor]], tokens: int, weights: list[Tensor]) -> float:
    best = float("inf")
    for _ in range(4):  # the first one warms up
        started = time.perf_counter()
        for multiply, factor in products:
            multiply(factor)
        best = min(best, time.perf_counter() - started)
    return sum(2 * tokens * w.numel() for w in weights) / best
