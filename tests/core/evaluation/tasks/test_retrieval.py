"""Retrieval: the layout is checked, the ranking is exact, the measures are those of a plain reckoning."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat.data.beir import RetrievalSet, read_beir
from harakat.errors import EvaluationError, OptionError, RecordError
from harakat.evaluation import Embedder, View
from harakat.evaluation.tasks.retrieval import retrieval_figures, score_runs, top_documents


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    documents = [("d1", "عنوان", "نص أول"), ("d2", "", "نص ثان"), ("d3", "باب", "نص ثالث")]
    lines = [json.dumps({"_id": i, "title": t, "text": x}, ensure_ascii=False) for i, t, x in documents]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    queries = [json.dumps({"_id": f"q{n}", "text": f"سؤال {n}"}, ensure_ascii=False) for n in (1, 2, 3)]
    (tmp_path / "queries.jsonl").write_text("\n".join(queries), encoding="utf-8")
    (tmp_path / "qrels").mkdir()
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td1\t2\nq2\td3\t0\n")
    return tmp_path


def test_the_layout(folder: Path):
    data = read_beir(folder)
    assert data.documents == {"d1": "عنوان نص أول", "d2": "نص ثان", "d3": "باب نص ثالث"}
    assert list(data.queries) == ["q1", "q2"] and data.facts["queries without a relevant document"] == 1
    assert data.relevant == {"q1": {"d2": 1}, "q2": {"d1": 2, "d3": 0}}


@pytest.mark.parametrize(
    ("line", "match"), [("q9\td1\t1", "'q9' is not in queries"), ("q1\td9\t1", "'d9'"), ("q1\td1\t0.5", "whole grade")]
)
def test_qrels_are_checked(folder: Path, line: str, match: str):
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{line}\n")
    with pytest.raises(RecordError, match=match):
        read_beir(folder)


def test_missing_files_and_double_ids_are_named(folder: Path):
    with pytest.raises(RecordError, match=r"dev\.tsv is no file"):
        read_beir(folder, "dev")
    text = (folder / "corpus.jsonl").read_text(encoding="utf-8")
    (folder / "corpus.jsonl").write_text(text + "\n" + text.splitlines()[0], encoding="utf-8")
    with pytest.raises(RecordError, match=r"corpus\.jsonl, line 4.*'d1' comes twice"):
        read_beir(folder)
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(RecordError, match=r"holds no corpus\.jsonl"):
        read_beir(folder)
    with pytest.raises(EvaluationError, match="no relevant document"):
        RetrievalSet("x", {"q": "س"}, {"d": "ن"}, {})


def test_figures_of_a_known_ranking(known: Callable[..., Embedder]):
    documents = {f"d{n}": f"نص {n}" for n in range(12)}
    vectors = {text: [math.cos(n / 10), math.sin(n / 10)] for n, text in enumerate(documents.values())}
    data = RetrievalSet("set", {"a": "سؤال", "b": "طلب"}, documents, {"a": {"d1": 1, "d4": 1}, "b": {"d11": 1}})
    figures = retrieval_figures(known({**vectors, "سؤال": [1, 0], "طلب": [1, 0]}), data, [View(16)], recalls=(1, 3, 12))
    values = {f.key.metric: f.sample.values.tolist() for f in figures}
    dcg = 1 / math.log2(3) + 1 / math.log2(6)
    assert values["nDCG@10"] == pytest.approx([dcg / (1 + 1 / math.log2(3)), 0])
    assert values["MAP@10"] == pytest.approx([(1 / 2 + 2 / 5) / 2, 0])
    assert values["MRR@10"] == pytest.approx([1 / 2, 0]), "the twelfth place is below the cut"
    assert values["recall@3"] == pytest.approx([0.5, 0]) and values["recall@12"] == pytest.approx([1, 1])
    with pytest.raises(OptionError, match="1 and above"):
        retrieval_figures(known({}), data, [View(16)], recalls=(0,))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 8), st.integers(1, 50), st.integers(0, 1000))
def test_the_ranking_is_exact(documents: int, queries: int, depth: int, seed: int):
    chance = np.random.default_rng(seed)
    there = chance.normal(size=(documents, 4)).astype(np.float32)
    asked = chance.normal(size=(queries, 4)).astype(np.float32)
    places, scores = top_documents(asked, there, depth)
    every = asked @ there.T
    assert places.shape == (queries, min(depth, documents)) and (np.diff(scores, axis=1) <= 0).all()
    np.testing.assert_allclose(scores, -np.sort(-every, axis=1)[:, : places.shape[1]], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.take_along_axis(every, places, 1), scores, rtol=1e-5, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(14)), st.sets(st.integers(0, 13), min_size=1, max_size=6))
def test_measures_against_a_plain_reckoning(order: list[int], right: set[int]):
    run = {f"d{d:02}": float(20 - place) for place, d in enumerate(order)}
    found = score_runs({"q": run}, {"q": {f"d{d:02}": 1 for d in right}}, recalls=(5,))
    hits = [place for place, d in enumerate(order, 1) if d in right]
    near = [place for place in hits if place <= 10]
    ideal = sum(1 / math.log2(place + 1) for place in range(1, len(right) + 1))
    assert found["nDCG@10"][0] == pytest.approx(sum(1 / math.log2(place + 1) for place in near) / ideal, abs=1e-4)
    mean = sum((n + 1) / place for n, place in enumerate(near)) / len(right)
    assert found["MAP@10"][0] == pytest.approx(mean, abs=1e-4)
    assert found["MRR@10"][0] == pytest.approx(1 / hits[0] if hits[0] <= 10 else 0, abs=1e-4)
    assert found["recall@5"][0] == pytest.approx(sum(place <= 5 for place in hits) / len(right), abs=1e-4)
