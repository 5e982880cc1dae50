"""Unigram segmentation of many words at once, by arrays.

The most probable pieces of a word (Kudo 2018, arXiv:1804.10959), found for all the words of a batch in step: first
every piece that begins at every letter, then the best way to every letter from the left. Sums are taken in the order
of the `tokenizers` library, and of two ways that are equally good the same one wins, so the pieces are its pieces.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harakat.arabic.marks.words import EDGE, WORD_START

__all__ = ["Viterbi"]

_LETTERS = 128  # letters of the trie, the edge among them
_LONGEST = 64  # letters of a piece
_MOST_STATES = 1 << 16

_Ints = NDArray[np.int64]


class Viterbi:
    """Trie of a Unigram vocabulary over its most frequent letters.

    Words of other letters, and vocabularies that are not of this kind, are the library's business.

    Args:
        content: The content of ``tokenizer.json``.

    Attributes:
        usable: Whether `cut` may be called.
    """

    def __init__(self, content: str) -> None:
        model = json.loads(content)["model"]
        pieces = dict(model.get("vocab", ())) if model.get("type") == "Unigram" else {}
        # Other keys would ask for something else than the best way, or for sampling.
        self.usable = WORD_START in pieces and model.keys() <= {"type", "unk_id", "vocab", "byte_fallback"}
        self.usable &= len(max(pieces, key=len, default="")) <= _LONGEST
        if not self.usable:
            return
        ids = {piece: index for index, (piece, _) in enumerate(model["vocab"])}
        kept = sorted(piece for piece in pieces if "\0" not in piece)  # which arrays of text do not hold
        array = np.array(kept)
        points = array.view(np.uint32).reshape(len(kept), array.itemsize // 4)
        frequency = np.bincount(points.ravel())
        singles = {ord(piece) for piece in pieces if len(piece) == 1} - {ord(EDGE), 0, ord(WORD_START)}
        letters = sorted(singles, key=lambda point: (-frequency[point], point))[: _LETTERS - 2]
        self._codes = np.zeros(max(letters, default=0) + 2, np.uint8)  # 0, no letter of the trie, stands last
        if len(self._codes) <= ord(WORD_START) + 1:
            self._codes = np.pad(self._codes, (0, ord(WORD_START) + 2 - len(self._codes)))
        self._codes[letters] = np.arange(2, len(letters) + 2)
        self._codes[ord(WORD_START)] = 1
        codes = self._codes[np.minimum(points, len(self._codes) - 1)]
        plain = ((codes == 0) == (points == 0)).all(axis=1) & (codes[:, 1:] != 1).all(axis=1)
        plain &= points[:, 0] != 0
        ordered = [kept[place] for place in np.flatnonzero(plain).tolist()]
        self._build(
            codes[plain], np.array([ids[piece] for piece in ordered]), np.array([pieces[piece] for piece in ordered])
        )

    def _build(self, table: NDArray[np.uint8], ids: _Ints, scores: NDArray[np.float64]) -> None:
        """Number the prefixes of the pieces; prefixes that are continued come first and have a row of followers."""
        fresh = np.zeros(table.shape, np.bool_)  # where a row brings a prefix that the row before does not have
        fresh[0] = True
        fresh[1:] = np.logical_or.accumulate(table[1:] != table[:-1], axis=1)
        fresh &= table != 0
        lengths = (table != 0).sum(axis=1)
        numbers = np.cumsum(fresh.ravel(), dtype=np.int32).reshape(fresh.shape)  # from 1; 0 is the root
        state = np.where(fresh, numbers, 0)
        np.maximum.accumulate(state, axis=0, out=state)  # of every row and length
        rows, columns = np.nonzero(fresh)
        own = state[rows, columns]
        parents = np.where(columns > 0, state[rows, columns - 1], 0)
        count = int(numbers[-1, -1]) + 1
        inner = np.zeros(count, np.bool_)
        inner[0] = inner[parents] = True
        renamed = np.empty(count, np.int64)
        renamed[inner] = np.arange(inner.sum())
        renamed[~inner] = np.arange(inner.sum(), count)
        self.usable = count < _MOST_STATES
        self._inner = int(inner.sum())
        self._next = np.zeros(self._inner * _LETTERS, np.uint16)
        self._next[renamed[parents] * _LETTERS + table[rows, columns]] = renamed[own]
        self._id = np.full(count, -1, np.int32)
        self._score = np.zeros(count)
        ends = renamed[state[np.arange(len(lengths)), lengths - 1]]
        self._id[ends], self._score[ends] = ids, scores

    def cut(self, points: NDArray[np.uint32], stops: _Ints) -> tuple[NDArray[np.int32], _Ints, NDArray[np.bool_]]:
        """Return the most probable pieces of words.

        Args:
            points: Code points of the words one after the other, each with `WORD_START` before it and `EDGE` behind.
            stops: Where the edges stand, shape (words,).

        Returns:
            Id, start and end of each piece, shape (pieces, 3), one word after the other. The sign of a word's
            beginning takes no room, and alone it has the place of the first letter. How many pieces each word has,
            shape (words,): 0 for a word that is not known. Which words are known, shape (words,): they are not empty
            and hold letters of the trie only.
        """
        codes = self._codes[np.minimum(points, len(self._codes) - 1)]
        starts = np.append(0, stops[:-1] + 1)
        sizes = stops - starts
        # The edge is no letter, and the sign of the beginning stands there and nowhere else.
        known = (np.add.reduceat(codes < 2, starts, dtype=np.int64) == 2) & (sizes > 1)
        if not known.all():
            codes[np.repeat(~known, sizes + 1)] = 0
        depth = np.arange(len(codes)) - np.repeat(starts, sizes + 1)
        begins, ends, states = self._edges(codes)
        order = np.argsort(depth[begins].astype(np.uint16 if sizes.max() < 1 << 16 else np.int64), kind="stable")
        begins, ends, states = begins[order], ends[order], states[order]
        way = self._ways(begins, ends, states, depth, starts[known], len(codes))
        # From the end of each word back to its beginning.
        found = [np.zeros(0, np.int64)]
        at = stops[known]
        while len(at):
            taken = way[at]
            found.append(taken)
            at = begins[taken]
            at = at[depth[at] > 0]
        taken = np.concatenate(found)
        taken = taken[np.argsort(begins[taken])]
        first = depth[begins[taken]] - 1
        spans = np.empty((len(taken), 3), np.int32)
        spans[:, 0] = self._id[states[taken]]
        spans[:, 1] = np.maximum(first, 0)
        spans[:, 2] = np.maximum(first + ends[taken] - begins[taken], 1)
        return spans, np.bincount(np.searchsorted(stops, begins[taken]), minlength=len(stops)), known

    def _edges(self, codes: NDArray[np.uint8]) -> tuple[Any, Any, Any]:
        """Return the start, the end (not included) and the state of every piece in the text."""
        begins: NDArray[Any] = np.flatnonzero(codes)
        states = self._next[codes[begins]]
        found = []
        length = 1
        while len(begins):
            pieces = self._id[states] >= 0
            found.append((begins[pieces], begins[pieces] + length, states[pieces]))
            longer = states < self._inner
            begins, states = begins[longer], states[longer]
            states = self._next[states * np.int64(_LETTERS) + codes[begins + length]]
            alive = states != 0
            begins, states = begins[alive], states[alive]
            length += 1
        if not found:
            return begins, begins, states
        return (
            np.concatenate([part for part, _, _ in found]),
            np.concatenate([part for _, part, _ in found]),
            np.concatenate([part for _, _, part in found]),
        )

    def _ways(
        self, begins: _Ints, ends: _Ints, states: NDArray[Any], depth: _Ints, starts: _Ints, length: int
    ) -> _Ints:
        """Return the last piece on the best way to each place; pieces are ordered by the depth of their beginnings."""
        best = np.full(length, -np.inf)
        best[starts] = 0.0
        way = np.zeros(length, np.int64)
        scores = self._score[states]
        bounds = np.append(0, np.cumsum(np.bincount(depth[begins])))
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            to = ends[first:last]
            reached = scores[first:last] + best[begins[first:last]]
            better = np.flatnonzero(reached > best[to])
            to = to[better]
            best[to] = reached[better]
            way[to] = better + first
        return way
