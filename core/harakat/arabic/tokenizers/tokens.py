"""What every tokenizer of the house produces, and the little that the encoder asks of one."""

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
    """The tokens of one text, without special tokens and never truncated.

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
    """One token as a person reads it."""

    text: str
    """The vocabulary entry."""
    id: int
    """Its id."""
    marks: str
    """The marks it carries (``""`` where there are none), ◌ standing for a letter without one."""


class TextTokenizer(Protocol):
    """Text to ids. Implementations hold no per-call state: any number of threads may share one."""

    @property
    def vocab_size(self) -> int:
        """One more than the highest id that can come out."""

    @property
    def prefix(self) -> tuple[int, ...]:
        """Special ids put before the content of every sequence, such as [CLS]."""

    @property
    def suffix(self) -> tuple[int, ...]:
        """Special ids put after the content of every sequence, such as [SEP]."""

    @property
    def pad_id(self) -> int:
        """The id that fills padded places."""

    @property
    def identity(self) -> str:
        """A short hex digest of everything that decides the ids: vocabulary, rules, options, morphology data."""

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokens of each text, in order, whole and without special tokens."""

    def pieces(self, text: str) -> list[Piece]:
        """The tokens of one text for a person to read, special tokens included."""


def groups(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in order, in groups of about `_GROUP_CHARS` characters.

    Raises:
        TextTypeError: One of them is not a string.
    """
    return by_characters(_checked(texts), _GROUP_CHARS)


def by_characters(items: Iterable[str], size: int) -> Iterator[list[str]]:
    """The items in order, in lists that end with the item that brings them to `size` characters."""
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
