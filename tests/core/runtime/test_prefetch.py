"""Tokenising ahead gives the same ids, in order, wherever it happens."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harakat import Encoder
from harakat.arabic.tokenizers.tokens import Tokens
from harakat.errors import OptionError, TextError, WorkerError
from harakat.model.families.family import TokenizerOptions
from harakat.runtime.prefetch import PREFETCH_CHUNKS, Prefetcher, TokenizerRecipe, _pack, _unpack
from support import quran
from support.calima import write_morphology
from support.examples import needs_bundled_model
from support.tiny import write_tiny

VERSES = list(quran.VERSES.values())
CHUNKS = [VERSES[at : at + 7] for at in range(0, len(VERSES), 7)]
TEXTS = st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=6), max_size=6)


def recipe_of(folder: Path) -> TokenizerRecipe:
    return TokenizerRecipe(folder, "neoarabert", TokenizerOptions("as-is"))


def ids(tokens: list[Tokens]) -> list[list[int]]:
    return [item.ids.tolist() for item in tokens]


@pytest.fixture(scope="module")
def recipe(tiny_folder: Path) -> TokenizerRecipe:
    return recipe_of(tiny_folder)


@pytest.fixture(scope="module")
def in_processes(recipe: TokenizerRecipe) -> Iterator[Prefetcher]:
    prefetcher = Prefetcher(recipe.open(), recipe, workers=2, beside=False)
    yield prefetcher
    prefetcher.close()


@pytest.fixture(scope="module")
def in_a_thread(recipe: TokenizerRecipe) -> Iterator[Prefetcher]:
    prefetcher = Prefetcher(recipe.open(), recipe, workers=0, beside=True)
    yield prefetcher
    prefetcher.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.sampled_from(["", "نص: "]))
def test_the_same_ids_everywhere(
    recipe: TokenizerRecipe, in_processes: Prefetcher, in_a_thread: Prefetcher, chunks: list[list[str]], prompt: str
) -> None:
    chunks = [[text.encode("utf-8", "ignore").decode() for text in chunk] for chunk in chunks]
    plain = recipe.open()
    expected = [ids(plain.tokenize([prompt + text for text in chunk])) for chunk in chunks]
    for prefetcher in (in_processes, in_a_thread, Prefetcher(plain, recipe, 0, beside=False)):
        found = list(prefetcher.chunks(chunks, prompt))
        assert [chunk.size for chunk in found] == [len(chunk) for chunk in chunks]
        assert [ids(chunk.tokens) for chunk in found] == expected


def test_with_segmentation_in_processes(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "stemming", apply_stemming=True)
    data = write_morphology(tmp_path / "morphology")
    plain = Encoder(folder, morphology=data)
    working = Encoder(folder, morphology=data, workers=2)
    texts = [f"{verse} وَعَلَيْهِمْ {index}" for index, verse in enumerate(VERSES * 30)]
    chunks = [texts[:1500], texts[1500:]]
    expected = [ids(chunk.tokens) for chunk in plain.checkpoint.prefetcher.chunks(chunks)]
    assert [ids(chunk.tokens) for chunk in working.checkpoint.prefetcher.chunks(chunks)] == expected
    np.testing.assert_allclose(working.encode(texts[:64]), plain.encode(texts[:64]), atol=1e-6)
    working.checkpoint.prefetcher.close()


@needs_bundled_model
def test_marks_come_along() -> None:
    tokens = Encoder().checkpoint.tokenizer.tokenize([*VERSES, "", "بلا حركات"])
    again = _unpack(_pack(tokens))
    for one, other in zip(tokens, again, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.marks, other.marks)


@pytest.mark.parametrize("mode", ["in_processes", "in_a_thread"])
def test_errors_come_where_they_belong(mode: str, request: pytest.FixtureRequest) -> None:
    prefetcher: Prefetcher = request.getfixturevalue(mode)

    def source() -> Iterator[list[str]]:
        yield from CHUNKS[:3]
        raise KeyError("the source broke")

    rows = prefetcher.chunks(source())
    assert [next(rows).size for _ in range(3)] == [len(chunk) for chunk in CHUNKS[:3]]
    with pytest.raises(KeyError, match="the source broke"):
        next(rows)
    rows = prefetcher.chunks([*CHUNKS[:3], ["\udc00"], *CHUNKS[:3]])
    assert [next(rows).size for _ in range(3)] == [len(chunk) for chunk in CHUNKS[:3]]
    with pytest.raises(TextError, match="U\\+DC00"):
        next(rows)
    assert len(list(prefetcher.chunks(CHUNKS))) == len(CHUNKS)  # and nobody is hurt

    def one_and_out() -> Iterator[list[str]]:
        yield CHUNKS[0]
        raise KeyError("at once")

    rows = prefetcher.chunks(one_and_out())
    assert next(rows).size == len(CHUNKS[0])
    with pytest.raises(KeyError, match="at once"):
        next(rows)


def test_reads_no_further_ahead_than_it_says(in_a_thread: Prefetcher) -> None:
    taken = 0

    def endless() -> Iterator[list[str]]:
        nonlocal taken
        while True:
            taken += 1
            yield CHUNKS[0]

    rows = in_a_thread.chunks(endless())
    for seen in range(1, 6):
        next(rows)
        assert taken <= seen + PREFETCH_CHUNKS


def test_one_chunk_starts_nobody(recipe: TokenizerRecipe) -> None:
    prefetcher = Prefetcher(recipe.open(), recipe, workers=2, beside=False)
    assert [chunk.size for chunk in prefetcher.chunks([VERSES])] == [len(VERSES)]
    assert list(prefetcher.chunks([])) == []
    assert prefetcher._pool is None


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_worker_is_an_error_and_not_the_end(recipe: TokenizerRecipe) -> None:
    prefetcher = Prefetcher(recipe.open(), recipe, workers=1, beside=False)
    try:
        rows = prefetcher.chunks(iter(CHUNKS * 40))
        next(rows)
        for process in prefetcher.processes():
            os.kill(process, signal.SIGKILL)
        with pytest.raises(WorkerError, match="fewer workers"):
            list(rows)
        assert len(list(prefetcher.chunks(CHUNKS))) == len(CHUNKS)
    finally:
        prefetcher.close()


@pytest.mark.parametrize("workers", [-1, True, 1.5, "2"])
def test_impossible_numbers_of_workers(tiny_folder: Path, workers: object) -> None:
    with pytest.raises(OptionError, match="workers="):
        Encoder(tiny_folder, workers=workers)  # type: ignore[arg-type]
