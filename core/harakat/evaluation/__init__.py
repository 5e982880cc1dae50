"""Judging encoders: Muradif, STS, synsets, retrieval, the Quran; figures with intervals, tables and pictures.

A system is anything that turns texts into vectors (`open_embedder`, `as_embedder`), a form of its vectors is a `View`
(dim and precision), and a measure gives figures that know the items they come from, so that two systems can be
compared with a paired bootstrap. Needs the extra ``eval``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harakat._support.lazy import lazy_names

if TYPE_CHECKING:
    from harakat.embedders.embedder import Embedder, as_embedder, open_embedder, reading_bare
    from harakat.evaluation.card import CardReport, card_report, card_table
    from harakat.evaluation.figures import Figure, Key, Result, compare_results
    from harakat.evaluation.report import Report
    from harakat.evaluation.significance import Bootstrap, Difference, Interval, Sample, compare, interval
    from harakat.evaluation.tasks.beir import read_beir
    from harakat.evaluation.tasks.families import FAMILIES, family_rows
    from harakat.evaluation.tasks.muradif import muradif_figures, read_muradif
    from harakat.evaluation.tasks.quran import quran_result
    from harakat.evaluation.tasks.retrieval import RetrievalSet, retrieval_figures
    from harakat.evaluation.tasks.sts import read_sts, sts_figures
    from harakat.evaluation.tasks.synsets import homograph_rows, read_synsets, synonym_rows
    from harakat.evaluation.tasks.triplets import triplet_figures
    from harakat.evaluation.views import View, views_of

__all__ = [
    "FAMILIES",
    "Bootstrap",
    "CardReport",
    "Difference",
    "Embedder",
    "Figure",
    "Interval",
    "Key",
    "Report",
    "Result",
    "RetrievalSet",
    "Sample",
    "View",
    "as_embedder",
    "card_report",
    "card_table",
    "compare",
    "compare_results",
    "family_rows",
    "homograph_rows",
    "interval",
    "muradif_figures",
    "open_embedder",
    "quran_result",
    "read_beir",
    "read_muradif",
    "read_sts",
    "read_synsets",
    "reading_bare",
    "retrieval_figures",
    "sts_figures",
    "synonym_rows",
    "triplet_figures",
    "views_of",
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "harakat.embedders.embedder": ("Embedder", "as_embedder", "open_embedder", "reading_bare"),
        "harakat.evaluation.card": ("CardReport", "card_report", "card_table"),
        "harakat.evaluation.figures": ("Figure", "Key", "Result", "compare_results"),
        "harakat.evaluation.report": ("Report",),
        "harakat.evaluation.significance": ("Bootstrap", "Difference", "Interval", "Sample", "compare", "interval"),
        "harakat.evaluation.tasks.beir": ("read_beir",),
        "harakat.evaluation.tasks.families": ("FAMILIES", "family_rows"),
        "harakat.evaluation.tasks.muradif": ("muradif_figures", "read_muradif"),
        "harakat.evaluation.tasks.quran": ("quran_result",),
        "harakat.evaluation.tasks.retrieval": ("RetrievalSet", "retrieval_figures"),
        "harakat.evaluation.tasks.sts": ("read_sts", "sts_figures"),
        "harakat.evaluation.tasks.synsets": ("homograph_rows", "read_synsets", "synonym_rows"),
        "harakat.evaluation.tasks.triplets": ("triplet_figures",),
        "harakat.evaluation.views": ("View", "views_of"),
    },
    __all__,
)
