"""The GPU benchmark's paths, run small on the CPU: its figures mean nothing here, its steps do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_step_runs_and_the_result_is_written(tmp_path: Path) -> None:
    out = tmp_path / "gpu.json"
    command = [sys.executable, ROOT / "benchmarks" / "gpu.py", "--device", "cpu", "--small"]
    done = subprocess.run(
        [*command, "--models", "published", "--json", out],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(out.read_text("utf-8"))
    assert result["matmul_tflops"]["float32"] > 0
    assert result["bar"] == 0.9999
    assert "published" in json.dumps(result)
