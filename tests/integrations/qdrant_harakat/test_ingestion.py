"""Ingestion: whole records, resumable, nothing twice, and clear about a store that dies."""

from __future__ import annotations

import pickle
import signal
import sqlite3
import subprocess
import sys
import warnings

import numpy as np
import pytest
from qdrant_client import QdrantClient

from harakat.errors import OptionError, RecordError, StoreError, TextTooLongError, TextTypeError, TruncationWarning
from harakat.model.pooling import unit_prefix
from qdrant_harakat import EdgeClient, IngestReport, Record, create_collection, local_client, open_collection
from qdrant_harakat.backend import Point
from qdrant_harakat.records import prepare_record, stored_payload

KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from qdrant_harakat import EdgeClient
store = EdgeClient(sys.argv[1]).backend
points = pickle.loads(Path(sys.argv[2]).read_bytes())
for number in range(0, len(points), 5):
    store.upsert("verses", points[number : number + 5])
    if number == 55:
        # Written, but nothing gets to answer, flush or close.
        os.kill(os.getpid(), signal.SIGKILL)
"""


def stored(collection, records):
    return [record for record in collection.get([r.id for r in records]) if record is not None]


def test_all_is_written_and_found(client, name, encoder, verses):
    made = create_collection(client, name, encoder)
    assert made.ingest(verses[:50], batch_size=20) == IngestReport(written=50, updated=0, skipped=0)
    assert made.count() == 50
    assert made.get([v.id for v in verses[:50]]) == verses[:50]


def test_small_vectors_are_the_renormalised_prefix(encoder, verses):
    client = QdrantClient(":memory:")
    create_collection(client, "verses", encoder).ingest(verses[:20])
    points, _ = client.scroll("verses", limit=50, with_vectors=True)
    full = encoder.encode_document([point.payload["text"] for point in points])
    for dim in (64, 32, 16):
        rows = np.array([point.vector[f"dim_{dim}"] for point in points])
        np.testing.assert_allclose(rows, unit_prefix(full, dim), atol=1e-6)
        direct = encoder.with_options(dim=dim).encode_document([point.payload["text"] for point in points])
        np.testing.assert_allclose(rows, direct, atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_results_do_not_depend_on_the_batch(encoder, verses):
    scores = []
    for size in (1, 7, 256):
        made = create_collection(QdrantClient(":memory:"), "verses", encoder)
        made.ingest(verses[:40], batch_size=size)
        scores.append([(hit.id, round(hit.score, 5)) for hit in made.search(verses[5].text, limit=5)])
    assert scores[0] == scores[1] == scores[2]


def test_again_skips_without_encoding(client, name, encoder, verses, monkeypatch):
    made = create_collection(client, name, encoder)
    made.ingest(verses[:20])
    monkeypatch.setattr(type(encoder.checkpoint.engine), "start", None)  # would fail if anything were encoded
    assert made.ingest(verses[:20]) == IngestReport(written=0, updated=0, skipped=20)
    assert made.ingest(iter(verses[:20])).total == 20


def test_only_what_is_missing_is_added(client, name, encoder, verses):
    made = create_collection(client, name, encoder)
    made.ingest(verses[10:20])
    assert made.ingest(verses[:30]) == IngestReport(written=20, updated=0, skipped=10)
    assert made.get([v.id for v in verses[:30]]) == verses[:30]


def test_streams_are_taken_too(client, name, encoder, verses):
    made = create_collection(client, name, encoder)
    assert made.ingest((v for v in verses[:30]), batch_size=8).written == 30
    assert made.ingest({"id": i, "text": "نور", "n": i} for i in range(3)).written == 3


def test_nothing_to_do(client, name, encoder):
    made = create_collection(client, name, encoder)
    assert made.ingest([]) == made.ingest(iter(())) == IngestReport(0, 0, 0)


def test_other_contents_under_the_same_id_are_refused_before_a_write(client, name, encoder, verses):
    made = create_collection(client, name, encoder)
    made.ingest(verses[:3])
    changed = Record(verses[1].id, verses[1].text + " ", verses[1].payload)
    with pytest.raises(RecordError, match=rf"'{verses[1].id}' is stored with the text .*on_change='update'"):
        made.ingest([verses[5], changed])
    assert made.count() == 3
    assert made.ingest([verses[5], changed, verses[0]], on_change="update") == IngestReport(1, 1, 1)
    assert made.get([verses[1].id]) == [changed]


@pytest.mark.parametrize("bad", [None, b"x", 5])
def test_a_bad_record_late_in_a_list_stops_everything(client, name, encoder, verses, bad):
    made = create_collection(client, name, encoder)
    with pytest.raises(TextTypeError, match="record 30"):
        made.ingest([*verses[:30], Record("bad", bad)], batch_size=4)
    assert made.count() == 0


def test_duplicates_late_in_a_list_stop_everything(client, name, encoder, verses):
    made = create_collection(client, name, encoder)
    with pytest.raises(RecordError, match="record 30"):
        made.ingest([*verses[:30], verses[3]], batch_size=4)
    assert made.count() == 0


def test_too_long_a_text_stops_everything_under_error(encoder, verses):
    strict = encoder.with_options(overflow="error")
    made = create_collection(QdrantClient(":memory:"), "verses", strict)
    with pytest.raises(TextTooLongError, match="'long'.*overflow='chunk'"):
        made.ingest([Record("short", "نور"), Record("long", "نور " * 200)])
    assert made.count() == 0


def test_cut_texts_are_counted_in_one_warning(encoder, verses):
    made = create_collection(QdrantClient(":memory:"), "verses", encoder.with_options(overflow="warn"))
    with pytest.warns(TruncationWarning) as caught:
        made.ingest([Record(n, "نور " * (50 if n % 2 else 1)) for n in range(40)], batch_size=4)
    assert [str(w.message)[:11] for w in caught] == ["20 of 40 te"]


@pytest.mark.parametrize("size", [0, -1, 2.5, True, None])
def test_batch_size_is_checked(encoder, size):
    made = create_collection(QdrantClient(":memory:"), "verses", encoder)
    with pytest.raises(OptionError, match="batch_size"):
        made.ingest([], batch_size=size)


def test_progress_is_shown_when_asked_for(encoder, verses, capsys):
    made = create_collection(QdrantClient(":memory:"), "verses", encoder)
    made.ingest(verses[:20], show_progress=True)
    assert "20/20" in capsys.readouterr().err
    made.ingest(verses[:25], show_progress=True)
    assert "25/25" in capsys.readouterr().err
    made.ingest(verses[:30])
    assert capsys.readouterr().err == ""


def test_progress_may_be_a_function(encoder, verses):
    made = create_collection(QdrantClient(":memory:"), "verses", encoder, dims=[64])
    made.ingest(verses[:5])
    done = []
    made.ingest(verses[:20], batch_size=6, show_progress=done.append)
    assert done == [15]  # those that were encoded


def test_a_comparison_is_not_looked_up_again(client, name, encoder, verses, monkeypatch):
    made = create_collection(client, name, encoder)
    made.ingest(verses[:3])
    changed = Record(verses[1].id, verses[1].text + " ", verses[1].payload)
    found = made.compare([*verses[:4], changed])
    assert ([item.record for item in found.new], found.unchanged) == ([verses[3]], 3)
    assert [(change.given.record, change.stored) for change in found.changed] == [(changed, verses[1])]
    with pytest.raises(RecordError, match="is stored with the text"):
        made.ingest(found)
    monkeypatch.setattr(type(made._backend), "payloads", None)  # would fail if anything were looked up again
    assert made.ingest(found, on_change="update") == IngestReport(1, 1, 3)
    monkeypatch.undo()
    assert made.get([verses[1].id, verses[3].id]) == [changed, verses[3]]


def test_unknown_changes_are_refused(encoder):
    made = create_collection(QdrantClient(":memory:"), "verses", encoder)
    with pytest.raises(OptionError, match="on_change='merge'"):
        made.ingest([], on_change="merge")


# Stores that die


def test_a_server_that_dies_in_mid_batch(front, encoder, verses):
    client = QdrantClient(url=front.url, check_compatibility=False, timeout=60)
    made = create_collection(client, "verses", encoder)
    front.cut_writes_after = 3
    with pytest.raises(StoreError, match=r"30 records are in collection 'verses', whole.*same records") as caught:
        made.ingest(verses[:100], batch_size=10)
    assert "Qdrant server 127.0.0.1" in str(caught.value)
    front.cut_writes_after = None
    assert made.count() == 30
    assert stored(made, verses) == verses[:30]
    assert made.ingest(verses[:100], batch_size=10) == IngestReport(written=70, updated=0, skipped=30)
    assert made.get([v.id for v in verses[:100]]) == verses[:100]


def test_a_server_that_is_gone(front, encoder, verses):
    client = QdrantClient(url=front.url, check_compatibility=False, timeout=60)
    made = create_collection(client, "verses", encoder)
    front.close()
    with pytest.raises(StoreError, match="is the server running"):
        made.ingest(verses[:10])
    with pytest.raises(StoreError, match="is the server running"):
        made.search("نور")


def test_a_local_folder_that_fails_in_mid_batch(tmp_path, encoder, verses):
    client = local_client(tmp_path / "local")
    made = create_collection(client, "verses", encoder)
    # A real failure of the real file: its last rows do not fit any more.
    database = tmp_path / "local" / "collection" / "verses" / "storage.sqlite"
    with sqlite3.connect(database) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON points WHEN (SELECT count(*) FROM points) >= 25 "
            "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
    with pytest.raises(StoreError, match=r"disk is full.*20 records are in.*nothing new of the batch at hand"):
        made.ingest(verses[:60], batch_size=10)
    assert made.count() == 20
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TRIGGER full")
    client.close()
    client = local_client(tmp_path / "local")
    again = open_collection(client, "verses", encoder)
    assert stored(again, verses) == verses[:20]
    assert again.ingest(verses[:60], batch_size=10) == IngestReport(written=40, updated=0, skipped=20)
    assert again.get([v.id for v in verses[:60]]) == verses[:60]
    client.close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_process_that_is_killed(tmp_path, encoder, verses):
    with EdgeClient(tmp_path / "edge") as client:
        create_collection(client, "verses", encoder)
    full = encoder.encode_document([v.text for v in verses])
    points = [
        Point(record.key, {f"dim_{dim}": unit_prefix(row, dim) for dim in (64, 32, 16)}, stored_payload(record.record))
        for record, row in zip(map(prepare_record, verses), full, strict=True)
    ]
    (tmp_path / "points").write_bytes(pickle.dumps(points))
    command = [sys.executable, "-c", KILLED, str(tmp_path / "edge"), str(tmp_path / "points")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == -signal.SIGKILL, run.stderr
    with EdgeClient(tmp_path / "edge") as client:
        made = open_collection(client, "verses", encoder)
        assert stored(made, verses) == verses[:60]
        assert made.ingest(verses) == IngestReport(written=len(verses) - 60, updated=0, skipped=60)
        assert made.get([v.id for v in verses]) == verses
        assert made.search(verses[20].text, exact=True)[0].score == pytest.approx(1, abs=1e-5)


def test_local_mode_warns_before_it_gets_slow(encoder, monkeypatch, verses):
    monkeypatch.setattr("qdrant_harakat.backends.client.LOCAL_POINTS", 50)
    made = create_collection(QdrantClient(":memory:"), "verses", encoder, dims=[64])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.ingest(verses[:50])
    with pytest.warns(UserWarning, match=r"more than 50 points.*EdgeClient"):
        made.ingest(verses[:60])
    assert made.count() == 60
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.ingest(verses[:70])
