"""Marks are set apart by arrays as by the rules word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.marks.separation import separate_by_arrays
from harakat.arabic.tokenizers.published import PUBLISHED_MARKS, prepare, separate_marks
from support.mushaf_fuzz import mushaf_texts, words_of_the_quran
from support.published_oracle import NASTY, nasty_texts, published_text


@given(
    st.text(min_size=1) | st.lists(st.sampled_from(NASTY), min_size=1).map("".join),
    st.sampled_from(["[+]", "+", "\u064e"]),
)
def test_any_text(text, separator):
    assert separate_by_arrays(text, separator, PUBLISHED_MARKS) == separate_marks(text, separator)


@pytest.mark.parametrize("texts", [mushaf_texts(1, 2000), nasty_texts(2, 2000)], ids=["mushaf", "nasty"])
def test_hard_texts(texts):
    for text in filter(None, texts):
        assert separate_by_arrays(text, "[+]", PUBLISHED_MARKS) == separate_marks(text, "[+]")


def test_long_texts_go_by_arrays():
    text = "\n".join([*words_of_the_quran(), *nasty_texts(3, 500)])
    assert prepare(text, "[+]") == published_text(text)


@given(st.sampled_from([" ", "\n", "بَ ", "ب", "\u064e", "[+]"]), st.integers(4000, 4200))
def test_lengths_around_the_one_where_arrays_begin(part, length):
    text = (part * length)[:length]
    assert prepare(text, "[+]") == published_text(text)
