"""The registered tokenizer: the published ids by every way in, and everything kept when it is saved."""

from __future__ import annotations

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from harakat import Encoder
from harakat.errors import CheckpointError, MorphologyDataError, OptionError, TextError, TextTypeError
from harakat.interop.transformers_tokenizer import NeoAraBERTTokenizer
from support.published_oracle import NASTY, nasty_texts, published_ids
from support.vocabularies import write_tokenizer

TEXT = "قَالَ وَبِالْكِتَابِ «نَعَمْ»"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, published: Tokenizer) -> Path:
    return write_tokenizer(tmp_path_factory.mktemp("tokenizer") / "plain", published, sep_token="[SEP]")


@pytest.fixture(scope="module")
def plain(folder: Path) -> NeoAraBERTTokenizer:
    return NeoAraBERTTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def segmented(folder: Path, morphology_folder: Path) -> NeoAraBERTTokenizer:
    return NeoAraBERTTokenizer.from_pretrained(folder, apply_stemming=True, morphology=morphology_folder)


@pytest.fixture(scope="module")
def stemmer(morphology_folder: Path) -> Any:
    from fast_disambig.camel import Stemmer

    return Stemmer(str(morphology_folder))


def test_nasty_texts(plain: NeoAraBERTTokenizer, published: Tokenizer, verses: list[str]) -> None:
    texts = [*nasty_texts(5, 1500), *verses[:100]]
    assert plain(texts)["input_ids"] == published_ids(published, texts)


def test_segmented(segmented: NeoAraBERTTokenizer, published: Tokenizer, stemmer: Any) -> None:
    texts = nasty_texts(6, 400)
    wanted = published_ids(published, texts, stemmer=stemmer)
    assert segmented(texts)["input_ids"] == wanted
    assert wanted != published_ids(published, texts)
    assert segmented(texts, apply_stemming=False)["input_ids"] == published_ids(published, texts)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.one_of(st.sampled_from(NASTY), st.characters(codec="utf-8")), max_size=20).map("".join))
def test_any_text(text: str, plain: NeoAraBERTTokenizer, published: Tokenizer) -> None:
    assert plain(text)["input_ids"] == published_ids(published, [text])[0]


def test_every_way_in(plain: NeoAraBERTTokenizer, published: Tokenizer) -> None:
    """Each of these skips the step, or fails, in the published code under transformers 5."""
    wanted = published_ids(published, [TEXT])[0]
    content = wanted[1:-1]
    assert plain(TEXT)["input_ids"] == wanted
    assert plain.encode(TEXT) == wanted
    assert plain.encode(TEXT, add_special_tokens=False) == content
    assert plain.convert_tokens_to_ids(plain.tokenize(TEXT)) == content
    assert plain([TEXT, TEXT])["input_ids"] == [wanted, wanted]
    assert plain((TEXT, TEXT))["input_ids"] == [wanted, wanted]
    assert plain.encode_plus(TEXT)["input_ids"] == wanted
    assert plain.batch_encode_plus([TEXT, "نعم"])["input_ids"][0] == wanted
    assert plain(TEXT.split(), is_split_into_words=True)["input_ids"] == wanted
    assert plain(text_target=TEXT)["input_ids"] == wanted


def test_pairs(plain: NeoAraBERTTokenizer, published: Tokenizer) -> None:
    first, second = published_ids(published, [TEXT, "هُدًى"])
    wanted = first + second[1:]
    assert plain(TEXT, "هُدًى")["input_ids"] == wanted
    assert plain([TEXT], ["هُدًى"])["input_ids"] == [wanted]
    assert plain([(TEXT, "هُدًى")])["input_ids"] == [wanted]
    assert plain.batch_encode_plus([(TEXT, "هُدًى")])["input_ids"] == [wanted]
    assert plain.encode(TEXT, "هُدًى") == wanted


def test_padding_truncation_tensors(plain: NeoAraBERTTokenizer, published: Tokenizer) -> None:
    texts = [TEXT, "", "نعم"]
    batch = plain(texts, padding=True, truncation=True, max_length=6, return_tensors="pt")
    wanted = published_ids(published, texts)
    assert sorted(batch) == ["attention_mask", "input_ids"]
    assert batch["input_ids"].shape == (3, 6)
    assert batch["input_ids"][0].tolist() == [*wanted[0][:5], wanted[0][-1]]
    assert batch["input_ids"][1].tolist() == [*wanted[1], 0, 0, 0, 0]
    assert batch["attention_mask"].sum(1).tolist() == [6, 2, len(wanted[2])]
    # The next call is not bound by the last one's settings.
    assert plain(TEXT)["input_ids"] == wanted[0]
    overflowing = plain(TEXT, truncation=True, max_length=6, return_overflowing_tokens=True)
    assert len(overflowing["input_ids"]) > 1


