"""Loading: every accepted layout gives the same network, and every bad one a clear refusal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from harakat import Encoder
from harakat.errors import CheckpointError
from harakat.model.checkpoints.config import read_config
from harakat.model.checkpoints.network import load_network, weight_files
from support.oracle import embedding
from support.tiny import SAMPLE_TEXTS, write_tiny


@pytest.fixture
def folder(tiny_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(tiny_folder, tmp_path / "model"))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def load(folder: Path) -> Any:
    return load_network(folder, read_config(folder))


def vectors(folder: Path) -> np.ndarray:
    return Encoder(folder).encode(SAMPLE_TEXTS)


def test_vectors_equal_the_oracle(tiny_folder: Path) -> None:
    encoder = Encoder(tiny_folder)
    config = json.loads((tiny_folder / "config.json").read_text())
    for text, ours in zip(SAMPLE_TEXTS, encoder.encode(SAMPLE_TEXTS), strict=True):
        ids = [piece.id for piece in encoder.pieces(text)]
        np.testing.assert_allclose(ours, embedding(weights(tiny_folder), config, ids), atol=1e-5)


def test_published_sizes_load(tmp_path: Path) -> None:
    """The published proportions (heads of 64, SwiGLU 2/3), two layers deep."""
    sizes = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072, "num_hidden_layers": 2}
    folder = write_tiny(tmp_path / "wide", dims=(768, 512, 256, 128, 64), max_position_embeddings=1024, **sizes)
    encoder = Encoder(folder, dim=256)
    config = json.loads((folder / "config.json").read_text())
    text = SAMPLE_TEXTS[4]
    ids = [piece.id for piece in encoder.pieces(text)]
    np.testing.assert_allclose(encoder.encode(text), embedding(weights(folder), config, ids, 256), atol=1e-5)


def test_a_masked_lm_export_is_the_same_model(folder: Path) -> None:
    before = vectors(folder)
    state = {f"model.{name}": tensor for name, tensor in weights(folder).items()}
    state["decoder.weight"] = torch.randn(7, 64)
    state["decoder.bias"] = torch.randn(7)
    state["model.freqs_cis"] = torch.full((4, 4), 1e9)  # a stored table must be ignored
    save_file(state, folder / "model.safetensors")
    np.testing.assert_array_equal(vectors(folder), before)


def shard(folder: Path) -> None:
    state = weights(folder)
    names = sorted(state)
    halves = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, part in halves.items():
        save_file({name: state[name] for name in part}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, part in halves.items() for name in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()


def test_shards_are_the_same_model(folder: Path) -> None:
    before = vectors(folder)
    shard(folder)
    np.testing.assert_array_equal(vectors(folder), before)


def test_a_missing_shard_is_named(folder: Path) -> None:
    shard(folder)
    (folder / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match="model-00002-of-00002.safetensors"):
        weight_files(folder)


def test_a_shard_outside_the_folder_is_refused(folder: Path) -> None:
    index = {"weight_map": {"encoder.weight": "../elsewhere.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(CheckpointError, match="beside the index"):
        weight_files(folder)


def test_half_precision_files_load_as_float32(folder: Path) -> None:
    before = vectors(folder)
    save_file({k: v.to(torch.bfloat16) for k, v in weights(folder).items()}, folder / "model.safetensors")
    after = vectors(folder)
    assert load(folder).encoder.weight.dtype == torch.float32
    assert ((before * after).sum(1) > 0.999).all()


def test_pickled_weights_are_refused_unopened(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(CheckpointError, match=r"pytorch_model.bin.*refused"):
        load(folder)


def test_python_files_in_the_folder_never_run(folder: Path) -> None:
    before = vectors(folder)
    marker = folder / "ran"
    for name in ("model.py", "modeling_neoarabert.py", "tokenizer.py"):
        (folder / name).write_text(f"open({str(marker)!r}, 'w').close()")
    config = json.loads((folder / "config.json").read_text())
    config["auto_map"] = {"AutoModel": "model.NeoAraBERT", "AutoConfig": "model.NeoAraBERTConfig"}
    (folder / "config.json").write_text(json.dumps(config))
    np.testing.assert_array_equal(vectors(folder), before)
    assert not marker.exists()


def rewrite(folder: Path, **changes: torch.Tensor | None) -> None:
    state = weights(folder)
    for name, tensor in changes.items():
        key = name.replace("__", ".")
        if tensor is None:
            del state[key]
        else:
            state[key] = tensor
    save_file(state, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer_norm__weight": None}, r"lacks 1 of the \d+ tensors.*layer_norm.weight"),
        ({"layer_norm__weight": torch.ones(63)}, r"layer_norm.weight.*\(63,\).*\(64,\)"),
        ({"layer_norm__weight": torch.full((64,), float("nan"))}, r"layer_norm.weight.*NaN"),
        ({"layer_norm__weight": torch.ones(64, dtype=torch.int8)}, r"layer_norm.weight.*int8"),
        ({"transformer_encoder__7__qkv__weight": torch.ones(192, 64)}, r"transformer_encoder.7.*no place"),
        ({"model__layer_norm__weight": torch.ones(64)}, r"another tensor already"),
    ],
)
def test_tensors_that_do_not_fit_are_named(folder: Path, changes: dict[str, Any], message: str) -> None:
    rewrite(folder, **changes)
    with pytest.raises(CheckpointError, match=message):
        load(folder)


@pytest.mark.parametrize("keep", [0, 7, 100, 5000, -1])
def test_truncated_files_are_refused(folder: Path, keep: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CheckpointError, match=r"model.safetensors is damaged or cut short"):
        load(folder)


def test_no_weights_at_all(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="no model.safetensors"):
        load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": None}, "hidden_size=None"),
        ({"num_attention_heads": 5}, "5 heads"),
        ({"num_hidden_layers": 2.5}, "num_hidden_layers=2.5"),
        ({"vocab_size": True}, "vocab_size=True"),
        ({"norm_eps": -1}, "norm_eps=-1"),
        ({"hidden_act": "gelu"}, "hidden_act='gelu'"),
        ({"rope": False}, "rope=False"),
        ({"rms_norm": False}, "rms_norm=False"),
    ],
)
def test_configs_that_ask_for_another_network(folder: Path, change: dict[str, Any], message: str) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(CheckpointError, match=message):
        load(folder)


def test_a_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    state = weights(folder)
    rows = state["encoder.weight"].shape[0] - 20
    state["encoder.weight"] = state["encoder.weight"][:rows].clone()
    save_file(state, folder / "model.safetensors")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "vocab_size": rows}))
    with pytest.raises(CheckpointError, match="belong to different models"):
        Encoder(folder)


def test_two_loads_agree_exactly(tiny_folder: Path) -> None:
    config = read_config(tiny_folder)
    first, second = load_network(tiny_folder, config), load_network(tiny_folder, config)
    assert first is not second
    for one, two in zip(first.parameters(), second.parameters(), strict=True):  # type: ignore[attr-defined]
        assert torch.equal(one, two)


def test_the_rotary_table_stays_float32_in_half_precision(tiny_folder: Path) -> None:
    network: Any = load_network(tiny_folder, read_config(tiny_folder), dtype=torch.bfloat16)
    assert network.encoder.weight.dtype == torch.bfloat16
    assert network.cos.dtype == torch.float32


def test_the_digest_follows_the_bytes(folder: Path, other_folder: Path) -> None:
    one = weight_files(folder).digest()
    assert one == weight_files(folder).digest()
    assert one != weight_files(other_folder).digest()
