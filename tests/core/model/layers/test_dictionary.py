"""Words found in a dictionary, against a plain reading of the same text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from harakat.arabic.marks.codes import conflict, pack, separate
from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.model.layers.dictionary import MOST_READINGS, Dictionary, DictionarySize, key_of, piece_tables

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
MEANINGS = {
    "علم": ["عِلْم", "عَلَم", "عَلِمَ"],
    "كتاب": ["كِتاب"],
    "كتب": ["كَتَبَ", "كُتُب"],
    "درس": ["دَرَّسَ", "دَرَسَ", "دَرْس"],
    "نور": [""],
}
WRITTEN = {word: (word, 0) for word in MEANINGS} | {"العلم": ("علم", 2), "والكتاب": ("كتاب", 3), "كتابهم": ("كتاب", 0)}
GAINS = [0.5, 2.0, 1.5, 1.0, 0.25]


@pytest.fixture(scope="module")
def tokenizer() -> PieceTokenizer:
    vocabulary = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -4.0)]
    vocabulary += [(piece, -3.0) for piece in ("\u2581كتا", "ب", "\u2581ال", "علم", "\u2581و", "ال", "هم", ".", "(")]
    vocabulary += [(letter, -8.0) for letter in LETTERS if letter != "ب"]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=3))
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    made.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return PieceTokenizer(made, spelling="given")


def codes(word: str) -> int:
    return pack(separate(word)[1][:-1])


@pytest.fixture(scope="module")
def dictionary(tokenizer: PieceTokenizer) -> Dictionary:
    import json

    pieces = [piece for piece, _ in json.loads(tokenizer.to_json())["model"]["vocab"]]
    places = {base: index for index, base in enumerate(MEANINGS)}
    counts = [len(readings) for readings in MEANINGS.values()]
    made = Dictionary(DictionarySize(len(WRITTEN), len(MEANINGS), sum(counts), 6, len(pieces), 10, len(GAINS)))
    ordered = sorted(WRITTEN, key=lambda word: key_of(word))
    tables = piece_tables(pieces, range(4))
    generator = torch.Generator().manual_seed(0)
    state = {
        "piece_keys": torch.from_numpy(tables[0]),
        "piece_letters": torch.from_numpy(tables[1]),
        "keys": torch.tensor([key_of(word) for word in ordered]),
        "spots": torch.tensor([8 * places[WRITTEN[word][0]] + WRITTEN[word][1] for word in ordered]),
        "first": torch.tensor(np.cumsum([0, *counts])),
        "codes": torch.tensor([codes(reading) if reading else 0 for own in MEANINGS.values() for reading in own]),
        "table": torch.randn(sum(counts), 6, generator=generator),
        "project": torch.randn(6, 10, generator=generator),
        "gain": torch.tensor(GAINS),
    }
    made.load_state_dict(state)
    return made.requires_grad_(False)


def plainly(dictionary: Dictionary, text: str) -> torch.Tensor:
    """What comes to the mean of a text's tokens, word by word."""
    rows = dict(zip(((base, r) for base, own in MEANINGS.items() for r in own), dictionary.table, strict=True))
    total, count = torch.zeros(6), 0
    for word in text.split():
        base, classes = separate(word)
        kept = [(letter, value) for letter, value in zip(base, classes, strict=True) if letter.isalpha()]
        if not kept:
            continue
        count += 1
        entry, prefix = WRITTEN.get("".join(letter for letter, _ in kept), ("", 0))
        mine = [value for _, value in kept][prefix : prefix + len(entry)]
        if prefix + len(entry) == len(kept):
            mine[-1:] = [0]
        allowed = [
            rows[entry, reading]
            for reading in MEANINGS.get(entry, ())
            if not reading or not conflict([*mine, 0][: len(entry)], separate(reading)[1])
        ]
        if allowed:
            total += torch.stack(allowed).mean(0)
    gain = GAINS[min(max(count, 1), len(GAINS)) - 1]
    return gain * (total / max(count, 1)) @ dictionary.project


