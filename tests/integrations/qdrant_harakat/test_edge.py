"""The embedded engine: graphs and quantised copies find what brute force finds; one process holds a collection."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from quran_text import Mushaf

from harakat import Encoder
from harakat.errors import CollectionError, StoreError
from harakat.model.checkpoints.names import BUNDLED_FOLDER
from harakat.model.pooling import unit_prefix
from qdrant_harakat import EdgeClient, Hnsw, Record, create_collection, open_collection
from qdrant_harakat.backend import Point

OPEN = """
import sys
from qdrant_harakat import EdgeClient
from harakat import Encoder
from harakat.errors import CollectionError, StoreError
from harakat.model.checkpoints.names import BUNDLED_FOLDER
try:
    EdgeClient(sys.argv[1]).backend.count("verses")
except StoreError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def quran(encoder):
    """An encoder that reads the beginning of each of the 6,236 verses, the verses, and their vectors."""
    short = encoder.with_options(max_length=16)
    records = [Record(ayah.key, ayah.text) for ayah in Mushaf.hafs().ayahs]
    reading = short.with_options(overflow="warn")
    with pytest.warns(UserWarning, match="longer than max_length"):
        vectors = reading.encode_document([record.text for record in records])
    return reading, records, vectors


def recall(hits, records, scores):
    """Share of hits that are as near as the true ten nearest (so that ties count)."""
    place = {record.id: number for number, record in enumerate(records)}
    shares = []
    for answer, row in zip(hits, scores, strict=True):
        tenth = np.sort(row)[-10]
        shares.append(sum(row[place[hit.id]] >= tenth - 1e-6 for hit in answer) / 10)
    return float(np.mean(shares))


@pytest.mark.filterwarnings("ignore:.*longer than max_length")
def test_recall_of_graph_and_quantised_copy_over_the_quran(tmp_path, quran):
    encoder, records, vectors = quran
    queries = vectors[::62]
    with EdgeClient(tmp_path / "edge") as client:
        # Thresholds far below the defaults, or collections of this size would be scanned, index or no index.
        made = create_collection(
            client,
            "quran",
            encoder,
            dims=[64, 16],
            quantization="int8",
            hnsw=Hnsw(full_scan_threshold=10),
            indexing_threshold=100,
        )
        assert made.ingest(records, batch_size=1000).written == 6236
        assert client.backend.indexed("quran") == 2 * 6236
        scores = queries @ vectors.T
        assert recall(made.search_vectors(queries, limit=10), records, scores) >= 0.97
        assert recall(made.search_vectors(queries, limit=10, exact=True), records, scores) >= 0.999
        assert recall(made.search_vectors(queries, limit=10, oversampling=8), records, scores) >= 0.99

        # Two stages: what a scan would rank among the same candidates.
        shares = []
        for query in queries[:40]:
            first = np.argsort(-(unit_prefix(vectors, 16) @ unit_prefix(query, 16)))[:100]
            best = np.sort((vectors @ query)[first])[-10:]
            hits = made.search_vectors([query], limit=10, first_dim=16, candidates=100)[0]
            shares.append(sum(hit.score >= best[0] - 1e-5 for hit in hits) / 10)
        assert np.mean(shares) >= 0.95


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.skipif(not any(BUNDLED_FOLDER.glob("*.safetensors")), reason="needs the bundled harakat-mini")
def test_recall_over_the_quran_with_the_default_model(tmp_path):
    encoder = Encoder()
    ayahs = Mushaf.hafs().ayahs
    records = [Record(number, ayah.text) for number, ayah in enumerate(ayahs)]
    full = encoder.encode_document([record.text for record in records])
    rows = {dim: unit_prefix(full, dim) for dim in encoder.dims}
    points = [
        Point(record.id, {f"dim_{dim}": rows[dim][record.id] for dim in rows}, {"text": record.text, "id": record.id})
        for record in records
    ]
    with EdgeClient(tmp_path / "edge") as client:
        for quantization, least in (("int8", 0.99), ("binary", 0.93)):
            hnsw = Hnsw(full_scan_threshold=100)
            made = create_collection(
                client, quantization, encoder, quantization=quantization, hnsw=hnsw, indexing_threshold=200
            )
            for start in range(0, len(points), 1000):
                client.backend.upsert(quantization, points[start : start + 1000])
            client.backend.settle(quantization)
            for dim in encoder.dims:
                queries = rows[dim][::31]
                hits = made.search_vectors(queries, limit=10, dim=dim)
                assert recall(hits, records, queries @ rows[dim].T) >= least, (quantization, dim)
            two_stages = made.search_vectors(full[::31], limit=10, first_dim=64)
            assert recall(two_stages, records, full[::31] @ full.T) >= 0.93, quantization


