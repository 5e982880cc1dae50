"""No test here may reach for the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket

from langchain_harakat import HarakatEmbeddings


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("MODEL", "DIM", "REVISION", "DEVICE"):
        monkeypatch.delenv(f"HARAKAT_{name}", raising=False)
    pytest_socket.disable_socket(allow_unix_socket=True)  # an event loop wakes itself through one
    yield
    pytest_socket.enable_socket()


@pytest.fixture(scope="session")
def embeddings(tiny_folder: Path) -> HarakatEmbeddings:
    return HarakatEmbeddings(model=tiny_folder, dim=32)


@pytest.fixture(scope="session")
def other(other_folder: Path) -> HarakatEmbeddings:
    """Another model of the same size."""
    return HarakatEmbeddings(model=other_folder, dim=32)
