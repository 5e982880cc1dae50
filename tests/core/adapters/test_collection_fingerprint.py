"""What a collection remembers of its encoder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromadb
import pytest
from chromadb.api import ClientAPI
from chromadb.config import Settings
from chromadb.errors import ChromaError

from harakat import Encoder
from harakat.adapters.collection_fingerprint import FINGERPRINT_KEY, check_stamp, stamp, tie, tie_chroma
from harakat.errors import CollectionError, FingerprintError, StoreError


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder)


def test_a_stamp_is_strings_that_are_recognised_again(encoder: Encoder) -> None:
    written = stamp(encoder)
    assert written[FINGERPRINT_KEY] == str(encoder.fingerprint)
    assert written["harakat_dim"] == "64"
    assert all(type(value) is str for value in written.values())
    assert check_stamp(encoder, {**written, "more": 1}, "poems") is True
    assert check_stamp(encoder, {"more": 1}, "poems") is False


def test_it_is_what_chroma_harakat_writes(encoder: Encoder) -> None:
    from chroma_harakat.collections import fingerprint_metadata

    assert stamp(encoder) == fingerprint_metadata(encoder)


def test_another_encoder_is_refused_with_what_differs(encoder: Encoder, other_folder: Path) -> None:
    with pytest.raises(FingerprintError, match=r"'poems'.*dim: '64' here, '32' there"):
        check_stamp(encoder, stamp(encoder.with_options(dim=32)), "poems")
    with pytest.raises(FingerprintError, match="weights: "):
        check_stamp(encoder, stamp(Encoder(other_folder)), "poems")
    with pytest.raises(FingerprintError, match="hk1:of-old"):
        check_stamp(encoder, {FINGERPRINT_KEY: "hk1:of-old"}, "poems")


def test_a_collection_of_qdrant_harakat_is_known(encoder: Encoder, other_folder: Path) -> None:
    from qdrant_harakat.schema import collection_schema

    ours = collection_schema(encoder, dims=[64, 16]).layout.metadata()
    assert check_stamp(encoder, ours, "poems")
    assert check_stamp(encoder.with_options(dim=16), ours, "poems")
    with pytest.raises(FingerprintError, match="weights"):
        check_stamp(Encoder(other_folder), ours, "poems")


class Kept:
    """A collection's metadata."""

    def __init__(self, *, empty: bool) -> None:
        self.metadata: dict[str, Any] | None = None
        self.empty = empty
        self.writes = 0

    def write(self, stamped: dict[str, str]) -> None:
        self.writes += 1
        self.metadata = {**(self.metadata or {}), **stamped}

    def tie(self, encoder: Encoder) -> None:
        tie(encoder, "poems", read=lambda: self.metadata, is_empty=lambda: self.empty, write=self.write)


def test_only_an_empty_collection_is_stamped(encoder: Encoder, other_folder: Path) -> None:
    full = Kept(empty=False)
    with pytest.raises(CollectionError, match="'poems' holds vectors and no fingerprint"):
        full.tie(encoder)
    assert full.metadata is None
    kept = Kept(empty=True)
    kept.tie(encoder)
    assert kept.metadata == stamp(encoder)
    kept.empty = False
    kept.tie(encoder)
    with pytest.raises(FingerprintError):
        kept.tie(Encoder(other_folder))
    assert (kept.metadata, kept.writes) == (stamp(encoder), 1)


@pytest.mark.parametrize("fault", [RuntimeError("closed"), OSError("gone"), LookupError("theirs")])
def test_a_failing_store_is_named(encoder: Encoder, fault: Exception) -> None:
    def fail() -> Any:
        raise fault

    with pytest.raises(StoreError, match=f"'poems' could not be checked against the encoder: .*{fault.args[0]}"):
        tie(encoder, "poems", read=fail, is_empty=fail, write=fail, faults=(LookupError,))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[ClientAPI]:
    opened = chromadb.PersistentClient(tmp_path, settings=Settings(anonymized_telemetry=False))
    yield opened
    opened.close()


def test_a_chroma_collection_keeps_its_other_metadata(client: ClientAPI, encoder: Encoder) -> None:
    made = client.create_collection("poems", metadata={"owner": "us", "hnsw:space": "cosine"}, embedding_function=None)
    tie_chroma(encoder, made)
    tie_chroma(encoder, client.get_collection("poems", embedding_function=None))
    kept = client.get_collection("poems", embedding_function=None)
    assert kept.metadata == {"owner": "us", **stamp(encoder)}
    assert kept.configuration_json["hnsw"]["space"] == "cosine"


def test_a_chroma_collection_is_stamped_while_empty_only(
    client: ClientAPI, encoder: Encoder, other_folder: Path
) -> None:
    made = client.create_collection("poems", embedding_function=None)
    tie_chroma(encoder, made)
    made.add(ids=["1"], embeddings=encoder.encode(["نص"]))
    tie_chroma(encoder, made)
    with pytest.raises(FingerprintError, match="'poems' was made by another encoder"):
        tie_chroma(Encoder(other_folder), made)
    made.modify(metadata={"owner": "us"})
    with pytest.raises(CollectionError, match="'poems' holds vectors and no fingerprint"):
        tie_chroma(encoder, made)


def test_a_chroma_collection_that_is_gone(client: ClientAPI, encoder: Encoder) -> None:
    made = client.create_collection("poems", embedding_function=None)
    client.delete_collection("poems")
    with pytest.raises(StoreError, match="'poems' could not be checked"):
        tie_chroma(encoder, made, faults=(ChromaError,))
