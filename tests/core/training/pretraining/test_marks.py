"""Texts with all of their marks, some, or none."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.marks.diacritics import strip_marks
from harakat.training.pretraining.marks import thinned
from support.tiny import SAMPLE_TEXTS


@given(
    text=st.lists(st.sampled_from([*SAMPLE_TEXTS, "\n", "  "]), max_size=5).map(" ".join), seed=st.integers(0, 2**32)
)
def test_each_word_has_all_of_its_marks_or_none(text: str, seed: int) -> None:
    shown = thinned(text, random.Random(seed))
    assert strip_marks(shown) == strip_marks(text)
    for word, whole in zip(shown.split(), text.split(), strict=True):
        assert word in (whole, strip_marks(whole))
    assert shown == thinned(text, random.Random(seed))


def test_all_some_and_none() -> None:
    text = " ".join(SAMPLE_TEXTS)
    chance = random.Random(3)
    shown = [thinned(text, chance) for _ in range(1000)]
    whole, bare = shown.count(text) / 1000, shown.count(strip_marks(text)) / 1000
    assert abs(whole - 0.4) < 0.05 and abs(bare - 0.3) < 0.05
