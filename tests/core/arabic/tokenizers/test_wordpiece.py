"""WordPiece in Python against the library's, for plain words; and what counts as plain."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

from harakat.arabic.tokenizers.published import PUBLISHED_MARKS
from harakat.arabic.tokenizers.vocabulary import load_vocabulary
from harakat.arabic.tokenizers.wordpiece import PLAIN, PlainWordPiece
from support.vocabularies import build_tokenizer, write_tokenizer

PLAIN_CHARS = [chr(point) for point in range(sys.maxunicode + 1) if PLAIN.fullmatch(chr(point))]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, vocabulary: dict[str, int]) -> tuple[PlainWordPiece, Tokenizer]:
    pipeline = build_tokenizer(vocabulary, max_input_chars_per_word=20)
    folder = write_tokenizer(tmp_path_factory.mktemp("wordpiece"), pipeline)
    return PlainWordPiece(load_vocabulary(folder)), pipeline


def check(both: tuple[PlainWordPiece, Tokenizer], words: list[str]) -> None:
    ours, library = both
    encoded = ours.encode(words)
    for word, encoding in zip(words, library.encode_batch(words, add_special_tokens=False), strict=True):
        assert np.frombuffer(encoded[word], np.int32).tolist() == encoding.ids, word
    assert all(ids in (None, encoded[word]) for word, ids in zip(words, ours.whole(words), strict=True))


@given(st.lists(st.text(st.sampled_from(PLAIN_CHARS), min_size=1, max_size=30), max_size=5))
def test_any_plain_word(both: Any, words: list[str]) -> None:
    check(both, words)


@given(st.lists(st.text("ابتعلمنويهرقك◌َُِّْ", min_size=1, max_size=24), max_size=20))
def test_likely_words(both: Any, words: list[str]) -> None:
    check(both, words)


def test_every_character_and_every_entry(both: Any, vocabulary: dict[str, int]) -> None:
    check(both, PLAIN_CHARS)
    check(both, [token for token in vocabulary if PLAIN.fullmatch(token)])


def test_a_greedy_cut_that_ends_in_nothing(tmp_path: Path) -> None:
    # ابت starts with اب, after which no entry continues: the whole word is unknown, although ا + ##بت would do.
    vocab = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "ا": 4, "اب": 5, "##بت": 6}
    pipeline = build_tokenizer(vocab)
    ours = PlainWordPiece(load_vocabulary(write_tokenizer(tmp_path, pipeline)))
    check((ours, pipeline), ["ابت", "ابتا", "اب", "ا", "بت", "ابتت"])
    assert ours.encode(["ابت"]) == {"ابت": np.int32(1).tobytes()}


def test_another_prefix(tmp_path: Path, published: Tokenizer) -> None:
    vocab = {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "ا": 4, "@ب": 5, "##ب": 6}
    pipeline = build_tokenizer(vocab)
    pipeline.model = models.WordPiece(vocab, unk_token="[UNK]", continuing_subword_prefix="@")
    folder = write_tokenizer(tmp_path, pipeline)
    check((PlainWordPiece(load_vocabulary(folder)), pipeline), ["اب", "ابب", "بب"])


def test_pieces_by_themselves(both: Any, vocabulary: dict[str, int]) -> None:
    ids = both[0].whole(vocabulary)
    found = {token for token, its in zip(vocabulary, ids, strict=True) if its is not None}
    assert found == {token for token in vocabulary if PLAIN.fullmatch(token) and len(token) <= 20}
    assert both[0].whole(["", "قال،", "ب" * 25, "##ب"]) == [None] * 4


def test_only_plain_words_are_taken(both: Any) -> None:
    assert both[0].encode(["قال،", "", "a", "قال قال", "[+]", "قال\n", "٣"]).keys() <= {"٣"}


def test_what_is_plain() -> None:
    assert set(PLAIN_CHARS) >= PUBLISHED_MARKS
    for char in PLAIN_CHARS:
        assert not char.isspace()
        assert not unicodedata.category(char).startswith(("P", "Z", "Cc"))


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({}, True),
        ({"pre_tokenizer": pre_tokenizers.WhitespaceSplit()}, True),
        ({"pre_tokenizer": pre_tokenizers.Whitespace()}, False),  # parts ◌ from the marks
        ({"pre_tokenizer": pre_tokenizers.Sequence([pre_tokenizers.BertPreTokenizer()])}, False),
        ({"normalizer": normalizers.BertNormalizer()}, False),
        ({"normalizer": normalizers.NFC()}, False),
        ({"added": [AddedToken("قال")]}, False),
        ({"added": [AddedToken("(قال)")]}, True),
    ],
)
def test_where_it_fits(tmp_path: Path, vocabulary: dict[str, int], options: Any, fits: bool) -> None:
    folder = write_tokenizer(tmp_path, build_tokenizer(vocabulary, **options))
    assert PlainWordPiece.fits(load_vocabulary(folder)) is fits
