"""Checkpoint files to a ready network: safetensors only, every tensor accounted for, never any remote code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harakat._support.json_files import present, read_json
from harakat.errors import CheckpointError
from harakat.model.checkpoints.config import CheckpointConfig
from harakat.model.families.family import Network, NetworkFiles

if TYPE_CHECKING:
    import torch

__all__ = ["WeightFiles", "load_network", "weight_files"]

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")


@dataclass(frozen=True)
class WeightFiles:
    """The safetensors files of a checkpoint, in the order they are read."""

    paths: tuple[Path, ...]

    def digest(self) -> str:
        """Compute SHA-256 over the bytes of all files, in hex."""
        total = hashlib.sha256()
        for path in self.paths:
            with path.open("rb") as file:
                while chunk := file.read(1 << 22):
                    total.update(chunk)
        return total.hexdigest()


def weight_files(folder: Path) -> WeightFiles:
    """List the weight files of a folder: one `model.safetensors`, or the shards that its index names.

    Raises:
        CheckpointError: There are none, only pickled ones, or the index names a file that is not there.
    """
    index = folder / "model.safetensors.index.json"
    single = folder / "model.safetensors"
    if present(index):
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


def load_network(
    folder: Path,
    config: CheckpointConfig,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    weights: WeightFiles | None = None,
) -> Network:
    """Build the network of a checkpoint folder and fill it, on `device`, in `dtype` (default float32).

    Args:
        folder: The checkpoint.
        config: What `read_config` gave for it.
        device: Where the network is to be.
        dtype: Floating-point type of its parameters.
        weights: What `weight_files` gave for it, where that was asked before.

    Raises:
        CheckpointError: The files are unsafe, damaged, or do not fit the config.
    """
    import torch

    weights = weights or weight_files(folder)
    files = NetworkFiles(folder, dict(config.raw), config.max_positions, weights.paths)
    network = config.family.load(files, device, dtype or torch.float32)
    network.eval().requires_grad_(False)
    return network  # type: ignore[no-any-return]
