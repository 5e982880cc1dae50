"""Segmentation of bare words into the pieces of a Unigram vocabulary, each with its place in the word."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harakat.arabic.marks.words import EDGE, WORD_START
from harakat.arabic.tokenizers.viterbi import Viterbi
from harakat.arabic.tokenizers.word_cache import WordCache

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["SPAN", "Cutter"]

SPAN = struct.Struct("=iii")
"""A piece of a word: its id, where it starts and where it ends there."""


class Cutter:
    """Segmenter of bare words: one by one with the library, or many at once. Any number of threads may share one.

    Args:
        tokenizer: A Hugging Face Unigram tokenizer with Metaspace words.
        content: Its ``tokenizer.json``.
        cache_words: Most words to remember of those that went one by one.
    """

    def __init__(self, tokenizer: Tokenizer, content: str, cache_words: int) -> None:
        self._tokenizer = tokenizer
        self._model = _plain_model(tokenizer)
        self._viterbi = Viterbi(content)
        self.cache = WordCache(cache_words)
        added = [re.escape(token.content) for token in tokenizer.get_added_tokens_decoder().values()]
        self._added = re.compile("|".join(added) or r"(?!)")

    @property
    def cuts_many(self) -> bool:
        """Return True where `cut_many` may be called."""
        return self._model is not None and self._viterbi.usable

    def cut_many(
        self, points: NDArray[np.uint32], stops: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.bool_]]:
        """Cut many words by arrays: see `harakat.arabic.tokenizers.viterbi.Viterbi.cut`.

        Words that hold an added token, which the library finds before all else, are not known either.
        """
        text = points.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")
        found = [match.start() for match in self._added.finditer(text)]
        if found:
            points = points.copy()
            points[stops[np.searchsorted(stops, found)] - 1] = ord(EDGE)  # no letter
        return self._viterbi.cut(points, stops)

    def cut(self, words: set[str]) -> dict[str, bytes]:
        """Return the pieces of each word: the ids, starts and ends of `SPAN`, one after the other.

        Args:
            words: Without white space and marks, not empty.
        """
        return self.cache.resolve(words, self._cut)

    def _cut(self, words: list[str]) -> dict[str, bytes]:
        plain: set[str] = set()
        if self._model is not None:
            plain = {word for word in words if self._added.search(word) is None and WORD_START not in word}
        others = [word for word in words if word not in plain]
        encodings = self._tokenizer.encode_batch(others, add_special_tokens=False) if others else ()
        cut = {word: self._cut_plain(word) for word in plain}
        for word, found in zip(others, encodings, strict=True):
            cut[word] = b"".join(
                [SPAN.pack(index, *span) for index, span in zip(found.ids, found.offsets, strict=True)]
            )
        return cut

    def _cut_plain(self, word: str) -> bytes:
        """Cut one word by the model alone, in a third of the time that the pipeline around it takes."""
        spans = []
        start = -1  # the sign of a word's beginning is no character of the word
        for token in self._model.tokenize(WORD_START + word):
            end = start + len(token.value)
            # That sign as a piece of its own is given the place of the first letter, as the pipeline does.
            spans.append(SPAN.pack(token.id, max(start, 0), max(end, 1)))
            start = end
        return b"".join(spans)


def _plain_model(tokenizer: Tokenizer) -> Any:
    """Return the model where the pipeline before it only prepends the sign of a word's beginning; else None."""
    from tokenizers import models, pre_tokenizers

    before = tokenizer.pre_tokenizer
    plain = (
        isinstance(tokenizer.model, models.Unigram)
        and tokenizer.normalizer is None
        and isinstance(before, pre_tokenizers.Metaspace)
        and (before.replacement, before.prepend_scheme, before.split) == (WORD_START, "always", True)
    )
    return tokenizer.model if plain else None
