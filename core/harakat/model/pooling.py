"""From token vectors to what a caller gets: mean pooling, unit norm, Matryoshka prefix, output precision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harakat._support.checks import check_one_of
from harakat.errors import DimError
from harakat.options import PRECISIONS, Precision

if TYPE_CHECKING:
    from torch import Tensor

    from harakat.model.layers.attention import Group

__all__ = [
    "check_precision",
    "mean_pool",
    "mean_pool_segments",
    "to_precision",
    "unit_prefix",
    "unit_rows",
]


def check_precision(precision: str, dim: int) -> Precision:
    """Return the precision, if it is one and fits the dim.

    Raises:
        OptionError: Not one of float32, int8, binary.
        DimError: Binary vectors with a dim that does not fill whole bytes.
    """
    check_one_of("precision", precision, PRECISIONS)
    if precision == "binary" and dim % 8:
        raise DimError(f"precision='binary' packs 8 dims into a byte, and dim={dim} is not a multiple of 8")
    return precision  # type: ignore[return-value]


def mean_pool(hidden: Tensor, groups: Sequence[Group]) -> Tensor:
    """Average each sequence's token vectors, special tokens included.

    Args:
        hidden: (T, hidden_size), sequences laid end to end.
        groups: The runs of equal-length sequences, covering all T tokens in order.

    Returns:
        float32 (sequences, hidden_size), in the order of the sequences.
    """
    import torch

    width = hidden.shape[-1]
    means = [
        hidden[g.start : g.stop].view(g.sequences, g.length, width).mean(dim=1, dtype=torch.float32) for g in groups
    ]
    return means[0] if len(means) == 1 else torch.cat(means)


def mean_pool_segments(hidden: Tensor, starts: Tensor) -> Tensor:
    """Do `mean_pool` in one call on the device, for any number of lengths, without waiting for it.

    Args:
        hidden: (T, hidden_size), sequences laid end to end.
        starts: int64 (sequences + 1,) on the same device: 0, then the end of each sequence.

    Returns:
        float32 (sequences, hidden_size).
    """
    import torch

    # `unsafe` leaves out a check of the offsets that would make the host wait for the device.
    return torch.segment_reduce(hidden.float(), "mean", offsets=starts, axis=0, unsafe=True)


_ROWS_AT_A_TIME = 256
"""Rows that are scaled together: few enough that what lies between stays in the processor's caches."""


def unit_rows(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Rows scaled to length 1 (float32, same shape); a row of zeros stays as it is."""
    if len(vectors) == 1 and vectors.ndim == 2:  # a query: the same with fewer calls
        row = vectors[0].astype(np.float64)
        scaled: NDArray[np.float32] = (row / (math.sqrt(row.dot(row)) or 1.0)).astype(np.float32)
        return scaled[None]
    out = np.empty(vectors.shape, dtype=np.float32)
    width = vectors.shape[-1]
    source, target = vectors.reshape(-1, width), out.reshape(-1, width)
    for start in range(0, len(source), _ROWS_AT_A_TIME):
        # Squares in float64: in float32 those of tiny rows vanish.
        rows = source[start : start + _ROWS_AT_A_TIME].astype(np.float64)
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        norms[norms == 0] = 1.0
        np.divide(rows, norms[:, None], out=target[start : start + len(rows)], casting="same_kind")
    return out


def unit_prefix(vectors: NDArray[np.floating[Any]], dim: int) -> NDArray[np.float32]:
    """Cut each row to its first `dim` values, scaled to length 1: Matryoshka truncation (Kusupati et al. 2022)."""
    return unit_rows(vectors[..., :dim])


def to_precision(vectors: NDArray[np.float32], precision: Precision) -> NDArray[Any]:
    """Unit rows in the asked precision.

    Args:
        vectors: float32 (n, dim), unit rows.
        precision: ``"float32"`` returns them as they are. ``"int8"`` gives int8 (n, dim): each row scaled by
            127 / its largest absolute value and rounded, so cosines hold and dot products across rows do not.
            ``"binary"`` gives uint8 (n, dim/8): the signs, 1 for positive, packed eight to a byte, the first dim
            in the highest bit (`numpy.packbits`), for Hamming distance.
    """
    if precision == "int8":
        peaks = np.abs(vectors).max(axis=-1, keepdims=True, initial=0)
        scaled: NDArray[np.float32] = vectors * (127 / np.where(peaks == 0, np.float32(1), peaks))
        return np.rint(scaled).astype(np.int8)
    if precision == "binary":
        return np.packbits(vectors > 0, axis=-1)
    return vectors
