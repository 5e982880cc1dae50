"""Modules of a sentence-transformers folder: what is read as it is meant, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from harakat.errors import CheckpointError
from harakat.model.checkpoints.sentence_transformers import check_modules

HIDDEN = 8
PREFIX = {"in_features": HIDDEN, "out_features": 4, "bias": False, "activation_function": "torch.nn.Identity"}


def modules(folder: Path, *kinds: str) -> Path:
    """A folder with a network and these modules after it."""
    listed = [{"path": "", "type": "x.Transformer"}]
    listed += [{"path": f"{at}_{kind}", "type": f"x.{kind}"} for at, kind in enumerate(kinds, 1)]
    (folder / "modules.json").write_text(json.dumps(listed), encoding="utf-8")
    return folder


def dense(folder: Path, config: dict[str, Any], tensors: dict[str, torch.Tensor], at: int = 1) -> Path:
    """The files of a Dense layer."""
    sub = folder / f"{at}_Dense"
    sub.mkdir(exist_ok=True)
    (sub / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(tensors, sub / "model.safetensors")
    return folder


def test_a_folder_of_another_kind_cuts_nothing(tmp_path: Path) -> None:
    assert check_modules(tmp_path, HIDDEN) is None
    assert check_modules(modules(tmp_path, "Pooling", "Normalize"), HIDDEN) is None


@pytest.mark.parametrize(
    "pooling",
    [
        {"pooling_mode_cls_token": True},
        {"pooling_mode": "cls"},
        {"pooling_mode": ["mean", "max"]},
        {"include_prompt": False},
    ],
)
def test_other_pooling_is_refused(tmp_path: Path, pooling: dict[str, Any]) -> None:
    modules(tmp_path, "Pooling")
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling/config.json").write_text(json.dumps(pooling), encoding="utf-8")
    with pytest.raises(CheckpointError, match="only mean pooling"):
        check_modules(tmp_path, HIDDEN)


def test_other_modules_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="adds LayerNorm, WeightedLayerPooling after"):
        check_modules(modules(tmp_path, "LayerNorm", "Dense", "WeightedLayerPooling"), HIDDEN)


@pytest.mark.parametrize("text", ["{", '["x"]', '{"a": 1}', '[{"path": "1"}]'])
def test_a_damaged_list_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "modules.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"modules\.json cannot be read"):
        check_modules(tmp_path, HIDDEN)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(dim=st.integers(1, HIDDEN), dtype=st.sampled_from([torch.float32, torch.bfloat16, torch.float16]))
def test_the_first_rows_of_the_identity_cut(tmp_path: Path, dim: int, dtype: torch.dtype) -> None:
    weight = torch.eye(dim, HIDDEN, dtype=dtype)
    dense(modules(tmp_path, "Dense", "Normalize"), {**PREFIX, "out_features": dim}, {"linear.weight": weight})
    assert check_modules(tmp_path, HIDDEN) == dim


def test_a_cut_of_a_cut(tmp_path: Path) -> None:
    modules(tmp_path, "Dense", "Dense")
    dense(tmp_path, PREFIX, {"linear.weight": torch.eye(4, HIDDEN)})
    dense(tmp_path, {**PREFIX, "in_features": 4, "out_features": 2}, {"linear.weight": torch.eye(2, 4)}, at=2)
    assert check_modules(tmp_path, HIDDEN) == 2


@pytest.mark.parametrize(
    ("change", "tensors"),
    [
        ({}, {"linear.weight": torch.eye(4, HIDDEN) * 2}),
        ({}, {"linear.weight": torch.eye(4, HIDDEN).flip(0)}),
        ({}, {"linear.weight": torch.eye(3, HIDDEN)}),
        ({}, {"linear.weight": torch.eye(4, HIDDEN), "linear.bias": torch.zeros(4)}),
        ({}, {"weight": torch.eye(4, HIDDEN)}),
        ({"activation_function": "torch.nn.modules.activation.Tanh"}, {"linear.weight": torch.eye(4, HIDDEN)}),
        ({"use_residual": True}, {"linear.weight": torch.eye(4, HIDDEN)}),
        ({"module_input_name": "token_embeddings"}, {"linear.weight": torch.eye(4, HIDDEN)}),
        ({"module_output_name": "other"}, {"linear.weight": torch.eye(4, HIDDEN)}),
        ({"in_features": 6}, {"linear.weight": torch.eye(4, 6)}),
        ({"in_features": 6, "out_features": 16}, {"linear.weight": torch.eye(16, 6)}),
    ],
)
def test_any_other_dense_layer_is_refused(
    tmp_path: Path, change: dict[str, Any], tensors: dict[str, torch.Tensor]
) -> None:
    dense(modules(tmp_path, "Dense"), {**PREFIX, **change}, tensors)
    with pytest.raises(CheckpointError, match="1_Dense is a Dense layer that does more"):
        check_modules(tmp_path, HIDDEN)


def test_files_of_a_dense_layer_that_are_missing_or_damaged(tmp_path: Path) -> None:
    modules(tmp_path, "Dense")
    with pytest.raises(CheckpointError, match=r"config\.json is missing"):
        check_modules(tmp_path, HIDDEN)
    dense(tmp_path, {**PREFIX, "out_features": "4"}, {"linear.weight": torch.eye(4, HIDDEN)})
    with pytest.raises(CheckpointError, match="out_features='4'"):
        check_modules(tmp_path, HIDDEN)
    dense(tmp_path, PREFIX, {"linear.weight": torch.eye(4, HIDDEN)})
    (tmp_path / "1_Dense/model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(CheckpointError, match=r"model\.safetensors, the weights of a Dense layer"):
        check_modules(tmp_path, HIDDEN)
    (tmp_path / "1_Dense/model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"model\.safetensors, the weights of a Dense layer"):
        check_modules(tmp_path, HIDDEN)
