"""Flat batches against the plain way of laying sequences end to end."""

from __future__ import annotations

from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.tokenizers.tokens import Tokens
from harakat.runtime.batching import Window
from harakat.runtime.packing import pack

SPECIALS = st.lists(st.integers(1, 9), max_size=2).map(tuple)


@st.composite
def windows(draw: st.DrawFn) -> list[Window]:
    marked = draw(st.booleans())
    made = []
    for index in range(draw(st.integers(1, 8))):
        ids = np.array(draw(st.lists(st.integers(10, 99), max_size=12)), dtype=np.int32)
        marks = np.arange(len(ids), dtype=np.int64) + 1000 if marked else None
        start = draw(st.integers(0, len(ids)))
        made.append(Window(index, Tokens(ids, marks), start, draw(st.integers(start, len(ids)))))
    return made


@given(windows(), SPECIALS, SPECIALS, st.sampled_from([1, 4, 16]))
def test_sequences_lie_end_to_end(
    made: list[Window], prefix: tuple[int, ...], suffix: tuple[int, ...], multiple: int
) -> None:
    if not all(w.size + len(prefix) + len(suffix) for w in made):
        prefix = (7,)  # a network gets no empty sequence
    flat = pack(made, prefix, suffix, multiple)
    ids = [[*prefix, *w.tokens.ids[w.start : w.stop].tolist(), *suffix] for w in made]
    marks = [
        [0] * len(prefix)
        + ([] if w.tokens.marks is None else w.tokens.marks[w.start : w.stop].tolist())
        + [0] * len(suffix)
        for w in made
    ]
    real, total = sum(map(len, ids)), flat.tokens
    assert total % multiple == 0 and total - real < multiple
    assert flat.values[:real].tolist() == list(chain(*ids))
    assert flat.values[total : total + real].tolist() == [i for row in ids for i in range(len(row))]
    assert flat.marked == any(map(any, marks))
    if flat.marked:
        assert flat.values[2 * total : 2 * total + real].tolist() == list(chain(*marks))
        assert not flat.values[2 * total + real : 3 * total].any()
    assert not flat.values[total + real : 2 * total].any()
    filler = [total - real] if total > real else []
    assert flat.lengths == [*map(len, ids), *filler]
    assert flat.values[-len(flat.lengths) - 1 :].tolist() == np.cumsum([0, *flat.lengths]).tolist()
