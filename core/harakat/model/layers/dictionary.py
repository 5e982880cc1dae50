"""The dictionary of known words: a table of whole words beside the network, which sees pieces only.

A text's vector is the mean of its tokens' vectors. To that mean comes the mean of its words' meanings (nothing for a
word that is not known), times a gain for the number of words: a word alone is much what the dictionary says of it, in a
text the network says more.

A word is found by its letters. It has one or more readings, each with its marks and its meaning, and means the mean of
those readings that its own marks do not contradict: all of them where it is bare, one where it is marked well enough,
none where it is marked as another word. So what a reader would take for open stays open. Words are found by the
thousand in sorted arrays, on any device: the key of a word is a 64-bit sum over its letters, however they are cut into
pieces; brackets and stops that are glued to it are no part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harakat.arabic.marks.codes import CASE_SLOT, CLASSES, INNER_MARKS, conflict
from harakat.model.layers.attention import count_in_sequence

__all__ = [
    "MOST_READINGS",
    "Dictionary",
    "DictionarySize",
    "Words",
    "key_of",
    "letters_of",
    "piece_tables",
    "table_fault",
]

MOST_READINGS = 4
"""Readings of a word that are looked at."""
_LONGEST = 64
"""Letters of a word that count."""
_BASE = -7046029254386353131
"""Odd multiplier of the letters' places (the golden ratio's, written as a signed integer)."""
_METASPACE = "\u2581"


def _power_table() -> NDArray[np.int64]:
    powers, value = [], 1
    for _ in range(_LONGEST):
        powers.append(value)
        value = value * _BASE % 2**64
    return np.array(powers, np.uint64).view(np.int64)


_POWERS = _power_table()
# Of two mark classes on one letter, 16 times the first plus the second.
_CONTRADICT = np.array([[conflict([a, 0], [b, 0]) for b in range(CLASSES)] for a in range(CLASSES)]).ravel()


class Words(NamedTuple):
    """The words of a row of tokens, said at each token of a word; (tokens,) all."""

    keys: Tensor
    begin: Tensor
    """True at the first token of each word that has letters."""
    codes: Tensor | None
    """Marks of the word, 4 bits a letter, without its case ending; None for bare text."""


@dataclass(frozen=True, slots=True)
class DictionarySize:
    """Sizes of a `Dictionary`.

    Attributes:
        keys: Written words by which it is searched.
        entries: Words; several written words may be one, with an article or without.
        readings: Of all words together.
        dim: Width of a meaning before its projection.
        pieces: Pieces of the vocabulary.
        hidden: Width of a token's vector.
        words: The most words a text may have.
    """

    keys: int
    entries: int
    readings: int
    dim: int
    pieces: int
    hidden: int
    words: int


class Dictionary(nn.Module):
    """See the module's docstring. A new one knows no word until `load_state_dict` has brought them."""

    piece_keys: Tensor
    piece_letters: Tensor
    keys: Tensor
    spots: Tensor
    first: Tensor
    codes: Tensor
    powers: Tensor
    contradict: Tensor

    def __init__(self, size: DictionarySize) -> None:
        super().__init__()
        buffers = {
            "piece_keys": (size.pieces, torch.int64),  # as `piece_tables` makes them
            "piece_letters": (size.pieces, torch.int32),
            "keys": (size.keys, torch.int64),  # ascending
            "spots": (size.keys, torch.int32),  # 8 times the entry, and how many letters before it are a prefix
            "first": (size.entries + 1, torch.int32),  # where the readings of an entry begin; the next one's end them
            "codes": (size.readings, torch.int64),  # marks of a reading, 4 bits a letter, without its last letter's
        }
        for name, (count, dtype) in buffers.items():
            self.register_buffer(name, torch.zeros(count, dtype=dtype))
        # Real even where modules are built on the meta device: they stand in no file.
        self.register_buffer("powers", torch.from_numpy(_POWERS), persistent=False)
        self.register_buffer("contradict", torch.from_numpy(_CONTRADICT), persistent=False)
        self.table = nn.Parameter(torch.zeros(size.readings, size.dim))
        self.project = nn.Parameter(torch.zeros(size.dim, size.hidden))
        self.gain = nn.Parameter(torch.zeros(size.words))

    def forward(self, ids: Tensor, marks: Tensor | None, positions: Tensor, lengths: Tensor) -> Tensor:
        """Return what is added to the tokens' vectors, (tokens, hidden), so that the mean over a text is as above.

        Args:
            ids: Piece ids, shape (tokens,); texts lie unbroken in the row.
            marks: Packed marks, int64 (tokens,); None for bare text.
            positions: Place of each token in its text, from 0, (tokens,).
            lengths: Tokens of the text that each token is in, (tokens,).
        """
        found = self.words(ids, marks, positions)
        at = torch.searchsorted(self.keys, found.keys).clamp_(max=len(self.keys) - 1)
        known = (self.keys[at] == found.keys) & found.begin
        spots = self.spots[at].long()
        readings = self.first[spots >> 3].long()[:, None] + torch.arange(MOST_READINGS, device=ids.device)
        there = readings < self.first[(spots >> 3) + 1][:, None]
        readings = readings.clamp(max=len(self.codes) - 1)
        allowed = there & known[:, None]
        if found.codes is not None:
            allowed &= ~self._contradict(found.codes >> (4 * (spots & 7)), self.codes[readings])
        words = count_in_sequence(found.begin, positions, lengths)
        share = self.gain[words.clamp(1, len(self.gain)) - 1] * lengths / (words * allowed.sum(1)).clamp(min=1)
        weights = (allowed * share[:, None]).to(self.table.dtype)
        return torch.einsum("tr,trd->td", weights, self.table[readings]) @ self.project

    def words(self, ids: Tensor, marks: Tensor | None, positions: Tensor) -> Words:
        """Put the pieces of each word together; arguments as above."""
        letters = self.piece_letters[ids].long()
        begins = ((letters & 1) != 0) | (positions == 0)
        letters = letters >> 1
        word = begins.long().cumsum(0) - 1
        numbers = torch.arange(len(ids), device=ids.device)
        first = torch.where(begins, numbers, 0).cummax(0).values
        before = letters.cumsum(0) - letters
        before = before - before[first]  # letters of the word before the piece

        def joined(values: Tensor) -> Tensor:
            return torch.zeros_like(values).index_add_(0, word, values)[word]

        keys = joined(self.piece_keys[ids] * self.powers[before.clamp(max=_LONGEST - 1)])
        begin = begins & (joined(letters) > 0)
        if marks is None:
            return Words(keys, begin, None)
        # A lone metaspace repeats the marks of the letter after it: no letter, no marks.
        inner = marks & ((1 << (4 * letters.clamp(max=CASE_SLOT))) - 1)
        return Words(keys, begin, joined(inner << (4 * before).clamp(max=60)) & INNER_MARKS)

    def _contradict(self, codes: Tensor, readings: Tensor) -> Tensor:
        """Return True where marks, (n,), contradict the marks of readings, (n, readings): bool (n, readings)."""
        shifts = 4 * torch.arange(CASE_SLOT, device=codes.device)
        mine = (codes[:, None] >> shifts) & 15
        theirs = (readings[:, :, None] >> shifts) & 15
        return self.contradict[16 * mine[:, None] + theirs].any(2)


