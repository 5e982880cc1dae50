"""Tokenizers learnt from texts: the published layout, the same every time, and nothing of Arabic unknown."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.arabic.tokenizers.published import PUBLISHED_MARKS, prepare
from harakat.errors import OptionError, RecordError, TextError
from harakat.training.pretraining import LearntTokenizer, learn_tokenizer

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
SEEN = st.text(st.sampled_from(LETTERS + "ءئؤآأإٱىة" + "".join(sorted(PUBLISHED_MARKS)) + " "), max_size=40)
ANY = st.text(st.one_of(st.sampled_from(LETTERS + "".join(sorted(PUBLISHED_MARKS)) + " \t\n[+]،."), st.characters()))


@pytest.fixture(scope="module")
def ours(tokenizer_folder: Path) -> ArabicTokenizer:
    return ArabicTokenizer.from_folder(tokenizer_folder)


@pytest.fixture(scope="module")
def theirs(tokenizer_folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(tokenizer_folder / "tokenizer.json"))


def ids(theirs: Tokenizer, text: str) -> list[int]:
    return theirs.encode(prepare(text, "[+]"), add_special_tokens=False).ids


@given(text=st.one_of(SEEN, ANY.filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text))))
@settings(max_examples=120, deadline=None)
def test_the_runtime_and_the_library_give_the_same_ids(ours: ArabicTokenizer, theirs: Tokenizer, text: str) -> None:
    assert ours.tokenize([text])[0].ids.tolist() == ids(theirs, text)


@given(text=SEEN)
@settings(max_examples=120, deadline=None)
def test_no_arabic_letter_or_mark_is_unknown(theirs: Tokenizer, text: str) -> None:
    """The letters of the alphabet all occur in the texts; marks are known even where none does."""
    tokens = theirs.encode(prepare(text, "[+]"), add_special_tokens=False).tokens
    assert "[UNK]" not in tokens


def test_every_text_comes_back_from_its_pieces(theirs: Tokenizer, texts: list[str]) -> None:
    for text in texts:
        tokens = theirs.encode(prepare(text, "[+]"), add_special_tokens=False).tokens
        assert "".join(token.removeprefix("##") for token in tokens) == prepare(text, "[+]").replace(" ", "")


def test_mark_strings_are_pieces_and_rare_ones_are_cut(theirs: Tokenizer, learnt: LearntTokenizer) -> None:
    fatha, damma, wavy = "\u064e", "\u064f", "\u065f"
    assert theirs.encode(f"\u0643\u062a\u0628 {fatha * 3}", add_special_tokens=False).tokens[-1] == fatha * 3
    rare = theirs.encode(wavy + damma * 2 + wavy, add_special_tokens=False).tokens
    assert rare == [wavy, f"##{damma}", f"##{damma}", f"##{wavy}"]
    assert learnt.mark_strings == 120
    assert 0.5 < learnt.coverage < 1


def test_pieces_are_learnt_from_frequent_words(theirs: Tokenizer) -> None:
    allah = theirs.encode("الله", add_special_tokens=False).tokens
    assert len(allah) <= 2, allah
    assert len(theirs.encode("الذين", add_special_tokens=False).tokens) <= 2


def test_the_published_layout(tokenizer_folder: Path, theirs: Tokenizer, learnt: LearntTokenizer) -> None:
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[+]"]
    assert [theirs.token_to_id(name) for name in names] == list(range(6))
    assert theirs.get_vocab_size() == learnt.size <= 900
    encoding = theirs.encode("نور")
    assert (encoding.tokens[0], encoding.tokens[-1]) == ("[CLS]", "[SEP]")
    spec = json.loads((tokenizer_folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert spec["normalizer"] == {"type": "Sequence", "normalizers": []}
    assert spec["pre_tokenizer"] == {"type": "BertPreTokenizer"}
    assert [token["content"] for token in spec["added_tokens"]] == names
    config = json.loads((tokenizer_folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert (config["apply_stemming"], config["stemming_separator"], config["mask_token"]) == (False, "[+]", "[MASK]")


def test_the_same_texts_give_the_same_tokenizer(texts: list[str], learnt: LearntTokenizer) -> None:
    shuffled = random.Random(1).sample(texts, len(texts))
    again = learn_tokenizer(shuffled, size=900, mark_strings=120)
    assert again.tokenizer.to_str() == learnt.tokenizer.to_str()


def test_everyday_spelling(texts: list[str]) -> None:
    pieces = learn_tokenizer(texts, size=900, mark_strings=120, spelling="imlai").tokenizer.get_vocab()
    # The dagger alef of the mushaf becomes a letter, and no small waw or yaa is left.
    assert not any("\u0670" in piece for piece in pieces)
    assert any("\u0670" in piece for piece in learn_tokenizer(texts, size=900).tokenizer.get_vocab())


def test_clitics_are_pieces_of_their_own(tmp_path: Path) -> None:
    from support.calima import write_morphology

    morphology = write_morphology(tmp_path / "morphology")
    text = "وَالْكِتَابُ"
    learnt = learn_tokenizer([text] * 3, size=500, segmentation=True, morphology=morphology)
    learnt.save(tmp_path / "tokenizer")
    ours = ArabicTokenizer.from_folder(tmp_path / "tokenizer", morphology=morphology)
    tokens = [piece.text for piece in ours.pieces(text)]
    assert "[+]" in tokens and "[UNK]" not in tokens


def test_impossible_wishes(texts: list[str]) -> None:
    with pytest.raises(OptionError, match="vocabulary=300 pieces.*take at least"):
        learn_tokenizer(texts, size=300)
    with pytest.raises(OptionError, match="spelling='x'"):
        learn_tokenizer(texts, spelling="x")
    with pytest.raises(RecordError, match="no word"):
        learn_tokenizer(["  ", ""])
    with pytest.raises(TextError, match="surrogate"):
        learn_tokenizer(["\ud800"])
