"""The measures on texts of known vectors, and on files of the published layouts."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from harakat.arabic import strip_marks
from harakat.data.triplet import Triplet
from harakat.embedders import Embedder, open_embedder
from harakat.errors import DataUnavailableError, EvaluationError, OptionError, RecordError
from harakat.evaluation.figures import Key, Result, compare_results
from harakat.evaluation.tasks.muradif import HELD_OUT_ANCHORS, MURADIF, TRAIN_ANCHORS, muradif_figures, read_muradif
from harakat.evaluation.tasks.sts import STS_SETS, read_sts, sts_figures
from harakat.evaluation.tasks.triplets import triplet_figures
from harakat.evaluation.views import View, views_of
from support.hub import COMMIT, running_hub
from support.triplets import muradif_rows

Known = Callable[..., Embedder]


def write_jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_triplet_is_right_where_its_synonym_is_nearer(known: Known):
    vectors = {"قال ا": [1, 0], "قال ب": [0.8, 0.6], "قال ج": [0.6, 0.8], "قال د": [0, 1.0]}
    rows = [Triplet("قال _", "ا", "ب", "ج"), Triplet("قال _", "ا", "ج", "ب"), Triplet("قال _", "ا", "د", "د")]
    accuracy, margin = triplet_figures("t", known(vectors), rows, [View(16)])
    assert accuracy.sample.values.tolist() == [1, 0, 0], "an equal distance is no preference"
    np.testing.assert_allclose(margin.sample.values, [0.2, -0.2, 0], atol=1e-6)
    assert accuracy.value == pytest.approx(100 / 3) and accuracy.sample.groups is not None


def test_bare_forms_are_stripped(known: Known):
    row = Triplet("قال _", "عِلْم", "فِقْه", "عَلَم")
    vectors = {"قال عِلْم": [1, 0], "قال فِقْه": [1, 0], "قال عَلَم": [0, 1.0]}
    marked, bare = (
        triplet_figures("t", known(vectors), [row], [View(16)], marks=[form])[1].value for form in ("as-is", "bare")
    )
    assert strip_marks(row.anchor) == strip_marks(row.negative)
    assert marked == pytest.approx(1) and bare < 0
    with pytest.raises(OptionError, match="stripped"):
        triplet_figures("t", known({}), [row], [View(16)], marks=["stripped"])


def test_muradif_from_a_file(tmp_path: Path, tiny: Embedder):
    rows = muradif_rows()
    data = read_muradif(str(write_jsonl(tmp_path / "muradif.jsonl", rows)))
    anchors = {row["anchor_word"] for row in rows}
    assert data.facts["rows"] == len(rows) and not data.is_published
    assert data.facts["train anchors"] + data.facts["held-out anchors"] == len(anchors)
    held = {row.anchor for row, out in zip(data.rows, data.held_out, strict=True) if out}
    assert held and not held & {row.anchor for row, out in zip(data.rows, data.held_out, strict=True) if not out}
    figures = muradif_figures(tiny, data, views_of(tiny.dims))
    assert {f.key.subset for f in figures} == {"full", "held-out"} and len(figures) == 2 * 2 * 9
    held_out = next(f for f in figures if f.key == Key("muradif", "accuracy", "held-out", "as-is"))
    assert len(held_out.sample) == data.facts["held-out rows"]


def test_muradif_of_the_published_sizes_is_known_as_such(tmp_path: Path):
    anchors = TRAIN_ANCHORS + HELD_OUT_ANCHORS
    letters = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
    names = [letters[i % 28] + letters[i // 28 % 28] + letters[i // 784 % 28] + "ن" for i in range(anchors)]
    with (tmp_path / "m.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["context", "anchor_word", "syn_word", "irrelevant_word"])
        out.writerows(["قال _", names[i % anchors], "كلمة", "أخرى"] for i in range(MURADIF.rows or 0))
    data = read_muradif(str(tmp_path / "m.csv"))
    assert data.is_published
    assert (data.facts["train anchors"], data.facts["held-out anchors"]) == (3631, 1555)


def test_bad_rows_are_named_or_counted(tmp_path: Path):
    rows = [*muradif_rows()[:6], {**muradif_rows()[0], "context": "لا فراغ"}]
    path = str(write_jsonl(tmp_path / "m.jsonl", rows))
    with pytest.raises(RecordError, match="row 7"):
        read_muradif(path)
    assert read_muradif(path, skip_bad=True).facts["rows left out"] == 1
    with pytest.raises(DataUnavailableError, match="no such file"):
        read_muradif(str(tmp_path / "missing.jsonl"))
    (tmp_path / "empty.jsonl").write_text("")
    with pytest.raises(EvaluationError, match="no row"):
        read_muradif(str(tmp_path / "empty.jsonl"))


def test_a_set_of_the_hub_that_cannot_be_had(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    with pytest.raises(DataUnavailableError, match="give a local copy"):
        read_sts("sts17")


@pytest.mark.parametrize("kind", ["jsonl", "tsv", "parquet", "folder"])
def test_sts_is_spearman_of_the_cosine(kind: str, tmp_path: Path, tiny: Embedder):
    words = ["كتاب", "قلم", "مدرسة", "بيت", "نهر", "بحر", "شجرة", "طائر"]
    rows = [
        {"sentence1": f"هذا {a}", "sentence2": f"ذلك {b} هناك", "score": float((i * 7 + j * 3) % 5)}
        for i, a in enumerate(words)
        for j, b in enumerate(words[:4])
    ]
    path = tmp_path / f"pairs.{kind}"
    if kind == "jsonl":
        write_jsonl(path, rows)
    elif kind == "tsv":
        lines = [[str(v) for v in row.values()] for row in rows]
        path.write_text("\n".join("\t".join(x) for x in [list(rows[0]), *lines]), encoding="utf-8")
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if kind == "folder":
            (path := tmp_path / "set").mkdir()
        pq.write_table(pa.Table.from_pylist(rows), path / "test.parquet" if kind == "folder" else path)
    pairs = read_sts("sts17", str(path))
    assert pairs.facts["rows"] == 32 and len(pairs.scores) == 32
    full, *_ = sts_figures(tiny, pairs, views_of(tiny.dims, ["float32"]))
    one, two = tiny.encode(pairs.first), tiny.encode(pairs.second)
    theirs = stats.spearmanr((one * two).sum(1).round(6), pairs.scores).statistic
    assert full.value == pytest.approx(100 * theirs, abs=1e-3) and full.key.metric == "spearman"


def test_sts_faults_are_named(tmp_path: Path):
    good = {"sentence1": "ا", "sentence2": "ب", "score": 1}
    for change, match in (
        ({"score": "x"}, "'x', not a number"),
        ({"sentence2": None}, "sentence2"),
        ({"score": True}, "True"),
    ):
        path = write_jsonl(tmp_path / "a.jsonl", [good, {**good, **change}])
        with pytest.raises(RecordError, match=f"sts22, row 2.*{match}"):
            read_sts("sts22", str(path))
    with pytest.raises(EvaluationError, match="needs two"):
        read_sts("sts17", str(write_jsonl(tmp_path / "b.jsonl", [good])))
    with pytest.raises(OptionError, match="sts17, sts22"):
        read_sts("sts12")


PROGRAM = """
import json, sys
from harakat.data.beir import read_beir
from harakat.evaluation.tasks.muradif import read_muradif
from harakat.errors import HarakatError