def added(dictionary: Dictionary, tokenizer: PieceTokenizer, texts: list[str], bare: bool = False) -> torch.Tensor:
    """The mean over each text's tokens, all texts in one row."""
    rows = [([*tokenizer.prefix, *t.ids, *tokenizer.suffix], [0, *t.marks, 0]) for t in tokenizer.tokenize(texts)]
    sizes = torch.tensor([len(ids) for ids, _ in rows])
    ids = torch.tensor([i for own, _ in rows for i in own])
    marks = torch.tensor([int(m) for _, own in rows for m in own])
    positions = torch.cat([torch.arange(size) for size in sizes])
    vectors = dictionary(ids, None if bare else marks, positions, sizes.repeat_interleave(sizes))
    owner = torch.arange(len(rows)).repeat_interleave(sizes)
    return torch.zeros(len(rows), 10).index_add(0, owner, vectors) / sizes[:, None]


MARK = st.sampled_from(["", "\u064e", "\u064f", "\u0650", "\u0652", "\u0651", "\u0651\u064e"])
SPELLED = st.one_of(st.sampled_from(sorted(WRITTEN)), st.text(LETTERS, min_size=1, max_size=7))
MARKED = SPELLED.flatmap(
    lambda word: st.tuples(*[MARK] * len(word)).map(
        lambda marks: "".join(a + b for a, b in zip(word, marks, strict=True))
    )
)
READ = st.sampled_from([reading for own in MEANINGS.values() for reading in own if reading])
GLUED = st.tuples(st.sampled_from(["", "(", "(("]), st.one_of(MARKED, READ), st.sampled_from(["", ".", "):"])).map(
    "".join
)
TEXT = st.lists(st.one_of(GLUED, MARKED, READ), max_size=7).map(" ".join)


@given(st.lists(TEXT, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_words_are_found_as_a_reader_finds_them(
    dictionary: Dictionary, tokenizer: PieceTokenizer, texts: list[str]
) -> None:
    expected = torch.stack([plainly(dictionary, text) for text in texts])
    torch.testing.assert_close(added(dictionary, tokenizer, texts), expected, atol=1e-5, rtol=1e-4)


def test_marks_choose_a_reading(dictionary: Dictionary, tokenizer: PieceTokenizer) -> None:
    rows = dictionary.table @ dictionary.project
    found = added(dictionary, tokenizer, ["عِلم", "عَلَمٌ", "عَلم", "علم", "عُلم", "العِلْمِ", "نُور"]) / GAINS[0]
    meant = [rows[0], rows[1], rows[1:3].mean(0), rows[:3].mean(0), torch.zeros(10), rows[0], rows[-1]]
    torch.testing.assert_close(found, torch.stack(meant), atol=1e-5, rtol=1e-4)
    bare = added(dictionary, tokenizer, ["علم", "عِلم"], bare=True) / GAINS[0]
    torch.testing.assert_close(bare, rows[:3].mean(0).expand(2, 10), atol=1e-5, rtol=1e-4)


def test_a_key_is_of_letters_not_of_pieces() -> None:
    """However a word is cut, its pieces' sums give one key; and keys of other words are others."""
    vocabulary = ["<s>", "\u2581كتا", "ب", "\u2581", "كتاب", "\u2581كتاب", "(", "تا", "ك"]
    keys, letters = piece_tables(vocabulary, [0])
    size = DictionarySize(1, 1, 1, 1, len(vocabulary), 1, 1)
    known = Dictionary(size)
    known.piece_keys.copy_(torch.from_numpy(keys))
    known.piece_letters.copy_(torch.from_numpy(letters))
    ways = [[1, 2], [3, 4], [5], [3, 8, 7, 2], [3, 6, 4], [5, 6]]
    for way in ways:
        ids = torch.tensor([0, *way, 0])
        found = known.words(ids, None, torch.arange(len(ids)))
        assert found.begin.tolist() == [False, True, *[False] * len(way)]
        assert int(found.keys[1]) == key_of("كتاب")
    words = ["".join(LETTERS[n // 28**place % 28] for place in range(4)) for n in range(0, 28**4, 7)]
    assert len({key_of(word) for word in words}) == len(words)


def test_no_more_readings_than_are_looked_at() -> None:
    assert max(map(len, MEANINGS.values())) <= MOST_READINGS


def test_a_saved_dictionary_comes_back(tmp_path: Path) -> None:
    from support.marked import read_marked, write_marked

    folder = write_marked(tmp_path / "marked")
    config, state = read_marked(folder)
    assert config["dictionary_keys"] == len(state["dictionary.keys"]) == 2
    assert (state["dictionary.keys"].diff() > 0).all()
