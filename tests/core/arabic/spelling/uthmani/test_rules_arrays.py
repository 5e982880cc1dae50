"""Rules on columns say what the rules word by word say, or leave the word to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.spelling.imlai import spell_word
from harakat.arabic.spelling.uthmani.rules_arrays import respell_plain
from support.mushaf_fuzz import mushaf_words, words_of_the_quran

LETTERS = "ابتذرسصعفقكلمنهويىةءآأإؤئٱـ"
MARKS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0653\u0654\u0670"
MARKS += "\u06d6\u06e1\u06e2\u06e5\u06e6\u06ed\u08f0\u08f1\u08f2"
unit = st.builds(
    lambda letter, marks: letter + "".join(marks),
    st.sampled_from(LETTERS),
    st.lists(st.sampled_from(MARKS), max_size=2),
)
word = st.lists(unit, max_size=7).map("".join) | st.text(st.sampled_from(LETTERS + MARKS + "،1a"), max_size=10)


def differing(words):
    """Words whose spelling is another one than by themselves."""
    both = [(each, fast, spell_word(each, True)) for each, fast in zip(words, respell_plain(words), strict=True)]
    return [(ascii(each), ascii(fast), ascii(plain)) for each, fast, plain in both if fast not in (None, plain)]


@given(st.lists(word, max_size=6))
def test_any_words(words):
    assert differing(words) == []


def test_the_words_of_the_quran_nearly_all_together():
    words = words_of_the_quran()
    assert differing(words) == []
    assert respell_plain(words).count(None) < 0.03 * len(words)


@pytest.mark.parametrize("seed", range(3))
def test_changed_words(seed):
    assert differing(mushaf_words(seed, 4000)) == []


def test_neighbours_do_not_matter():
    words = mushaf_words(11, 300)
    together = respell_plain(words)
    assert [respell_plain([each])[0] for each in words] == together
    assert respell_plain(words[::-1])[::-1] == together


def test_nothing_and_words_of_nothing():
    assert respell_plain([]) == []
    assert respell_plain(["", "\u064e", "\u06d6", "\ud800"]) == [None] * 4


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(100, 108))
def test_fuzz_at_length(seed):
    for part in range(5):
        assert differing(mushaf_words(10 * seed + part, 5000)) == []
