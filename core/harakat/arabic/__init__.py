"""Arabic script: marks, spelling, clitics and tokens. Nothing in here imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harakat.arabic.marks.diacritics import (
    MarkKind,
    canonical_mark_order,
    is_mark,
    join_marks,
    split_marks,
    strip_marks,
)

if TYPE_CHECKING:
    from harakat.arabic.spelling.imlai import AlignedText, to_imlai, to_imlai_aligned

__all__ = [
    "AlignedText",
    "MarkKind",
    "canonical_mark_order",
    "is_mark",
    "join_marks",
    "split_marks",
    "strip_marks",
    "to_imlai",
    "to_imlai_aligned",
]

_SPELLING = frozenset({"AlignedText", "to_imlai", "to_imlai_aligned"})


def __getattr__(name: str) -> object:
    # The spelling rules compile a good many patterns: only whoever respells pays for them.
    if name in _SPELLING:
        from harakat.arabic.spelling import imlai as orthography

        for each in _SPELLING:
            globals()[each] = getattr(orthography, each)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
