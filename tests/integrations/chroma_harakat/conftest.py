"""Real Chroma clients for the tests: in memory, on disk, and behind a `chroma run` server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import chromadb
import pytest
from chromadb.api import ClientAPI
from chromadb.config import Settings

from harakat import Encoder
from support.chroma_server import Server

TEXTS = [
    "الْعِلْمُ نُورٌ",
    "رَفَعَ الْجُنْدِيُّ الْعَلَمَ",
    "كتب الطالب الدرس",
    "ٱلۡحَمۡدُ لِلَّهِ رَبِّ ٱلۡعَٰلَمِينَ",
    "قال الشاعر: وما نيل المطالب بالتمني!",
    "hello world 123",
    "",
    "كتب الطالب الدرس",
]


@pytest.fixture(scope="session")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder)


@pytest.fixture(scope="session")
def other(other_folder: Path) -> Encoder:
    """Another model of the same size."""
    return Encoder(other_folder)


@pytest.fixture
def open_client(tmp_path: Path) -> Iterator[Callable[[], ClientAPI]]:
    """Opens clients over one folder; those still open at the end are closed."""
    made: list[ClientAPI] = []

    def make() -> ClientAPI:
        made.append(chromadb.PersistentClient(tmp_path / "store", settings=Settings(anonymized_telemetry=False)))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(open_client: Callable[[], ClientAPI]) -> ClientAPI:
    return open_client()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "served")
    made.start()
    yield made
    made.kill()
