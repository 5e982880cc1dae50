"""The fast path is taken exactly where it is exact, and is exact wherever it is taken."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, normalizers, pre_tokenizers

from harakat.arabic.tokenizers.context_free import cut, separator_stands_alone
from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.arabic.tokenizers.vocabulary import load_vocabulary
from support.published_oracle import nasty_texts, published_ids
from support.vocabularies import build_tokenizer, write_tokenizer

BY_WORDS: dict[str, dict[str, Any]] = {
    "published": {},
    "bert normaliser": {"normalizer": normalizers.BertNormalizer(lowercase=True, strip_accents=True)},
    "bert normaliser, nothing stripped": {
        "normalizer": normalizers.BertNormalizer(lowercase=False, strip_accents=False, clean_text=True)
    },
    "whitespace": {"pre_tokenizer": pre_tokenizers.Whitespace()},
    "whitespace split": {"pre_tokenizer": pre_tokenizers.WhitespaceSplit()},
    "split, then punctuation and digits": {
        "pre_tokenizer": pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(), pre_tokenizers.Digits(True)]
        )
    },
    "short words only": {"max_input_chars_per_word": 5},
    "added tokens of every kind": {
        "added": [
            AddedToken("قال", single_word=True),
            AddedToken("[left]", lstrip=True),
            AddedToken("بت", rstrip=True, normalized=False),
            AddedToken("ب", single_word=True, normalized=False, special=True),
            AddedToken("zX", normalized=True),
            AddedToken("\u25cc\u064e"),
        ]
    },
}
WHOLE: dict[str, dict[str, Any]] = {
    "nfc": {"normalizer": normalizers.NFC()},
    "replace": {"normalizer": normalizers.Sequence([normalizers.Replace(" ", "ب")])},
    "metaspace": {"pre_tokenizer": pre_tokenizers.Metaspace()},
    "byte level": {"pre_tokenizer": pre_tokenizers.ByteLevel()},
    "punctuation only": {"pre_tokenizer": pre_tokenizers.Punctuation()},
    "token with a space": {"added": [AddedToken("قال ب")]},
}


SEPARATORS: dict[str, tuple[str, list[AddedToken], bool]] = {
    "published": ("[+]", [], True),
    "not an added token": ("@@", [], False),
    "a letter": ("ب", [], False),
    "a mark": ("\u064e", [], False),
    "another one": ("@@", [AddedToken("@@", normalized=False)], True),
    "of one sign": ("+", [AddedToken("+", normalized=False)], False),  # a part of [+]
    "a whole word only": ("@@", [AddedToken("@@", normalized=False, single_word=True)], False),
    "longer token": ("[+]", [AddedToken("[+]ب", normalized=False)], False),
    "token that takes its beginning": ("[+]", [AddedToken("ب[", normalized=False)], False),
    "token that takes its end": ("[+]", [AddedToken("+]ب", normalized=False)], False),
}


def check(tokenizer: ArabicTokenizer, pipeline: Any, texts: list[str], separator: str = "[+]") -> None:
    expected = published_ids(pipeline, texts, separator=separator)
    for _ in range(2):
        tokens = tokenizer.tokenize(texts)
        for text, ours, theirs in zip(texts, tokens, expected, strict=True):
            assert [*tokenizer.prefix, *ours.ids.tolist(), *tokenizer.suffix] == theirs, repr(text)


@pytest.mark.parametrize("name", BY_WORDS)
def test_by_words(tmp_path: Path, vocabulary: dict[str, int], name: str) -> None:
    pipeline = build_tokenizer(vocabulary, **BY_WORDS[name])
    tokenizer = ArabicTokenizer.from_folder(write_tokenizer(tmp_path, pipeline))
    assert tokenizer.word_cache is not None
    check(tokenizer, pipeline, [*nasty_texts(21, 800), "قال بت", "قالب قال,قال بتبت zx zX z X", "ب بب ب-ب"])


@pytest.mark.parametrize("name", WHOLE)
def test_whole(tmp_path: Path, vocabulary: dict[str, int], name: str) -> None:
    pipeline = build_tokenizer(vocabulary, **WHOLE[name])
    tokenizer = ArabicTokenizer.from_folder(write_tokenizer(tmp_path, pipeline))
    assert tokenizer.word_cache is None
    check(tokenizer, pipeline, [*nasty_texts(22, 300), "قال ب", "قال  ب"])


@pytest.mark.parametrize("name", SEPARATORS)
def test_separators(tmp_path: Path, vocabulary: dict[str, int], name: str) -> None:
    separator, added, alone = SEPARATORS[name]
    pipeline = build_tokenizer(vocabulary, added=added)
    folder = write_tokenizer(tmp_path, pipeline, stemming_separator=separator)
    assert separator_stands_alone(load_vocabulary(folder)) is alone
    parts = [separator, separator, "[+]", "[+]ب", "ب[+]", "@@", "@", "ب", "بَ", "قال", " ", "[", "+", "]", "\u064e"]
    choose = random.Random(7)
    texts = ["".join(choose.choices(parts, k=choose.randrange(9))) for _ in range(1000)]
    check(ArabicTokenizer.from_folder(folder), pipeline, texts, separator)


def test_runs() -> None:
    assert cut("") == [""]
    assert cut(" ب\nت\t\r") == ["", "ب", "ت", "", ""]
    # White space that the steps of a pipeline do not agree on stays inside its run.
    assert cut("ب\x1cت\x0bث\x85ج\u00a0ح") == ["ب\x1cت\x0bث\x85ج\u00a0ح"]
