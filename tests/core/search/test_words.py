"""Words reach search as the same letters, however they were typed."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harakat.arabic import is_mark, strip_marks, to_imlai
from harakat.errors import TextTypeError
from harakat.search.words import fold_word, has_words, split_words
from support.quran import VERSES

ANYTHING = st.text(max_size=40) | st.text(
    st.sampled_from("ابلنويىءأٱآؤئةهکیہ٣۳5aÉ \u0640\u064e\u0650\u0651\u0652\u0653\u0670\u06d6\u06dd\u06e1\u200c،_ﻻ"),
    max_size=25,
)
# The mushaf's letters and signs, and everyday ones: the alphabet that to_imlai speaks of.
SPELLINGS = st.text(
    st.sampled_from("ابلنويىءأٱآؤئةه \u0640\u064e\u0650\u0651\u0652\u0653\u0670\u06d6\u06dd\u06e1،"), max_size=25
)
ARABIC_WORDS = st.text(st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهوي"), min_size=1, max_size=8)


def folded(text):
    return [word.folded for word in split_words(text)]


@given(ANYTHING)
def test_analysis_of_analysed_text_changes_nothing(text):
    once = folded(text)
    # Hamza and alef are the mushaf's way of writing alef with maddah; a hamza before that very letter is no spelling.
    assume(not any("ءا" in word for word in once))
    assert [part for word in once for part in folded(word)] == once


@given(ANYTHING)
def test_folding_twice_is_folding_once(text):
    for word in split_words(text):
        assert fold_word(word.folded) == word.folded
        assert fold_word(word.marked) == word.folded


@given(ANYTHING)
def test_words_hold_letters_and_digits_alone(text):
    for word in folded(text):
        assert word
        assert not any(is_mark(char) or char.isspace() or char in "_،؛؟«»﴿﴾\u0640" for char in word)
    assert has_words(text) == bool(folded(text))


@given(st.lists(ARABIC_WORDS, max_size=6), st.data())
def test_marks_never_lose_letters(words, data):
    vowels = st.text(st.sampled_from("\u064e\u064f\u0650\u0651\u0652\u064b\u064c\u064d"), max_size=2)
    # A sukun on a final alef says that the alef is silent: the one mark that takes a letter along.
    words = [word.replace("ا", "ب") for word in words]
    marked = " ".join("".join(letter + data.draw(vowels) for letter in word) for word in words)
    assert folded(marked) == folded(strip_marks(marked))


@given(SPELLINGS)
def test_everyday_spelling_first(text):
    assert folded(to_imlai(text)) == folded(text)


def test_real_verses_as_typed():
    for text in VERSES.values():
        plain = strip_marks(to_imlai(text))
        assert folded(text) == folded(plain)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("أحمد إلى آمن ٱلله", "احمد الى امن الله"),
        ("مدرسة", "مدرسه"),
        ("على", "علي"),
        ("مؤمن سائل", "مومن سايل"),
        ("کبیر ہدی", "كبير هدي"),
        ("ﷲ ﻻ ﺍﻟﺴﻼﻡ", "الله لا السلام"),
        ("٥ ۵", "5 5"),
        ("﴿الرحمن﴾، «الرحيم»", "الرحمن الرحيم"),
        ("الرحــــمن", "الرحمن"),
        ("بِٱلصَّبۡرِ وَٱلصَّلَوٰةِ", "بالصبر والصلاة"),
        ("يَٰٓأَيُّهَا ٱلنَّاسُ", "يا أيها الناس"),
        ("ياأيها يابني ياموسى", "يا أيها يا بني يا موسى"),
        ("می\u200cخواهم", "مي خواهم"),
        ("ال\u200fله", "الله"),
        ("Café ＡＢＣ", "cafe abc"),
        ("٢:٢٥٥", "2 255"),
    ],
)
def test_spellings_of_one_text(one, other):
    assert folded(one) == folded(other)


def test_words_that_begin_as_the_vocative_stay_whole():
    assert folded("ياقوت ياسمين يابسة") == ["ياقوت", "ياسمين", "يابسه"]


@pytest.mark.parametrize("text", ["", " \n", "…!؟", "\u064e\u0651", "۞ ۩", "ـــ", "()[]"])
def test_nothing_to_search_for(text):
    assert not has_words(text)


@pytest.mark.parametrize("text", [None, b"x", 5, ["x"]])
def test_only_text(text):
    with pytest.raises(TextTypeError, match="give a str"):
        split_words(text)
