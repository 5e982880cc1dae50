"""Tokens that every tokenizer of the package produces, and the protocol that the encoder expects of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from harakat.errors import TextTypeError

__all__ = ["Piece", "TextTokenizer", "Tokens", "by_characters", "groups"]

_GROUP_CHARS = 1 << 18  # texts worked on together: enough to share the cost of a call, small beside the weights


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one text, without special tokens and never truncated.

    Attributes:
        ids: Vocabulary ids, int32, shape (n,).
        marks: For a model that reads marks beside its pieces: the packed marks of each piece, int64, shape (n,)
            (see `harakat.arabic.marks.codes`). None where marks are pieces of their own.
    """

    ids: NDArray[np.int32]
    marks: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return int(self.ids.shape[0])


class Piece(NamedTuple):
    """Token as a person reads it."""

    text: str
    """The vocabulary entry."""
    id: int
    """Its id."""
    marks: str
    """The marks it carries (``""`` where there are none), ◌ standing for a letter without one."""


class TextTokenizer(Protocol):
    """Protocol of a tokenizer. Implementations hold no per-call state: any number of threads may share one."""

    @property
    def vocab_size(self) -> int:
        """Return one more than the highest id that can come out."""

    @property
    def prefix(self) -> tuple[int, ...]:
        """Return the special ids put before the content of every sequence, such as [CLS]."""

    @property
    def suffix(self) -> tuple[int, ...]:
        """Return the special ids put after the content of every sequence, such as [SEP]."""

    @property
    def pad_id(self) -> int:
        """Return the id that fills padded places."""

    @property
    def identity(self) -> str:
        """Return a short hex digest of everything that decides the ids: vocabulary, rules, options, morphology data."""

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text, in order, whole and without special tokens."""

    def pieces(self, text: str) -> list[Piece]:
        """Return the tokens of one text for a person to read, special tokens included."""


def groups(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the texts in order, in groups of about `_GROUP_CHARS` characters.

    Raises:
        TextTypeError: One of them is not a string.
    """
    return by_characters(_checked(texts), _GROUP_CHARS)


def by_characters(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield the items in order, in lists that end with the item that brings them to `size` characters."""
    part: list[str] = []
    left = size
    for item in items:
        part.append(item)
        left -= len(item)
        if left <= 0:
            yield part
            part, left = [], size
    if part:
        yield part


def _checked(texts: Iterable[str]) -> Iterator[str]:
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise TextTypeError(f"text {position} is {type(text).__name__}, not str: {text!r:.60}")
        yield text
