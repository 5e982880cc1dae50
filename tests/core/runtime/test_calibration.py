"""dtype="int8": what an encoder with it gives, and when there is none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harakat import Encoder
from harakat.arabic import strip_marks
from harakat.errors import CheckpointError, DeviceError, OptionError
from harakat.model.layers import int8_linear
from harakat.model.layers.int8_linear import Int8Linear, int8_obstacle
from harakat.runtime.calibration import LEAST_COSINE
from support.examples import needs_bundled_model
from support.marked import write_marked
from support.tiny import SAMPLE_TEXTS

needs_int8 = pytest.mark.skipif(int8_obstacle() is not None, reason=f"int8 {int8_obstacle()}")


def int8_layers(encoder: Encoder) -> int:
    network = encoder.checkpoint.network
    assert isinstance(network, torch.nn.Module)
    return sum(isinstance(module, Int8Linear) for module in network.modules())


@needs_int8
@pytest.mark.parametrize("marked", [False, True])
def test_vectors_are_near_those_of_float32(tiny_folder: Path, tmp_path: Path, marked: bool) -> None:
    folder = write_marked(tmp_path / "marked") if marked else tiny_folder
    exact, rounded = Encoder(folder, device="cpu"), Encoder(folder, device="cpu", dtype="int8")
    assert (rounded.dtype, rounded.options["dtype"]) == ("int8", "int8")
    assert int8_layers(rounded) == (8 if marked else 12)
    assert int8_layers(exact) == 0
    expected, found = exact.encode(SAMPLE_TEXTS), rounded.encode(SAMPLE_TEXTS)
    assert LEAST_COSINE <= (expected * found).sum(1).mean() < 1 - 1e-7
    alone = np.stack([rounded.encode(text) for text in SAMPLE_TEXTS])
    # A sum that differs in its last bit may be rounded to the other neighbour.
    assert (alone * found).sum(1).min() > 0.9999


@needs_int8
@needs_bundled_model
def test_the_bundled_model() -> None:
    quran = pytest.importorskip("quran_text")
    verses = [ayah.render(marks=True) for ayah in quran.Mushaf.hafs().ayahs][::200]
    verses += map(strip_marks, verses[:])
    exact, rounded = Encoder(device="cpu"), Encoder(device="cpu", dtype="int8")
    cosines = (exact.encode(verses) * rounded.encode(verses)).sum(1)
    assert cosines.mean() >= 0.999
    assert cosines.min() >= 0.98


@needs_int8
def test_a_checkpoint_that_rounding_harms_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "harmed")
    state = load_file(folder / "model.safetensors")
    # Weights of inputs that are always zero: float32 does not see them, but they set the scale of every row.
    for name in [name for name in state if name.endswith("attention_norm.weight")]:
        state[name][:12] = 0
        state[name.replace("attention_norm", "qkv")][:, :12] = 1e4
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    expected = Encoder(folder, device="cpu").encode(SAMPLE_TEXTS)
    for _ in range(2):
        with pytest.raises(CheckpointError, match=r"dtype='int8'.*mean cosine of -?0\.\d+.*0\.999"):
            Encoder(folder, device="cpu", dtype="int8")
    np.testing.assert_array_equal(Encoder(folder, device="cpu").encode(SAMPLE_TEXTS), expected)


def test_a_processor_without_it_is_told(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8_linear, "int8_obstacle", lambda: "needs a processor with VNNI instructions")
    with pytest.raises(DeviceError, match="VNNI.*'float32' or 'bfloat16'"):
        Encoder(tiny_folder, device="cpu", dtype="int8")


def test_wrong_sums_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_vnni": False, "avx_vnni": False})
    int8_obstacle.cache_clear()
    try:
        assert int8_obstacle()
        monkeypatch.undo()
        int8_obstacle.cache_clear()
        if int8_obstacle() is None:
            multiply = int8_linear._multiply
            monkeypatch.setattr(int8_linear, "_multiply", lambda *given: multiply(*given).clamp(-32768, 32767))
            int8_obstacle.cache_clear()
            assert "wrong sums" in (int8_obstacle() or "")
    finally:
        monkeypatch.undo()
        int8_obstacle.cache_clear()


def test_no_int8_beside_compile_or_off_the_cpu(tiny_folder: Path) -> None:
    with pytest.raises(OptionError, match=r"compile=True.*int8"):
        Encoder(tiny_folder, device="cpu", dtype="int8", compile=True)
    if torch.cuda.is_available():
        with pytest.raises(OptionError, match="bfloat16"):
            Encoder(tiny_folder, device="cuda", dtype="int8")


@needs_int8
def test_ids_beyond_the_embedding_are_refused_before_they_are_tried(tiny_folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_folder, tmp_path / "short")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    state = load_file(folder / "model.safetensors")
    state["encoder.weight"] = state["encoder.weight"][:20].clone()
    config["vocab_size"] = 20
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="different models"):
        Encoder(folder, device="cpu", dtype="int8")
