"""Bounded cache of words whose ids are known, shared by any number of threads."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from itertools import count, filterfalse, islice

from harakat._support.locks import ForkSafeLock

__all__ = ["LONGEST_WORD", "WordCache"]

LONGEST_WORD = 64
"""Characters. A longer run (a URL, a line without spaces) is not worth its memory and is not kept."""


class WordCache:
    """Cache of words and their ids, in two generations.

    New words go to the current generation. When that holds half of the capacity it becomes the previous one, and
    a word found there moves on to the new current one: what is used stays, what is not is forgotten. A dict
    that has been handed out only ever gains words, so readers need no lock.
    """

    __slots__ = ("_current", "_half", "_lock", "_previous")

    def __init__(self, capacity: int) -> None:
        """Make an empty cache.

        Args:
            capacity: Most words held at any time. 0 or 1: none.
        """
        self._half = capacity // 2
        self._lock = ForkSafeLock()
        self._current = _empty()
        self._previous: dict[str, bytes] = {}

    def __len__(self) -> int:
        with self._lock:
            return max(0, len(self._current) - 1) + max(0, len(self._previous) - 1)

    def assemble(self, texts: Iterable[list[str]], compute: Callable[[list[str]], dict[str, bytes]]) -> list[bytearray]:
        """Return the ids of texts that are given as words: each word's ids, one after the other.

        Args:
            texts: The words of each text.
            compute: Gives the ids of words; it is asked once, for all the words that are not known.

        Returns:
            The ids of each text as the bytes of an int32 array.
        """
        ids_of = self._current.__getitem__
        # Numbers stand for the words of texts with new ones, so that each word is looked up once. Neither arrays nor
        # the words of a text that has been read keep the garbage collector busy.
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        number_of = numbers.__getitem__
        assembled: list[bytearray] = []
        places: list[int] = []
        numbered: list[array[int]] = []
        for words in texts:
            try:
                assembled.append(bytearray().join(map(ids_of, words)))
            except KeyError:
                places.append(len(assembled))
                numbered.append(array("l", map(number_of, words)))
                assembled.append(bytearray())
        if places:
            ids = [*map(self.resolve(numbers, compute).__getitem__, numbers)].__getitem__
            for place, each in zip(places, numbered, strict=True):
                assembled[place] = bytearray().join(map(ids, each))
        return assembled

    def resolve(self, words: Collection[str], compute: Callable[[list[str]], dict[str, bytes]]) -> dict[str, bytes]:
        """Return the ids of each of some words, and cache those that were not known.

        Args:
            words: The words, each once. Their order is kept: neighbours in memory are quicker to read.
            compute: Gives the ids of words; it is asked once, for all the words that are not known.

        Returns:
            A dict with every word, for reading only: whatever other threads add and forget meanwhile, none goes.
        """
        known = self._current
        missing = [*filterfalse(known.__contains__, words)]
        if not missing:
            return known
        fresh = self.previous(missing)
        new = [*filterfalse(fresh.__contains__, missing)] if fresh else missing
        if new:
            fresh.update(compute(new))
        if self.add(fresh) is known:
            return known
        return {word: known[word] for word in words if word in known} | fresh

    @property
    def current(self) -> dict[str, bytes]:
        """Return the current generation, for reading only. It may gain words while it is read, and loses none."""
        return self._current

    def previous(self, words: Iterable[str]) -> dict[str, bytes]:
        """Return those of the words that the previous generation knows."""
        previous = self._previous
        if not previous:
            return {}
        return {word: previous[word] for word in words if word in previous}

    def add(self, words: dict[str, bytes]) -> dict[str, bytes] | None:
        """Cache words, except long ones and those over the capacity.

        Args:
            words: Each word with its ids as int32 in native byte order.

        Returns:
            The current generation if it holds all of them now.
        """
        half = self._half
        if not words or not half:
            return None
        short = len(max(words, key=len)) <= LONGEST_WORD
        fresh = ((word, ids) for word, ids in words.items() if len(word) <= LONGEST_WORD)
        with self._lock:
            if short and len(self._current) + len(words) <= 1 + half:
                self._current.update(words)
                return self._current
            while True:
                current = self._current
                current.update(islice(fresh, 1 + half - len(current)))
                if len(current) <= half:
                    return None
                self._previous = current
                self._current = _empty()


def _empty() -> dict[str, bytes]:
    return {"": b""}  # nothing between two spaces gives no ids; not counted
