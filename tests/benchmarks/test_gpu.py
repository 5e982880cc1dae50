"""The GPU benchmark runs through on the CPU, on as bare a machine as can be lent; its figures mean nothing."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu.py"
ABSENT = ("quran_text", "fast_disambig", "transformers", "sentence_transformers", "xformers")


def test_every_step_runs_without_a_gpu(tmp_path: Path) -> None:
    # Nothing but torch and the core dependencies, no git, and no place where harakat is installed.
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ABSENT:
        (bare / f"{name}.py").write_text(f"raise ModuleNotFoundError({name!r})", encoding="utf-8")
    target = tmp_path / "gpu.json"
    command = [sys.executable, str(SCRIPT), "--device", "cpu", "--small", "--models", "published"]
    done = subprocess.run(
        [*command, "--json", str(target)],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(bare), "PATH": str(bare)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(target.read_text(encoding="utf-8"))
    assert result["left_out"] == []
    assert result["commit"] is None
    assert "quran-text is not installed" in result["corpus"]
    mine = result["models"]["published"]
    assert mine["cosine_to_float32"]["float16 sdpa"]["least"] > 0.999
    assert "needs a CUDA device" in mine["cosine_to_float32"]["float16 varlen"]
    assert mine["network_tokens_per_s"]["float32 sdpa"] > 0
    assert mine["best"]["attention"] == "sdpa"
    assert mine["kernels"]["shares"]
    for corpus in ("quran", "longer"):
        assert mine[corpus]["strings_to_vectors"]["thread"]["tokens_per_s"] > 0
        assert mine[corpus]["strings_to_vectors"]["1 processes"]["tokens_per_s"] > 0
        assert mine[corpus]["times_the_snippet"] > 0
    assert mine["several_devices"]["tokens_per_s"] > 0
    # Every figure was said as it came: a machine that is taken back leaves at least its output.
    assert "times_the_snippet" in done.stderr


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    module = importlib.import_module("gpu_run")
    return module.Run(argparse.Namespace(device="cpu", small=True, minutes=1.0, json=tmp_path / "gpu.json"))


def test_what_fails_is_named_and_stops_nothing(run: Any) -> None:
    figures = run.result.setdefault("figures", {})
    with run.step("first") as go:
        assert go
        run.note(figures, "before", 1)
        raise TypeError("a signature that changed")
    with run.step("second") as go:
        run.note(figures, "after", 2)
    with run.step("too long", needs=61) as go:
        assert not go
    kept = json.loads(run.args.json.read_text(encoding="utf-8"))
    assert kept["figures"] == {"before": 1, "after": 2}
    assert "first: TypeError: a signature that changed (test_gpu.py:" in run.result["left_out"][0]
    assert run.result["left_out"][1:] == ["too long: the 1 minutes were up"]
