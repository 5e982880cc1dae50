"""Chunks through tokenising and the device, in order, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from harakat import Encoder
from harakat.errors import TextTooLongError
from harakat.model.families.family import TokenizerOptions
from harakat.runtime import pipeline
from harakat.runtime.pipeline import Job, run
from harakat.runtime.prefetch import Prefetcher, TokenizerRecipe
from harakat.runtime.truncation import Truncation
from support import quran

VERSES = list(quran.VERSES.values())
CHUNKS = [VERSES[at : at + 5] for at in range(0, len(VERSES), 5)]
LONG = " ".join(VERSES)


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder, max_length=100)


@pytest.fixture(params=[0, 2], ids=["one by one", "two in hand"])
def in_hand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, encoder: Encoder) -> int:
    """As on the CPU, and with chunks in hand as on a GPU: results then wait in the same way."""
    if request.param:
        monkeypatch.setattr(pipeline, "chunks_in_flight", lambda engine: request.param)
    return int(request.param)


def job(encoder: Encoder, policy: str = "warn") -> Job:
    return Job("", policy, encoder.max_length - 2, encoder.dim, Truncation(encoder.max_length), lambda steps: None)  # type: ignore[arg-type]


def prefetcher(encoder: Encoder, folder: Path) -> Prefetcher:
    recipe = TokenizerRecipe(folder, "neoarabert", TokenizerOptions("as-is"))
    return Prefetcher(encoder.checkpoint.tokenizer, recipe, 0, beside=True)


def test_rows_in_order(encoder: Encoder, tiny_folder: Path, in_hand: int) -> None:
    made = list(run(CHUNKS, prefetcher(encoder, tiny_folder), encoder.checkpoint.engine, job(encoder, "chunk")))
    assert [len(rows) for rows in made] == [len(chunk) for chunk in CHUNKS]
    np.testing.assert_allclose(np.concatenate(made), encoder.encode(VERSES, overflow="chunk"), atol=1e-5)


def test_an_error_comes_after_all_chunks_before_it(encoder: Encoder, tiny_folder: Path, in_hand: int) -> None:
    def source() -> Iterator[list[str]]:
        yield from ([verse[:40] for verse in chunk] for chunk in CHUNKS[:4])
        yield ["قصير", LONG]
        yield ["لا يصل إليه"]

    rows = run(source(), prefetcher(encoder, tiny_folder), encoder.checkpoint.engine, job(encoder, "error"))
    assert [len(next(rows)) for _ in range(4)] == [len(chunk) for chunk in CHUNKS[:4]]
    with pytest.raises(TextTooLongError, match=f"text {sum(map(len, CHUNKS[:4])) + 1} has"):
        next(rows)
    assert next(rows, None) is None


def test_a_run_that_is_left_leaves_nothing_behind(encoder: Encoder, tiny_folder: Path, in_hand: int) -> None:
    rows = run(iter(CHUNKS), prefetcher(encoder, tiny_folder), encoder.checkpoint.engine, job(encoder))
    next(rows)
    rows.close()  # type: ignore[attr-defined]
    np.testing.assert_allclose(encoder.encode(VERSES[:5], overflow="chunk").shape, (5, 64))


@pytest.mark.filterwarnings("ignore::harakat.errors.TruncationWarning")
@pytest.mark.parametrize("policy", ["warn", "chunk"])
def test_progress_moves_with_the_batches(encoder: Encoder, policy: str) -> None:
    """Every text is counted once, in steps far smaller than the whole, also where texts are split."""
    steps: list[int] = []
    one = Encoder(encoder.options["model"], batch_tokens=64, max_length=16, overflow=policy)
    texts = [text for chunk in CHUNKS for text in chunk] * 8
    rows = list(one.encode(texts, show_progress=False))
    parts = [texts[at : at + 40] for at in range(0, len(texts), 40)]
    work = Job("", policy, 16 - one.checkpoint.engine.specials, one.dim, Truncation(16), steps.append)
    np.testing.assert_allclose(
        np.concatenate(list(run(parts, one.checkpoint.prefetcher, one.checkpoint.engine, work))), rows, atol=1e-5
    )
    assert sum(steps) == len(texts)
    assert max(steps) < len(texts) / 8
