"""The memory benchmark, on few texts."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "memory.py"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_a_long_text_and_many_short_ones_stay_small(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--texts", "4000", "--every", "500"]
    command += ["--json", str(tmp_path / "m.json"), "--png", str(tmp_path / "m.png")]
    subprocess.run(command, capture_output=True, check=False, timeout=280)
    result = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert len(result["curve"]) == 8
    assert result["peak_above_model_mb"] < 400
    for long in result["one_text_of_5_mb_among_short_ones"]:
        assert long["bytes"] >= 5_000_000 and long["above_before_mb"] < 400
        assert long["neighbours_differ_by"] < 1e-5
    assert (tmp_path / "m.png").stat().st_size > 1000
