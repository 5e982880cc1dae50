"""The stores that every test of behaviour runs over."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient
from quran_text import Mushaf

from harakat import Encoder
from qdrant_harakat import Collection, EdgeClient, Record, create_collection, local_client
from support.qdrant_http import QdrantFront

SERVER_URL = os.environ.get("HARAKAT_QDRANT_URL")
PREFIX = "harakat-test-"
KINDS = ("memory", "folder", "edge", "http", *(("server",) if SERVER_URL else ()))


@pytest.fixture(scope="session")
def encoder(tiny_folder: Path) -> Encoder:
    """64 dims, and 32 and 16 by Matryoshka; random weights."""
    return Encoder(tiny_folder, max_length=32, overflow="chunk")


@pytest.fixture(scope="session")
def other_encoder(other_folder: Path) -> Encoder:
    """Another model of the same size."""
    return Encoder(other_folder, max_length=32, overflow="chunk")


@pytest.fixture(scope="session")
def verses() -> list[Record]:
    """The last 22 suras of the Quran, by verse key, Uthmani spelling."""
    return [
        Record(ayah.key, ayah.text, {"sura": int(ayah.key.split(":")[0]), "juz": ayah.juz.number})
        for ayah in Mushaf.hafs().ayahs
        if int(ayah.key.split(":")[0]) > 92
    ]


@contextmanager
def client_of(kind: str, folder: Path) -> Iterator[Any]:
    """A client of one of `KINDS`; what needs a place gets it in the folder."""
    with ExitStack() as stack:
        if kind == "http":
            front = stack.enter_context(closing(QdrantFront()))
            client: Any = QdrantClient(url=front.url, check_compatibility=False, timeout=60)
        elif kind == "server":
            client = QdrantClient(url=SERVER_URL)
        elif kind == "edge":
            client = EdgeClient(folder / "edge")
        else:
            client = QdrantClient(":memory:") if kind == "memory" else local_client(folder / "local")
        stack.callback(client.close)
        if kind == "server":
            stack.callback(drop_test_collections)
        yield client


def drop_test_collections() -> None:
    """A real server outlives the tests, and keeps nothing of them."""
    with closing(QdrantClient(url=SERVER_URL)) as client:
        for collection in client.get_collections().collections:
            if PREFIX in collection.name:
                client.delete_collection(collection.name)


@pytest.fixture
def front() -> Iterator[QdrantFront]:
    """A local store behind Qdrant's REST paths."""
    with closing(QdrantFront()) as made:
        yield made


@pytest.fixture(params=KINDS)
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """A client of each kind of store."""
    with client_of(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def name() -> str:
    """A collection name of its own, since a real server outlives the test."""
    return f"{PREFIX}{uuid.uuid4().hex}"


@pytest.fixture(scope="module", params=KINDS)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, encoder: Encoder, verses: list[Record]
) -> Iterator[Collection]:
    """A collection of the first 60 verses with token vectors, in each kind of store, to be searched only."""
    with client_of(request.param, tmp_path_factory.mktemp("filled")) as client:
        made = create_collection(client, f"{PREFIX}{uuid.uuid4().hex}", encoder, tokens=True)
        made.ingest(verses[:60])
        yield made
