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
    from harakat.arabic.spelling.everyday import to_everyday
    from harakat.arabic.spelling.imlai import AlignedText, to_imlai, to_imlai_aligned
    from harakat.arabic.spelling.markup import has_markup, strip_markup
    from harakat.arabic.spelling.pdf import PdfRepair, needs_pdf_repair, repair_pdf_text

__all__ = [
    "AlignedText",
    "MarkKind",
    "PdfRepair",
    "canonical_mark_order",
    "has_markup",
    "is_mark",
    "join_marks",
    "needs_pdf_repair",
    "repair_pdf_text",
    "split_marks",
    "strip_marks",
    "strip_markup",
    "to_everyday",
    "to_imlai",
    "to_imlai_aligned",
]

# The spelling rules compile a good many patterns: only whoever respells pays for them.
__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "harakat.arabic.spelling.everyday": ("to_everyday",),
        "harakat.arabic.spelling.imlai": ("AlignedText", "to_imlai", "to_imlai_aligned"),
        "harakat.arabic.spelling.markup": ("has_markup", "strip_markup"),
        "harakat.arabic.spelling.pdf": ("PdfRepair", "needs_pdf_repair", "repair_pdf_text"),
    },
    __all__,
)
