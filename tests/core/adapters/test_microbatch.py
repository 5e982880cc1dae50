"""Concurrent coroutines share forward passes, and none of them notices the others."""

from __future__ import annotations

import asyncio
import doctest
import gc
import multiprocessing
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat import Encoder
from harakat.adapters import microbatch
from harakat.adapters.microbatch import vectors
from harakat.errors import TextError, TextTooLongError, TextTypeError, TruncationWarning
from harakat.runtime.engine import Engine
from support import quran
from support.counting import count_passes
from support.examples import needs_bundled_model

VERSES = list(quran.VERSES.values())
LONG_TEXT = " ".join(["وَالْعَصْرِ"] * 200)


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder, dim=32)


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    return count_passes(monkeypatch)


def close(rows: list[list[float]], expected: np.ndarray) -> None:
    np.testing.assert_allclose(np.array(rows), expected, atol=1e-6)


async def test_200_concurrent_calls_share_forward_passes(encoder: Encoder, passes: list[int]) -> None:
    texts = [VERSES[i % len(VERSES)] for i in range(200)]
    found = await asyncio.gather(*(vectors(encoder, [text]) for text in texts))
    together = len(passes)
    assert sum(passes) == 200
    assert together <= 20
    close([rows[0] for rows in found], encoder.encode(texts))


async def test_rows_are_lists_of_python_floats_with_unit_norm(encoder: Encoder) -> None:
    rows = await vectors(encoder, VERSES[:3])
    assert type(rows) is list and all(type(row) is list for row in rows)
    assert all(type(value) is float for row in rows for value in row)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


async def test_no_texts_give_no_rows_and_no_work(encoder: Encoder, passes: list[int]) -> None:
    assert await vectors(encoder, []) == []
    assert passes == []


async def test_a_prompt_stands_before_each_text_of_its_own_call(encoder: Encoder) -> None:
    plain, asked, corpus = await asyncio.gather(
        vectors(encoder, VERSES[:2]),
        vectors(encoder, VERSES[:2], prompt="سؤال: "),
        vectors(encoder, VERSES[:2] * 40, prompt="سؤال: "),
    )
    close(plain, encoder.encode(VERSES[:2]))
    close(asked, encoder.encode(VERSES[:2], prompt="سؤال: "))
    close(corpus, encoder.encode(VERSES[:2] * 40, prompt="سؤال: "))


async def test_the_prompt_of_few_but_long_texts_is_put_once(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microbatch, "SHORT_CHARACTERS", 10)
    close(await vectors(encoder, VERSES[:3], prompt="نص "), encoder.encode(VERSES[:3], prompt="نص "))


async def test_calls_of_every_size_at_once(encoder: Encoder) -> None:
    sizes = [1, 3, 64, 65, 200, 1, 2, 40]
    calls = [[VERSES[(start * 7 + i) % len(VERSES)] for i in range(size)] for start, size in enumerate(sizes)]
    found = await asyncio.gather(*(vectors(encoder, texts) for texts in calls))
    for texts, rows in zip(calls, found, strict=True):
        close(rows, encoder.encode(texts))


async def test_more_than_a_round_of_short_calls(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microbatch, "ROUND_TEXTS", 16)
    found = await asyncio.gather(*(vectors(encoder, [text, text]) for text in VERSES))
    close([rows[1] for rows in found], encoder.encode(VERSES))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=12))
def test_any_texts_give_what_encode_gives(tiny_folder: Path, texts: list[str]) -> None:
    encoder = Encoder.cached(model=str(tiny_folder), dim=32)
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]

    async def together() -> list[list[float]]:
        return [rows[0] for rows in await asyncio.gather(*(vectors(encoder, [text]) for text in texts))]

    close(asyncio.run(together()), encoder.encode(texts))