def table_fault(size: DictionarySize, tables: Mapping[str, Tensor]) -> str | None:
    """Return which table would be searched wrongly or beyond its end, and why; None if none would.

    Args:
        size: Of the dictionary.
        tables: Its state by the names in `Dictionary`, of the right shapes.
    """
    first, spots, letters = tables["first"].long(), tables["spots"].long(), tables["piece_letters"]
    wrong = {
        "keys": (tables["keys"].diff() <= 0, "not in ascending order"),
        "spots": ((spots < 0) | (spots >> 3 >= size.entries), f"beyond the {size.entries} entries"),
        "first": (first.diff(prepend=first[:1] * 0, append=first.new_tensor([size.readings])) < 0, "not in order"),
        "piece_letters": (letters < 0, "negative"),
    }
    return next((f"dictionary.{name} is {what}" for name, (where, what) in wrong.items() if bool(where.any())), None)


def piece_tables(pieces: Sequence[str], specials: Iterable[int]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return what a `Dictionary` has to know of each piece.

    Args:
        pieces: The vocabulary in the order of its ids, metaspaces written out.
        specials: Ids of those that are no letters of a text, the unknown piece among them.

    Returns:
        The sum over the letters of each piece, and twice the number of its letters, with 1 more where it begins a word.
    """
    apart = frozenset(specials)
    keys, letters = np.zeros(len(pieces), np.int64), np.zeros(len(pieces), np.int32)
    for index, piece in enumerate(pieces):
        if index in apart:
            continue
        text = letters_of(piece)
        keys[index] = key_of(text)
        letters[index] = 2 * len(text) + piece.startswith(_METASPACE)
    return keys, letters


def letters_of(text: str) -> str:
    """Return the letters of a word that count for its key: no stops, brackets or digits."""
    return "".join(character for character in text if character.isalpha())


def key_of(word: str) -> int:
    """Compute the key of a bare word: summed over its letters, a number for the letter times a power for its place."""
    total = 0
    for place, letter in enumerate(word[:_LONGEST]):
        # A letter's number: its code point through the finaliser of SplitMix64 (Steele et al. 2014).
        value = ord(letter) * 0x9E3779B97F4A7C15 % 2**64
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB % 2**64
        total += (value ^ (value >> 31)) * (int(_POWERS[place]) % 2**64)
    total %= 2**64
    return total - 2**64 if total >= 2**63 else total