def test_the_second_stage_loses_no_candidate(tmp_path, encoder):
    # Vectors in all directions, which a graph links sparsely. Left to itself the engine walks the graph for the
    # second stage too, finds 8 hits of 10, and misses the record itself once in four times.
    vectors = np.random.default_rng(0).standard_normal((3000, 64)).astype(np.float32)
    points = [Point(n, {"dim_64": row, "dim_16": row[:16]}, {"text": "نور", "id": n}) for n, row in enumerate(vectors)]
    with EdgeClient(tmp_path / "edge") as client:
        hnsw = Hnsw(full_scan_threshold=10)
        made = create_collection(client, "all", encoder, dims=[64, 16], hnsw=hnsw, indexing_threshold=100)
        client.backend.upsert("all", points)
        client.backend.settle("all")
        for n, hits in enumerate(made.search_vectors(vectors[:50], limit=10, first_dim=16, candidates=50)):
            assert len(hits) == 10 and hits[0].id == n


def test_one_client_a_collection_within_a_process(tmp_path, encoder, verses):
    with EdgeClient(tmp_path / "edge") as client:
        create_collection(client, "verses", encoder).ingest(verses[:3])
        with EdgeClient(tmp_path / "edge") as second, pytest.raises(StoreError, match="another process or EdgeClient"):
            open_collection(second, "verses", encoder)
    with EdgeClient(tmp_path / "edge") as again:
        assert open_collection(again, "verses", encoder).count() == 3


def test_one_process_a_collection(tmp_path, encoder, verses):
    with EdgeClient(tmp_path / "edge") as client:
        create_collection(client, "verses", encoder).ingest(verses[:3])
        command = [sys.executable, "-c", OPEN, str(tmp_path / "edge")]
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "another process or EdgeClient" in run.stdout


def test_collections_of_one_client_are_apart(tmp_path, encoder, other_encoder, verses):
    with EdgeClient(tmp_path / "edge") as client:
        first = create_collection(client, "first", encoder)
        second = create_collection(client, "second", other_encoder)
        first.ingest(verses[:5])
        second.ingest(verses[:2])
        assert (first.count(), second.count()) == (5, 2)
        assert client.collections() == ["first", "second"]
        client.delete_collection("first")
        assert client.collections() == ["second"] and second.count() == 2
        with pytest.raises(CollectionError, match="'first' does not exist"):
            client.delete_collection("first")


def test_closing_twice_is_fine(tmp_path):
    client = EdgeClient(tmp_path / "edge")
    client.close()
    client.close()
    with pytest.raises(StoreError, match="closed"):
        client.collections()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(StoreError, match="cannot be made"):
        EdgeClient(tmp_path / "file" / "edge")


def test_a_shard_that_is_damaged_is_named(tmp_path, encoder, verses):
    with EdgeClient(tmp_path / "edge") as client:
        create_collection(client, "verses", encoder).ingest(verses[:3])
    (tmp_path / "edge" / "verses" / "shard" / "edge_config.json").write_text("{")
    with EdgeClient(tmp_path / "edge") as client, pytest.raises(StoreError, match="collection 'verses' failed"):
        open_collection(client, "verses", encoder)
