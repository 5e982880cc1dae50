"""Tensors are read whole, checked, and into memory that no file can reach."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harakat import Encoder
from harakat.errors import CheckpointError
from harakat.model.tensors import TensorFile, all_finite
from support.marked import write_marked
from support.tiny import write_tiny

TEXTS = ["كتب الطالب الدرس", "نُور"]
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int8, torch.uint8, torch.bool]


def test_tensors_are_those_of_the_library(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    stored = {str(dtype): (torch.arange(6) % 2).reshape(2, 3).to(dtype) for dtype in DTYPES}
    stored |= {"scalar": torch.tensor(0.5), "empty": torch.empty(0, 3)}
    save_file(stored, path, metadata={"format": "pt"})
    with TensorFile(path) as file:
        assert file.metadata == {"format": "pt"}
        read = {name: file.read(name) for name in file.names}
        assert {name: file.shape(name) for name in file.names} == {name: tuple(t.shape) for name, t in stored.items()}
    expected = load_file(path)
    assert read.keys() == expected.keys()
    for name, tensor in expected.items():
        assert read[name].dtype == tensor.dtype and torch.equal(read[name], tensor)


@pytest.mark.parametrize(
    "header",
    [
        {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}},
        {"a": 1},
        [],
    ],
)
def test_a_false_header_is_refused(tmp_path: Path, header: object) -> None:
    path = tmp_path / "model.safetensors"
    content = json.dumps(header).encode()
    path.write_bytes(len(content).to_bytes(8, "little") + content + bytes(4))
    with pytest.raises(CheckpointError, match=r"model.safetensors is damaged"), TensorFile(path):
        pass


def test_a_file_cut_short_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.ones(100_000)}, path)
    with TensorFile(path) as file:
        path.write_bytes(path.read_bytes()[:2000])
        with pytest.raises(CheckpointError, match="ended while it was read"):
            file.read("a")


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_all_finite(bad: float) -> None:
    tensor = torch.zeros(3, 5)
    assert all_finite(tensor) and all_finite(torch.empty(0))
    tensor[1, 2] = bad
    assert not all_finite(tensor)


@pytest.mark.parametrize("write", [write_tiny, write_marked])
def test_no_write_into_the_file_reaches_the_encoder(write: object, tmp_path: Path) -> None:
    folder = write(tmp_path / "model")  # type: ignore[operator]
    encoder = Encoder(folder)
    before, said = encoder.encode(TEXTS), str(encoder.fingerprint)
    file = folder / "model.safetensors"
    with file.open("r+b") as opened:
        opened.write(bytes(byte ^ 1 for byte in file.read_bytes()))
    assert np.array_equal(encoder.encode(TEXTS), before)
    with file.open("r+b") as opened:  # a mapping would end the process here
        opened.truncate(16)
    assert np.array_equal(encoder.encode(TEXTS), before)
    assert said.startswith("hk")


PEAK = """
import sys
from pathlib import Path
from harakat import Encoder

def memory(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))

small, large = sys.argv[1:]
Encoder(small, device="cpu").encode("نور")
before = memory("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
encoder = Encoder(large, device="cpu")
print(memory("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak is read from Linux's /proc")
def test_loading_takes_the_weights_once(tiny_folder: Path, tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "large", hidden_size=512, num_hidden_layers=12, intermediate_size=2048)
    size = (folder / "model.safetensors").stat().st_size
    command = [sys.executable, "-c", PEAK, str(tiny_folder), str(folder)]
    peak = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    largest = 4 * 2 * 1368 * 512  # one layer, while it is packed
    assert peak < size + 3 * largest + (24 << 20)
    assert peak < 1.4 * size