class TestFaults:
    async def test_a_bad_text_fails_its_own_call_only(self, encoder: Encoder) -> None:
        strict = encoder.with_options(overflow="error", max_length=128)
        calls = [[VERSES[0]], [VERSES[1], LONG_TEXT], [VERSES[2]], [None], [b"\xd9\x86"], ["\ud800"], [VERSES[3]]]
        found = await asyncio.gather(*(vectors(strict, texts) for texts in calls), return_exceptions=True)  # type: ignore[arg-type]
        kinds = [list, TextTooLongError, list, TextTypeError, TextTypeError, TextError, list]
        assert [type(result) for result in found] == kinds
        assert "text 1 has" in str(found[1])
        close([found[i][0] for i in (0, 2, 6)], strict.encode([VERSES[i] for i in (0, 2, 3)]))  # type: ignore[index]

    async def test_a_long_call_names_the_text_by_its_place(self, encoder: Encoder) -> None:
        strict = encoder.with_options(overflow="error", max_length=128)
        with pytest.raises(TextTooLongError, match="text 1500 has"):
            await vectors(strict, [*VERSES[:1] * 1500, LONG_TEXT])
        with pytest.raises(TextTypeError, match="text 90 is 7"):
            await vectors(strict, [*VERSES[:1] * 90, 7])  # type: ignore[list-item]

    @pytest.mark.parametrize("texts", ["قل", b"abc", {"a": 1}, {"a"}, None, 5])
    async def test_what_is_no_list_of_texts_is_refused(self, encoder: Encoder, texts: Any) -> None:
        with pytest.raises(TextTypeError):
            await vectors(encoder, texts)

    async def test_a_fault_of_the_machine_reaches_every_caller_and_the_lane_goes_on(
        self, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(Engine, "start", lambda *_: (_ for _ in ()).throw(MemoryError("no room")))
            broken.setattr(microbatch, "ROUND_TEXTS", 2)
            found = await asyncio.gather(*(vectors(encoder, [text]) for text in VERSES[:5]), return_exceptions=True)
            assert [type(result) for result in found] == [MemoryError] * 5
        close(await vectors(encoder, VERSES[:2]), encoder.encode(VERSES[:2]))

    async def test_cut_texts_are_still_warned_of(self, encoder: Encoder) -> None:
        with pytest.warns(TruncationWarning, match="1 of 2 texts"):
            await vectors(encoder, [LONG_TEXT * 2, VERSES[0]])


class TestCancelling:
    async def test_a_cancelled_call_leaves_the_others_alone(self, encoder: Encoder) -> None:
        tasks = [asyncio.create_task(vectors(encoder, [text])) for text in VERSES[:20]]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in found[::2])
        close([rows[0] for rows in found[1::2]], encoder.encode(VERSES[1:20:2]))  # type: ignore[index]

    async def test_what_was_cancelled_in_time_is_not_encoded(self, encoder: Encoder, passes: list[int]) -> None:
        tasks = [asyncio.create_task(vectors(encoder, [text])) for text in VERSES[:10]]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await vectors(encoder, VERSES[:1])
        assert sum(passes) == 1

    async def test_a_long_call_stops_soon(self, encoder: Encoder, passes: list[int]) -> None:
        many = [f"{text} {i}" for i in range(200) for text in VERSES]
        task = asyncio.create_task(vectors(encoder, many))
        while not passes:
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # The lane is free again for the next long call, which would otherwise wait for all of `many`.
        close(await vectors(encoder, VERSES[:70]), encoder.encode(VERSES[:70]))
        assert sum(passes) < len(many) / 2


class TestLoops:
    async def test_the_event_loop_stays_free(self, encoder: Encoder) -> None:
        ticks = []

        async def tick() -> None:
            while True:
                ticks.append(time.perf_counter())
                await asyncio.sleep(0.002)

        ticker = asyncio.create_task(tick())
        await asyncio.sleep(0.01)
        start, before = time.perf_counter(), len(ticks)
        await vectors(encoder, [f"{text} {i}" for i in range(20) for text in VERSES])
        took = time.perf_counter() - start
        ticker.cancel()
        # A held loop would tick once; a busy machine may make it tick late.
        assert len(ticks) - before > took / 0.1

    async def test_a_query_does_not_wait_for_a_corpus(self, encoder: Encoder) -> None:
        corpus = asyncio.create_task(vectors(encoder, [f"{text} {i}" for i in range(60) for text in VERSES]))
        await asyncio.sleep(0.05)
        await vectors(encoder, VERSES[:1])
        assert not corpus.done()
        corpus.cancel()

    def test_one_loop_after_another(self, encoder: Encoder) -> None:
        for _ in range(3):
            close(asyncio.run(vectors(encoder, VERSES[:2])), encoder.encode(VERSES[:2]))

    def test_loops_in_16_threads(self, encoder: Encoder) -> None:
        async def several(texts: list[str]) -> list[list[float]]:
            return [rows[0] for rows in await asyncio.gather(*(vectors(encoder, [text]) for text in texts))]

        parts = [VERSES[i::16] for i in range(16)]
        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(lambda part: asyncio.run(several(part)), parts))
        for part, rows in zip(parts, found, strict=True):
            close(rows, encoder.encode(part))

    def test_a_loop_may_end_with_calls_under_way(self, encoder: Encoder) -> None:
        async def leave() -> None:
            for text in VERSES[:8]:
                _left_alone.append(asyncio.ensure_future(vectors(encoder, [text])))
            await asyncio.sleep(0)

        asyncio.run(leave())
        close(asyncio.run(vectors(encoder, VERSES[:2])), encoder.encode(VERSES[:2]))


_left_alone: list[asyncio.Future[Any]] = []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_has_lanes_of_its_own(encoder: Encoder) -> None:
    asyncio.run(vectors(encoder, VERSES[:2]))
    fork = multiprocessing.get_context("fork")
    answers = fork.Queue()
    child = fork.Process(target=lambda: answers.put(asyncio.run(vectors(encoder, VERSES[:2]))), daemon=True)
    child.start()
    rows = answers.get(timeout=60)
    child.join(timeout=60)
    close(rows, encoder.encode(VERSES[:2]))


def test_an_encoder_that_nobody_uses_is_let_go(tiny_folder: Path) -> None:
    before = threading.active_count()
    encoder = Encoder(tiny_folder)
    asyncio.run(vectors(encoder, VERSES[:1]))
    asyncio.run(vectors(encoder, VERSES[:70]))
    gone = weakref.ref(encoder)
    del encoder
    for _ in range(100):
        gc.collect()
        if gone() is None and threading.active_count() <= before:
            break
        time.sleep(0.02)
    assert gone() is None
    assert threading.active_count() <= before


@needs_bundled_model
def test_docstrings() -> None:
    result = doctest.testmod(microbatch)
    assert result.attempted > 0
    assert result.failed == 0
