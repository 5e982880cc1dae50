"""Separation of marks from letters in a text of many words, by arrays.

The array twin of `separate_marks` of `harakat.arabic.tokenizers.published`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["separate_by_arrays"]

_LETTER, _MARK, _SPACE = 0, 1, 2
_BLANK, _NO_MARK = 0x20, 0x25CC


@cache
def _kinds(marks: frozenset[str]) -> NDArray[np.uint8]:
    """Return the kind (letter, mark or space) of each character up to U+3000, the last white space character."""
    spaces = [point for point in range(0x3001) if chr(point).isspace()]
    kinds = np.full(0x3002, _LETTER, np.uint8)
    kinds[spaces] = _SPACE
    kinds[[ord(mark) for mark in marks]] = _MARK
    return kinds


def separate_by_arrays(text: str, separator: str, marks: frozenset[str]) -> str:
    """Replace each word that holds a mark by its letters, a space, and one group of marks a letter.

    Args:
        text: A normalised text, not empty.
        separator: What stands between the clitics of a segmented word.
        marks: What counts as a mark.
    """
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    table = _kinds(marks)
    kinds = table[np.minimum(codes, len(table) - 1)]
    for match in re.finditer(re.escape(separator), text) if separator in text else ():
        kinds[match.start() : match.end()] = _SPACE
    inside = kinds != _SPACE
    heads = inside.copy()
    heads[1:] &= ~inside[:-1]
    # A mark before any letter hangs on a blank.
    hanging = np.flatnonzero(heads & (kinds == _MARK))
    if len(hanging):
        codes, kinds = np.insert(codes, hanging, _BLANK), np.insert(kinds, hanging, _LETTER)
        inside = kinds != _SPACE
        heads = inside.copy()
        heads[1:] &= ~inside[:-1]
    is_mark = kinds == _MARK
    starts = np.flatnonzero(heads)
    if not len(starts):
        return text
    ends = np.flatnonzero(inside & np.append(~inside[1:], True)) + 1
    piece = np.cumsum(heads, dtype=np.int32) - 1  # of what is inside one
    marked = np.logical_or.reduceat(np.append(is_mark, False), np.column_stack((starts, ends)).ravel())[::2]
    spread = inside & marked[np.maximum(piece, 0)]
    letter, mark = spread & ~is_mark, spread & is_mark
    bare = letter & ~np.append(mark[1:], False)
    # What goes out for each character: itself, and for a letter of a marked word without marks a circle more. Each
    # marked word has a blank more, between its letters and its groups.
    grouped = mark | bare
    sizes = np.where(spread, letter.astype(np.int32) + grouped, 1)
    begins, letters, groups = _sums(sizes), _sums(letter), _sums(grouped)
    blanks = np.cumsum(marked)  # up to and with each piece
    first, last = starts[marked], ends[marked]
    own = np.cumsum(marked) - 1
    out = np.full(int(begins[-1] + blanks[-1]), _BLANK, np.uint32)
    # Characters that stay move by the blanks before them.
    before = np.append(0, blanks)[piece + 1]
    stays = ~spread
    out[(begins[:-1] + before)[stays]] = codes[stays]
    base = begins[first] + np.arange(len(first))
    groups_at = base + letters[last] - letters[first] + 1
    at = np.flatnonzero(letter)
    word = own[piece[at]]
    out[base[word] + letters[at] - letters[first][word]] = codes[at]
    at = np.flatnonzero(grouped)
    word = own[piece[at]]
    out[groups_at[word] + groups[at] - groups[first][word]] = np.where(bare[at], _NO_MARK, codes[at])
    return out.astype("<u4", copy=False).tobytes().decode("utf-32-le", "surrogatepass")


def _sums(counts: NDArray[Any]) -> NDArray[np.int32]:
    """Return the sum of the counts before each place, and the total at the end."""
    sums = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=sums[1:])
    return sums
