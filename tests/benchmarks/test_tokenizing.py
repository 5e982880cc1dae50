"""The tokenising benchmark on few texts; it compares ids before it times anything."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support.tiny import SAMPLE_TEXTS

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "tokenizing.py"


@pytest.mark.parametrize("arguments", [(), ("--mini",)])
def test_every_way_of_tokenising_is_timed(tmp_path: Path, arguments: tuple[str, ...]):
    texts, target = tmp_path / "texts.txt", tmp_path / "result.json"
    texts.write_text("\n".join(SAMPLE_TEXTS), encoding="utf-8")
    command = [sys.executable, str(SCRIPT), "--texts", str(texts), "--rounds", "1", "--workers", "1", *arguments]
    done = subprocess.run([*command, "--json", str(target)], capture_output=True, text=True, check=False, timeout=280)
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(target.read_text(encoding="utf-8"))["results"]
    assert len(results) == (1 if arguments else 3)
    for found in results.values():
        assert found["path"] == "words" and found["words"] == sum(len(text.split()) for text in SAMPLE_TEXTS)
        assert found["words_per_second"]["warm"] > found["words_per_second"]["cold"] > 0
        for kind in ("threads", "processes", "workers"):
            assert found[kind]["1"] > 0
