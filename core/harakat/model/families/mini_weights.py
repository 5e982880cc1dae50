"""Weights of harakat-mini on disk: matrices as int8 with a float16 scale a group, everything else as it is.

A matrix ``name`` is stored as ``name.int8`` (rows, columns) and ``name.scale`` (rows, groups), each row in groups of
neighbouring columns, and means int8 times scale. 29 million weights fit into 32 MB this way and are float32 again in
a fraction of a second.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from harakat.errors import CheckpointError
from harakat.model.families.mini_network import FORMAT, MarkedBert, MarkedBertConfig
from harakat.model.families.names import MARKED_BERT
from harakat.model.layers.dictionary import table_fault
from harakat.model.tensors import TensorFile, all_finite

__all__ = ["dequantise", "load_state", "quantise", "save_marked_bert"]

_FORMAT = "harakat-int8-groups-1"
_GROUP = 64
_LEAST_QUANTISED = 4096
_INT8, _SCALE = ".int8", ".scale"


def quantise(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Store every float matrix of 4,096 weights and more as int8 with scales; a scale is the best of several.

    A group is 64 columns, or the largest power of two below that divides the row. A scale below the one that fits a
    group's largest weight clips that weight and rounds the others more finely; of 13 candidates the one with the
    least squared error is kept.
    """
    stored: dict[str, Tensor] = {}
    for name, tensor in state.items():
        if tensor.dim() != 2 or tensor.numel() < _LEAST_QUANTISED or not tensor.is_floating_point():
            stored[name] = tensor.detach().contiguous()
            continue
        weights = tensor.detach().float()
        rows, columns = weights.shape
        weights = weights.reshape(-1, math.gcd(columns, _GROUP))
        largest = weights.abs().amax(dim=1, keepdim=True).clamp_min(1e-6) / 127
        best = torch.full((len(weights), 1), torch.inf)
        kept = largest.clone()
        for factor in torch.linspace(0.7, 1.0, 13).tolist():
            scale = (largest * factor).half().float().clamp_min(6e-8)
            error = ((weights / scale).round().clamp(-127, 127) * scale - weights).square().sum(1, keepdim=True)
            better = error < best
            best, kept = torch.where(better, error, best), torch.where(better, scale, kept)
        rounded = (weights / kept).round().clamp(-127, 127).to(torch.int8)
        stored[name + _INT8] = rounded.reshape(rows, columns).contiguous()
        stored[name + _SCALE] = kept.half().reshape(rows, -1).contiguous()
    return stored


def dequantise(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return float32 tensors under their own names; the inverse of `quantise` up to rounding.

    Args:
        stored: Emptied on the way, so that both never stand in memory whole.

    Raises:
        CheckpointError: A matrix without its scales, or scales that do not fit it.
    """
    state: dict[str, Tensor] = {}
    for name in list(stored):
        if name.endswith(_SCALE) and name.removesuffix(_SCALE) + _INT8 in stored:
            continue  # goes with its matrix
        tensor = stored.pop(name, None)
        if tensor is None:
            continue
        if not name.endswith(_INT8):
            state[name] = tensor.float() if tensor.is_floating_point() else tensor
            continue
        name = name.removesuffix(_INT8)
        scale = stored.pop(name + _SCALE, None)
        fits = scale is not None and tensor.dim() == scale.dim() == 2 and len(scale) == len(tensor)
        if not fits or scale is None or scale.shape[1] == 0 or tensor.shape[1] % scale.shape[1]:
            raise CheckpointError(f"{name}: int8 matrix and scales do not fit together; fetch the model again")
        weights = tensor.float().view(*scale.shape, -1).mul_(scale.float()[..., None])
        state[name] = weights.view(tensor.shape)
    return state


def save_marked_bert(
    folder: str | Path,
    config: MarkedBertConfig,
    state: Mapping[str, Tensor],
    extra: Mapping[str, Any],
    *,
    exact: bool = False,
) -> None:
    """Write ``config.json`` and ``model.safetensors`` into `folder`, which must exist.

    Args:
        folder: Where to write.
        config: Sizes of the network.
        state: Its state dict, float32.
        extra: Further fields of ``config.json``, such as `matryoshka_dims`, `spelling` and `version`.
        exact: Store every tensor as it is instead of as int8: four times the size, the very same vectors.
    """
    from dataclasses import asdict

    from safetensors.torch import save_file

    folder = Path(folder)
    fields = {"model_type": MARKED_BERT, "format": FORMAT, **asdict(config), **extra}
    (folder / "config.json").write_text(json.dumps(fields, ensure_ascii=False, indent=2) + "\n", "utf-8")
    file = folder / "model.safetensors"
    stored = {name: tensor.detach().contiguous() for name, tensor in state.items()} if exact else quantise(state)
    save_file(stored, file, metadata={"format": _FORMAT})
    file.chmod(0o644)


def load_state(paths: Sequence[Path], config: MarkedBertConfig) -> dict[str, Tensor]:
    """Read the weights that `save_marked_bert` wrote.

    Args:
        paths: The safetensors file; several are read as one.
        config: Sizes of the network.

    Returns:
        A float32 state dict that `MarkedBert(config)` loads strictly, with ``assign=True`` without copying.

    Raises:
        CheckpointError: A file is missing, damaged, of another format, or its tensors do not fit the config.
    """
    stored: dict[str, Tensor] = {}
    for file in paths:
        with TensorFile(file) as opened:
            found = opened.metadata.get("format")
            if found != _FORMAT:
                raise CheckpointError(f"{file}: format {found!r}, expected {_FORMAT!r}")
            stored |= {name: opened.read(name) for name in opened.names}
    state = dequantise(stored)
    _check(paths[0], config, state)
    return state


def _check(file: Path, config: MarkedBertConfig, state: Mapping[str, Tensor]) -> None:
    with torch.device("meta"):  # sizes only: a config may ask for any
        expected = MarkedBert(config).state_dict()
    absent, unknown = sorted(expected.keys() - state.keys()), sorted(state.keys() - expected.keys())
    if absent or unknown:
        raise CheckpointError(f"{file}: missing tensors {absent}, unknown tensors {unknown}")
    for name, tensor in expected.items():
        if state[name].shape != tensor.shape:
            raise CheckpointError(
                f"{file}: {name} has shape {tuple(state[name].shape)}, config.json wants {tuple(tensor.shape)}"
            )
        if state[name].is_floating_point() and not all_finite(state[name]):
            raise CheckpointError(f"{file}: {name} holds values that are not finite; fetch the model again")
        if state[name].dtype != tensor.dtype:
            raise CheckpointError(f"{file}: {name} is of {state[name].dtype}, expected {tensor.dtype}")
    if config.dictionary is not None:
        prefix = "dictionary."
        tables = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
        if fault := table_fault(config.dictionary, tables):
            raise CheckpointError(f"{file}: {fault}; fetch the model again")
