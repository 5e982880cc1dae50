"""A bounded memory of words whose ids are known, shared by any number of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from harakat.arabic._locks import ForkSafeLock

__all__ = ["LONGEST_WORD", "WordCache"]

LONGEST_WORD = 64
"""Characters. A longer run (a URL, a line without spaces) is not worth its memory and is not kept."""


class WordCache:
    """Words and their ids, in two generations.

    New words go to the current generation. When that holds half of the capacity it becomes the previous one, and
    a word found there moves on to the new current one: what is used stays, what is not is forgotten. A dict
    that has been handed out only ever gains words, so readers need no lock.
    """

    __slots__ = ("_current", "_half", "_lock", "_previous")

    def __init__(self, capacity: int) -> None:
        """Makes an empty cache.

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
        """The ids of texts that are given as words: each word's ids, one after the other.

        Args:
            texts: The words of each text.
            compute: Gives the ids of words; it is asked once, for all the words that are not known.

        Returns:
            The ids of each text as the bytes of an int32 array.
        """
        known = self._current
        ids_of = known.__getitem__
        assembled: list[bytearray] = []
        pending: list[tuple[int, list[str]]] = []
        for words in texts:
            try:
                assembled.append(bytearray().join(map(ids_of, words)))
            except KeyError:
                pending.append((len(assembled), words))
                assembled.append(bytearray())
        if pending:
            ids_of = self.resolve(set().union(*(words for _, words in pending)), compute).__getitem__
            for index, words in pending:
                assembled[index] = bytearray().join(map(ids_of, words))
        return assembled

    def resolve(self, words: set[str], compute: Callable[[list[str]], dict[str, bytes]]) -> dict[str, bytes]:
        """The ids of each of some words; those that were not known are known from then on.

        Args:
            words: The words.
            compute: Gives the ids of words; it is asked once, for all the words that are not known.

        Returns:
            A dict of the caller's own: whatever other threads add and forget meanwhile, every word is there.
        """
        known = self._current
        missing = words.difference(known)
        ids = {word: known[word] for word in words.difference(missing)}
        fresh = self.previous(missing)
        missing.difference_update(fresh)
        if missing:
            fresh.update(compute(list(missing)))
        self.add(fresh)
        ids.update(fresh)
        return ids

    @property
    def current(self) -> dict[str, bytes]:
        """The current generation, for reading only. It may gain words while it is read, and loses none."""
        return self._current

    def previous(self, words: Iterable[str]) -> dict[str, bytes]:
        """Those of the words that the previous generation knows."""
        previous = self._previous
        return {word: previous[word] for word in words if word in previous}

    def add(self, words: dict[str, bytes]) -> None:
        """Remembers words, except long ones and what is over the capacity.

        Args:
            words: Each word with its ids as int32 in native byte order.
        """
        half = self._half
        fresh = ((word, ids) for word, ids in words.items() if len(word) <= LONGEST_WORD)
        with self._lock:
            while half:
                current = self._current
                current.update(islice(fresh, 1 + half - len(current)))
                if len(current) <= half:
                    return
                self._previous = current
                self._current = _empty()


def _empty() -> dict[str, bytes]:
    return {"": b""}  # nothing between two spaces gives no ids; not counted
