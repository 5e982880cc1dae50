"""The Quran in the package `quran-text`, and homograph families: an evaluation that needs no other data.

Three tasks: a verse as it is typed today, without marks, finds its marked Uthmani original; the first half of a verse,
typed so, finds its marked second half; and a word is nearer to the reading of its meaning than to another reading
of the same letters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

from harakat._support.extras import require
from harakat.arabic import strip_marks
from harakat.data.beir import RetrievalSet
from harakat.data.families import FAMILIES, family_rows
from harakat.data.held_out import is_held_out_surah
from harakat.embedders.base import Embedder
from harakat.evaluation.figures import Figure
from harakat.evaluation.tasks.retrieval import retrieval_figures
from harakat.evaluation.tasks.task import Task
from harakat.evaluation.tasks.triplets import triplet_figures
from harakat.evaluation.views import View

__all__ = ["halves", "quran_task", "typed_verses"]

FIRST_SURAH = 36
"""First surah that is asked for; earlier ones have the longest verses, and would take most of the time."""
HALF_WORDS = 5
"""Smallest number of words in a half."""
RECALLS = (1, 10)


@cache
def _verses() -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Read key, marked Uthmani words, and the words as typed today, which the package lacks for six verses."""
    mushaf = require("quran_text", "cli").Mushaf.hafs()
    return tuple(
        (ayah.key, tuple(ayah.text.split()), tuple(ayah.rasm_imlai) if all(ayah.rasm_imlai) else ())
        for surah in mushaf.surahs
        for ayah in surah.ayahs
    )


def _chosen(whole: bool) -> list[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return [
        verse
        for verse in _verses()
        if whole or (is_held_out_surah(verse[0]) and int(verse[0].split(":")[0]) >= FIRST_SURAH)
    ]


def typed_verses(*, whole: bool = False, every: int = 2) -> RetrievalSet:
    """Make queries of verses as typed today and documents of the marked verses; verses typed alike are all relevant.

    Args:
        whole: All 6,236 verses; else the 775 of the 27 surahs from 36 on whose number 3 divides, which harakat-mini
            was not trained on.
        every: Distance of the verses that are queries; 2 for every second one.

    Raises:
        MissingExtraError: `quran-text` is not installed.
    """
    verses = _chosen(whole)
    typed = {key: " ".join(words) for key, _, words in verses if words}
    documents = {key: " ".join(words) for key, words, _ in verses}
    return _named("typed verse", list(typed.items())[::every], documents, typed)


def halves(*, whole: bool = False, every: int = 1) -> RetrievalSet:
    """Make queries of first halves as typed today and documents of marked second halves, of verses from ten words on.

    Args:
        whole: As in `typed_verses`.
        every: Distance of the verses that are queries; 2 for every second one.

    Raises:
        MissingExtraError: `quran-text` is not installed.
    """
    long = [(key, words, plain) for key, words, plain in _chosen(whole) if len(plain) >= 2 * HALF_WORDS]
    first = [(key, " ".join(plain[: len(plain) // 2])) for key, _, plain in long]
    second = {key: " ".join(words[len(words) // 2 :]) for key, words, _ in long}
    return _named(
        "verse half", first[::every], second, dict(first), {k: " ".join(p[len(p) // 2 :]) for k, _, p in long}
    )


def _named(
    name: str,
    queries: list[tuple[str, str]],
    documents: dict[str, str],
    asked: dict[str, str],
    spelled: dict[str, str] | None = None,
) -> RetrievalSet:
    """Make a set in which documents spelled like the relevant one of an equal query are relevant too."""
    spelled = spelled or asked
    by_query: dict[str, set[str]] = defaultdict(set)
    for key, text in asked.items():
        by_query[text].add(spelled[key])
    by_document: dict[str, list[str]] = defaultdict(list)
    for key, text in spelled.items():
        by_document[text].append(key)
    relevant = {key: {d: 1 for s in by_query[text] for d in by_document[s]} for key, text in queries}
    facts: dict[str, Any] = {"queries": len(queries), "documents": len(documents)}
    return RetrievalSet(name, dict(queries), documents, relevant, facts)


def quran_task(*, whole: bool = False, every: int | None = None) -> Task:
    """Open the task of the Quran: typed verses, verse halves and homographs.

    Args:
        whole: As in `typed_verses`.
        every: Distance of the verses that are queries; None for every second verse and every half.

    Raises:
        MissingExtraError: `quran-text` is not installed.
    """
    sets = typed_verses(whole=whole, every=every or 2), halves(whole=whole, every=every or 1)
    rows = family_rows()
    groups = [strip_marks(row.positive) for row in rows]

    def measure(embedder: Embedder, views: Sequence[View], marks: Sequence[str]) -> list[Figure]:
        figures = [f for data in sets for f in retrieval_figures(embedder, data, views, recalls=RECALLS)]
        return figures + triplet_figures("homographs", embedder, rows, views, groups=groups)

    return Task(
        "The Quran, and homographs",
        {"verses of": "all 114 surahs" if whole else "27 surahs that harakat-mini was not trained on"},
        measure,
        (
            *(f"{d.name}: {d.facts['queries']:,} queries, {d.facts['documents']:,} documents" for d in sets),
            f"homographs: {len(rows)} rows of {len(FAMILIES)} self-written families",
        ),
    )
