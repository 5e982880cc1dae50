"""Files of harakat-mini: int8 there and back, and damage refused."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from harakat.errors import CheckpointError
from harakat.model.families.mini_network import MarkedBert, MarkedBertConfig
from harakat.model.families.mini_weights import dequantise, quantise, save_marked_bert
from harakat.model.families.names import MARKED_BERT
from support.marked import read_marked

CONFIG = MarkedBertConfig(
    vocab_size=80, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=128,
    max_position_embeddings=64, dictionary_keys=90, dictionary_entries=70, dictionary_readings=70, dictionary_dim=96,
)  # fmt: skip
FORMAT = {"format": "harakat-int8-groups-1"}


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(1)
    state = {
        name: torch.randn(value.shape) if value.is_floating_point() else torch.arange(len(value)).to(value.dtype)
        for name, value in MarkedBert(CONFIG).state_dict().items()
    }
    save_marked_bert(tmp_path, CONFIG, state, {"matryoshka_dims": [64, 32]})
    return tmp_path, state


def test_a_network_comes_back_within_rounding(folder):
    path, state = folder
    config, read = read_marked(path)
    assert config["model_type"] == MARKED_BERT
    assert config["matryoshka_dims"] == [64, 32]
    assert MarkedBertConfig.from_dict(config) == CONFIG
    assert read.keys() == state.keys()
    for name, tensor in state.items():
        if tensor.dim() == 2 and tensor.numel() >= 4096:
            cosine = torch.nn.functional.cosine_similarity(read[name].flatten(), tensor.flatten(), dim=0)
            assert cosine > 0.9999, name
        else:
            assert torch.equal(read[name], tensor), name
    MarkedBert(CONFIG).load_state_dict(read, strict=True, assign=True)


def test_files_are_a_quarter_of_float32(folder):
    path, state = folder
    assert (path / "model.safetensors").stat().st_size < 0.35 * sum(t.numel() * 4 for t in state.values())


def test_outliers_and_zeros_survive():
    matrix = torch.randn(64, 128)
    matrix[3, 5], matrix[7] = 40.0, 0.0
    back = dequantise(quantise({"x": matrix}))["x"]
    assert abs(back[3, 5] - 40) < 0.2 * 40
    assert (back[7] == 0).all()
    assert (back - matrix)[10:].abs().max() < 0.04


def broken(path, change):
    tensors = load_file(path / "model.safetensors")
    change(tensors)
    save_file(tensors, path / "model.safetensors", metadata=FORMAT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("norm.weight"), "norm.weight"),
        (lambda t: t.pop("words.weight.scale"), "words.weight"),
        (lambda t: t.update(extra=torch.zeros(1)), "extra"),
        (lambda t: t.update({"norm.weight": torch.ones(65)}), "shape"),
        (lambda t: t.update({"norm.weight": torch.full((64,), torch.nan)}), "finite"),
        (lambda t: t.update({"words.weight.scale": t["words.weight.scale"][:-1].clone()}), "words.weight"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(folder, change, message):
    broken(folder[0], change)
    with pytest.raises(CheckpointError, match=message):
        read_marked(folder[0])


def test_damaged_and_missing_files_are_refused(folder):
    path, _ = folder
    whole = (path / "model.safetensors").read_bytes()
    (path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match="damaged"):
        read_marked(path)
    save_file({"x": torch.zeros(1)}, path / "model.safetensors")
    with pytest.raises(CheckpointError, match="format"):
        read_marked(path)
    (path / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        read_marked(path)
    for text in ("[]", "{", json.dumps({"model_type": "other"})):
        (path / "config.json").write_text(text)
        with pytest.raises(CheckpointError, match=r"config\.json"):
            read_marked(path)


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("keys", 3, 0, "ascending"),
        ("spots", 2, 8 * 70, "70 entries"),
        ("spots", 2, -1, "70 entries"),
        ("first", 5, 40, "order"),
        ("first", 70, 71, "order"),
        ("first", 0, -1, "order"),
        ("piece_letters", 0, -2, "negative"),
    ],
)
def test_a_damaged_dictionary_is_refused(folder, name, place, value, message):
    path, state = folder
    state[f"dictionary.{name}"][place] = value
    save_marked_bert(path, CONFIG, state, {})
    with pytest.raises(CheckpointError, match=rf"model.safetensors: dictionary.{name} is .*{message}"):
        read_marked(path)


def test_numbers_of_another_kind_are_refused(folder):
    path, state = folder
    state["dictionary.keys"] = state["dictionary.keys"].int()
    save_marked_bert(path, CONFIG, state, {})
    with pytest.raises(CheckpointError, match=r"dictionary.keys is of torch.int32, expected torch.int64"):
        read_marked(path)
