"""Judging in one call: tasks by name, models by name or as objects, and every fault named before a model is opened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import harakat.evaluation
from harakat import Encoder
from harakat.embedders import Embedder
from harakat.errors import EvaluationError, OptionError
from harakat.evaluation import Bootstrap, evaluate, open_task
from harakat.evaluation.tasks import TASKS
from support.triplets import muradif_rows, write_jsonl

HOW = Bootstrap(resamples=100)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "m.jsonl", muradif_rows())


def test_names_and_objects_are_judged_alike(file: Path, tiny_folder: Path, other_folder: Path):
    task = open_task("muradif", source=str(file))
    said: list[str] = []
    models = [str(tiny_folder), Encoder(other_folder)]
    report = evaluate(task, models, precisions=["float32"], bootstrap=HOW, say=said.append)
    tiny, other = report.results
    assert (tiny.system, other.system) == ("tiny", "other") and said == ["judging tiny", "judging other"]
    assert report.title == "Muradif" and report.data["muradif"]["rows"] == len(muradif_rows())
    assert {(f.view.dim, f.key.marks) for f in tiny.figures} == {
        (d, m) for d in (64, 32, 16) for m in ("as-is", "bare")
    }
    alone = task.judge(harakat.evaluation.open_embedder(str(tiny_folder)), [tiny.figures[0].view])
    assert alone.find("muradif", "accuracy", "full").value == tiny.find("muradif", "accuracy", "full").value
    assert {d["first"]["system"] for d in report.as_dict()["differences"]} == {"tiny"}


def test_every_task_is_in_the_registry(tmp_path: Path, file: Path):
    pairs = [{"sentence1": f"نص {i}", "sentence2": f"كلام {i}", "score": i} for i in range(3)]
    lemmas = [["عِلْم", "مَعْرِفَة"], ["عَلَم", "رَايَة"]]
    synsets = [{"synset": str(place), "lemmas": words} for place, words in enumerate(lemmas)]
    (tmp_path / "set" / "qrels").mkdir(parents=True)
    (tmp_path / "set" / "corpus.jsonl").write_text(json.dumps({"_id": "d", "text": "x"}) + "\n", encoding="utf-8")
    (tmp_path / "set" / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "x"}) + "\n", encoding="utf-8")
    (tmp_path / "set" / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\td\t1\n", encoding="utf-8")
    sts = {"source": str(write_jsonl(tmp_path / "s.jsonl", pairs))}
    options: dict[str, dict[str, object]] = {
        "quran": {"every": 100},
        "muradif": {"source": str(file)},
        "sts17": sts,
        "sts22": sts,
        "synsets": {"file": write_jsonl(tmp_path / "w.jsonl", synsets)},
        "retrieval": {"source": tmp_path / "set"},
    }
    assert set(options) == set(TASKS)
    titles = {name: open_task(name, **given).title for name, given in options.items()}
    assert titles["sts17"] == "sts17" and titles["retrieval"] == "Retrieval on set"


def test_faults_are_named(known: Callable[..., Embedder], file: Path):
    with pytest.raises(OptionError, match="'quraan' is no task; choose quran, muradif, sts17"):
        open_task("quraan")
    with pytest.raises(OptionError, match=r"task 'quran': .*'hole'; it takes: whole, every"):
        open_task("quran", hole=True)
    with pytest.raises(OptionError, match="task 'synsets': missing a required argument: 'file'"):
        open_task("synsets")
    task = open_task("muradif", source=str(file))
    with pytest.raises(OptionError, match="int4"):
        evaluate(task, [known({})], precisions=["int4"])
    with pytest.raises(OptionError, match="stripped"):
        evaluate(task, [known({})], marks=["stripped"])
    with pytest.raises(OptionError, match=r"such as \['harakat-mini'\]"):
        evaluate(task, "harakat-mini")
    with pytest.raises(EvaluationError, match="at least one result"):
        evaluate(task, [])


def test_the_face_is_small_and_whole():
    assert len(harakat.evaluation.__all__) <= 12
    assert all(hasattr(harakat.evaluation, name) for name in harakat.evaluation.__all__)
