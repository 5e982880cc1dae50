"""Marks packed beside letters."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.marks import codes as mc

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
VOWELS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0652"
SHADDA = "\u0651"


@given(st.lists(st.integers(0, 15), max_size=15), st.integers(0, 15))
def test_pack_and_unpack_are_inverse_and_fit_into_int64(classes, case):
    code = mc.pack(classes, case)
    assert -(2**63) <= code < 2**63
    assert mc.unpack(code) == classes + [0] * (15 - len(classes)) + [case]


@given(st.integers(0, 15))
def test_every_class_is_the_class_of_its_marks(value):
    assert mc.class_of(mc.marks_of(value)) == value


@given(st.sampled_from(VOWELS))
def test_shadda_and_vowel_mean_the_same_in_both_orders(vowel):
    assert mc.class_of(SHADDA + vowel) == mc.class_of(vowel + SHADDA) >= 8


def test_an_unknown_class_is_an_error():
    with pytest.raises(IndexError):
        mc.marks_of(-1)
    with pytest.raises(IndexError):
        mc.marks_of(16)


@given(st.text())
def test_separate_takes_any_text_and_leaves_no_arabic_mark(text):
    base, classes = mc.separate(text)
    assert len(base) == len(classes)
    assert mc.separate(base)[0] == base
    assert not any(mark in base for mark in VOWELS + SHADDA + "\u0640\u200b\u200f\u0670")


@given(st.lists(st.tuples(st.sampled_from(LETTERS), st.integers(0, 15)), min_size=1))
def test_separate_gives_back_what_was_put_on(groups):
    word = "".join(letter + mc.marks_of(value) for letter, value in groups)
    for form in ("NFC", "NFD", "NFKC"):
        base, classes = mc.separate(unicodedata.normalize(form, word))
        assert base == "".join(letter for letter, _ in groups)
        assert classes == [value for _, value in groups]


def test_hamza_and_madda_are_letters_however_they_are_encoded():
    assert mc.separate("ا\u0654نا\u0653") == mc.separate("أنآ") == ("أنآ", [0, 0, 0])


@pytest.mark.parametrize(
    ("word", "at"),
    [("كِتَابٌ", 3), ("كِتَابًا", 3), ("كِتَابًا،", 3), ("هُدًى", 1), ("عَصَا", 2), ("", -1), ("12", -1), ("قَالَ:", 2)],
)
def test_the_case_letter(word, at):
    assert mc.case_letter(*mc.separate(word)) == at


@given(st.text() | st.text(st.sampled_from(LETTERS + VOWELS + SHADDA + "\u0640\u0670\u06d6\u200f\x00\x85\ufdfa\u08f0")))
def test_digits_say_what_separate_says(word):
    base, digits = mc.digits(word)
    assert (base, [int(digit, 16) for digit in digits]) == mc.separate(word)


@given(st.lists(st.integers(0, 15), max_size=20), st.integers(0, 15))
def test_digits_pack_like_classes(classes, case):
    assert mc.pack_digits("".join(f"{value:x}" for value in classes), f"{case:x}") == mc.pack(classes, case)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("عِلْم", "عَلَم", True),
        ("عِلْم", "علم", False),
        ("عِلْمٌ", "عِلْمٍ", False),
        ("دَرَسَ", "دَرَّسَ", False),
        ("درّس", "دَرَّسَ", False),
        ("درّس", "دَرَسَ", True),
        ("دَرْسٌ", "دَرَّسَ", True),
        ("رَحْمن", "رَحْمٰن", False),
    ],
)
def test_what_conflicts(first, second, expected):
    a, b = (mc.separate(word)[1] for word in (first, second))
    assert mc.conflict(a, b) is expected is mc.conflict(b, a)


@given(st.lists(st.integers(0, 15), min_size=1, max_size=12), st.data())
def test_what_is_left_out_conflicts_with_nothing(classes, data):
    def fewer(value):  # nothing, the vowel alone or the shadda alone of a letter that has both
        return data.draw(st.sampled_from([0, value, *([8, value - 8] if 8 < value < 15 else [])]))

    thinner = [fewer(value) for value in classes]
    assert not mc.conflict(classes, thinner) and not mc.conflict(thinner, classes)


@given(st.lists(st.integers(1, 7), min_size=2, max_size=12), st.integers(0, 10), st.integers(1, 7))
def test_another_vowel_inside_conflicts(classes, at, vowel):
    at %= len(classes) - 1
    other = [*classes[:at], vowel, *classes[at + 1 :]]
    assert mc.conflict(classes, other) is (vowel != classes[at])


MARK_TEXT = st.text(
    st.sampled_from("اكﻻﷺaé\u0301\u0316\u0327\u0653\u0654\u064b\u064e\u0651\u0670\u06e5\ufe7d\ufc5e\u0344\u1100\u1161")
)


@given(MARK_TEXT)
def test_nfkc_is_that_of_the_library(text: str) -> None:
    long = text + "ك" + "\u0316\u0301" * 70 + text
    assert mc.nfkc(text) == unicodedata.normalize("NFKC", text)
    assert mc.nfkc(long) == unicodedata.normalize("NFKC", long)


def test_disordered_marks_take_time_by_their_number() -> None:
    for marks in ("\u0316\u0301", "\u0653\u0316", "\u064e\u0651"):
        started = time.process_time()
        base, classes = mc.digits("ك" + marks * 100_000)  # an insertion sort takes a minute
        assert base[0] == "ك" and len(base) == len(classes)
        assert mc.separate("ك" + marks * 20_000)[0][0] == "ك"
        assert time.process_time() - started < 2
