"""Fields of the lexical part, and the numbers of their terms.

A term's number is its field in bits 28 to 30 and 28 bits of its MurmurHash3 below: numbers stay under 2**31, which
every store takes, and each part of a score can be traced back to its field.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from harakat.arabic.spelling.imlai import is_quranic
from harakat.search.hashing import murmur3, murmur3_pairs
from harakat.search.marked import marked_form
from harakat.search.stems import stem_word
from harakat.search.words import LONGEST_CACHED, Word, token_words

__all__ = [
    "ANALYSIS_VERSION",
    "FIELD_BITS",
    "Field",
    "Terms",
    "field_of",
    "term_number",
    "text_terms",
    "word_numbers",
    "word_terms",
]

ANALYSIS_VERSION = 1
"""Raised with every change that gives some text other terms; part of every fingerprint."""

FIELD_BITS = 28
_LOW = (1 << FIELD_BITS) - 1
_GRAM = 3
_CACHED_TOKENS = 1 << 16
_CACHED_GRAMS = 1 << 16


class Field(IntEnum):
    """One way in which words are compared."""

    WORD = 0
    """The folded word."""
    STEM = 1
    """Its light stem."""
    GRAM = 2
    """Three neighbouring letters of it, its ends marked."""
    MARKED = 3
    """The word with its marks, without case ending; only words that have marks."""
    PAIR = 4
    """Two neighbouring words."""


class Terms(NamedTuple):
    """Term numbers of a text, one array a field (uint32), in the order of the text, repeated as they occur."""

    word: npt.NDArray[np.uint32]
    stem: npt.NDArray[np.uint32]
    gram: npt.NDArray[np.uint32]
    marked: npt.NDArray[np.uint32]
    pair: npt.NDArray[np.uint32]


def term_number(field: Field, term: str) -> int:
    """Return the number of a term.

    Args:
        field: The field that the term belongs to; it is the hash's seed too.
        term: The term's text.
    """
    return int(field) << FIELD_BITS | (murmur3(term.encode("utf-8"), int(field)) & _LOW)


def field_of(number: int) -> Field:
    """Return the field that a term number belongs to."""
    return Field(number >> FIELD_BITS)


def text_terms(text: str) -> Terms:
    """Return all terms of a text.

    Args:
        text: A text that has been checked; any length.
    """
    return _joined(_rows(text))


def word_numbers(text: str) -> npt.NDArray[np.uint32]:
    """Return the terms of `Field.WORD` alone, as `text_terms` gives them."""
    return np.frombuffer(b"".join([row[0] for row in _rows(text)]), np.uint32)


def word_terms(words: Sequence[Word]) -> Terms:
    """Return all terms of a run of words.

    Args:
        words: The words in order (`harakat.search.words.split_words`).
    """
    return _joined(list(map(_word_row, words)))


_Row = tuple[bytes, bytes, bytes, bytes]


def _rows(text: str) -> list[_Row]:
    tokens = text.split()
    quranic = is_quranic(text)
    if max(map(len, tokens), default=0) <= LONGEST_CACHED:
        return list(map(_cached_rows, tokens, repeat(quranic)))
    return [(_cached_rows if len(token) <= LONGEST_CACHED else _rows_of)(token, quranic) for token in tokens]


def _joined(rows: list[_Row]) -> Terms:
    if not rows:
        return Terms(_NONE, _NONE, _NONE, _NONE, _NONE)
    word, stem, gram, marked = [np.frombuffer(b"".join(parts), np.uint32) for parts in zip(*rows, strict=True)]
    return Terms(word, stem, gram, marked, _pairs(word))


_NONE = np.empty(0, np.uint32)


def _pairs(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    if len(words) < 2:
        return _NONE
    hashes = murmur3_pairs(words[:-1], words[1:], int(Field.PAIR))
    pairs: npt.NDArray[np.uint32] = (hashes & np.uint32(_LOW)) | np.uint32(int(Field.PAIR) << FIELD_BITS)
    return pairs


def _rows_of(token: str, quranic: bool) -> _Row:
    rows = [_word_row(word) for word in token_words(token, quranic)]
    if len(rows) == 1:
        return rows[0]
    word, stem, gram, marked = (b"".join(parts) for parts in zip(*rows, strict=True)) if rows else (b"", b"", b"", b"")
    return word, stem, gram, marked


_cached_rows = lru_cache(maxsize=_CACHED_TOKENS)(_rows_of)


@lru_cache(maxsize=_CACHED_GRAMS)
def _gram_number(gram: str) -> int:
    return term_number(Field.GRAM, gram)


@lru_cache(maxsize=_CACHED_TOKENS)
def _word_row(word: Word) -> _Row:
    folded, typed = word
    ended = f"_{folded}_"
    grams = [_gram_number(ended[at : at + _GRAM]) for at in range(max(1, len(ended) - _GRAM + 1))]
    marked = marked_form(typed)
    return (
        np.uint32(term_number(Field.WORD, folded)).tobytes(),
        np.uint32(term_number(Field.STEM, stem_word(folded))).tobytes(),
        np.array(grams, np.uint32).tobytes(),
        np.uint32(term_number(Field.MARKED, marked)).tobytes() if marked else b"",
    )
