"""Bare words as they are typed: a lexicon decides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.spelling.typed import Lexicon, WrittenWords, frequent_words, keys_of, read_words
from harakat.errors import CheckpointError
from harakat.model.layers.dictionary import key_of

WORDS = {"سنة": 0, "مكة": 8, "أكل": 16, "اكل": 16, "آكل": 24, "علي": 32, "على": 40, "سور": 48, "سوره": 48, "سورة": 56,
         "موسى": 64, "موسي": 64, "أثر": 72, "إثر": 80}  # fmt: skip
PIECES = {"عنه": -6.0, "الذي": -4.0}


def lexicon():
    keys = keys_of(list(WORDS))
    order = np.argsort(keys)
    return Lexicon(WrittenWords(keys[order], np.array(list(WORDS.values()), np.int32)[order]), PIECES)


@given(st.lists(st.text(st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةىپ"), min_size=1, max_size=64), min_size=1))
def test_keys_are_those_of_the_dictionary(words):
    assert keys_of(words).tolist() == [key_of(word) for word in words]


@pytest.mark.parametrize(
    ("typed", "spelt"),
    [
        ("سنه", "سنة"),
        ("مكه", "مكة"),
        ("اكل", "أكل"),
        ("موسي", "موسى"),
        ("الى", "إلى"),
        ("فى", "في"),
        ("سوره", "سورة"),
        # Known in no spelling: one ending.
        ("زخرفه", "زخرفة"),
        ("قشرى", "قشري"),
        # Known words stay, and those with two spellings.
        ("علي", "علي"),
        ("على", "على"),
        ("عنه", "عنه"),
        ("اثر", "اثر"),
        ("آكل", "آكل"),
        # So do words with marks, and what is no word.
        ("سَنَه", "سَنَه"),
        ("سنه.", "سنه."),
        ("سنه مكه", "سنه مكه"),
        ("", ""),
        ("x", "x"),
    ],
)
def test_a_text_of_one_word(typed, spelt):
    assert lexicon().settle([typed], alone=True) == [spelt]


def test_in_a_text_only_what_can_be_nothing_else_is_settled():
    typed = ["مكه", "الى", "فى", "اكل", "سوره", "زخرفه", "قشرى", "موسي", "سورة"]
    assert lexicon().settle(typed) == ["مكة", "إلى", "في", "اكل", "سوره", "زخرفه", "قشرى", "موسي", "سورة"]


@given(st.lists(st.text(st.sampled_from("اأإآهةىيسنمكلع\u064e ."), max_size=8)), st.booleans())
def test_each_by_itself_and_twice_is_once(words, alone):
    settled = lexicon().settle(words, alone)
    assert settled == [lexicon().settle([word], alone)[0] for word in words]
    assert lexicon().settle(settled, alone) == settled


def test_pieces_that_are_words():
    content = '{"model": {"type": "Unigram", "vocab": [["\u2581", -1.0], ["\u2581عنه", -6.0], ["عنه", -7.0]]}}'
    assert frequent_words(content) == {"عنه": -6.0}


def test_words_of_a_folder(tmp_path):
    from safetensors.numpy import save_file

    with pytest.raises(CheckpointError, match="missing or damaged"):
        read_words(tmp_path)
    save_file({"other": np.zeros(1)}, tmp_path / "model.safetensors")
    assert read_words(tmp_path) is None
    good = {"dictionary.keys": np.array([1, 5]), "dictionary.spots": np.array([8, 0], np.int32)}
    save_file(good, tmp_path / "model.safetensors")
    assert read_words(tmp_path).keys.tolist() == [1, 5]
    save_file(good | {"dictionary.keys": np.array([5, 1])}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="ascending"):
        read_words(tmp_path)
