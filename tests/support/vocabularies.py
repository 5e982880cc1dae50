"""Small tokenizers of the published shape, trained in a moment, and others that differ from it in one point."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, BertWordPieceTokenizer, Tokenizer, models, normalizers, pre_tokenizers, processors

__all__ = ["SPECIAL", "train_published", "write_tokenizer"]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[+]", "[unused0]", "[unused1]"]


def train_published(prepared: Iterable[str], vocab_size: int = 3000) -> Tokenizer:
    """A WordPiece tokenizer made the way the published one was: no normaliser, BERT's pre-tokeniser.

    Args:
        prepared: Texts with their marks already apart from their letters.
        vocab_size: Entries, special ones included.
    """
    trainer = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    trainer.normalizer = normalizers.Sequence([])
    trainer.train_from_iterator(
        prepared, vocab_size=vocab_size, min_frequency=2, special_tokens=SPECIAL, show_progress=False
    )
    trainer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, trainer.token_to_id(name)) for name in ("[CLS]", "[SEP]")],
    )
    return Tokenizer.from_str(trainer.to_str())


def rebuilt(
    source: Tokenizer,
    *,
    normalizer: Any = None,
    pre_tokenizer: Any = None,
    added: Iterable[AddedToken] = (),
    max_input_chars_per_word: int = 100,
) -> Tokenizer:
    """The same vocabulary in another pipeline."""
    vocab = dict(source.get_vocab(with_added_tokens=False))
    other = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", max_input_chars_per_word=max_input_chars_per_word))
    if normalizer is not None:
        other.normalizer = normalizer
    other.pre_tokenizer = pre_tokenizer or pre_tokenizers.BertPreTokenizer()
    other.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIAL])
    for token in added:
        other.add_tokens([token])
    other.post_processor = source.post_processor
    return other


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
