"""Marked words are compared without clitics, case endings and marks that their letters say already."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic import strip_marks
from harakat.search.marked import marked_form
from harakat.search.words import split_words

MARKED = st.text(st.sampled_from("ابلنويىأصمة\u064b\u064e\u064f\u0650\u0651\u0652"), max_size=14)


def forms(text):
    return [marked_form(word.marked) for word in split_words(text)]


@pytest.mark.parametrize(
    "same",
    [
        "الصَّبْرُ الصَّبْرَ صَبْرٌ بِالصَّبْرِ وَالصَّبْرِ صَبْرًا صَبْر بِٱلصَّبۡرِ صَبر",
        "كِتَابٌ كِتَابًا الكِتَابُ وَالْكِتَابِ كِتابٍ",
        "القُرَى قُرًى قُرَى",
    ],
)
def test_one_word_in_its_cases(same):
    assert len(set(forms(same))) == 1
    assert all(forms(same))


@pytest.mark.parametrize("pair", ["عِلْم عَلِمَ", "مَلَك مَلِك", "حَجّ حَجَر", "البَرّ البِرّ", "الجَنَّة الجِنَّة"])
def test_homographs_differ(pair):
    one, other = forms(pair)
    assert one and other and one != other


@pytest.mark.parametrize("text", ["الصبر", "كتابًا", "المحرّمات", "شيئًا", "2:255", "word"])
def test_words_that_are_bare_or_marked_by_halves_have_no_marked_form(text):
    assert not any(forms(text))


@given(MARKED)
def test_letters_are_those_of_the_word(text):
    for word in split_words(text):
        form = marked_form(word.marked)
        assert strip_marks(form) in word.folded
        assert form == "" or form != strip_marks(form)
