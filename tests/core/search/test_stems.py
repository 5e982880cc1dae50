"""Stems bring the forms of a word together and never lose it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.search.stems import stem_word, strip_prefixes
from harakat.search.words import fold_word

WORDS = st.text(st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهوي"), min_size=1, max_size=12)


@pytest.mark.parametrize(
    "forms",
    [
        "صبر الصبر بالصبر والصبر فالصبر صبرا صابر صابرين الصابرون",
        "كتاب الكتاب كتابهم بكتابنا وكتابكم كتابا",
        "مسلم المسلمون للمسلمين مسلمات والمسلمات",
        "رحمة الرحمة برحمته رحمتنا",
    ],
)
def test_forms_of_a_word(forms):
    assert len({stem_word(fold_word(word)) for word in forms.split()}) == 1


@pytest.mark.parametrize(
    ("word", "base"),
    [("والصبر", "صبر"), ("للناس", "ناس"), ("بسم", "بسم"), ("فقال", "قال"), ("الله", "له"), ("ولد", "ولد")],
)
def test_prefixes(word, base):
    assert strip_prefixes(word) == base


@given(WORDS)
def test_a_stem_is_never_empty_nor_longer(word):
    assert 1 <= len(stem_word(word)) <= len(word)
    assert word.endswith(strip_prefixes(word))


@given(st.text(min_size=1, max_size=10))
def test_any_word_has_a_stem(text):
    word = fold_word(text)
    if word:
        assert stem_word(word)


@pytest.mark.parametrize("word", ["search", "255", "привет"])
def test_other_scripts_stay(word):
    assert stem_word(word) == word
