"""WordPiece for plain Arabic words, in Python.

The `tokenizers` library spends more on handing a short word over than on cutting it, so words that its pipeline
leaves in one piece until the model (Arabic letters and marks, no punctuation) are cut here: longest match first, as
in Wu et al. 2016, arXiv:1609.08144, and in BERT. Everything else goes to the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from harakat.arabic.vocabulary import Vocabulary

__all__ = ["PLAIN", "PlainWordPiece"]

_CHARS = "\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08a0-\u08ff\u25cc"
PLAIN = re.compile(f"[{_CHARS}]+")
"""A plain word: letters and marks of Arabic, and the dotted circle. No white space, no punctuation."""


class PlainWordPiece:
    """A checkpoint's WordPiece model for words that match `PLAIN`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Takes the vocabulary over.

        Args:
            vocabulary: One for which `fits` holds.
        """
        model = vocabulary.spec["model"]
        prefix = model.get("continuing_subword_prefix", "##")
        vocab: dict[str, bytes] = {token: np.int32(index).tobytes() for token, index in model["vocab"].items()}
        self._first = vocab
        self._rest = {token[len(prefix) :]: ids for token, ids in vocab.items() if token.startswith(prefix)}
        self._unknown = vocab[model["unk_token"]]
        self._longest = max(map(len, vocab))
        self._longest_word = int(model.get("max_input_chars_per_word", 100))

    @staticmethod
    def fits(vocabulary: Vocabulary) -> bool:
        """Whether the pipeline hands plain words to its model as they are.

        Args:
            vocabulary: A checkpoint's vocabulary.
        """
        spec = vocabulary.spec
        normalizer, splitter = spec.get("normalizer"), spec.get("pre_tokenizer")
        return (
            (normalizer is None or normalizer == {"type": "Sequence", "normalizers": []})
            and isinstance(splitter, dict)
            and splitter.get("type") in ("BertPreTokenizer", "WhitespaceSplit")
            and not any(PLAIN.fullmatch(token.content) for token in vocabulary.added_tokens)
        )

    def encode(self, words: Iterable[str]) -> dict[str, bytes]:
        """Ids of those of the words that are plain, as the bytes of an int32 array each."""
        # A word that is a piece by itself is that piece: no longer one begins it.
        whole, most = self._first.get, self._longest_word
        plain = filter(PLAIN.fullmatch, words)
        return {word: (whole(word) if len(word) <= most else None) or self._cut(word) for word in plain}

    def _cut(self, word: str) -> bytes:
        length = len(word)
        if length > self._longest_word:
            return self._unknown
        pieces = self._first
        ids = b""
        start = 0
        while start < length:
            end = min(length, start + self._longest)
            while (found := pieces.get(word[start:end])) is None:
                end -= 1
                if end == start:
                    return self._unknown
            ids += found
            start = end
            pieces = self._rest
        return ids
