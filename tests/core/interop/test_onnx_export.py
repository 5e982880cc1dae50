"""The ONNX graph gives the encoder's vectors for any batch and length; refused where its tokenizer could not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from harakat import Encoder
from harakat.errors import MissingExtraError, OptionError
from harakat.interop import export_onnx


def test_a_missing_extra_is_named(encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"harakat\[onnx\]"):
        export_onnx(encoder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("dim", [None, 16])
def test_vectors_of_any_batch(dim: int | None, tiny_folder: Path, tmp_path: Path, texts: list[str]) -> None:
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    encoder = Encoder(tiny_folder, dim=dim, device="cpu")
    export_onnx(encoder, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "model.onnx",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    session = onnxruntime.InferenceSession(str(tmp_path / "out" / "model.onnx"), providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer.json"))
    tokenizer.enable_padding(pad_id=0)
    for batch in (texts, texts[:1], texts[-1:], texts[3:4]):
        encodings = tokenizer.encode_batch(batch)
        feed = {
            "input_ids": np.array([encoding.ids for encoding in encodings]),
            "attention_mask": np.array([encoding.attention_mask for encoding in encodings]),
        }
        hidden, vectors = session.run(None, feed)
        assert np.abs(vectors - encoder.encode(batch)).max() < 1e-5
        assert hidden.shape == (*feed["input_ids"].shape, 64)


def test_segmentation_is_refused(tiny_folder: Path, morphology_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    encoder = Encoder(tiny_folder, device="cpu", segmentation=True, morphology=morphology_folder)
    with pytest.raises(OptionError, match="network_only=True"):
        export_onnx(encoder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
