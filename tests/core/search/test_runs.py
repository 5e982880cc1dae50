"""Runs of words in order, against a plain count."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harakat.search.runs import longest_runs, run_shares
from harakat.search.words import split_words

FEW = st.lists(st.sampled_from(["قال", "الله", "رب", "ما", "من"]), max_size=8).map(" ".join)


def plain_run(query, text):
    one, other = ([word.folded for word in split_words(each)] for each in (query, text))
    lengths = [
        length
        for length in range(1, len(one) + 1)
        for start in range(len(one) - length + 1)
        for at in range(len(other) - length + 1)
        if one[start : start + length] == other[at : at + length]
    ]
    return max(lengths, default=0)


@given(FEW, st.lists(FEW, max_size=5))
def test_as_a_plain_count(query, texts):
    assert longest_runs(query, texts).tolist() == [plain_run(query, text) for text in texts]


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text(query, text):
    assert longest_runs(query, [text, text]).tolist() == [plain_run(query, text)] * 2


def test_marks_and_spelling_do_not_break_a_run():
    texts = ["إِنَّ مَعَ ٱلۡعُسۡرِ يُسۡرٗا", "مع كل عسر يسر", ""]
    assert longest_runs("ان مع العسر يسرا", texts).tolist() == [4, 1, 0]


def test_a_run_never_crosses_texts():
    assert longest_runs("قال الله ما", ["ثم قال", "الله ما"]).tolist() == [1, 2]


def test_shares():
    texts = ["ا ب ج د", "ا ب ج", "ا ب", "ا"]
    assert np.allclose(run_shares("ا ب ج د", texts), [1, 0.75, 0, 0])
    assert run_shares("ا ب", texts).tolist() == [1, 1, 1, 0]
    assert run_shares("ا", texts).tolist() == [0, 0, 0, 0]
    assert run_shares("؟", texts).tolist() == [0, 0, 0, 0]
    assert run_shares("ا", []).tolist() == []
