"""Arabic script: marks, spelling, clitics and tokens. Nothing in here imports torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harakat._support.lazy import lazy_names
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

# The spelling rules compile a good many patterns: only whoever respells pays for them.
__getattr__, __dir__ = lazy_names(
    __name__, {"harakat.arabic.spelling.imlai": ("AlignedText", "to_imlai", "to_imlai_aligned")}, __all__
)
