"""WordPiece for plain Arabic words, in Python.

The `tokenizers` library spends more on handing a short word over than on cutting it, so words that its pipeline
leaves in one piece until the model (Arabic letters and marks, no punctuation) are cut here: longest match first, as
in Wu et al. 2016, arXiv:1609.08144, and in BERT. Everything else goes to the library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from harakat.arabic.tokenizers.vocabulary import Vocabulary

__all__ = ["PLAIN", "PlainWordPiece"]

_CHARS = "\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08a0-\u08ff\u25cc"
PLAIN = re.compile(f"[{_CHARS}]+")
"""A plain word: letters and marks of Arabic, and the dotted circle. No white space, no punctuation."""


class PlainWordPiece:
    """WordPiece model of a checkpoint for words that match `PLAIN`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Read the vocabulary.

        Args:
            vocabulary: One for which `fits` holds.
        """
        model = vocabulary.spec["model"]
        prefix = model.get("continuing_subword_prefix", "##")
        vocab: dict[str, int] = model["vocab"]
        ids = np.fromiter(vocab.values(), np.int32, len(vocab)).tobytes()
        each: dict[str, bytes] = dict(zip(vocab, (ids[at : at + 4] for at in range(0, len(ids), 4)), strict=True))
        self._unknown = each[model["unk_token"]]
        self._longest_word = int(model.get("max_input_chars_per_word", 100))
        self._rest = {token[len(prefix) :]: found for token, found in each.items() if token.startswith(prefix)}
        # Plain words begin with plain pieces only.
        plain = filter(PLAIN.fullmatch, vocab)
        self._first = {token: each[token] for token in plain if len(token) <= self._longest_word}
        self._longest = max(map(len, vocab))

    @staticmethod
    def fits(vocabulary: Vocabulary) -> bool:
        """Return True where the pipeline hands plain words to its model as they are.

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

    def whole(self, words: Iterable[str]) -> list[bytes | None]:
        """Return the ids of the words that are one plain piece each, as the bytes of an int32; None for the others."""
        return [*map(self._first.get, words)]

    def encode(self, words: Iterable[str]) -> dict[str, bytes]:
        """Return the ids of the words that are plain, as the bytes of an int32 array each."""
        return {word: self._cut(word) for word in filter(PLAIN.fullmatch, words)}

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
