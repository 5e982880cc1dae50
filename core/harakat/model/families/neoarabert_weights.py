"""Weights of NeoAraBERT on disk: float tensors named as in the published checkpoints, every one accounted for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat._support.checks import is_finite
from harakat._support.json_files import positive_int
from harakat.errors import CheckpointError
from harakat.model.families.neoarabert_network import NeoAraBERTShape
from harakat.model.tensors import TensorFile, all_finite

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["load_state", "neoarabert_shape"]

BASE_PREFIX = "model."
"""Masked-LM and classification exports put the base network under this prefix."""
OUR_KEYS = re.compile(r"^(encoder|layer_norm|transformer_encoder)\.")
MOST_ANGLES = 1 << 24
"""Entries of the largest rotary table: positions times the width of a head."""
IGNORED_KEYS = re.compile(r"(^|\.)freqs_cis$")
"""A stored rotary table is never trusted: the network computes its own."""


def neoarabert_shape(raw: Mapping[str, Any], max_positions: int, path: Path) -> NeoAraBERTShape:
    """Read the network's numbers from its config.

    Args:
        raw: Content of the config.
        max_positions: Longest sequence in tokens.
        path: The config's file, for errors.

    Raises:
        CheckpointError: A number is missing or impossible, or the config asks for another kind of block.
    """
    for key, wanted in (("rms_norm", True), ("rope", True), ("hidden_act", "swiglu")):
        value = raw.get(key, wanted)
        if (value.lower() if isinstance(value, str) else value) != wanted:
            raise CheckpointError(f"{path}: {key}={value!r} is not the published NeoAraBERT; only {wanted!r} is known")
    eps = raw.get("norm_eps", 1e-5)
    if not is_finite(eps) or not 0 < eps < 1:
        raise CheckpointError(f"{path}: norm_eps={eps!r} is not a small positive number")
    pad_id = raw.get("pad_token_id", 0)
    shape = NeoAraBERTShape(
        hidden_size=positive_int(raw, "hidden_size", path),
        num_hidden_layers=positive_int(raw, "num_hidden_layers", path),
        num_attention_heads=positive_int(raw, "num_attention_heads", path),
        intermediate_size=positive_int(raw, "intermediate_size", path),
        vocab_size=positive_int(raw, "vocab_size", path),
        norm_eps=float(eps),
        max_positions=max_positions,
        pad_id=pad_id if isinstance(pad_id, int) else 0,
    )
    if shape.hidden_size % shape.num_attention_heads or shape.head_dim % 2:
        raise CheckpointError(
            f"{path}: hidden_size={shape.hidden_size} does not split into {shape.num_attention_heads} heads of an "
            f"even width"
        )
    if shape.max_positions * shape.head_dim > MOST_ANGLES:
        raise CheckpointError(
            f"{path}: {shape.max_positions:,} positions of heads {shape.head_dim:,} wide ask for a rotary table of "
            f"{4 * shape.max_positions * shape.head_dim:,} bytes; the most is {4 * MOST_ANGLES:,}"
        )
    return shape


def load_state(folder: Path, paths: Sequence[Path], wanted: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Read the tensors of the base network, float32 on the CPU.

    Args:
        folder: The checkpoint, for errors.
        paths: Its safetensors files.
        wanted: Shape of each tensor by its name.

    Raises:
        CheckpointError: A file is damaged, or holds other tensors than these.
    """
    state = _read_tensors(paths, wanted)
    missing = sorted(wanted.keys() - state.keys())
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise CheckpointError(
            f"{folder} lacks {len(missing)} of the {len(wanted)} tensors that its config.json asks for: "
            f"{', '.join(missing[:3])}{more}"
        )
    return state


def _read_tensors(paths: Sequence[Path], wanted: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    import torch

    state: dict[str, Tensor] = {}
    for path in paths:
        with TensorFile(path) as file:
            for key in file.names:
                name = _base_name(key)
                if name is None:
                    continue
                if name not in wanted:
                    raise CheckpointError(f"{path} holds {key!r}, which its config.json has no place for")
                shape = file.shape(key)
                if shape != wanted[name]:
                    raise CheckpointError(
                        f"{path}: {key!r} has the shape {shape}, but config.json asks for {wanted[name]}"
                    )
                if name in state:
                    raise CheckpointError(f"{path} holds {key!r}, which another tensor already fills")
                tensor = file.read(key)
                if not tensor.is_floating_point():
                    raise CheckpointError(f"{path}: {key!r} is stored as {tensor.dtype}, not as floating point")
                tensor = tensor.to(torch.float32)
                if not all_finite(tensor):
                    raise CheckpointError(f"{path}: {key!r} holds NaN or infinite values; fetch the model again")
                state[name] = tensor
    return state


def _base_name(key: str) -> str | None:
    """Return the name in the base network, or None for heads and stored tables."""
    name = key.removeprefix(BASE_PREFIX)
    return name if OUR_KEYS.match(name) and not IGNORED_KEYS.search(name) else None
