"""Term numbers: stable, by field, under 2**31."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.search.fields import Field, field_of, term_number, text_terms, word_numbers, word_terms
from harakat.search.words import split_words
from support.mushaf_fuzz import mushaf_texts

ANYTHING = st.text(max_size=60) | st.text(
    st.sampled_from("ابلنويىءأٱة \u064e\u0650\u0651\u0652\u06e1\u06d6،1"), max_size=60
)


@given(ANYTHING)
def test_terms_stand_in_their_fields(text):
    terms = text_terms(text)
    words = split_words(text)
    assert len(terms.word) == len(terms.stem) == len(words)
    assert len(terms.pair) == max(0, len(words) - 1)
    assert len(terms.gram) >= len(words) >= len(terms.marked)
    for field, numbers in zip(Field, terms, strict=True):
        assert numbers.dtype == np.uint32
        assert all(field_of(int(number)) is field and number < 2**31 for number in numbers)


@given(ANYTHING)
def test_terms_of_a_text_are_those_of_its_words(text):
    for one, other in zip(text_terms(text), word_terms(split_words(text)), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(word_numbers(text), text_terms(text).word)


def test_long_tokens_as_short_ones():
    word = "قسطنطينية" * 12
    terms = text_terms(f"الى {word} ثم")
    assert terms.word.tolist() == [term_number(Field.WORD, each) for each in ("الي", word.replace("ة", "ه"), "ثم")]


def test_numbers_that_stores_hold():
    """A change here gives every stored vector other terms: raise ANALYSIS_VERSION."""
    assert [term_number(field, "الصبر") for field in Field] == [103422754, 533755906, 768266674, 1044643190, 1164926224]


@pytest.mark.parametrize("text", mushaf_texts(7, 40))
def test_hidden_prefixes_leave_stem_and_trigrams(text):
    for word in split_words(text):
        if len(word.folded) >= 5:
            alone, joined = word_terms([word]), text_terms("وال" + word.folded)
            assert set(alone.gram.tolist()) & set(joined.gram.tolist())
