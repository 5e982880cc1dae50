"""Views: the Matryoshka dim and the precision that vectors are judged at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harakat.errors import OptionError
from harakat.model.pooling import check_precision, to_precision, unit_prefix, unit_rows
from harakat.options import PRECISIONS, Precision

__all__ = ["View", "views_of"]

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """A dim and a precision.

    Attributes:
        dim: Values in a vector.
        precision: ``"float32"``, ``"int8"`` or ``"binary"``, on both sides of a comparison.
    """

    dim: int
    precision: Precision = "float32"

    @property
    def bytes(self) -> int:
        """Size of a stored vector in bytes."""
        return {"float32": 4 * self.dim, "int8": self.dim, "binary": self.dim // 8}[self.precision]

    def rows(self, vectors: NDArray[np.floating[Any]]) -> Vectors:
        """Compute unit rows whose dot products are the cosines of the vectors as they would be stored.

        Args:
            vectors: float32 (n, full size), unit rows.

        Returns:
            float32 (n, dim). For int8 the rounded values; for binary -1 and 1, so that a dot product is
            1 - 2 * Hamming distance / dim.
        """
        short = unit_prefix(vectors, self.dim)
        if self.precision == "float32":
            return short
        stored = to_precision(short, self.precision)
        if self.precision == "binary":
            stored = np.unpackbits(stored, axis=-1).astype(np.float32) * 2 - 1
        return unit_rows(stored.astype(np.float32))

    def __str__(self) -> str:
        return f"{self.dim} {self.precision}"


def views_of(dims: Iterable[int], precisions: Iterable[str] = PRECISIONS) -> tuple[View, ...]:
    """Combine every dim with every precision, largest first.

    Args:
        dims: Sizes, as `Embedder.dims` has them.
        precisions: Of float32, int8 and binary. A dim that does not fill whole bytes has no binary form.

    Raises:
        OptionError: An unknown precision, or no view is left.
    """
    chosen = list(dict.fromkeys(precisions))
    for precision in chosen:
        check_precision(precision, 8)
    views = tuple(
        View(dim, check_precision(precision, dim))
        for precision in chosen
        for dim in sorted(set(dims), reverse=True)
        if precision != "binary" or dim % 8 == 0
    )
    if not views:
        raise OptionError(
            f"dims={list(dims)}, precisions={chosen}: no dim has that precision; binary takes multiples of 8"
        )
    return views
