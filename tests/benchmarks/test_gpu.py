"""The GPU benchmark runs through on the CPU; its figures mean nothing there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "gpu.py"


def test_every_step_runs_without_a_gpu(tmp_path: Path) -> None:
    target = tmp_path / "gpu.json"
    command = [
        sys.executable,
        str(SCRIPT),
        "--device",
        "cpu",
        "--small",
        "--models",
        "published",
        "--json",
        str(target),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(target.read_text(encoding="utf-8"))
    assert result["left_out"] == []
    mine = result["models"]["published"]
    assert mine["cosine_to_float32"]["float16 sdpa"]["least"] > 0.999
    assert "needs a CUDA device" in mine["cosine_to_float32"]["float16 varlen"]
    assert mine["network_tokens_per_s"]["float32 sdpa"] > 0
    for corpus in ("quran", "longer"):
        assert mine[corpus]["strings_to_vectors"]["thread"]["tokens_per_s"] > 0
        assert mine[corpus]["strings_to_vectors"]["1 processes"]["tokens_per_s"] > 0
        assert mine[corpus]["times_the_snippet"] > 0
    assert mine["several_devices"]["tokens_per_s"] > 0
