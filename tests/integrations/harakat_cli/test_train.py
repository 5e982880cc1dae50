"""`harakat train`: recipes listed and checked, a run killed and resumed, errors without a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from harakat import Encoder
from support.triplets import triplets, write_jsonl

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")


@pytest.fixture
def arguments(tmp_path: Path, tiny_folder: Path) -> list[str]:
    """A quick phase 1 on our own triplets."""
    changes = {
        "start": tiny_folder,
        "data.silma.path": write_jsonl(tmp_path / "triplets.jsonl", triplets()),
        "dims": [64, 32, 16],
        "batch_size": 8,
        "max_length": 64,
        "max_steps": 12,
        "lr": 0.002,
        "log_every": 2,
        "save_every": 4,
        "device": "cpu",
    }
    return ["train", "phase-1", *(part for key, value in changes.items() for part in ("--set", f"{key}={value}"))]


def test_list(run: Callable[..., Any]) -> None:
    listed = json.loads(run("train", "--list", "--json").stdout)
    assert [recipe["name"] for recipe in listed] == ["phase-1", "phase-2", "phase-4", "fine-tune"]
    shown = run("train", "--list").stdout
    assert "data.muradif: muradif, U4RASD/Muradif, all rows" in shown
    assert "data.msmarco-ar: triplets, to be named, 60,000 rows" in shown


def test_dry_run(run: Callable[..., Any], arguments: list[str], tmp_path: Path) -> None:
    found = json.loads(run(*arguments, "--dry-run", "--json").stdout)
    assert (found["rows"], found["steps"], found["precision"]) == ({"silma": 72}, 12, "float32")
    assert found["recipe"]["betas"] == [0.9, 0.95]
    shown = run(*arguments, "--dry-run").stdout
    assert "12 steps of 8 rows" in shown and "data.silma: triplets" in shown
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "CONFIG is missing"),
        (["phase-3"], "'phase-3' is no recipe and no file; there are: fine-tune, phase-1, phase-2, phase-4"),
        (["phase-1", "--set", "batch_size"], "--set 'batch_size' is not FIELD=VALUE"),
        (["phase-1", "--set", "batchsize=3"], "did you mean 'batch_size'"),
        (["phase-2"], "'phase-2' starts from the finished model of 'phase-1'"),
        (["fine-tune", "--dry-run"], "data.own: neither path nor hub is given"),
    ],
)
def test_errors(run: Callable[..., Any], arguments: list[str], said: str) -> None:
    result = run("train", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr and "Traceback" not in result.stderr


def test_killed_and_resumed_to_the_same_weights(
    run: Callable[..., Any], start: Callable[..., subprocess.Popen[bytes]], arguments: list[str], tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    # Long enough to be killed somewhere in the middle even when this process gets little of the machine.
    arguments = [*arguments, "--set", "max_steps=30"]
    process = start(*arguments, "--output", cut, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    marker = cut / "checkpoints" / "checkpoint-4" / "complete"
    deadline = time.monotonic() + 240
    while not marker.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (cut / "model").exists()
    report = json.loads(run(*arguments, "--output", cut, "--resume", "--json").stdout)
    assert report["resumed_from"] in range(4, 29, 4)
    result = run(*arguments, "--output", tmp_path / "whole")
    whole = Path(result.stdout.strip().splitlines()[-1])
    assert "step 30 of 30: loss" in result.stderr
    assert _tensors(whole) == _tensors(Path(report["model"]))
    losses = [
        [(line["step"], line["loss"], line["lr"]) for line in _lines(folder / "metrics.jsonl") if "loss" in line]
        for folder in (cut, tmp_path / "whole")
    ]
    assert losses[0] == losses[1]
    assert [step for step, _, _ in losses[0]] == list(range(2, 31, 2))
    assert Encoder(whole, device="cpu").dims == (64, 32, 16)


@pytest.mark.slow
def test_two_processes_give_what_one_gives(
    run: Callable[..., Any], arguments: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    """The launcher's processes share batches and negatives; only the first one writes and speaks."""
    # Texts that are all different, so that no batch is cut short.
    rows = [{key: f"{text} {place}" for key, text in row.items()} for place, row in enumerate(triplets())]
    write_jsonl(tmp_path / "triplets.jsonl", rows)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "-m", "harakat_cli.main"]
    both = subprocess.run(
        [*launcher, *arguments, "--output", str(tmp_path / "both")],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
    )
    assert both.stdout.strip() == str(tmp_path / "both" / "model")
    run(*arguments, "--output", tmp_path / "one")
    losses = [
        [line["loss"] for line in _lines(tmp_path / name / "metrics.jsonl") if "loss" in line]
        for name in ("one", "both")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _tensors(folder: Path) -> dict[str, bytes]:
    with safe_open(folder / "model.safetensors", "np") as file:
        return {name: file.get_tensor(name).tobytes() for name in file.keys()}  # noqa: SIM118  no mapping
