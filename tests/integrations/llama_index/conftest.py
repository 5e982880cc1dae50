"""No test here may reach for the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket

from llama_index.embeddings.harakat import HarakatEmbedding


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("MODEL", "DIM", "REVISION", "DEVICE"):
        monkeypatch.delenv(f"HARAKAT_{name}", raising=False)
    pytest_socket.disable_socket(allow_unix_socket=True)  # an event loop wakes itself through one
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def embedding(tiny_folder: Path) -> HarakatEmbedding:
    return HarakatEmbedding(model_name=tiny_folder, dim=32)


@pytest.fixture(scope="session")
def other(other_folder: Path) -> HarakatEmbedding:
    """Another model of the same size."""
    return HarakatEmbedding(model_name=other_folder, dim=32)
