"""Search by letters: words, stems, trigrams, marks and pairs of words as one sparse vector; fusion with dense scores.

`SparseEncoder` turns documents and queries into sparse vectors whose inner product is a lexical score from 0 to 1.
Nothing in here imports torch or knows a store.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harakat.search.fields import Field
    from harakat.search.fusion import (
        adaptive_fusion,
        align,
        boost_runs,
        min_max_fusion,
        rank_fusion,
        weighted_sum,
        z_score_fusion,
    )
    from harakat.search.idf import IdfTable
    from harakat.search.questions import is_question
    from harakat.search.runs import longest_runs, run_shares
    from harakat.search.settings import DEFAULT_FIELDS, FieldAverages, FieldSetting
    from harakat.search.sparse import SparseEncoder, SparseVector, to_csr
    from harakat.search.words import Word, fold_word, has_words, split_words

__all__ = [
    "DEFAULT_FIELDS",
    "Field",
    "FieldAverages",
    "FieldSetting",
    "IdfTable",
    "SparseEncoder",
    "SparseVector",
    "Word",
    "adaptive_fusion",
    "align",
    "boost_runs",
    "fold_word",
    "has_words",
    "is_question",
    "longest_runs",
    "min_max_fusion",
    "rank_fusion",
    "run_shares",
    "split_words",
    "to_csr",
    "weighted_sum",
    "z_score_fusion",
]

_MODULES = {
    "fields": ("Field",),
    "fusion": (
        "adaptive_fusion",
        "align",
        "boost_runs",
        "min_max_fusion",
        "rank_fusion",
        "weighted_sum",
        "z_score_fusion",
    ),
    "idf": ("IdfTable",),
    "questions": ("is_question",),
    "runs": ("longest_runs", "run_shares"),
    "settings": ("DEFAULT_FIELDS", "FieldAverages", "FieldSetting"),
    "sparse": ("SparseEncoder", "SparseVector", "to_csr"),
    "words": ("Word", "fold_word", "has_words", "split_words"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    # Loaded on first use: the analysis compiles tables that an import alone need not pay for.
    if name in _HOME:
        value = getattr(import_module(f"harakat.search.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
