"""The example of the Quran, as its reader runs it; and the examples in docstrings."""

from __future__ import annotations

import doctest
import re
import runpy
from pathlib import Path
from types import ModuleType

import pytest
from llama_index.core import VectorStoreIndex
from quran_text import Mushaf

from llama_index.embeddings import harakat
from llama_index.embeddings.harakat import base, stores
from support.examples import ROOT, needs_bundled_model, run_example
from support.questions import QUOTED, RELATED, UNRELATED
from support.quran import VERSES

EXAMPLE = "integrations/llama_index/embeddings/harakat/examples/quran_rag.py"
ANSWERS = {"من شر الوسواس الخناس": "114:4", "قل هو الله أحد": "112:1", "لم يلد ولم يولد": "112:3"}


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def run(*arguments: str) -> str:
        return run_example(EXAMPLE, *arguments, monkeypatch=monkeypatch, capsys=capsys)

    return run


@pytest.fixture
def ask_tiny(ask, tiny_folder: Path):
    return lambda question: ask(question, "--model", str(tiny_folder), "--surahs", "103", "114")


@pytest.mark.parametrize("question", ["ما معنى 112:2", "ما معنى ١١٢:٢؟", "112:2"])
def test_a_verse_that_is_named_is_quoted(ask_tiny, question: str) -> None:
    assert ask_tiny(question) == f"قال تعالى: ﴿{VERSES['112:2']}﴾ [112:2]."


def test_several_verses_that_are_named(ask_tiny) -> None:
    assert ask_tiny("قارن 114:1 مع 113:1") == f"قال تعالى: ﴿{VERSES['114:1']}﴾ [114:1]. وانظر: 113:1."


def test_a_verse_that_does_not_exist(ask_tiny) -> None:
    assert ask_tiny("ما معنى 112:9") == "لا أجد في هذه الآيات جوابا."


def test_a_verse_is_found_by_its_words(ask_tiny) -> None:
    answer = ask_tiny(VERSES["108:1"])
    assert answer.startswith(f"قال تعالى: ﴿{VERSES['108:1']}﴾ [108:1]. وانظر: ")
    assert len(re.findall(r"\d+:\d+", answer)) == 3


@needs_bundled_model
def test_the_bundled_model_finds_verses_by_everyday_spelling() -> None:
    example = runpy.run_path(str(ROOT / EXAMPLE))
    index = VectorStoreIndex(example["verses"](range(109, 115)), embed_model=base.HarakatEmbedding())
    engine = example["query_engine"](index)
    for question, key in ANSWERS.items():
        assert key in [hit.metadata["key"] for hit in engine.query(question).source_nodes], question


@needs_bundled_model
def test_the_threshold_lets_related_questions_through_and_no_other() -> None:
    example = runpy.run_path(str(ROOT / EXAMPLE))
    index = VectorStoreIndex(example["verses"](range(93, 115)), embed_model=base.HarakatEmbedding())
    engine = example["query_engine"](index)
    for question in UNRELATED:
        assert example["answer"](engine, question) == example["NO_ANSWER"], question
    answered = 0
    for question, key in RELATED.items():
        found = QUOTED.search(example["answer"](engine, question))
        if found is None:
            continue
        answered += 1
        assert found[2] == key, question
        assert found[1] == Mushaf.hafs().ayah(*map(int, key.split(":"))).text  # byte for byte
    assert answered == len(RELATED) - 1  # as measured; see RELATED


@needs_bundled_model
@pytest.mark.parametrize("module", [harakat, base, stores])
def test_docstrings(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0
