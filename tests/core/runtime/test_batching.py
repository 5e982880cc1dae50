"""Windows and batches: nothing lost, nothing over budget."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.tokenizers.tokens import Tokens
from harakat.runtime.batching import chunks, plan_batches, plan_windows


def tokens(*sizes: int) -> list[Tokens]:
    return [Tokens(np.arange(n, dtype=np.int32)) for n in sizes]


SIZES = st.lists(st.integers(0, 60), max_size=20)


@given(SIZES, st.integers(1, 25))
def test_chunk_covers_every_token_in_order(sizes: list[int], budget: int) -> None:
    windows = plan_windows(tokens(*sizes), budget, "chunk")
    for index, size in enumerate(sizes):
        mine = [w for w in windows if w.text == index]
        assert [i for w in mine for i in range(w.start, w.stop)] == list(range(size))
        assert all(w.size <= budget for w in mine)
        assert max(w.size for w in mine) - min(w.size for w in mine) <= 1


@given(SIZES, st.integers(1, 25))
def test_cutting_keeps_the_beginning(sizes: list[int], budget: int) -> None:
    windows = plan_windows(tokens(*sizes), budget, "warn")
    assert [(w.text, w.start, w.stop) for w in windows] == [(i, 0, min(n, budget)) for i, n in enumerate(sizes)]


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 100))
def test_batches_hold_each_sequence_once_within_the_budget(sizes: list[int], budget: int) -> None:
    batches = plan_batches(sizes, budget)
    assert sorted(i for batch in batches for i in batch) == list(range(len(sizes)))
    assert all(len(b) == 1 or sum(sizes[i] for i in b) <= budget for b in batches)
    flat = [sizes[i] for batch in batches for i in batch]
    assert flat == sorted(flat, reverse=True)


@given(st.lists(st.text(max_size=30), max_size=40), st.integers(1, 7), st.integers(1, 50))
def test_chunks_keep_order_and_bounds(texts: list[str], most: int, characters: int) -> None:
    parts = list(chunks(iter(texts), most, characters))
    assert [t for part in parts for t in part] == texts
    assert all(0 < len(p) <= most and (len(p) == 1 or sum(map(len, p)) <= characters) for p in parts)


def test_chunks_read_no_further_than_they_must() -> None:
    read = 0

    def source():  # type: ignore[no-untyped-def]
        nonlocal read
        while True:
            read += 1
            yield "x"

    assert next(chunks(source(), 4, 100)) == ["x"] * 4
    assert read <= 5
