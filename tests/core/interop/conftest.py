"""Fixtures of the interop tests: registered classes, encoders, vocabularies of the published shape."""

from __future__ import annotations

from pathlib import Path

import pytest
import quran_text
from tokenizers import Tokenizer

from harakat import Encoder
from harakat.interop import register_transformers
from support.calima import write_morphology
from support.marked import write_marked
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
    """A checkpoint of harakat-mini's architecture with random weights: 64 dims, 2 layers, a dictionary."""
    pieces = ("▁كتاب", "▁وال", "كتاب", "▁علم", "علم", "▁ال", "ون", "▁في", "هم", "▁على", "▁الله", "▁بسم")
    folder = write_marked(tmp_path_factory.mktemp("marked") / "marked", (64, 32), pieces)
    return Encoder(folder, device="cpu", overflow="warn")
