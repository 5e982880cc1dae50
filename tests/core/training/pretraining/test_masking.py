"""Masking takes whole words with their marks, or all the marks of a word, and nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.arabic.tokenizers.vocabulary import Vocabulary, load_vocabulary
from harakat.errors import CheckpointError
from harakat.training.pretraining.corpus import Corpus
from harakat.training.pretraining.masking import IGNORED, WordMasker
from support.tiny import SAMPLE_TEXTS
from support.vocabularies import build_tokenizer, write_tokenizer

MASK = 4
LINES = st.lists(st.sampled_from(" ".join(SAMPLE_TEXTS).split()), min_size=1, max_size=30)


@pytest.fixture(scope="module")
def reader(tokenizer_folder: Path) -> ArabicTokenizer:
    return ArabicTokenizer.from_folder(tokenizer_folder)


@pytest.fixture(scope="module")
def vocabulary(tokenizer_folder: Path) -> Vocabulary:
    return load_vocabulary(tokenizer_folder)


def sequence(reader: ArabicTokenizer, words: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Ids with [CLS] and [SEP], and the word of each; -1 for those two."""
    ids, numbers = Corpus.of([" ".join(words)], reader, 10_000).window(0)
    return np.concatenate(([2], ids, [3])), np.pad(numbers, 1, constant_values=-1)


@given(words=LINES, seed=st.integers(0, 2**32), share=st.floats(0.01, 0.99), marks_only=st.floats(0, 1))
@settings(max_examples=120, deadline=None)
def test_whole_words_or_all_their_marks(
    reader: ArabicTokenizer, vocabulary: Vocabulary, words: list[str], seed: int, share: float, marks_only: float
) -> None:
    masker = WordMasker.of(vocabulary, share, marks_only)
    ids, numbers = sequence(reader, words)
    before = ids.copy()
    inputs, labels = masker(ids, numbers, np.random.default_rng(seed))
    assert np.array_equal(ids, before)
    hidden = labels != IGNORED
    # Labels are the original ids exactly where something is asked; elsewhere nothing moves.
    assert np.array_equal(labels[hidden], ids[hidden])
    assert np.array_equal(inputs[~hidden], ids[~hidden])
    assert not hidden[masker.is_special[ids]].any() and not hidden[numbers == -1].any()
    chosen = 0
    for word in np.unique(numbers[numbers >= 0]):
        here = numbers == word
        if not hidden[here].any():
            continue
        chosen += 1
        marks = here & masker.is_mark[ids]
        assert hidden[here].all() or (np.array_equal(hidden & here, marks) and (here & ~marks).any())
        # One fate for the whole word.
        asked = hidden & here
        assert (inputs[asked] == MASK).all() or not (inputs[asked] == MASK).any()
    unknown = {word for word in numbers[masker.is_special[ids]] if word >= 0}
    free = len(set(numbers[numbers >= 0])) - len(unknown)
    assert chosen == (max(1, round(share * free)) if free else 0)
    again = masker(ids, numbers, np.random.default_rng(seed))
    assert np.array_equal(inputs, again[0]) and np.array_equal(labels, again[1])


def test_shares(reader: ArabicTokenizer, vocabulary: Vocabulary) -> None:
    """Four fifths hidden, a tenth replaced, a tenth as it was; a fifth of the marked words keeps its letters."""
    word = "الْعِلْمُ"
    ids, numbers = sequence(reader, [word] * 100)
    masker = WordMasker.of(vocabulary)
    fates = {"masked": 0, "same": 0, "other": 0}
    only = total = 0
    for seed in range(200):
        inputs, labels = masker(ids, numbers, np.random.default_rng(seed))
        for number in np.unique(numbers[labels != IGNORED]):
            here = (numbers == number) & (labels != IGNORED)
            total += 1
            only += int(here.sum() < (numbers == number).sum())
            masked, same = (inputs[here] == MASK).all(), (inputs[here] == ids[here]).all()
            fates["masked" if masked else "same" if same else "other"] += 1
    assert total == 200 * 15
    assert abs(only / total - 0.2) < 0.03
    assert abs(fates["masked"] / total - 0.8) < 0.03
    assert abs(fates["other"] / total - 0.1) < 0.02
    assert abs(fates["same"] / total - 0.1) < 0.02


def test_marks_only_or_never(reader: ArabicTokenizer, vocabulary: Vocabulary) -> None:
    ids, numbers = sequence(reader, ["نُورٌ", "ظَلَامٌ", "الْعِلْمُ"])
    for share, whole in ((0.0, True), (1.0, False)):
        masker = WordMasker.of(vocabulary, 0.9, share)
        _, labels = masker(ids, numbers, np.random.default_rng(0))
        hidden = labels != IGNORED
        assert hidden.any()
        assert (hidden & ~masker.is_mark[ids]).any() == whole


def test_marks_are_told_from_letters(vocabulary: Vocabulary) -> None:
    masker = WordMasker.of(vocabulary)
    tokenizer = vocabulary.tokenizer
    for piece, is_mark in (("\u064e", True), ("##\u064e", True), ("\u25cc", True), ("ب", False), ("#", False)):
        assert masker.is_mark[tokenizer.token_to_id(piece)] == is_mark, piece
    assert list(np.flatnonzero(masker.is_special)) == [0, 1, 2, 3, 4]  # the separator of clitics is part of a word


def test_a_vocabulary_without_a_mask(tmp_path: Path) -> None:
    tokenizer = build_tokenizer({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[+]": 4, "ا": 5})
    spec = tokenizer.to_str().replace("[MASK]", "[GAP]")
    folder = write_tokenizer(tmp_path, tokenizer)
    (folder / "tokenizer.json").write_text(spec, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"no piece '\[MASK\]'"):
        WordMasker.of(load_vocabulary(folder))
