"""Seats of hamzas in many words at once.

The array twin of `harakat.arabic.spelling.uthmani.hamza.seat_hamza`.
"""

from __future__ import annotations

import numpy as np

from harakat.arabic.marks.diacritics import DAGGER_ALEF, DAMMA, FATHA, FATHATAN, KASRA, SUKUN
from harakat.arabic.spelling.uthmani.columns import FREE_HAMZA, Columns, group, has, where_is
from harakat.arabic.spelling.uthmani.letters import (
    ALEF,
    ALEF_HAMZA_ABOVE,
    ALEF_HAMZA_BELOW,
    ALEF_MADDA,
    BAA,
    CLITICS,
    HAMZA,
    LAM,
    SEEN,
    SHORT,
    TANWIN,
    WAW,
    WAW_HAMZA,
    YAA,
    YAA_HAMZA,
)

__all__ = ["seat_hamzas"]

_CLITICS = group(CLITICS)
_LINE, _ABOVE, _BELOW, _MADDA, _WAW, _YAA = map(
    ord, (HAMZA, ALEF_HAMZA_ABOVE, ALEF_HAMZA_BELOW, ALEF_MADDA, WAW_HAMZA, YAA_HAMZA)
)


def seat_hamzas(columns: Columns) -> None:
    """Give hamzas the seats of everyday spelling; words with two of them are odd."""
    letters, marks = columns.letters, columns.marks
    hamzas = where_is(letters, HAMZA + FREE_HAMZA)
    at = np.flatnonzero(hamzas)
    if not len(at):
        return
    own, free = marks[at], where_is(letters[at], FREE_HAMZA)
    before, before_marks, after, after_marks = letters[at - 1], marks[at - 1], letters[at + 1], marks[at + 1]
    first, last = before == 0, after == 0
    word = np.searchsorted(np.flatnonzero(letters == 0), at)
    again = np.append(False, word[1:] == word[:-1])
    # A dagger alef that is a seat, and one of which the hamza makes a letter.
    dagger = has(own, DAGGER_ALEF) | (has(own, SUKUN) & has(before_marks, DAGGER_ALEF))
    odd = np.zeros(len(letters), np.bool_)
    odd[at[again | dagger | (first & last)]] = True
    columns.refuse(odd)

    after_long_a = where_is(before, ALEF + ALEF_MADDA) | has(before_marks, DAGGER_ALEF)
    after_yaa = where_is(before, YAA) & ~has(before_marks, FATHA + DAMMA)
    after_kasra = has(before_marks, KASRA)
    bare_alef = where_is(after, ALEF + ALEF_MADDA) & (after_marks == 0)
    # With an alef behind it: the two are one letter, or a yaa seats it.
    opens = ~first & bare_alef & ~has(own, DAMMA + KASRA + TANWIN) & ~after_long_a
    seconds, thirds, fourths = (letters[np.maximum(at - by, 0)] for by in (2, 3, 4))
    clitics = (seconds == 0) | (_CLITICS[seconds] & ((thirds == 0) | (_CLITICS[thirds] & (fourths == 0))))
    proclitic = where_is(before, BAA + LAM) & clitics
    on_yaa = opens & (after_kasra | after_yaa) & ~proclitic
    one = opens & ~on_yaa & (free | has(own, FATHA) | proclitic)
    one |= first & bare_alef & ~has(own, DAMMA + KASRA)

    damma = np.select(
        [after_long_a | where_is(before, WAW), where_is(before, ALEF_HAMZA_ABOVE) & has(before_marks, FATHA)],
        [_LINE, _ABOVE],
        np.where(where_is(after, WAW), np.where(free, _YAA, _LINE), _WAW),
    )
    open_or_closed = np.select(
        [
            after_long_a | (where_is(before, WAW) & ~has(before_marks, SHORT)),
            has(before_marks, DAMMA),
            has(own, FATHATAN) & ~has(before_marks, FATHA),
            last,
        ],
        [_LINE, _WAW, np.where(free, _YAA, _LINE), _LINE],
        _ABOVE,
    )
    root_of_despair = after_yaa & ~after_kasra & where_is(after, SEEN)
    seats = np.select(
        [
            one,
            first,
            on_yaa,
            opens | (last & ~free),
            has(own, KASRA) & ~last,
            after_kasra | (after_yaa & free),
            has(own, DAMMA),
            has(own, SUKUN + FATHA + FATHATAN),
        ],
        [
            _MADDA,
            np.where(has(own, KASRA), _BELOW, _ABOVE),
            _YAA,
            _LINE,
            _YAA,
            np.where(root_of_despair, _ABOVE, _YAA),
            damma,
            open_or_closed,
        ],
        np.where(free & ~last, _YAA, _LINE),
    )
    letters[at] = seats
    marks[at[one]] = 0
    # No alef after a tanwin on an alef with hamza.
    closed = ~first & ~opens & (seats == _ABOVE) & has(own, FATHATAN) & where_is(after, ALEF)
    left_out = np.zeros(len(letters), np.bool_)
    left_out[at[one | closed] + 1] = True
    columns.leave_out(left_out)
