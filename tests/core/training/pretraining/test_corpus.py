"""Texts from files, and windows of whole words."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.errors import OptionError, RecordError
from harakat.training.pretraining.corpus import Corpus, digest, gather, read_texts
from support.tiny import SAMPLE_TEXTS

WORDS = st.sampled_from(" ".join(SAMPLE_TEXTS).split())
LINES = st.lists(st.lists(WORDS, max_size=20).map(" ".join), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def reader(tokenizer_folder: Path) -> ArabicTokenizer:
    return ArabicTokenizer.from_folder(tokenizer_folder)


@given(lines=LINES.filter(lambda lines: any(lines)), budget=st.integers(3, 40))
@settings(max_examples=80, deadline=None)
def test_windows_are_the_texts(reader: ArabicTokenizer, lines: list[str], budget: int) -> None:
    corpus = Corpus.of(lines, reader, budget)
    seen = [corpus.window(place) for place in range(len(corpus))]
    assert all(0 < len(ids) == len(words) <= budget for ids, words in seen)
    assert all(np.array_equal(np.unique(words), np.arange(words[-1] + 1)) for _, words in seen)
    cut = [min(len(tokens), budget) for line in lines for tokens in reader.tokenize(line.split())]
    assert sum(len(ids) for ids, _ in seen) == sum(cut)
    if all(len(tokens) <= budget for line in lines for tokens in reader.tokenize(line.split())):
        whole = np.concatenate([tokens.ids for tokens in reader.tokenize(lines)])
        assert np.array_equal(np.concatenate([ids for ids, _ in seen]), whole)
    # A window ends where its text ends, or where the next word would not fit.
    firsts = [sum(1 for line in lines[:at] for _ in line.split()) for at in range(len(lines) + 1)]
    sizes = np.diff(corpus.words)
    for window in range(1, len(corpus)):
        begin, before = corpus.windows[window], corpus.windows[window - 1]
        assert begin in firsts or sizes[before:begin].sum() + sizes[begin] > budget


def test_a_pipeline_that_joins_words(tokenizer_folder: Path) -> None:
    reader = ArabicTokenizer.from_folder(tokenizer_folder, cache_words=0)
    with pytest.raises(OptionError, match="whole words cannot be masked"):
        Corpus.of(["نور"], reader, 10)


def test_files(tmp_path: Path) -> None:
    lines = "\ufeffالْعِلْمُ نُورٌ\n\n  كتب الطالب \n"
    (tmp_path / "a.txt").write_text(lines, encoding="utf-8")
    with gzip.open(tmp_path / "b.txt.gz", "wt", encoding="utf-8") as file:
        file.write(lines)
    with lzma.open(tmp_path / "c.jsonl.xz", "wt", encoding="utf-8") as file:
        file.write('{"text": "نص", "other": "آخر"}\n')
    wanted = ["الْعِلْمُ نُورٌ", "كتب الطالب"]
    assert read_texts(tmp_path / "a.txt") == read_texts(tmp_path / "b.txt.gz") == wanted
    assert read_texts(tmp_path / "c.jsonl.xz", "other") == ["آخر"]
    assert gather([tmp_path / "a.txt", tmp_path / "c.jsonl.xz", "قول", " "]) == [*wanted, "نص", "قول"]
    assert gather(str(tmp_path / "a.txt")) == wanted


def test_files_that_cannot_be_taken(tmp_path: Path) -> None:
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "rows.jsonl").write_text('{"text": "نص"}\n{"body": "نص"}\n', encoding="utf-8")
    for name, error, said in (
        ("absent.txt", RecordError, "is no file"),
        ("bytes.txt", RecordError, "cannot be read as UTF-8"),
        ("rows.jsonl", RecordError, "line 2: no field 'text'"),
        ("rows.pdf", OptionError, "suffix"),
    ):
        with pytest.raises(error, match=said):
            gather(tmp_path / name)
    with pytest.raises(RecordError, match="no texts"):
        gather(["", "  "])


def test_a_digest_knows_where_texts_end() -> None:
    assert digest(["ab", "c"]) != digest(["a", "bc"]) != digest(["bc", "a"])
    assert digest(["ab", "c"]) == digest(["ab", "c"])