def tell(read):
    try:
        print(json.dumps(read().facts), flush=True)
    except HarakatError as error:
        print(json.dumps([type(error).__name__, str(error)]), flush=True)

tell(lambda: read_muradif("someone/muradif"))
tell(lambda: read_muradif("someone/muradif", revision=sys.argv[1]))
tell(lambda: read_muradif("someone/muradif", revision="f" * 40))
tell(lambda: read_beir("someone/retrieval", revision="main"))
print("offline", flush=True)
tell(lambda: read_muradif("someone/muradif", revision=sys.argv[1], offline=True))
tell(lambda: read_beir("someone/retrieval", revision=sys.argv[1], offline=True))
tell(lambda: read_beir("someone/other", offline=True))
"""
LAYOUT = """---
configs:
- {config_name: corpus, data_files: [{split: corpus, path: corpus.jsonl}]}
- {config_name: queries, data_files: [{split: queries, path: queries.jsonl}]}
- {config_name: default, data_files: [{split: test, path: test.jsonl}]}
---
"""


def test_sets_of_the_hub_are_read_at_one_commit_which_is_recorded(tmp_path: Path):
    for name in ("muradif", "retrieval"):
        (tmp_path / name).mkdir()
    write_jsonl(tmp_path / "muradif" / "test.jsonl", muradif_rows())
    (tmp_path / "retrieval" / "README.md").write_text(LAYOUT, encoding="utf-8")
    write_jsonl(tmp_path / "retrieval" / "corpus.jsonl", [{"_id": f"d{n}", "text": f"نص {n}"} for n in range(3)])
    write_jsonl(tmp_path / "retrieval" / "queries.jsonl", [{"_id": "q1", "text": "سؤال"}])
    write_jsonl(tmp_path / "retrieval" / "test.jsonl", [{"query-id": "q1", "corpus-id": "d2", "score": 1}])
    repositories = {f"someone/{name}": tmp_path / name for name in ("muradif", "retrieval")}
    with running_hub(repositories) as hub:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, COMMIT],
            env={**os.environ, **hub.environment(tmp_path / "home")},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    online, offline = (part.splitlines() for part in done.stdout.split("offline\n"))
    newest, pinned, missing, retrieval = map(json.loads, online)
    assert newest == pinned and pinned["revision"] == COMMIT and pinned["rows"] == len(muradif_rows())
    assert missing[0] == "DataUnavailableError" and "someone/muradif" in missing[1]
    assert retrieval["revision"] == COMMIT and retrieval["documents"] == 3 and retrieval["queries"] == 1
    pinned_again, retrieval_again, other = map(json.loads, offline)
    assert (pinned_again, retrieval_again) == (pinned, retrieval)
    assert other[0] == "DataUnavailableError" and "offline" in other[1]


def test_a_local_file_has_no_revision(tmp_path: Path):
    path = write_jsonl(tmp_path / "m.jsonl", muradif_rows())
    for read in (lambda: read_muradif(str(path), revision="x"), lambda: read_sts("sts17", str(path), revision="x")):
        with pytest.raises(OptionError, match="has no revisions"):
            read()


def test_sts_is_what_mteb_reads_and_measures(tmp_path: Path, foreign_folder: Path):
    mteb = pytest.importorskip("mteb")
    from datasets import Dataset, DatasetDict
    from sentence_transformers import SentenceTransformer

    for name, task in (("sts17", "STS17"), ("sts22", "STS22.v2")):
        dataset = mteb.get_task(task).metadata.dataset
        assert (dataset["path"], dataset["revision"]) == (STS_SETS[name].hub, STS_SETS[name].revision)
    words = ["كتاب", "قلم", "مدرسة", "بيت", "نهر", "بحر"]
    pairs: list[dict[str, object]] = [
        {"sentence1": f"هذا {a} جديد", "sentence2": f"ذلك {b} هناك", "score": float((i * 7 + j * 3) % 5)}
        for i, a in enumerate(words)
        for j, b in enumerate(words)
    ]
    task = mteb.get_task("STS17", hf_subsets=["ar-ar"])
    task.dataset = {"ar-ar": DatasetDict({"test": Dataset.from_list(pairs)})}
    task.data_loaded = True
    model = mteb.SentenceTransformerEncoderWrapper(SentenceTransformer(str(foreign_folder)))
    theirs = task.evaluate(model, split="test", subsets_to_run=["ar-ar"], encode_kwargs={}, num_proc=1)
    read = read_sts("sts17", str(write_jsonl(tmp_path / "s.jsonl", pairs)))
    ours = sts_figures(open_embedder(f"st:{foreign_folder}"), read, [View(32)])[0].value
    assert ours == pytest.approx(100 * theirs["ar-ar"]["cosine_spearman"])


def test_hub_sets_are_pinned():
    assert all(len(s.revision or "") == 40 and s.config in ("ar-ar", "ar") for s in STS_SETS.values())


def test_results_are_compared_figure_by_figure(known: Known):
    rows = [Triplet("_", f"كلمة{i}", f"لفظ{i}", f"شيء{i}") for i in range(30)]
    results = []
    for name, near in (("good", [1.0, 0.1]), ("bad", [0.1, 1.0])):
        vectors = {w: [1.0, 0.0] for r in rows for w in (r.anchor,)}
        vectors |= {r.positive: near for r in rows} | {r.negative: [0.5, 0.5] for r in rows}
        embedder = known(vectors, name=name)
        results.append(Result(name, {}, triplet_figures("t", embedder, rows, views_of(embedder.dims, ["float32"]))))
    found = compare_results(*results)
    assert len(found) == 4 and {(a.view, b.view) for a, b, _ in found} == {(View(16),) * 2, (View(8),) * 2}
    assert all(d.winner == "first" for _, _, d in found)
    with pytest.raises(EvaluationError, match="good has no figure"):
        results[0].find("t", "recall")
