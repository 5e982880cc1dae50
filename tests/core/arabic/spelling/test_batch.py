"""Words spelt together are spelt as each by itself, and as in their text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.spelling.batch import spell_each
from harakat.arabic.spelling.imlai import is_quranic, spell_word, to_imlai
from support.mushaf_fuzz import mushaf_texts, words_of_the_quran
from support.published_oracle import nasty_texts

ANYTHING = st.text(max_size=40) | st.text(
    st.sampled_from("ابلنويىءأٱآ \u064e\u0650\u0652\u0653\u0670\u06d6\u06dd\u06e1\n\u00a01،")
)


def by_words(text):
    """The words of a text, spelt without their neighbours."""
    quranic = is_quranic(text)
    return [part for word in text.split() for part in spell_word(word, quranic).split()]


@given(ANYTHING)
def test_a_word_takes_one_thing_from_its_text(text):
    """What a cache of words relies on."""
    assert by_words(text) == to_imlai(text).split()


@pytest.mark.parametrize("texts", [mushaf_texts(3, 3000), nasty_texts(4, 3000)], ids=["mushaf", "nasty"])
def test_a_word_takes_one_thing_from_its_text_in_hard_texts(texts):
    assert [text for text in texts if by_words(text) != to_imlai(text).split()] == []


@pytest.mark.parametrize("quranic", [False, True])
@pytest.mark.parametrize("count", [1, 39, 40, 3000])
def test_together_and_alone(quranic, count):
    words = [word for text in [*mushaf_texts(5, 900), *nasty_texts(6, 900)] for word in text.split()]
    words = [*words_of_the_quran()[:500], *words][:count]
    assert spell_each(words, quranic) == [spell_word(word, quranic) for word in words]


def test_no_words():
    assert spell_each([], True) == spell_each([], False) == []
