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
from harakat.runtime.prefetch import SLABS_AHEAD, Ahead, TokenizerRecipe, _pack, _unpack
from support import quran
from support.calima import write_morphology
from support.examples import needs_bundled_model
from support.tiny import write_tiny

VERSES = list(quran.VERSES.values())
SLABS = [VERSES[at : at + 7] for at in range(0, len(VERSES), 7)]
TEXTS = st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=6), max_size=6)


def recipe_of(folder: Path) -> TokenizerRecipe:
    return TokenizerRecipe(folder, "neoarabert", "as-is")


def ids(tokens: list[Tokens]) -> list[list[int]]:
    return [item.ids.tolist() for item in tokens]


@pytest.fixture(scope="module")
def recipe(tiny_folder: Path) -> TokenizerRecipe:
    return recipe_of(tiny_folder)


@pytest.fixture(scope="module")
def in_processes(recipe: TokenizerRecipe) -> Iterator[Ahead]:
    ahead = Ahead(recipe.open(), recipe, workers=2, beside=False)
    yield ahead
    ahead.close()


@pytest.fixture(scope="module")
def in_a_thread(recipe: TokenizerRecipe) -> Iterator[Ahead]:
    ahead = Ahead(recipe.open(), recipe, workers=0, beside=True)
    yield ahead
    ahead.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.sampled_from(["", "نص: "]))
def test_the_same_ids_everywhere(
    recipe: TokenizerRecipe, in_processes: Ahead, in_a_thread: Ahead, slabs: list[list[str]], prompt: str
) -> None:
    slabs = [[text.encode("utf-8", "ignore").decode() for text in slab] for slab in slabs]
    plain = recipe.open()
    expected = [ids(plain.tokenize([prompt + text for text in slab])) for slab in slabs]
    for ahead in (in_processes, in_a_thread, Ahead(plain, recipe, 0, beside=False)):
        found = list(ahead.slabs(slabs, prompt))
        assert [slab.size for slab in found] == [len(slab) for slab in slabs]
        assert [ids(slab.tokens) for slab in found] == expected


def test_with_segmentation_in_processes(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "stemming", apply_stemming=True)
    data = write_morphology(tmp_path / "morphology")
    plain = Encoder(folder, morphology=data)
    working = Encoder(folder, morphology=data, workers=2)
    texts = [f"{verse} وَعَلَيْهِمْ {index}" for index, verse in enumerate(VERSES * 30)]
    slabs = [texts[:1500], texts[1500:]]
    expected = [ids(slab.tokens) for slab in plain._loaded.ahead.slabs(slabs)]
    assert [ids(slab.tokens) for slab in working._loaded.ahead.slabs(slabs)] == expected
    np.testing.assert_allclose(working.encode(texts[:64]), plain.encode(texts[:64]), atol=1e-6)
    working._loaded.ahead.close()


@needs_bundled_model
def test_marks_come_along() -> None:
    tokens = Encoder()._loaded.tokenizer.tokenize([*VERSES, "", "بلا حركات"])
    again = _unpack(_pack(tokens))
    for one, other in zip(tokens, again, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.marks, other.marks)


@pytest.mark.parametrize("mode", ["in_processes", "in_a_thread"])
def test_errors_come_where_they_belong(mode: str, request: pytest.FixtureRequest) -> None:
    ahead: Ahead = request.getfixturevalue(mode)

    def source() -> Iterator[list[str]]:
        yield from SLABS[:3]
        raise KeyError("the source broke")

    rows = ahead.slabs(source())
    assert [next(rows).size for _ in range(3)] == [len(slab) for slab in SLABS[:3]]
    with pytest.raises(KeyError, match="the source broke"):
        next(rows)
    rows = ahead.slabs([*SLABS[:3], ["\udc00"], *SLABS[:3]])
    assert [next(rows).size for _ in range(3)] == [len(slab) for slab in SLABS[:3]]
    with pytest.raises(TextError, match="U\\+DC00"):
        next(rows)
    assert len(list(ahead.slabs(SLABS))) == len(SLABS)  # and nobody is hurt

    def one_and_out() -> Iterator[list[str]]:
        yield SLABS[0]
        raise KeyError("at once")

    rows = ahead.slabs(one_and_out())
    assert next(rows).size == len(SLABS[0])
    with pytest.raises(KeyError, match="at once"):
        next(rows)


def test_reads_no_further_ahead_than_it_says(in_a_thread: Ahead) -> None:
    taken = 0

    def endless() -> Iterator[list[str]]:
        nonlocal taken
        while True:
            taken += 1
            yield SLABS[0]

    rows = in_a_thread.slabs(endless())
    for seen in range(1, 6):
        next(rows)
        assert taken <= seen + SLABS_AHEAD


def test_one_slab_starts_nobody(recipe: TokenizerRecipe) -> None:
    ahead = Ahead(recipe.open(), recipe, workers=2, beside=False)
    assert [slab.size for slab in ahead.slabs([VERSES])] == [len(VERSES)]
    assert list(ahead.slabs([])) == []
    assert ahead._pool is None


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_worker_is_an_error_and_not_the_end(recipe: TokenizerRecipe) -> None:
    ahead = Ahead(recipe.open(), recipe, workers=1, beside=False)
    try:
        rows = ahead.slabs(iter(SLABS * 40))
        next(rows)
        for process in ahead.processes():
            os.kill(process, signal.SIGKILL)
        with pytest.raises(WorkerError, match="fewer workers"):
            list(rows)
        assert len(list(ahead.slabs(SLABS))) == len(SLABS)
    finally:
        ahead.close()


@pytest.mark.parametrize("workers", [-1, True, 1.5, "2"])
def test_impossible_numbers_of_workers(tiny_folder: Path, workers: object) -> None:
    with pytest.raises(OptionError, match="workers="):
        Encoder(tiny_folder, workers=workers)  # type: ignore[arg-type]
