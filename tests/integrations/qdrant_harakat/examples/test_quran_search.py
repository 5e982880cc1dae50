"""The example runs as it stands."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from harakat import Encoder
from harakat.model.names import BUNDLED_FOLDER

EXAMPLE = Path(__file__).parents[4] / "integrations" / "qdrant_harakat" / "examples" / "quran_search.py"


def check(printed: str) -> None:
    assert "IngestReport(written=157, replaced=0, skipped=0)" in printed
    assert "157 verses" in printed
    parts = printed.split("\n\n")
    for part in parts[1:3]:
        assert part.splitlines()[1].split()[1] == "114:1", part
    assert all(line.split()[1].startswith("113:") for line in parts[3].splitlines()[1:])


def test_with_a_small_model(tmp_path, tiny_folder, capsys):
    runpy.run_path(str(EXAMPLE))["main"](tmp_path, Encoder(tiny_folder, overflow="chunk"))
    check(capsys.readouterr().out)


@pytest.mark.skipif(not any(BUNDLED_FOLDER.glob("*.safetensors")), reason="needs the bundled harakat-mini")
def test_as_a_script_with_the_default_model(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", [str(EXAMPLE), str(tmp_path)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    check(capsys.readouterr().out)