def test_equal_to_the_encoder(encoder: Encoder, tiny_folder: Path, texts: list[str]) -> None:
    tokenizer = NeoAraBERTTokenizer.from_pretrained(tiny_folder)
    assert tokenizer(texts)["input_ids"] == [[piece.id for piece in encoder.pieces(text)] for text in texts]


def test_decoding_gives_the_prepared_text(plain: NeoAraBERTTokenizer) -> None:
    ids = plain.encode("بِسْمِ اللهُ")
    decoded = plain.decode(ids, skip_special_tokens=True)
    assert decoded.replace(" ##", "") == "بسم \u0650\u0652\u0650 الله \u25cc\u25cc\u25cc\u064f"
    assert plain.prepare("بِسْمِ اللهُ") == decoded.replace(" ##", "")
    assert plain.batch_decode([ids])[0].startswith("[CLS]")


@pytest.mark.parametrize("stemming", [True, False])
def test_saved_and_read_back(
    stemming: bool, folder: Path, tmp_path: Path, morphology_folder: Path, stemmer: Any, published: Tokenizer
) -> None:
    """The published `save_pretrained` drops `apply_stemming`, and the ids change."""
    before = NeoAraBERTTokenizer.from_pretrained(
        folder, apply_stemming=stemming, morphology=morphology_folder, spelling="imlai", model_max_length=77
    )
    before.save_pretrained(tmp_path)
    said = json.loads((tmp_path / "tokenizer_config.json").read_text())
    assert (said["apply_stemming"], said["stemming_separator"], said["spelling"]) == (stemming, "[+]", "imlai")
    assert str(morphology_folder) not in json.dumps(said)
    after = NeoAraBERTTokenizer.from_pretrained(tmp_path, morphology=morphology_folder)
    texts = [*nasty_texts(7, 100), "ٱلرَّحۡمَٰنِ"]
    assert after(texts)["input_ids"] == before(texts)["input_ids"]
    assert after.model_max_length == 77
    assert (after.pad_token, after.cls_token, after.sep_token) == ("[PAD]", "[CLS]", "[SEP]")
    assert after("ٱلرَّحۡمَٰنِ") != NeoAraBERTTokenizer.from_pretrained(folder)("ٱلرَّحۡمَٰنِ")


def test_spelling_of_the_checkpoint(folder: Path, tmp_path: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "config.json").write_text('{"model_type": "neoarabert", "spelling": "imlai"}')
    assert NeoAraBERTTokenizer.from_pretrained(tmp_path).spelling == "imlai"
    assert NeoAraBERTTokenizer.from_pretrained(tmp_path, spelling="as-is").spelling == "as-is"


def test_copies(segmented: NeoAraBERTTokenizer) -> None:
    wanted = segmented(TEXT)["input_ids"]
    for copied in (pickle.loads(pickle.dumps(segmented)), copy.deepcopy(segmented)):
        assert copied(TEXT)["input_ids"] == wanted


def test_threads(segmented: NeoAraBERTTokenizer, published: Tokenizer, stemmer: Any) -> None:
    """The published tokenizer guards against preparing twice with a flag that two threads can trip over."""
    texts = nasty_texts(8, 160)
    wanted = published_ids(published, texts, stemmer=stemmer)

    def one(index: int) -> bool:
        short = segmented(texts[index], truncation=True, max_length=4)["input_ids"]
        return segmented(texts[index])["input_ids"] == wanted[index] and len(short) <= 4

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(len(texts))))


def test_what_cannot_be_answered_is_refused(plain: NeoAraBERTTokenizer, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="offsets"):
        plain(TEXT, return_offsets_mapping=True)
    with pytest.raises(TextError, match="surrogate"):
        plain(["نعم", "\ud800"])
    with pytest.raises(TextTypeError, match="None"):
        plain(["نعم", None])
    with pytest.raises(OptionError, match="spelling"):
        NeoAraBERTTokenizer.from_pretrained(folder, spelling="uthmani")
    with pytest.raises(OptionError, match="apply_stemming"):
        NeoAraBERTTokenizer.from_pretrained(folder, apply_stemming="yes")
    missing = NeoAraBERTTokenizer.from_pretrained(folder, apply_stemming=True, morphology=tmp_path / "nowhere")
    with pytest.raises(MorphologyDataError, match="nowhere"):
        missing(TEXT)
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises((CheckpointError, ValueError)):
        NeoAraBERTTokenizer.from_pretrained(tmp_path)


def test_another_vocabulary_is_trained_on_prepared_texts(plain: NeoAraBERTTokenizer, verses: list[str]) -> None:
    other = plain.train_new_from_iterator([verses[:200]], vocab_size=400)
    assert isinstance(other, NeoAraBERTTokenizer)
    assert any("\u25cc" in token for token in other.get_vocab())
    assert "[UNK]" not in other.tokenize(verses[0])
