"""The EuroBERT export is refused where it could not be exact (that it is, see test_fresh_process.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from harakat import Encoder
from harakat.errors import CheckpointError, OptionError
from harakat.interop import export_eurobert


@pytest.mark.parametrize("options", [{"segmentation": True}, {"spelling": "imlai"}])
def test_a_step_that_no_tokenizer_json_can_do(
    options: dict[str, Any], tiny_folder: Path, morphology_folder: Path, tmp_path: Path
) -> None:
    if "segmentation" in options:
        options = {**options, "morphology": morphology_folder}
    encoder = Encoder(tiny_folder, device="cpu", **options)
    with pytest.raises(OptionError, match="network_only=True"):
        export_eurobert(encoder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    export_eurobert(encoder, tmp_path / "out", network_only=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["config.json", "model.safetensors"]


def test_what_is_refused_writes_nothing(tiny_folder: Path, encoder: Encoder, tmp_path: Path) -> None:
    before = sorted(path.name for path in tiny_folder.iterdir())
    with pytest.raises(OptionError, match="not empty"):
        export_eurobert(encoder, tiny_folder)
    assert sorted(path.name for path in tiny_folder.iterdir()) == before
    (tmp_path / "file").write_text("x")
    with pytest.raises(OptionError, match="not empty"):
        export_eurobert(encoder, tmp_path / "file")
    with pytest.raises(OptionError, match="overflow='chunk'"):
        export_eurobert(encoder.with_options(overflow="chunk"), tmp_path / "out")
    odd = tmp_path / "odd"
    odd.mkdir()
    for path in tiny_folder.iterdir():
        (odd / path.name).write_bytes(path.read_bytes())
    spec = json.loads((odd / "tokenizer.json").read_text())
    spec["normalizer"] = {"type": "Lowercase"}
    (odd / "tokenizer.json").write_text(json.dumps(spec))
    with pytest.raises(CheckpointError, match="normaliser of its own"):
        export_eurobert(Encoder(odd, device="cpu"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_half_precision_encoders_export_the_files_own_weights(
    encoder: Encoder, tiny_folder: Path, tmp_path: Path
) -> None:
    export_eurobert(encoder, tmp_path / "full")
    export_eurobert(Encoder(tiny_folder, device="cpu", dtype="bfloat16"), tmp_path / "half")
    full, half = (load_file(tmp_path / name / "model.safetensors") for name in ("full", "half"))
    assert full.keys() == half.keys()
    assert all((full[name] == half[name]).all() for name in full)
