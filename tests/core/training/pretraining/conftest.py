"""Verses, and a tokenizer learnt from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harakat.training.pretraining import LearntTokenizer, learn_tokenizer
from support.quran import VERSES
from support.tiny import SAMPLE_TEXTS

TEXTS = [*VERSES.values(), *SAMPLE_TEXTS]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Marked verses of the last surahs, and marked and bare lines."""
    return TEXTS


@pytest.fixture(scope="session")
def learnt(texts: list[str]) -> LearntTokenizer:
    return learn_tokenizer(texts, size=900, mark_strings=120)


@pytest.fixture(scope="session")
def tokenizer_folder(learnt: LearntTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pretraining") / "tokenizer"
    learnt.save(folder)
    return folder
