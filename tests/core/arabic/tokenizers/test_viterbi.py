"""Pieces by arrays are the pieces of the `tokenizers` library."""

import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from harakat.arabic.marks.words import EDGE, WORD_START
from harakat.arabic.tokenizers.viterbi import Viterbi

LETTERS = "ابتكلم"


def library(vocabulary):
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    return tokenizer


def cut(viterbi, words):
    text = "".join(WORD_START + word + EDGE for word in words)
    points = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    spans, sizes, known = viterbi.cut(points, np.flatnonzero(points == ord(EDGE)))
    assert sizes.sum() == len(spans)
    assert not sizes[~known].any()
    return [part.tolist() for part in np.split(spans, np.cumsum(sizes)[:-1])], known.tolist()


def expected(tokenizer, word):
    encoding = tokenizer.encode(word, add_special_tokens=False)
    return [[index, *span] for index, span in zip(encoding.ids, encoding.offsets, strict=True)]


pieces = st.dictionaries(
    st.builds(
        lambda head, tail: head + tail, st.sampled_from(["", WORD_START]), st.text(LETTERS, min_size=1, max_size=5)
    ),
    # Few values, so that ways are often equally good.
    st.sampled_from([-1.0, -1.5, -2.0, -3.0, -2.3]),
    max_size=30,
)


@given(pieces, st.lists(st.text(LETTERS + "xز", max_size=12), min_size=1, max_size=8))
def test_as_the_library_cuts(vocabulary, words):
    vocabulary = {"<unk>": 0.0, WORD_START: -2.0, **dict.fromkeys(LETTERS, -3.0), **vocabulary}
    tokenizer = library(list(vocabulary.items()))
    found, known = cut(Viterbi(tokenizer.to_str()), words)
    assert known == [bool(word) and set(word) <= set(LETTERS) for word in words]
    for word, spans, is_known in zip(words, found, known, strict=True):
        assert spans == (expected(tokenizer, word) if is_known else [])


def test_many_random_words_with_scores_that_do_not_sum_exactly():
    choose = random.Random(0)
    vocabulary = {"<unk>": 0.0, WORD_START: -2.1, **{letter: -9.0 - choose.random() for letter in LETTERS}}
    for _ in range(800):
        piece = choose.choice(["", WORD_START]) + "".join(choose.choices(LETTERS, k=choose.randrange(1, 8)))
        vocabulary.setdefault(piece, -choose.uniform(2, 14))
    words = ["".join(choose.choices(LETTERS, k=choose.randrange(1, 30))) for _ in range(4000)]
    tokenizer = library(list(vocabulary.items()))
    assert cut(Viterbi(tokenizer.to_str()), words)[0] == [expected(tokenizer, word) for word in words]


def test_more_letters_than_the_trie_has():
    letters = [chr(0x4E00 + place) for place in range(300)]
    vocabulary = [("<unk>", 0.0), (WORD_START, -1.0), *((letter, -2.0) for letter in letters)]
    vocabulary += [(letter * 2, -1.0) for letter in letters[:100]]
    tokenizer = library(vocabulary)
    words = [letter * 3 for letter in letters]
    found, known = cut(Viterbi(tokenizer.to_str()), words)
    assert sum(known) >= 100
    assert all(spans == expected(tokenizer, word) for spans, word, its in zip(found, words, known, strict=True) if its)


@pytest.mark.parametrize("words", [[""], ["", "اب", ""], [WORD_START], ["ا" + WORD_START, "ب"]])
def test_what_is_no_word_is_not_known(words):
    vocabulary = [("<unk>", 0.0), (WORD_START, -2.0), *((letter, -3.0) for letter in LETTERS)]
    _, known = cut(Viterbi(library(vocabulary).to_str()), words)
    assert known == [word in ("اب", "ب") for word in words]


def test_long_pieces_and_pieces_of_strange_characters():
    vocabulary = [("<unk>", 0.0), (WORD_START, -2.0), *((letter, -3.0) for letter in LETTERS), ("", -0.5)]
    vocabulary += [("اب" * 20, -1.0), ("اب\0", -0.1), ("اب", -2.5), ("ك\n", -0.1), ("ا" + WORD_START + "ب", -0.1)]
    tokenizer = library(vocabulary)
    words = ["اب" * 20 + "ت", "اب", "كا", "ابك"]
    assert cut(Viterbi(tokenizer.to_str()), words)[0] == [expected(tokenizer, word) for word in words]


def test_other_models_are_left_alone():
    assert not Viterbi(library([("<unk>", 0.0), (WORD_START, -2.0), ("ا" * 65, -3.0)]).to_str()).usable
    unigram = json.loads(library([("<unk>", 0.0), (WORD_START, -2.0), ("ا", -3.0)]).to_str())
    assert Viterbi(json.dumps(unigram)).usable
    assert not Viterbi(Tokenizer(models.WordPiece(unk_token="[UNK]")).to_str()).usable
    assert not Viterbi(library([("<unk>", 0.0), ("ا", -3.0)]).to_str()).usable
    unigram["model"]["alpha"] = 0.1
    assert not Viterbi(json.dumps(unigram)).usable
