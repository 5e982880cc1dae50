"""The example runs as it stands."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from harakat import Encoder
from harakat.model.checkpoints.names import BUNDLED_FOLDER

EXAMPLE = Path(__file__).parents[4] / "integrations" / "qdrant_harakat" / "examples" / "quran_search.py"


def parts(printed: str) -> list[list[str]]:
    """The keys of the verses under each heading."""
    assert "IngestReport(written=157, updated=0, skipped=0)" in printed
    assert printed.rstrip().endswith("157 verses")
    return [[line.split()[1] for line in part.splitlines()[1:]] for part in printed.split("\n\n")[1:4]]


def test_with_a_small_model(tmp_path, tiny_folder, capsys):
    runpy.run_path(str(EXAMPLE))["main"](tmp_path, Encoder(tiny_folder, overflow="chunk"))
    two_stages, late, filtered = parts(capsys.readouterr().out)
    assert len(two_stages) == len(late) == 3
    assert len(filtered) == 3 and all(key.startswith("113:") for key in filtered)


@pytest.mark.skipif(not any(BUNDLED_FOLDER.glob("*.safetensors")), reason="needs the bundled harakat-mini")
def test_as_a_script_with_the_default_model(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", [str(EXAMPLE), str(tmp_path)])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    two_stages, late, filtered = parts(capsys.readouterr().out)
    assert two_stages[0] == late[0] == "114:1"
    assert filtered[0] == "113:1"
