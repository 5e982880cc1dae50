"""Retrieval: an exact ranking of documents, judged by trec_eval's own measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harakat._support.extras import require
from harakat.data.beir import RetrievalSet, read_beir
from harakat.embedders.base import Embedder
from harakat.errors import OptionError
from harakat.evaluation.figures import Figure, Key, in_form, marks_of
from harakat.evaluation.significance import Sample
from harakat.evaluation.tasks.task import Task
from harakat.evaluation.views import View

__all__ = ["RECALLS", "retrieval_figures", "retrieval_task", "score_runs", "top_documents"]

CUT = 10
RECALLS = (1, 10, 100)
BLOCK = 2**24
"""Number of scores in memory at a time."""


def top_documents(
    queries: NDArray[np.float32], documents: NDArray[np.float32], depth: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Find the nearest documents of each query, exactly.

    Args:
        queries: float32 (q, dim), unit rows.
        documents: float32 (d, dim), unit rows.
        depth: Number of documents a query; fewer where there are fewer documents.

    Returns:
        int64 (q, depth) places of documents, best first, ties by place, and float32 (q, depth) their cosines.
    """
    depth = min(depth, len(documents))
    places = np.empty((len(queries), depth), dtype=np.int64)
    scores = np.empty((len(queries), depth), dtype=np.float32)
    for start in range(0, len(queries), step := max(1, BLOCK // max(1, len(documents)))):
        block = queries[start : start + step] @ documents.T
        part = np.argpartition(-block, depth - 1, axis=1)[:, :depth] if depth < block.shape[1] else None
        if part is None:
            part = np.broadcast_to(np.arange(depth), (len(block), depth))
        part = np.sort(part, axis=1)
        found = np.take_along_axis(block, part, axis=1)
        order = np.argsort(-found, axis=1, kind="stable")
        places[start : start + step] = np.take_along_axis(part, order, axis=1)
        scores[start : start + step] = np.take_along_axis(found, order, axis=1)
    return places, scores


def score_runs(
    runs: Mapping[str, Mapping[str, float]], relevant: Mapping[str, Mapping[str, int]], recalls: Sequence[int] = RECALLS
) -> dict[str, NDArray[np.float64]]:
    """Compute trec_eval's measures of each query, through pytrec_eval.

    nDCG has linear gains; MAP@10 divides by all relevant documents, also where they are over ten; equal scores are
    ordered by document id, backwards.

    Args:
        runs: Query id to document id to score.
        relevant: Query id to document id to grade.
        recalls: Depths of recall.

    Returns:
        Measure to float64 (queries,), in the order of `runs`, from 0 to 1.

    Raises:
        MissingExtraError: pytrec-eval-terrier is not installed.
    """
    library = require("pytrec_eval", "eval")
    names = {f"nDCG@{CUT}": f"ndcg_cut_{CUT}", f"MAP@{CUT}": f"map_cut_{CUT}", f"MRR@{CUT}": "recip_rank"}
    names |= {f"recall@{k}": f"recall_{k}" for k in recalls}
    judge = library.RelevanceEvaluator(
        {query: dict(grades) for query, grades in relevant.items() if query in runs},
        {f"ndcg_cut.{CUT}", f"map_cut.{CUT}", "recip_rank", *(f"recall.{k}" for k in recalls)},
    )
    scored = judge.evaluate({query: dict(run) for query, run in runs.items()})
    found = {name: np.array([scored[query][theirs] for query in runs]) for name, theirs in names.items()}
    # A first hit below the cut is none.
    reciprocal = found[f"MRR@{CUT}"]
    found[f"MRR@{CUT}"] = np.where(reciprocal > 1 / (CUT + 0.5), reciprocal, 0.0)
    return found


def retrieval_figures(
    embedder: Embedder,
    data: RetrievalSet,
    views: Sequence[View],
    *,
    recalls: Sequence[int] = RECALLS,
    marks: Iterable[str] = ("as-is",),
) -> list[Figure]:
    """Compute nDCG@10, MAP@10, MRR@10 and recall@k, each x 100 and a mean over queries.

    Args:
        embedder: The system.
        data: Queries and documents.
        views: Forms of the vectors.
        recalls: Depths of recall.
        marks: Forms of the texts; ``"bare"`` strips queries and documents.

    Raises:
        OptionError: A recall depth below 1.
        MissingExtraError: pytrec-eval-terrier is not installed.
    """
    if not recalls or min(recalls) < 1:
        raise OptionError(f"recall at {list(recalls)}: depths are 1 and above")
    require("pytrec_eval", "eval")
    depth = max(CUT, *recalls)
    ids = list(data.documents)
    figures = []
    for form in marks_of(marks):
        documents = embedder.encode(in_form(list(data.documents.values()), form), "document")
        queries = embedder.encode(in_form(list(data.queries.values()), form), "query")
        for view in views:
            places, scores = top_documents(view.rows(queries), view.rows(documents), depth)
            runs = {
                query: {ids[place]: float(score) for place, score in zip(row, row_scores, strict=True)}
                for query, row, row_scores in zip(data.queries, places, scores, strict=True)
            }
            for metric, values in score_runs(runs, data.relevant, recalls).items():
                figures.append(Figure(Key(data.name, metric, "all", form), view, Sample(values, scale=100)))
    return figures


def retrieval_task(
    source: str | Path,
    split: str = "test",
    *,
    recalls: Sequence[int] = RECALLS,
    revision: str | None = None,
    offline: bool = False,
) -> Task:
    """Open the task of a set in the BEIR layout.

    Args:
        source: As in `harakat.data.beir.read_beir`.
        split: As in `read_beir`.
        recalls: Depths of recall.
        revision: As in `read_beir`.
        offline: As in `read_beir`.

    Raises:
        HarakatError: As `read_beir`.
    """
    data = read_beir(source, split, revision=revision, offline=offline)
    return Task(
        f"Retrieval on {data.name}",
        {"retrieval": data.facts},
        lambda embedder, views, marks: retrieval_figures(embedder, data, views, recalls=recalls, marks=marks),
    )
