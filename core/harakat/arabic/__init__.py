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

_SPELLING = {
    "everyday": ("to_everyday",),
    "imlai": ("AlignedText", "to_imlai", "to_imlai_aligned"),
    "markup": ("has_markup", "strip_markup"),
    "pdf": ("PdfRepair", "needs_pdf_repair", "repair_pdf_text"),
}
_MODULES = {name: module for module, names in _SPELLING.items() for name in names}


def __getattr__(name: str) -> object:
    # The spelling rules compile a good many patterns: only a caller who respells pays for them.
    if name in _MODULES:
        from importlib import import_module

        module = import_module(f"harakat.arabic.spelling.{_MODULES[name]}")
        for each in _SPELLING[_MODULES[name]]:
            globals()[each] = getattr(module, each)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
