"""Marks: what is one, taking them off, putting them in order, letters and marks apart."""

import unicodedata
from collections import Counter

import pytest
import quran_text
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.marks.diacritics import (
    DAGGER_ALEF,
    FATHA,
    KASRA,
    MADDAH,
    MARK_CHARS,
    MARKS,
    OPEN_FATHATAN,
    QURANIC_SUKUN,
    SHADDA,
    SIGNS,
    SMALL_WAW,
    SMALL_YAA,
    TATWEEL,
    MarkKind,
    canonical_mark_order,
    is_mark,
    join_marks,
    split_marks,
    strip_marks,
)

LETTERS = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيٱ"
ARABIC = st.text(st.sampled_from(LETTERS + MARK_CHARS + "".join(SIGNS) + TATWEEL + " .،\nab1"), max_size=40)
TEXTS = st.one_of(ARABIC, st.text(max_size=40))
RUNS = st.text(st.sampled_from(sorted(set(MARK_CHARS) - {SMALL_WAW, SMALL_YAA})), min_size=1, max_size=6)


def test_every_combining_mark_of_the_arabic_blocks_is_a_mark():
    for first, last in ((0x0600, 0x06FF), (0x0890, 0x08FF)):
        for point in range(first, last + 1):
            if unicodedata.category(chr(point)) == "Mn":
                assert is_mark(chr(point)), f"U+{point:04X}"


def test_no_letter_digit_or_punctuation_is_a_mark():
    for point in range(0x0600, 0x0700):
        char = chr(point)
        if char not in (SMALL_WAW, SMALL_YAA) and unicodedata.category(char) != "Mn":
            assert not is_mark(char), f"U+{point:04X}"
    assert not is_mark("")
    assert not is_mark(FATHA + SHADDA)


def test_names_are_distinct_and_kinds_as_expected():
    assert len({mark.name for mark in MARKS.values()}) == len(MARKS)
    for char, kind in {
        SHADDA: MarkKind.SHADDA,
        QURANIC_SUKUN: MarkKind.QURANIC_SUKUN,
        OPEN_FATHATAN: MarkKind.OPEN_TANWIN,
        DAGGER_ALEF: MarkKind.LONG_VOWEL,
        MADDAH: MarkKind.MADDAH,
        "\u06da": MarkKind.WAQF,
        "\u06df": MarkKind.SILENT,
    }.items():
        assert MARKS[char].kind is kind
    assert not set(SIGNS) & set(MARKS)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("مُحَمَّدٌ", "محمد"),
        ("ٱلرَّحۡمَٰنِ", "ٱلرحمن"),
        ("لَهُۥٓ", "له"),
        ("هُدࣰى", "هدى"),
        ("رَيْبَۛ فِيهِۛ", "ريب فيه"),
        ("وَلَـٰكِن", "ولـكن"),
        ("plain, ١٢", "plain, ١٢"),
        ("", ""),
    ],
)
def test_strip_marks(text, bare):
    assert strip_marks(text) == bare


@given(TEXTS)
def test_strip_marks_removes_marks_and_nothing_else(text):
    assert strip_marks(text) == "".join(char for char in text if not is_mark(char))


@given(TEXTS)
def test_canonical_order_is_a_reordering_inside_each_letters_marks(text):
    out = canonical_mark_order(text)
    assert strip_marks(out) == strip_marks(text)
    assert [(letter, Counter(marks)) for letter, marks in split_marks(out)] == [
        (letter, Counter(marks)) for letter, marks in split_marks(text)
    ]
    assert canonical_mark_order(out) == out


@given(RUNS, st.randoms(use_true_random=False))
def test_canonical_order_does_not_depend_on_the_order_given(run, random):
    # Marks of one kind keep their order, so take one mark of each kind.
    run = "".join({MARKS[char].kind: char for char in run}.values())
    shuffled = list(run)
    random.shuffle(shuffled)
    ordered = canonical_mark_order("ب" + "".join(shuffled))
    assert ordered == canonical_mark_order("ب" + run)
    kinds = [MARKS[char].kind.value for char in ordered[1:]]
    assert kinds == sorted(kinds)


def test_canonical_order_is_shadda_first_where_nfc_is_not():
    word = "رَب" + SHADDA + KASRA
    composed = unicodedata.normalize("NFC", word)
    assert composed != word
    assert canonical_mark_order(composed) == canonical_mark_order(word) == word


def test_canonical_order_keeps_the_maddah_of_a_small_letter_in_place():
    word = "لَهُ" + SMALL_WAW + MADDAH
    assert canonical_mark_order(word) == word


@given(TEXTS)
def test_split_and_join_are_inverse(text):
    groups = split_marks(text)
    assert join_marks(groups) == text
    assert all(len(letter) == 1 and not is_mark(letter) for letter, _ in groups[1:])
    assert all(is_mark(char) for _, marks in groups for char in marks)
    assert "".join(letter for letter, _ in groups) == strip_marks(text)


@given(st.lists(st.tuples(st.sampled_from(LETTERS + TATWEEL + " "), st.text(st.sampled_from(MARK_CHARS)))))
def test_join_and_split_are_inverse(groups):
    assert split_marks(join_marks(groups)) == groups


def test_split_marks_of_leading_marks_and_of_nothing():
    assert split_marks("") == []
    assert split_marks(FATHA + "ب") == [("", FATHA), ("ب", "")]
    assert split_marks("لَّا") == [("ل", FATHA + SHADDA), ("ا", "")]


def test_the_quran_splits_into_letters_and_marks():
    words = quran_text.Mushaf.hafs().words
    for word in set(words):
        groups = split_marks(word)
        assert join_marks(groups) == word
        assert groups[0][0]
        assert all(letter.isalpha() or letter == TATWEEL for letter, _ in groups)
