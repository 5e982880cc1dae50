"""The words that ask do not count in a question, and count everywhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.search.questions import content_positions, is_question
from harakat.search.words import split_words


def content(query):
    words = [word.folded for word in split_words(query)]
    return [words[at] for at in content_positions(query, words)]


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ("ما هي مصارف الزكاة؟", ["مصارف", "الزكاه"]),
        ("كم لبث نوح في قومه", ["لبث", "نوح", "في", "قومه"]),
        ("مصارف الزكاة ما هي؟", ["مصارف", "الزكاه"]),
        ("متى فرض الصيام؟", ["فرض", "الصيام"]),
        # Neither begins with an interrogative nor ends in a question mark.
        ("قل هو الله احد", ["قل", "هو", "الله", "احد"]),
        # Too short to be a question.
        ("ما الحاقة", ["ما", "الحاقه"]),
        # Nothing would be left.
        ("ما هو هذا؟", ["ما", "هو", "هذا"]),
    ],
)
def test_content(query, left):
    assert content(query) == left


@given(st.text(max_size=40))
def test_some_word_always_counts(query):
    words = [word.folded for word in split_words(query)]
    positions = content_positions(query, words)
    assert bool(positions) == bool(words)
    assert positions == sorted(set(positions))
    if not is_question(query, words):
        assert len(positions) == len(words)
