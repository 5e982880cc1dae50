"""Fixtures of the interop tests: registered classes, encoders, vocabularies of the published shape."""

from __future__ import annotations

from pathlib import Path

import pytest
import quran_text
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from harakat import Encoder
from harakat.interop import register_transformers
from harakat.model.marked_bert import MarkedBert, MarkedBertConfig
from harakat.model.quantised import save_marked_bert
from support.calima import write_morphology
from support.published_oracle import published_text
from support.vocabularies import build_tokenizer, build_vocabulary

TEXTS = [
    "بِسْمِ اللَّهِ الرَّحْمَنِ الرَّحِيمِ",
    "كتب الطالب الدرس في المكتبة",
    "قَالَ: «نَعَمْ»، ثُمَّ [+] خَرَجَ",
    "",
    "hello 123",
    "ٱلۡحَمۡدُ لِلَّهِ رَبِّ ٱلۡعَٰلَمِينَ",
    "وَإِنَّمَا لِكُلِّ امْرِئٍ مَا نَوَى " * 6,
]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Short, long, bare, marked, empty."""
    return TEXTS


@pytest.fixture(scope="session")
def registered() -> None:
    """Our classes are registered with transformers."""
    register_transformers()


@pytest.fixture(scope="session")
def encoder(tiny_folder: Path) -> Encoder:
    """The tiny checkpoint, without segmentation."""
    return Encoder(tiny_folder, device="cpu")


@pytest.fixture(scope="session")
def morphology_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds `morphology.db` and `model.json`."""
    return write_morphology(tmp_path_factory.mktemp("interop-morphology") / "mini")


@pytest.fixture(scope="session")
def verses() -> list[str]:
    """All 6,236 verses, Uthmani spelling, with marks and waqf signs."""
    return [ayah.text for ayah in quran_text.Mushaf.hafs().ayahs]


@pytest.fixture(scope="session")
def published(verses: list[str]) -> Tokenizer:
    """The pipeline of the published `tokenizer.json` over 3,000 entries made from a part of the verses."""
    return build_tokenizer(build_vocabulary(published_text(verse) for verse in verses[::3]))


@pytest.fixture(scope="session")
def marked_encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """A checkpoint of harakat-mini's architecture with random weights: 64 dims, 2 layers, a lexicon."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("marked") / "marked"
    folder.mkdir()
    pieces = ["▁كتاب", "▁وال", "كتاب", "▁علم", "علم", "▁ال", "ون", "▁في", "هم", "▁على", "▁الله", "▁بسم"]
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -4.0)]
    vocabulary += [(piece, -6.0) for piece in pieces]
    vocabulary += [(letter, -8.0) for letter in "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةى،."]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    tokenizer.save(str(folder / "tokenizer.json"))
    config = MarkedBertConfig(
        vocab_size=len(vocabulary),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=64,
        lexicon_size=40,
        lexicon_dim=32,
    )
    state = {
        name: 0.3 * torch.randn(value.shape) if value.is_floating_point() else torch.arange(len(value))
        for name, value in MarkedBert(config).state_dict().items()
    }
    save_marked_bert(folder, config, state, {"matryoshka_dims": [64, 32], "spelling": "imlai"})
    return Encoder(folder, device="cpu", overflow="warn")
