"""Checkpoint files to a ready network: safetensors only, every tensor accounted for, never any remote code."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from harakat._support.checks import is_finite
from harakat._support.json_files import positive_int, read_json
from harakat.errors import CheckpointError
from harakat.model.checkpoints.config import CheckpointConfig
from harakat.model.families.names import MARKED_BERT, NEOARABERT

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from harakat.model.families.mini_network import MarkedBert
    from harakat.model.families.neoarabert_network import NeoAraBERTShape
    from harakat.model.layers.attention import Attention

__all__ = ["Network", "WeightFiles", "load_network", "neoarabert_shape", "weight_files"]

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
BASE_PREFIX = "model."
"""Masked-LM and classification exports put the base network under this prefix."""
OUR_KEYS = re.compile(r"^(encoder|layer_norm|transformer_encoder)\.")
IGNORED_KEYS = re.compile(r"(^|\.)freqs_cis$")
"""A stored rotary table is never trusted: the network computes its own."""


class Network(Protocol):
    """What the encoder asks of a network (see `harakat.model.families.neoarabert_network.NeoAraBERT.forward`)."""

    @property
    def hidden_size(self) -> int:
        """Width of the output."""

    def __call__(self, ids: Tensor, positions: Tensor, attention: Attention, marks: Tensor | None = None) -> Tensor:
        """Flat tokens to (T, hidden_size)."""


@dataclass(frozen=True)
class WeightFiles:
    """The safetensors files of a checkpoint, in the order they are read."""

    paths: tuple[Path, ...]

    def digest(self) -> str:
        """SHA-256 over the bytes of all files, in hex."""
        total = hashlib.sha256()
        for path in self.paths:
            with path.open("rb") as file:
                while chunk := file.read(1 << 22):
                    total.update(chunk)
        return total.hexdigest()


def weight_files(folder: Path) -> WeightFiles:
    """The weight files of a folder: one `model.safetensors`, or the shards that its index names.

    Raises:
        CheckpointError: There are none, only pickled ones, or the index names a file that is not there.
    """
    index = folder / "model.safetensors.index.json"
    single = folder / "model.safetensors"
    if index.exists():
        weight_map = read_json(index).get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise CheckpointError(f"{index}: weight_map={weight_map!r} does not map tensors to files")
        names = sorted(set(map(str, weight_map.values())))
        outside = [name for name in names if Path(name).name != name]
        if outside:
            raise CheckpointError(f"{index} names {outside[0]!r}; shards must lie beside the index")
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise CheckpointError(
                f"{folder} lacks {', '.join(missing)} ({len(missing)} of {len(names)} shards); fetch the model again"
            )
        return WeightFiles(tuple(folder / name for name in names))
    if single.is_file():
        return WeightFiles((single,))
    pickled = sorted(p.name for p in folder.iterdir() if p.suffix in PICKLED) if folder.is_dir() else []
    if pickled:
        raise CheckpointError(
            f"{folder} holds only pickled weights ({', '.join(pickled)}), which can run code when opened and are "
            f"refused; convert them to model.safetensors with safetensors.torch.save_file where you trust them"
        )
    raise CheckpointError(f"{folder} holds no model.safetensors and no model.safetensors.index.json")


def neoarabert_shape(config: CheckpointConfig, folder: Path) -> NeoAraBERTShape:
    """The network's numbers from `config.json`.

    Raises:
        CheckpointError: A number is missing or impossible, or the config asks for another kind of block.
    """
    from harakat.model.families.neoarabert_network import NeoAraBERTShape

    raw, path = config.raw, folder / "config.json"
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
        max_positions=config.max_positions,
        pad_id=pad_id if isinstance(pad_id, int) else 0,
    )
    if shape.hidden_size % shape.num_attention_heads or shape.head_dim % 2:
        raise CheckpointError(
            f"{path}: hidden_size={shape.hidden_size} does not split into {shape.num_attention_heads} heads of an "
            f"even width"
        )
    return shape


def load_network(
    folder: Path,
    config: CheckpointConfig,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> Network:
    """Build the network of a checkpoint folder and fill it, on `device`, in `dtype` (default float32).

    Raises:
        CheckpointError: The files are unsafe, damaged, or do not fit the config.
    """
    import torch

    dtype = dtype or torch.float32
    files = weight_files(folder)
    network: Any
    if config.model_type == MARKED_BERT:
        network = _load_marked_bert(folder)
    elif config.model_type == NEOARABERT:
        network = _load_neoarabert(folder, config, files)
    else:
        raise CheckpointError(f"{folder}: model_type={config.model_type!r} is unknown")
    network.eval().requires_grad_(False)
    network.to(device=device, dtype=dtype)
    if config.model_type == NEOARABERT:
        network.reset_rotary(device)  # stays float32 whatever the dtype of the weights
    return network  # type: ignore[no-any-return]


def _load_neoarabert(folder: Path, config: CheckpointConfig, files: WeightFiles) -> Any:
    import torch

    from harakat.model.families.neoarabert_network import NeoAraBERT

    with torch.device("meta"):
        network = NeoAraBERT(neoarabert_shape(config, folder))
    network.reset_rotary("cpu")
    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    state = _read_tensors(files.paths, wanted)
    missing = sorted(wanted.keys() - state.keys())
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise CheckpointError(
            f"{folder} lacks {len(missing)} of the {len(wanted)} tensors that its config.json asks for: "
            f"{', '.join(missing[:3])}{more}"
        )
    network.load_state_dict(state, assign=True)
    return network


def _load_marked_bert(folder: Path) -> MarkedBert:
    import torch

    from harakat.model.families.mini_network import MarkedBert, MarkedBertConfig
    from harakat.model.families.mini_weights import load_marked_bert

    values, state = load_marked_bert(folder)
    with torch.device("meta"):
        network = MarkedBert(MarkedBertConfig.from_dict(values))
    network.load_state_dict(state, assign=True)
    return network


def _read_tensors(paths: Iterable[Path], wanted: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    import torch
    from safetensors import SafetensorError, safe_open

    state: dict[str, Tensor] = {}
    for path in paths:
        try:
            with safe_open(path, framework="pt") as file:
                keys = list(file.keys())
                for key in keys:
                    name = _base_name(key)
                    if name is None:
                        continue
                    if name not in wanted:
                        raise CheckpointError(f"{path} holds {key!r}, which its config.json has no place for")
                    shape = tuple(file.get_slice(key).get_shape())
                    if shape != wanted[name]:
                        raise CheckpointError(
                            f"{path}: {key!r} has the shape {shape}, but config.json asks for {wanted[name]}"
                        )
                    if name in state:
                        raise CheckpointError(f"{path} holds {key!r}, which another tensor already fills")
                    tensor = file.get_tensor(key)
                    if not tensor.is_floating_point():
                        raise CheckpointError(f"{path}: {key!r} is stored as {tensor.dtype}, not as floating point")
                    tensor = tensor.to(torch.float32)
                    if not bool(torch.isfinite(tensor).all()):
                        raise CheckpointError(f"{path}: {key!r} holds NaN or infinite values; fetch the model again")
                    state[name] = tensor
        except (SafetensorError, OSError) as error:
            raise CheckpointError(
                f"{path} is damaged or cut short ({path.stat().st_size:,} bytes): {error}; fetch the model again"
            ) from error
    return state


def _base_name(key: str) -> str | None:
    """The name in the base network, or None for heads and stored tables."""
    name = key.removeprefix(BASE_PREFIX)
    return name if OUR_KEYS.match(name) and not IGNORED_KEYS.search(name) else None
