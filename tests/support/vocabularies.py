"""Small tokenizers of the published shape, and others that differ from it in one point."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

__all__ = ["SPECIAL", "build_tokenizer", "build_vocabulary", "write_tokenizer"]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[+]", "[unused0]", "[unused1]"]


def build_vocabulary(prepared: Iterable[str], size: int = 3000) -> dict[str, int]:
    """A WordPiece vocabulary: special tokens, characters, and the most frequent words, openings and endings.

    The library's trainer breaks ties by the hash of the moment; this gives the same vocabulary every time.

    Args:
        prepared: Texts with their marks already apart from their letters.
        size: Most entries.
    """
    words = Counter(word for text in prepared for word in text.split())
    chars: Counter[str] = Counter()
    pieces: Counter[str] = Counter()
    for word, count in words.items():
        for index, char in enumerate(word):
            chars[char if index == 0 else f"##{char}"] += count
        pieces[word] += count * len(word)
        for length in range(2, min(len(word), 7)):
            pieces[word[:length]] += count
            pieces[f"##{word[-length:]}"] += count
    ascii_chars = [chr(point) for point in range(0x21, 0x7F)]
    tokens = [*SPECIAL, *ascii_chars, *(f"##{char}" for char in ascii_chars if char.isalnum())]
    for counter in (chars, pieces):
        tokens += sorted(counter, key=lambda token: (-counter[token], token))
    return {token: index for index, token in enumerate(list(dict.fromkeys(tokens))[:size])}


def build_tokenizer(
    vocabulary: dict[str, int],
    *,
    normalizer: Any = None,
    pre_tokenizer: Any = None,
    added: Iterable[AddedToken] = (),
    max_input_chars_per_word: int = 100,
) -> Tokenizer:
    """A WordPiece pipeline; by default the published one: no normaliser, BERT's pre-tokeniser, [CLS] … [SEP]."""
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=max_input_chars_per_word)
    )
    tokenizer.normalizer = normalizer or normalizers.Sequence([])
    tokenizer.pre_tokenizer = pre_tokenizer or pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    tokenizer.add_tokens(list(added))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def write_tokenizer(folder: Path, tokenizer: Tokenizer, **config: Any) -> Path:
    """Writes `tokenizer.json` and `tokenizer_config.json`.

    Returns:
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=True), encoding="utf-8")
    said = {"apply_stemming": False, "stemming_separator": "[+]", "pad_token": "[PAD]", "cls_token": "[CLS]"} | config
    (folder / "tokenizer_config.json").write_text(json.dumps(said), encoding="utf-8")
    return folder
