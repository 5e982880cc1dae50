"""The comparison runs through on few texts; its figures mean nothing there."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from support.tiny import SAMPLE_TEXTS

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "compare.py"


def run(tmp_path: Path, *arguments: str) -> dict:
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(SAMPLE_TEXTS * 2), encoding="utf-8")
    target = tmp_path / "result.json"
    command = [sys.executable, str(SCRIPT), "--texts", str(texts), "--threads", "1", "--rounds", "1", "--calls", "3"]
    done = subprocess.run(
        [*command, "--json", str(target), *arguments], capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(target.read_text(encoding="utf-8"))


def test_peers_with_the_same_weights_agree_and_are_timed(tiny_folder: Path, tmp_path: Path):
    peers = ["snippet"] + ["sentence-transformers"] * bool(importlib.util.find_spec("sentence_transformers"))
    found = run(tmp_path, "--model", str(tiny_folder), "--peers", ",".join(peers))["runs"][0]
    assert list(found["peers"]) == ["harakat", *peers]
    for name, each in found["peers"].items():
        assert each["largest_difference"] <= 1e-5, name
        assert each["texts_per_s"] > 0 and each["real_tokens"] == found["peers"]["harakat"]["real_tokens"]
        assert set(each["latency_ms"]) == {"marked", "bare", "32 texts"}
        assert each["peak_memory_mb"] is None or each["peak_memory_mb"] > 50
    assert found["peers"]["harakat"]["harakat_is_faster"] == 1
    assert found["machine"]["threads"] == found["threads"] == 1


def test_growth_is_fitted(tiny_folder: Path, tmp_path: Path):
    found = run(tmp_path, "--model", str(tiny_folder), "--complexity")["runs"][0]
    for name in ("encode_by_number_of_texts", "tokenising_by_words_of_one_text"):
        assert 0 < found[name]["exponent"] < 3 and len(found[name]["sizes"]) >= 3
