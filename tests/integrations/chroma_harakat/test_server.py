"""The same contract over HTTP, against a real `chroma run`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chroma_harakat import IngestReport, create_collection, open_collection, recorded_options
from harakat import Encoder
from harakat.errors import CollectionError, FingerprintError, StoreError
from support.chroma_server import Server
from support.numbered import numbered

RECORDS = [(f"r{i}", numbered(i), {"n": i}) for i in range(900)]


def test_a_server_keeps_the_contract_and_survives_being_killed(
    server: Server, encoder: Encoder, other: Encoder, monkeypatch: pytest.MonkeyPatch
):
    client = server.client()
    with pytest.raises(CollectionError, match="no collection 'poems'"):
        open_collection(client, "poems", encoder)
    poems = create_collection(client, "poems", encoder)
    with pytest.raises(CollectionError, match="exists already"):
        create_collection(client, "poems", encoder)
    with pytest.raises(FingerprintError, match="weights"):
        open_collection(client, "poems", other)

    upsert = poems.raw.upsert

    def kill(**batch: Any) -> None:
        upsert(**batch)
        server.kill()

    monkeypatch.setattr(poems.raw, "upsert", kill)
    with pytest.raises(StoreError, match="the Chroma server does not answer.*200 records are in collection 'poems'"):
        poems.ingest(RECORDS, batch_size=200)
    with pytest.raises(StoreError):
        poems.search("نص")

    server.start()
    client = server.client()
    collection = open_collection(client, "poems", encoder)
    assert collection.count() == 200
    assert collection.ingest(RECORDS) == IngestReport(written=700, updated=0, skipped=200)
    got = collection.raw.get(include=["documents", "metadatas", "embeddings"])
    assert {k: (t, m) for k, t, m in zip(got["ids"], got["documents"], got["metadatas"], strict=True)} == {
        key: (text, payload) for key, text, payload in RECORDS
    }
    assert Encoder(**recorded_options(client, "poems")).fingerprint == encoder.fingerprint
    hits = collection.search(RECORDS[5][1], limit=3)
    assert hits[0].score == pytest.approx(1, abs=1e-5)
    # Without a function given, Chroma rebuilds it from what the server stored.
    rebuilt = client.get_collection("poems")
    rebuilt.add(ids=["new"], documents=["قال الشاعر: وما نيل المطالب بالتمني!"])
    stored: Any = rebuilt.get(ids=["new"], include=["embeddings"])["embeddings"]
    np.testing.assert_allclose(stored[0], encoder.encode("قال الشاعر: وما نيل المطالب بالتمني!"), atol=1e-5)
    found = rebuilt.query(query_texts=["قال الشاعر: وما نيل المطالب بالتمني!"], n_results=1)
    assert found["ids"] == [["new"]]


def test_large_batches_stay_under_what_a_server_takes(server: Server, encoder: Encoder):
    client = server.client()
    long = create_collection(client, "long", encoder)
    # One word that the vocabulary does not know, so that reading it takes no time: 48 MB together, a request takes 40.
    big = [(f"b{i}", "x" * 400_000) for i in range(120)]
    assert long.ingest(big).written == 120
    assert client.get_collection("long", embedding_function=None).count() == 120
