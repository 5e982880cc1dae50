"""The choice of attention for a device: made once for an encoder, tried before it is trusted, and visible."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from harakat._support.checks import check_one_of
from harakat.errors import DeviceError, OptionError
from harakat.options import ATTENTION

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from harakat.model.layers.attention import Attention

__all__ = ["check_attention", "choose_attention", "packed_attention"]

LARGEST_ERROR = 0.05
"""Largest difference to float32 in the trial, whose values are of unit size: some units in bfloat16's last place."""


def check_attention(asked: str) -> str:
    """Return the name itself, if it is one.

    Raises:
        OptionError: Unknown.
    """
    check_one_of("attention", asked, ATTENTION, ", ".join(map(repr, ATTENTION)))
    return asked


def choose_attention(asked: str, device: torch.device, dtype: torch.dtype, head_dim: int) -> str:
    """Choose the attention for a device: ``"varlen"``, ``"xformers"`` or ``"sdpa"``.

    ``"auto"`` takes the first of these that can run there and gives the right numbers in a trial of two sequences.

    Args:
        asked: The caller's choice.
        device: Where the network runs.
        dtype: Of queries, keys and values.
        head_dim: Width of one attention head.

    Raises:
        OptionError: An unknown name, or one that cannot run there; the message says why.
        DeviceError: The device's memory is full.
    """
    check_attention(asked)
    if asked != "auto":
        reason = _obstacle(asked, device, dtype, head_dim)
        if reason:
            raise OptionError(f"attention={asked!r} {reason}; use 'auto' or 'sdpa'")
        return asked
    return next(kind for kind in ATTENTION[1:] if _obstacle(kind, device, dtype, head_dim) is None)


def packed_attention(kind: str, lengths: Sequence[int], starts: Tensor) -> Attention:
    """Attention over sequences that are laid end to end.

    Args:
        kind: What `choose_attention` gave.
        lengths: Tokens in each sequence, neighbours of like length beside each other.
        starts: int32 (sequences + 1,) on the device: 0, then the end of each sequence.
    """
    from harakat.model.layers import attention

    if kind == "varlen":
        return attention.VarlenAttention(lengths, starts)
    if kind == "xformers":
        return attention.XformersAttention(lengths, starts)
    if starts.device.type == "cpu":
        # A call costs little here, and what padding costs is time.
        return attention.PackedAttention(attention.equal_length_groups(lengths))
    return attention.BucketedAttention(lengths, starts)


@lru_cache(maxsize=64)
def _obstacle(kind: str, device: torch.device, dtype: torch.dtype, head_dim: int) -> str | None:
    """Return the reason why an attention cannot be had on a device; None where it can."""
    if kind == "sdpa":
        return None
    reason = _needs(kind, device, dtype, head_dim)
    return reason or _trial(kind, device, dtype, head_dim)


def _needs(kind: str, device: torch.device, dtype: torch.dtype, head_dim: int) -> str | None:
    import torch

    if device.type != "cuda":
        return f"needs a CUDA device, and this encoder runs on {device}"
    if kind == "xformers":
        return None if find_spec("xformers") else "needs xformers: pip install 'harakat[gpu]'"
    if find_spec("torch.nn.attention.varlen") is None:
        return f"needs torch 2.10 or newer, and this is torch {torch.__version__}"
    if dtype not in (torch.bfloat16, torch.float16):
        return f"needs dtype='bfloat16' or 'float16', and this encoder computes in {str(dtype).removeprefix('torch.')}"
    if torch.cuda.get_device_capability(device) < (8, 0):
        return f"needs a GPU of compute capability 8.0 (Ampere) or newer, and {device} is older"
    if head_dim % 8 or head_dim > 256:
        return f"needs a head width that is a multiple of 8, 256 at most, and this checkpoint's is {head_dim}"
    return None


def _trial(kind: str, device: torch.device, dtype: torch.dtype, head_dim: int) -> str | None:
    """Two short sequences against float32 SDPA; a build of torch or xformers may lack the kernels it promises."""
    import torch

    from harakat.model.layers.attention import PackedAttention, equal_length_groups

    lengths = (37, 5)
    heads = 2
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(sum(lengths), heads, 3, head_dim, generator=generator)
    failures: tuple[type[Exception], ...] = (RuntimeError, NotImplementedError, ImportError, ValueError, TypeError)
    try:
        # Kernels of extensions run on the current device, whatever their inputs are on.
        with torch.cuda.device(device), torch.inference_mode():
            # Slices of one tensor, as a network hands them over: a kernel may want its inputs closer together.
            q, k, v = values.to(device, dtype).unbind(2)
            starts = torch.tensor([0, 37, 42], dtype=torch.int32, device=device)
            found = packed_attention(kind, lengths, starts)(q, k, v).float()
            expected = PackedAttention(equal_length_groups(lengths))(q.float(), k.float(), v.float())
            error = float((found - expected).abs().max())
    except torch.OutOfMemoryError as full:
        # No reason against this attention, and not to be remembered as one.
        raise DeviceError(
            f"{device} has no memory left for two short sequences of attention; free some, or choose another device"
        ) from full
    except failures as failure:
        first = str(failure).strip().splitlines() or [type(failure).__name__]
        return f"does not run on {device} here ({first[0][:200]})"
    if not error <= LARGEST_ERROR:
        return f"gives wrong numbers on {device} here (off by {error:.3g})"
    return None
