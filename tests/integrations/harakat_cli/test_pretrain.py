"""`harakat pretrain`: the three commands, one after the other, as a reader would type them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from harakat import Encoder
from support.quran import VERSES
from support.tiny import SAMPLE_TEXTS, write_tiny

Run = Callable[..., Result]
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture
def texts() -> list[str]:
    """Marked verses of the last surahs, and marked and bare lines."""
    return [*VERSES.values(), *SAMPLE_TEXTS]


def test_tokenizer_mlm_distil(run: Run, texts: list[str], tmp_path: Path) -> None:
    lines, rows = tmp_path / "lines.txt", tmp_path / "rows.jsonl"
    lines.write_text("\n".join(texts[:40]), encoding="utf-8")
    rows.write_text("".join(json.dumps({"body": text}) + "\n" for text in texts[40:]), encoding="utf-8")
    small = tmp_path / "small.json"
    size = {"hidden_size": 32, "layers": 1, "heads": 2, "intermediate_size": 48, "max_positions": 64, "max_length": 32}
    small.write_text(json.dumps({**size, "device": "cpu", "batch_size": 8, "max_steps": 2}), encoding="utf-8")

    size_of = ("--set", "vocabulary=700", "--set", "mark_strings=40")
    done = run("pretrain", "tokenizer", lines, "--output", tmp_path / "tok", *size_of)
    assert done.exit_code == 0 and "40 of them mark strings" in done.stdout, done.output
    options = ("--tokenizer", tmp_path / "tok", "--settings", small, "--set", "spelling=as-is")
    command = ("pretrain", "mlm", rows, "--field", "body", "--output", tmp_path / "mlm", *options)
    done = run(*command)
    assert done.exit_code == 0 and "2 steps, loss" in done.stdout, done.output
    again = json.loads(run(*command, "--resume", "--json").stdout)
    assert (again["model"], again["steps"]) == (str(tmp_path / "mlm" / "model"), 2)
    teacher = write_tiny(tmp_path / "teacher", hidden_size=32, dims=(32, 16))
    student = tmp_path / "mlm" / "model"
    less = ("--set", "max_steps=2", "--set", "batch_size=8", "--set", "device=cpu", "--set", "max_length=32")
    ends = ("--model", student, "--teacher", teacher)
    done = run("pretrain", "distil", lines, "--output", tmp_path / "distil", *ends, *less)
    assert done.exit_code == 0, done.output
    assert Encoder(tmp_path / "distil" / "model", device="cpu").encode(texts[0]).shape == (32,)


def test_faults_are_one_line(run: Run, texts: list[str], tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(texts), encoding="utf-8")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "tokenizer.json").write_text("{}", encoding="utf-8")
    for arguments, said in (
        (("tokenizer", tmp_path / "none.txt", "--output", tmp_path / "x"), "is no file"),
        (("tokenizer", lines, "--output", tmp_path / "taken"), "holds a tokenizer.json already"),
        (("mlm", lines, "--output", tmp_path / "x", "--set", "layer=2"), "did you mean 'layers'"),
        (("mlm", lines, "--output", tmp_path / "x", "--set", "layers"), "'layers' is not FIELD=VALUE"),
        (("mlm", lines, "--output", tmp_path / "x", "--settings", lines), "cannot be read as JSON"),
        (("distil", lines, "--output", tmp_path / "x", "--model", "nothing", "--teacher", "nothing"), "nothing"),
    ):
        done = run("pretrain", *arguments)
        assert done.exit_code == 2 and done.stdout == "", done.output
        assert done.stderr.startswith("harakat: error: ") and done.stderr.count("\n") == 1 and said in done.stderr
    assert not (tmp_path / "x").exists()


def test_help_names_every_setting(run: Run) -> None:
    for command, names in (
        ("tokenizer", ("mark_strings", "spelling")),
        ("mlm", ("marks_only", "hidden_size", "--model", "harakat pretrain mlm")),
        ("distil", ("axes", "--teacher", "--vectors")),
    ):
        said = run("pretrain", command, "--help").stdout
        assert all(name in said for name in names)
    assert all(command in run("pretrain", "--help").stdout for command in ("tokenizer", "mlm", "distil"))


@pytest.mark.slow
def test_two_processes_give_what_one_gives(texts: list[str], tmp_path: Path) -> None:
    """The launcher's processes share the very batches of one; only the first learns a tokenizer and writes."""
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(texts), encoding="utf-8")
    size = ("hidden_size=32", "layers=1", "heads=2", "intermediate_size=48", "max_positions=64", "vocabulary=700")
    schedule = ("max_length=64", "batch_size=8", "max_steps=4", "log_every=1", "device=cpu", "lr=0.001")
    teacher = write_tiny(tmp_path / "teacher", hidden_size=32, dims=(32, 16))
    chain = [
        ("mlm", lines, "--set", "mark_strings=40", *_sets(*size, *schedule)),
        ("distil", lines, "--teacher", teacher, *_sets(*schedule)),
    ]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    start: tuple[object, ...] = ()
    for command, *rest in chain:
        losses = []
        for processes in (1, 2):
            out = tmp_path / f"{command}-{processes}"
            arguments = [command, *rest, *start, "--output", out]
            prefix = launcher if processes == 2 else [sys.executable]
            words = [*prefix, "-m", "harakat_cli.main", "pretrain", *map(str, arguments)]
            subprocess.run(words, cwd=tmp_path, check=True, timeout=280, env={**os.environ, "OMP_NUM_THREADS": "1"})
            found = map(json.loads, (out / "metrics.jsonl").read_text(encoding="utf-8").splitlines())
            losses.append([line["loss"] for line in found if "loss" in line])
        # Each process takes the mean over its own hidden pieces, of which it may have more or fewer.
        assert losses[0] == pytest.approx(losses[1], rel=1e-3 if command == "distil" else 3e-2)
        start = ("--model", tmp_path / f"{command}-1" / "model")


def _sets(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]
