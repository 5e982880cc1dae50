"""Fixtures of the script's tests: texts, a vocabulary, and a miniature morphological database."""

from __future__ import annotations

from pathlib import Path

import pytest
import quran_text
from tokenizers import Tokenizer

from support.calima import write_morphology
from support.published_oracle import published_text
from support.vocabularies import build_tokenizer, build_vocabulary, write_tokenizer


@pytest.fixture(scope="session")
def verses() -> list[str]:
    """All 6,236 verses, Uthmani spelling, with marks and waqf signs."""
    return [ayah.text for ayah in quran_text.Mushaf.hafs().ayahs]


@pytest.fixture(scope="session")
def vocabulary(verses: list[str]) -> dict[str, int]:
    """A WordPiece vocabulary of 3,000 entries, made from a part of the verses."""
    return build_vocabulary(published_text(verse) for verse in verses[::3])


@pytest.fixture(scope="session")
def published(vocabulary: dict[str, int]) -> Tokenizer:
    """The pipeline of the published `tokenizer.json` over that vocabulary."""
    return build_tokenizer(vocabulary)


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory, published: Tokenizer) -> Path:
    """A checkpoint's two tokenizer files."""
    return write_tokenizer(tmp_path_factory.mktemp("tokenizers") / "published", published)


@pytest.fixture(scope="session")
def morphology_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds `morphology.db` and `model.json`."""
    return write_morphology(tmp_path_factory.mktemp("morphology") / "mini")
