"""Reports: figures, intervals, winners and origin in JSON and Markdown; the card with what cannot be had."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from harakat.data.families import family_rows
from harakat.errors import EvaluationError, OptionError
from harakat.evaluation import Bootstrap, Embedder, Report, Result, View
from harakat.evaluation.card import COLUMNS, SYSTEMS, Cell, card_report, card_table, is_complete
from harakat.evaluation.significance import Interval
from harakat.evaluation.tasks.triplets import triplet_figures
from support.triplets import muradif_rows

HOW = Bootstrap(resamples=200)


@pytest.fixture
def report(known: Callable[..., Embedder]) -> Report:
    rows = family_rows()
    near = {row.anchor: [1.0, 0.0] for row in rows} | {row.positive: [0.0, 1.0] for row in rows}
    results = []
    for name, vectors in (("drawn | one", near), ("other", {})):
        embedder = known(vectors, name=name)
        results.append(
            Result(name, {"model": name}, triplet_figures("homographs", embedder, rows, [View(16)]), ["a note"])
        )
    return Report("Title", results, {"set": {"rows": len(rows)}}, HOW)


def test_json(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = json.loads(report.write(tmp_path / "new" / "r.json").read_text(encoding="utf-8"))
    assert found["bootstrap"] == {"resamples": 200, "seed": 0, "level": 0.95}
    assert {"date", "commit", "versions", "python", "machine"} <= found["origin"].keys()
    first = found["systems"][0]["figures"][0]
    assert first["low"] <= first["value"] <= first["high"] and first["items"] == len(family_rows())
    for difference in found["differences"]:
        decided = difference["low"] > 0 or difference["high"] < 0
        assert (difference["better"] is not None) is decided


def test_markdown(report: Report, tmp_path: Path):
    text = report.write(tmp_path / "r.md").read_text(encoding="utf-8")
    assert "| drawn \\| one | 16 | float32 | 64 |" in text and "a note" in text and "seed 0" in text
    assert "## Differences" in text and not list(tmp_path.glob("*.part"))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in lines)


def test_the_date_can_be_set(monkeypatch: pytest.MonkeyPatch):
    from harakat.evaluation.report import provenance

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert provenance()["date"].startswith("1970-01-01")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(OptionError, match="soon"):
        provenance()


def test_faults_are_refused(report: Report, tmp_path: Path):
    with pytest.raises(OptionError, match=r"\.json or \.md"):
        report.write(tmp_path / "r.txt")
    (tmp_path / "file").write_text("")
    with pytest.raises(OptionError, match="cannot be written"):
        report.write(tmp_path / "file" / "r.md")
    with pytest.raises(EvaluationError, match="one name"):
        Report("x", [report.results[0], report.results[0]])
    with pytest.raises(EvaluationError, match="at least one"):
        Report("x", [])


def test_the_card(tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in muradif_rows())
    (tmp_path / "m.jsonl").write_text(rows, encoding="utf-8")
    said: list[str] = []
    report = card_report(
        systems=["NeoAraBERT-MSA-Synonym-Matryoshka-V1", "GATE-AraBert-V1"],
        sources={"muradif": str(tmp_path / "m.jsonl")},
        models={"NeoAraBERT-MSA-Synonym-Matryoshka-V1": str(tiny_folder)},
        offline=True,
        bootstrap=HOW,
        say=said.append,
    )
    first, gate = report.results
    assert not is_complete(report) and first.figures and not gate.figures
    assert any("sts17" in f for f in first.failures) and any("GATE-AraBert-V1" in f for f in gate.failures)
    assert "cannot be fetched" in report.data["sts17"]["not here"] and report.data["muradif"]["rows"]
    heads, neo, other = card_table(report)
    assert heads == ("system", *COLUMNS)
    assert neo[1].endswith("] / 80.64") and neo[2].endswith("] / 80.09") and neo[4] == "– / 69.34"
    assert any("muradif: its sizes are not those of the published data" in line for line in said)
    assert other[1] == "– / 30.98" and other[4] == "– / –"
    assert any("GATE-AraBert-V1: not opened" in line for line in said)
    text = report.write(tmp_path / "card.md").read_text(encoding="utf-8")
    assert "| " + " | ".join(neo) + " |" in text
    found = json.loads(report.write(tmp_path / "card.json").read_text(encoding="utf-8"))
    cell = next(c for c in found["card"] if c["system"] == first.system and c["column"] == "Muradif full")
    assert cell["low"] <= cell["measured"] <= cell["high"]
    assert cell["published"] == 80.64 and cell["difference"] is None, "other data"
    assert all(c["measured"] is None for c in found["card"] if c["system"] == gate.system)
    with pytest.raises(OptionError, match="not in the card"):
        card_report(systems=["nobody"])


def test_a_cell_holds_the_difference():
    found = Interval(79.9, 79.5, 80.3)
    assert str(Cell(found, 80.09, False, 2)) == "79.90 [79.50, 80.30] / 80.09 (-0.19)"
    assert str(Cell(found, 80, True, 2)) == "79.90 [79.50, 80.30] / about 80 (-0.10)"
    assert str(Cell(found, 80.09, False, 2, comparable=False)) == "79.90 [79.50, 80.30] / 80.09"
    assert str(Cell(None, None, False, 2)) == "– / –"


def test_a_card_without_data_opens_no_system(monkeypatch: pytest.MonkeyPatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    said: list[str] = []
    report = card_report(systems=["harakat-mini"], models={"harakat-mini": "/nowhere"}, say=said.append)
    assert not report.results[0].figures and "no system is opened" in said[-1] and len(said) == 4


def test_others_are_compared_with_the_first_that_was_measured(report: Report):
    later = Report("t", [Result("absent", failures=["not here"]), *report.results], bootstrap=HOW)
    assert {d["first"]["system"] for d in later.as_dict()["differences"]} == {"drawn | one"}


def test_no_winner_inside_the_interval(known: Callable[..., Embedder]):
    rows = family_rows()
    twins = [
        Result(name, {}, triplet_figures("homographs", known({}, name=name), rows, [View(16)]))
        for name in ("one", "two")
    ]
    report = Report("t", twins, bootstrap=HOW)
    assert all(d["better"] is None and d["low"] <= 0 <= d["high"] for d in report.as_dict()["differences"])
    assert report.markdown().count("| not decided |") == 2


def test_the_published_figures_belong_to_columns():
    for system in SYSTEMS:
        assert set(system.published) <= set(COLUMNS) and set(system.about) <= set(system.published)
