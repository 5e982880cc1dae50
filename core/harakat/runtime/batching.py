"""From tokens of texts to batches of windows: what is cut, what is split, and what runs together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from harakat.arabic.tokenizers.tokens import Tokens
from harakat.options import Overflow

__all__ = ["Window", "chunks", "plan_batches", "plan_windows"]


class Window(NamedTuple):
    """A stretch of one text's tokens that goes through the network as one sequence."""

    text: int
    """The place of the text in its list."""
    tokens: Tokens
    """All tokens of the text."""
    start: int
    """The first token of the stretch."""
    stop: int
    """One past its last token."""

    @property
    def size(self) -> int:
        """Content tokens, without special tokens."""
        return self.stop - self.start


def plan_windows(tokens: Sequence[Tokens], budget: int, overflow: Overflow) -> list[Window]:
    """Windows of at most `budget` content tokens, in the order of the texts.

    Under ``"chunk"`` a long text becomes several windows side by side, as equal in length as can be; otherwise it
    keeps its first `budget` tokens.
    """
    windows: list[Window] = []
    for index, item in enumerate(tokens):
        n = len(item)
        if n <= budget or overflow != "chunk":
            windows.append(Window(index, item, 0, min(n, budget)))
            continue
        count = -(-n // budget)
        edges = [n * i // count for i in range(count + 1)]
        windows.extend(Window(index, item, a, b) for a, b in pairwise(edges))
    return windows


def plan_batches(sizes: Sequence[int], budget: int) -> list[list[int]]:
    """Indices into `sizes`, longest first, cut so that no batch holds more than `budget` tokens.

    A sequence that is longer than the budget gets a batch of its own.
    """
    order = np.argsort(-np.asarray(sizes, dtype=np.int64), kind="stable").tolist()
    batches: list[list[int]] = []
    left = 0
    for index in order:
        if not batches or sizes[index] > left:
            batches.append([])
            left = budget
        batches[-1].append(index)
        left -= sizes[index]
    return batches


def chunks(texts: Iterable[str], most_texts: int, most_characters: int) -> Iterator[list[str]]:
    """Consecutive lists of texts, each bounded in number and in characters (one over-long text stands alone)."""
    chunk: list[str] = []
    characters = 0
    for text in texts:
        size = len(text) if isinstance(text, str) else 0
        if chunk and (len(chunk) >= most_texts or characters + size > most_characters):
            yield chunk
            chunk, characters = [], 0
        chunk.append(text)
        characters += size
    if chunk:
        yield chunk
