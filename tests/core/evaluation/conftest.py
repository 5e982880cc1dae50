"""Fixtures: an embedder whose vectors are known, and a small real one."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harakat import Encoder
from harakat.embedders import Embedder, as_embedder

Known = Callable[..., Embedder]


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Embedder:
    """A NeoAraBERT with random weights."""
    return as_embedder(Encoder(tiny_folder))


@pytest.fixture
def known() -> Known:
    """An embedder of given vectors; a text without one gets a vector drawn by its spelling."""

    def make(vectors: dict[str, list[float]], dim: int = 16, name: str = "known") -> Embedder:
        def encode(texts: list[str]) -> np.ndarray:
            rows = []
            for text in texts:
                row = vectors.get(text)
                if row is None:
                    row = np.random.default_rng(zlib.crc32(text.encode())).normal(size=dim).tolist()
                rows.append(row + [0.0] * (dim - len(row)))
            return np.array(rows, dtype=np.float32)

        return as_embedder(encode, name, dims=[dim, dim // 2])

    return make
