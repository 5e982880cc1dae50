"""Letters and mark classes of many words are those that `markcodes` gives for each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.marks import codes as mc
from harakat.arabic.marks.words import EDGE, WORD_START, MarkedWords
from support.mushaf_fuzz import mushaf_texts
from support.published_oracle import nasty_texts

LETTERS = "ابتلنويىءأ،.1a"
MARKS = "\u064b\u064e\u0650\u0651\u0652\u0670\u06d6\u0640\u200f\u0653"
words = st.text(st.sampled_from(LETTERS + MARKS), max_size=20) | st.text(max_size=10).map(
    lambda text: "".join(text.split())
)


def expected(word, pieces):
    base, classes = mc.separate(word)
    case_at = mc.case_letter(base, classes)
    codes = []
    for start, end in pieces:
        inner, case = classes[start:end], 0
        if start <= case_at < end:
            case, inner[case_at - start] = inner[case_at - start], 0
        codes.append(mc.pack(inner, case))
    return base, codes


def check(texts):
    marked = MarkedWords(texts)
    bases = marked.points.astype("<u4").tobytes().decode("utf-32-le").split(EDGE)[:-1]
    for place, (word, base) in enumerate(zip(texts, bases, strict=True)):
        if marked.odd[place]:
            continue
        letters = base.removeprefix(WORD_START)
        pieces = [
            (start, min(start + size, len(letters))) for size in (1, 3, 40) for start in range(0, len(letters), size)
        ]
        starts, ends = np.array(pieces, np.int32).reshape(-1, 2).T
        codes = marked.codes(np.full(len(pieces), place), starts, ends)
        assert (letters, codes.tolist()) == expected(word, pieces)
    return marked


@given(st.lists(words, min_size=1, max_size=5))
def test_any_words(texts):
    check(texts)


@pytest.mark.parametrize("texts", [mushaf_texts(1, 500), nasty_texts(2, 500)], ids=["mushaf", "nasty"])
def test_hard_texts(texts):
    check([word for text in texts for word in text.split()])


def test_plain_words_are_taken():
    plain = ["وَالْكِتَابُ", "كِتَابًا،", "(هُدًى)", "علم", "\u064eبت", "ك\u0640ت", "«نَعَمْ»"]
    assert not check(plain).odd.any()
    assert check(["\ufdfa", "ب\u064e\u064f", "ا\u0654", "é", "e\u0301", "\ud800", "a b"]).odd.tolist() == [
        *(True, True, True, False, True, True, True)
    ]


def test_pieces_of_no_words():
    marked = MarkedWords(["", "كِتَاب"])
    nothing = np.zeros(0, np.int32)
    assert marked.codes(np.zeros(0, np.int64), nothing, nothing).shape == (0,)
