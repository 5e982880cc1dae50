"""The script: marks, spelling, clitics, tokens. Nothing in here imports torch."""

from __future__ import annotations

from harakat.arabic.diacritics import (
    MarkKind,
    canonical_mark_order,
    is_mark,
    join_marks,
    split_marks,
    strip_marks,
)

__all__ = ["MarkKind", "canonical_mark_order", "is_mark", "join_marks", "split_marks", "strip_marks"]
