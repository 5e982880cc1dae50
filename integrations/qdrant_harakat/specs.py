"""Vectors of a collection and the parameters of their graphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from harakat.errors import OptionError

__all__ = ["INT8_QUANTILE", "QUANTIZATION", "Hnsw", "Quantization", "VectorSpec"]

INT8_QUANTILE = 0.99
"""Share of the values that the int8 range covers; Qdrant's recommended setting, which cuts off outliers."""

Quantization = Literal["none", "int8", "binary"]
QUANTIZATION: tuple[str, ...] = get_args(Quantization)


@dataclass(frozen=True)
class VectorSpec:
    """One vector of each point.

    Attributes:
        size: Values in it (in each of its rows, for a multivector).
        distance: ``"cosine"``, ``"dot"``, ``"euclid"`` or ``"manhattan"``.
        multivector: Whether a point holds a matrix there, compared by MaxSim.
        on_disk: Whether the original vectors are served from disk.
        quantization: ``"none"``, ``"int8"`` (scalar) or ``"binary"``; the quantised copy stays in memory.
        indexed: Whether an HNSW graph is built for it.
        datatype: Numbers in storage: ``"float32"``, ``"float16"``, ``"uint8"`` or another of Qdrant's.
    """

    size: int
    distance: str = "cosine"
    multivector: bool = False
    on_disk: bool = False
    quantization: Quantization = "none"
    indexed: bool = True
    datatype: str = "float32"


@dataclass(frozen=True)
class Hnsw:
    """The HNSW graph's parameters (Malkov and Yashunin 2016); the defaults are Qdrant's own.

    Attributes:
        m: Edges per node.
        ef_construct: Candidates looked at while building.
        full_scan_threshold: Vectors of a segment, in kilobytes, below which a filtered search scans instead.
    """

    m: int = 16
    ef_construct: int = 100
    full_scan_threshold: int = 10_000

    def __post_init__(self) -> None:
        for name in ("m", "ef_construct", "full_scan_threshold"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise OptionError(f"hnsw {name}={value!r} is not a whole number above 0")
