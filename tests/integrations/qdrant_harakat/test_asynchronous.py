"""Coroutines get what callers of the plain methods get, and the event loop stays free."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient

from harakat.errors import CollectionError, FingerprintError, RecordError, StoreError, TextTypeError
from qdrant_harakat import (
    EdgeClient,
    IngestReport,
    create_async_collection,
    create_collection,
    fit_async_to,
    local_client,
    open_async_collection,
    open_collection,
)
from qdrant_harakat.backend import Point, Query, Stage

ASYNC_KINDS = ("async memory", "async folder", "async http", "sync memory", "edge")


@pytest.fixture(params=ASYNC_KINDS)
def async_client(request, tmp_path):
    """An async client of each kind, and what coroutines may be given besides."""
    kind = request.param
    if kind == "async http":
        url = request.getfixturevalue("front").url
        return AsyncQdrantClient(url=url, check_compatibility=False, timeout=60)
    return {
        "async memory": lambda: AsyncQdrantClient(":memory:"),
        "async folder": lambda: AsyncQdrantClient(path=str(tmp_path / "local")),
        "sync memory": lambda: QdrantClient(":memory:"),
        "edge": lambda: EdgeClient(tmp_path / "edge"),
    }[kind]()


async def closed(client):
    answer = client.close()
    if answer is not None:
        await answer


def ids(hits):
    return [hit.id for hit in hits]


async def test_everything_can_be_awaited(async_client, encoder, verses):
    made = await create_async_collection(async_client, "verses", encoder, tokens=True)
    assert await made.ingest(verses[:30]) == IngestReport(written=30, updated=0, skipped=0)
    assert await made.ingest(verses[:30]) == IngestReport(written=0, updated=0, skipped=30)
    opened = await open_async_collection(async_client, "verses", encoder)
    assert (opened.name, opened.dims, opened.layout.tokens) == ("verses", (64, 32, 16), ("tokens", 16))
    assert await opened.count({"sura": 93}) == 11
    query = verses[4].text
    for search in (opened.search, opened.search_two_stage, opened.search_tokens):
        assert ids(await search(query, limit=1)) == [verses[4].id]
    assert [ids(hits[:1]) for hits in await opened.search_many([query])] == [[verses[4].id]]
    assert [ids(h[:1]) for h in await opened.search_vectors(encoder.encode_query([query]))] == [[verses[4].id]]
    assert await opened.get([verses[2].id]) == [verses[2]]
    await opened.delete([verses[2].id])
    assert await opened.get([verses[2].id]) == [None]
    assert (await fit_async_to(async_client, "verses", encoder.with_options(dim=16))).dim == 64
    await closed(async_client)


async def test_the_same_errors(async_client, encoder, other_encoder, verses):
    made = await create_async_collection(async_client, "verses", encoder)
    with pytest.raises(CollectionError):
        await create_async_collection(async_client, "verses", encoder)
    with pytest.raises(FingerprintError, match="weights"):
        await open_async_collection(async_client, "verses", other_encoder)
    with pytest.raises(RecordError):
        await made.ingest([verses[0], verses[0]])
    with pytest.raises(TextTypeError):
        await made.search(None)
    assert await made.count() == 0
    await closed(async_client)
    with pytest.raises(StoreError):
        await made.search("نور")


async def test_two_hundred_concurrent_calls_equal_the_serial_result(async_client, encoder, verses):
    made = await create_async_collection(async_client, "verses", encoder)
    parts = [verses[i : i + 2] for i in range(0, 40, 2)]
    reports = await asyncio.gather(*(made.ingest(part) for part in parts))
    assert sum(report.written for report in reports) == await made.count() == 40
    queries = [verses[i % 40].text for i in range(200)]
    alone = [await made.search(text, limit=3) for text in queries[:40]]
    together = await asyncio.gather(*(made.search(text, limit=3) for text in queries))
    for number, hits in enumerate(together):
        assert ids(hits) == ids(alone[number % 40])
        assert [h.score for h in hits] == pytest.approx([h.score for h in alone[number % 40]], abs=1e-5)
    await closed(async_client)


async def test_the_event_loop_stays_free(async_client, encoder, verses):
    made = await create_async_collection(async_client, "verses", encoder)
    gaps = []

    async def heartbeat():
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.005)
            gaps.append(time.perf_counter() - before)

    beating = asyncio.create_task(heartbeat())
    await asyncio.sleep(0.02)
    began = time.perf_counter()
    await made.ingest(verses[:100])
    took = time.perf_counter() - began
    beating.cancel()
    # A call that ran on the loop would show as one gap as long as the whole ingestion.
    assert len(gaps) > 5 and max(gaps[3:]) < max(0.5 * took, 0.25)
    await closed(async_client)


async def test_a_cancelled_ingestion_ends_and_can_be_finished(async_client, encoder, verses):
    made = await create_async_collection(async_client, "verses", encoder)

    def slowly():
        for verse in verses[:60]:
            time.sleep(0.02)
            yield verse

    running = asyncio.create_task(made.ingest(slowly(), batch_size=2))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(1.6)
    there = await made.count()
    assert there < 60
    await asyncio.sleep(0.2)
    assert await made.count() == there
    assert (await made.ingest(verses[:60])).total == await made.count() == 60
    await closed(async_client)


async def test_a_server_that_dies_in_mid_batch(front, encoder, verses):
    client = AsyncQdrantClient(url=front.url, check_compatibility=False, timeout=60)
    made = await create_async_collection(client, "verses", encoder)
    front.cut_writes_after = 2
    with pytest.raises(StoreError, match="20 records are in"):
        await made.ingest(verses[:50], batch_size=10)
    front.cut_writes_after = None
    assert await made.ingest(verses[:50], batch_size=10) == IngestReport(written=30, updated=0, skipped=20)
    await client.close()


def test_sixteen_threads_equal_the_serial_result(client, name, encoder, verses):
    made = create_collection(client, name, encoder, tokens=True)
    parts = [verses[i : i + 3] for i in range(0, 48, 3)]
    with ThreadPoolExecutor(16) as pool:
        reports = list(pool.map(made.ingest, parts))
        assert sum(report.written for report in reports) == made.count() == 48
        assert made.get([v.id for v in verses[:48]]) == verses[:48]
        queries = [verses[i % 48].text for i in range(96)]
        together = list(pool.map(lambda text: made.search(text, limit=3), queries))
        mixed = list(pool.map(lambda text: made.search_tokens(text, limit=1), queries[:32]))
    for text, hits in zip(queries, together, strict=True):
        alone = made.search(text, limit=3)
        assert ids(hits) == ids(alone)
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in alone], abs=1e-5)
    assert [ids(hits) for hits in mixed] == [[v.id] for v in verses[:32]]


def test_threads_that_write_the_same_records_write_them_once(client, name, encoder, verses):
    made = create_collection(client, name, encoder)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: made.ingest(verses[:20], batch_size=7), range(8)))
    assert made.count() == 20
    assert made.get([v.id for v in verses[:20]]) == verses[:20]


def test_collections_over_one_local_client_share_its_lock(encoder, tmp_path):
    # In a folder each write waits for the disk, which is where another thread gets in if it can.
    client = local_client(tmp_path / "local")
    create_collection(client, "verses", encoder, dims=[64])
    rows = np.eye(64, dtype=np.float32)
    opened = [open_collection(client, "verses", encoder) for _ in range(8)]

    def write(number):
        store = opened[number]._backend
        for n in range(number, 192, 8):
            store.upsert("verses", [Point(n, {"dim_64": rows[n % 64]}, {"text": "نور", "id": n})])
            store.query("verses", [Query(Stage(rows[n % 64], "dim_64", 3))])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert opened[0].count() == 192
    for n in range(64):
        hits = opened[0].search_vectors([rows[n]], limit=192, score_threshold=0.5)[0]
        assert sorted(hit.id for hit in hits) == [n, n + 64, n + 128]
    client.close()
