"""An evaluation that needs no data but the Quran in the package `quran-text`, and homograph families.

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
from harakat.data.held_out import is_held_out_surah
from harakat.embedders.embedder import Embedder
from harakat.evaluation.figures import Result
from harakat.evaluation.tasks.families import FAMILIES, family_rows
from harakat.evaluation.tasks.retrieval import RetrievalSet, retrieval_figures
from harakat.evaluation.tasks.triplets import triplet_figures
from harakat.evaluation.views import View

__all__ = ["halves", "quran_result", "typed_verses"]

FIRST_SURAH = 36
"""Earlier surahs have the longest verses, and would take most of the time."""
HALF_WORDS = 5
"""Fewest words of a half."""
RECALLS = (1, 10)


@cache
def _verses() -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Key, marked Uthmani words, and the same words as typed today; none of six verses that the package lacks so."""
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
    """A verse as typed today, among the marked verses; verses that are typed alike all count as found.

    Args:
        whole: All 6,236 verses; else the 775 of the 27 surahs from 36 on whose number 3 divides, which harakat-mini
            was not trained on.
        every: Every how many-th verse is asked for.

    Raises:
        MissingExtraError: `quran-text` is not installed.
    """
    verses = _chosen(whole)
    typed = {key: " ".join(words) for key, _, words in verses if words}
    documents = {key: " ".join(words) for key, words, _ in verses}
    return _named("typed verse", list(typed.items())[::every], documents, typed)


def halves(*, whole: bool = False, every: int = 1) -> RetrievalSet:
    """The first half of a verse as typed today, among the marked second halves of verses of ten words and more.

    Args:
        whole: As in `typed_verses`.
        every: Every how many-th verse is asked for.

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
    """Whatever is spelled like the right document of an equal query is right too."""
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


def quran_result(embedder: Embedder, views: Sequence[View], *, whole: bool = False, every: int | None = None) -> Result:
    """The three tasks for one system.

    Args:
        embedder: The system.
        views: Forms of the vectors.
        whole: As in `typed_verses`.
        every: Every how many-th verse is asked for; None for every second verse and every half.

    Raises:
        MissingExtraError: `quran-text` or pytrec-eval-terrier is not installed.
    """
    result = Result(embedder.name, dict(embedder.facts))
    verses, parts = typed_verses(whole=whole, every=every or 2), halves(whole=whole, every=every or 1)
    for data in (verses, parts):
        result.figures += retrieval_figures(embedder, data, views, recalls=RECALLS)
        result.notes.append(f"{data.name}: {data.facts['queries']:,} queries, {data.facts['documents']:,} documents")
    rows = family_rows()
    result.figures += triplet_figures(
        "homographs", embedder, rows, views, groups=[strip_marks(row.synonym) for row in rows]
    )
    result.notes.append(f"homographs: {len(rows)} rows of {len(FAMILIES)} self-written families")
    return result
