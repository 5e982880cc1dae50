"""What a collection remembers of its encoder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromadb
import pytest
from chromadb.api import ClientAPI
from chromadb.config import Settings

from harakat import Encoder
from harakat.adapters.collection_fingerprint import (
    FINGERPRINT_KEY,
    bind,
    check_fingerprint,
    fingerprint_metadata,
    recorded_fingerprint,
)
from harakat.errors import CollectionError, FingerprintError, StoreError
from support.tiny import write_tiny


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder)


def check(encoder: Encoder, metadata: dict[str, Any], name: str = "poems") -> bool:
    return check_fingerprint(encoder, recorded_fingerprint(metadata), name)


def test_the_metadata_is_strings_that_are_recognised_again(encoder: Encoder) -> None:
    written = fingerprint_metadata(encoder)
    assert written[FINGERPRINT_KEY] == str(encoder.fingerprint)
    assert written["harakat_dim"] == "64"
    assert all(type(value) is str for value in written.values())
    assert check(encoder, {**written, "more": 1}) is True
    assert check(encoder, {"more": 1}) is False


def test_it_is_what_chroma_harakat_writes(encoder: Encoder, client: ClientAPI) -> None:
    from chroma_harakat import create_collection

    assert create_collection(client, "poems", encoder).raw.metadata == fingerprint_metadata(encoder)


def test_the_parts_make_the_same_encoder(encoder: Encoder, tiny_folder: Path) -> None:
    small = encoder.with_options(dim=16, query_prompt="س: ", spelling="imlai")
    recorded = recorded_fingerprint(fingerprint_metadata(small))
    assert recorded is not None
    again = Encoder(**{**recorded.options(), "model": tiny_folder})
    assert again.fingerprint == small.fingerprint


def test_another_encoder_is_refused_with_what_differs(encoder: Encoder, other_folder: Path) -> None:
    with pytest.raises(FingerprintError, match=r"'poems'.*dim: '64' here, '32' there"):
        check(encoder, fingerprint_metadata(encoder.with_options(dim=32)))
    with pytest.raises(FingerprintError, match="weights: "):
        check(encoder, fingerprint_metadata(Encoder(other_folder)))
    with pytest.raises(FingerprintError, match="hk1:of-old"):
        check(encoder, {FINGERPRINT_KEY: "hk1:of-old"})


def test_a_collection_of_qdrant_harakat_is_known(encoder: Encoder, other_folder: Path) -> None:
    from qdrant_harakat.schema import collection_schema

    ours = collection_schema(encoder, dims=[64, 16]).layout.metadata()
    assert check(encoder, ours)
    assert check(encoder.with_options(dim=16), ours)
    with pytest.raises(FingerprintError, match="weights"):
        check(Encoder(other_folder), ours)


class Kept:
    """A collection's metadata."""

    def __init__(self, *, empty: bool) -> None:
        self.metadata: dict[str, Any] | None = None
        self.empty = empty
        self.writes = 0

    def write(self, added: dict[str, str]) -> None:
        self.writes += 1
        self.metadata = {**(self.metadata or {}), **added}

    def bind(self, encoder: Encoder) -> None:
        bind(encoder, "poems", read=lambda: self.metadata, is_empty=lambda: self.empty, write=self.write)


def test_only_an_empty_collection_is_bound(encoder: Encoder, other_folder: Path) -> None:
    full = Kept(empty=False)
    with pytest.raises(CollectionError, match="'poems' holds vectors and no fingerprint"):
        full.bind(encoder)
    assert full.metadata is None
    kept = Kept(empty=True)
    kept.bind(encoder)
    assert kept.metadata == fingerprint_metadata(encoder)
    kept.empty = False
    kept.bind(encoder)
    with pytest.raises(FingerprintError):
        kept.bind(Encoder(other_folder))
    assert (kept.metadata, kept.writes) == (fingerprint_metadata(encoder), 1)


@pytest.mark.parametrize("fault", [RuntimeError("closed"), OSError("gone"), LookupError("theirs")])
def test_a_failing_store_is_named(encoder: Encoder, fault: Exception) -> None:
    def fail() -> Any:
        raise fault

    with pytest.raises(StoreError, match=f"'poems' could not be checked against the encoder: .*{fault.args[0]}"):
        bind(encoder, "poems", read=fail, is_empty=fail, write=fail, faults=(LookupError,))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[ClientAPI]:
    opened = chromadb.PersistentClient(tmp_path, settings=Settings(anonymized_telemetry=False))
    yield opened
    opened.close()


def former(encoder: Encoder) -> str:
    """The digest that earlier versions gave this encoder, computed on its own."""
    parts = {k: v for k, v in encoder.fingerprint.parts().items() if k not in ("model", "revision", "network")}
    return "hk1:" + hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]


def test_a_collection_of_an_earlier_version_opens_with_its_own_encoder(encoder: Encoder, other_folder: Path) -> None:
    written = fingerprint_metadata(encoder)
    del written["harakat_network"]
    written[FINGERPRINT_KEY] = former(encoder)
    assert check(encoder, written)
    for other in (encoder.with_options(dim=32), Encoder(other_folder)):
        with pytest.raises(FingerprintError):
            check(other, written)


def test_another_number_of_heads_is_another_encoder(encoder: Encoder, tmp_path: Path) -> None:
    other = Encoder(write_tiny(tmp_path / "tiny", num_attention_heads=2))
    with pytest.raises(FingerprintError, match=r"num_attention_heads: '2' here, '4' there"):
        check(other, fingerprint_metadata(encoder))
