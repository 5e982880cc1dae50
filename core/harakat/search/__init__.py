"""Search by letters: words, stems, trigrams, marks and pairs of words as one sparse vector; fusion with dense scores.

`SparseEncoder` turns documents and queries into sparse vectors whose inner product is a lexical score from 0 to 1.
Nothing in here imports torch or knows a store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harakat._support.lazy import lazy_names

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

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "harakat.search.fields": ("Field",),
        "harakat.search.fusion": (
            "adaptive_fusion",
            "align",
            "boost_runs",
            "min_max_fusion",
            "rank_fusion",
            "weighted_sum",
            "z_score_fusion",
        ),
        "harakat.search.idf": ("IdfTable",),
        "harakat.search.questions": ("is_question",),
        "harakat.search.runs": ("longest_runs", "run_shares"),
        "harakat.search.settings": ("DEFAULT_FIELDS", "FieldAverages", "FieldSetting"),
        "harakat.search.sparse": ("SparseEncoder", "SparseVector", "to_csr"),
        "harakat.search.words": ("Word", "fold_word", "has_words", "split_words"),
    },
    __all__,
)
