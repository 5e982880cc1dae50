from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from typer.testing import Result

from harakat.bench.stages import STAGES
from support.tiny import SAMPLE_TEXTS

Run = Callable[..., Result]


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    file = tmp_path / "texts.txt"
    file.write_text("\n".join(SAMPLE_TEXTS * 3) + "\n\n", encoding="utf-8")
    return file


def test_figures_of_texts_of_ones_own(run: Run, tiny_folder: Path, texts: Path):
    before = torch.get_num_threads()
    done = run("bench", "--texts", texts, "--model", tiny_folder, "--threads", 1, "--rounds", 1, "--profile", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["texts"] == 24 and found["corpus"] == str(texts)
    assert found["machine"]["threads"] == 1
    assert found["texts_per_s"] > 0 and set(found["latency_ms"]) == {"1", "32"}
    assert tuple(found["stage_seconds"]) == STAGES
    assert torch.get_num_threads() == before


def test_the_table_says_the_same_in_words(run: Run, tiny_folder: Path, texts: Path):
    done = run("bench", "--texts", texts, "--model", tiny_folder, "--count", 8, "--rounds", 1, "--profile")
    rows = dict(line.split("\t")[:2] for line in done.stdout.splitlines() if "\t" in line)
    assert rows["texts"].startswith("8 (") and float(rows["texts/s"].replace(",", "")) > 0
    assert "p95" in rows["latency of 1 text"] and "p95" in rows["latency of 32 texts"]
    assert set(STAGES) <= set(rows)
    shares = [line.split("\t")[2] for line in done.stdout.splitlines() if line.count("\t") == 2][1:]
    assert sum(float(share.rstrip("%")) for share in shares) == pytest.approx(100, abs=1)


def test_without_texts_it_takes_verses_of_the_quran(run: Run, tiny_folder: Path):
    pytest.importorskip("quran_text")
    done = run("bench", "--model", tiny_folder, "--count", 7, "--rounds", 1, "--json")
    found = json.loads(done.stdout)
    assert found["texts"] == 7 and found["corpus"] == "quran-text, verse order"


def test_without_the_quran_it_says_how_to_give_texts(run: Run, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "quran_text", None)
    done = run("bench", "--model", tiny_folder)
    assert done.exit_code == 2
    assert "quran_text" in done.stderr and "--texts FILE" in done.stderr and "harakat[cli]" in done.stderr


def test_what_cannot_be_measured_is_said_before_work_begins(run: Run, tiny_folder: Path, tmp_path: Path, texts: Path):
    empty = tmp_path / "empty.txt"
    empty.write_text("\n \n", encoding="utf-8")
    for arguments, message in (
        (("--texts", empty), "holds no text"),
        (("--texts", tmp_path / "absent.txt"), "does not exist"),
        (("--text-field", "body"), "give --texts"),
        (("--texts", texts, "--profile", "--compile"), "choose one"),
    ):
        done = run("bench", "--model", tiny_folder, *arguments)
        assert done.exit_code == 2 and message in done.stderr, done.output
