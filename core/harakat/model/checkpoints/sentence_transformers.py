"""The modules that a sentence-transformers folder puts after its network: read where they are ours, else refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harakat._support.json_files import positive_int, present, read_json, read_text
from harakat.errors import CheckpointError
from harakat.model.tensors import TensorFile

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["check_modules"]

BEFORE = "only mean pooling, a cut to the first values and normalising are known"


def check_modules(folder: Path, hidden_size: object) -> int | None:
    """Read the dim that the modules of a folder cut vectors to.

    A SentenceTransformer has no setting for a Matryoshka dim that its files could hold. One that was made by
    `harakat.interop.to_sentence_transformer` at a smaller dim is saved with a Dense layer of rows of the identity.

    Args:
        folder: That of the checkpoint.
        hidden_size: Of the network, as `config.json` has it.

    Returns:
        The dim, or None where nothing is cut, or the folder is not one of sentence-transformers.

    Raises:
        CheckpointError: The modules change vectors in another way, or their files cannot be read.
    """
    path = folder / "modules.json"
    if not present(path):
        return None
    try:
        modules = json.loads(read_text(path))
        listed = [(str(module["type"]).rsplit(".", 1)[-1], str(module.get("path", ""))) for module in modules]
    except (OSError, ValueError, RecursionError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"{path} cannot be read as a list of modules: {error!r}") from error
    readers: dict[str, Callable[[Path, object], int | None]] = {
        "Pooling": _check_pooling,
        "Dense": _cut,
        "Normalize": lambda folder, width: None,
    }
    unknown = [kind for kind, _ in listed[1:] if kind not in readers]
    if unknown:
        raise CheckpointError(f"{path} adds {', '.join(unknown)} after the network; {BEFORE}")
    outside = [sub for _, sub in listed[1:] if Path(sub).is_absolute() or ".." in Path(sub).parts]
    if outside:
        raise CheckpointError(f"{path} names the folder {outside[0]!r}, which is not within that of the checkpoint")
    width, dim = hidden_size, None
    for kind, sub in listed[1:]:
        cut = readers[kind](folder / sub, width)
        if cut is not None:
            width = dim = cut
    return dim


def _check_pooling(folder: Path, width: object) -> None:
    path = folder / "config.json"
    if not present(path):
        return
    pooling = read_json(path)
    # sentence-transformers before 6 wrote one flag a mode, since then a name or a list of names.
    modes = {key.removeprefix("pooling_mode_") for key, value in pooling.items() if value is True}
    modes = {mode for mode in modes if f"pooling_mode_{mode}" in pooling} - {"mean_tokens"}
    named = pooling.get("pooling_mode", "mean")
    modes |= set([named] if isinstance(named, str) else named) - {"mean"}
    if modes or pooling.get("include_prompt") is False:
        what = ", ".join(sorted(map(str, modes))) or "leaving the prompt out"
        raise CheckpointError(f"{path} asks for {what}; only mean pooling over all tokens is known")


def _cut(folder: Path, width: object) -> int:
    """Output size of a Dense layer that only keeps the first values."""
    path = folder / "config.json"
    config = read_json(path)
    dim = positive_int(config, "out_features", path)
    source = config.get("module_input_name", "sentence_embedding")
    plain = (
        str(config.get("activation_function")).rsplit(".", 1)[-1] == "Identity"
        and source == "sentence_embedding"
        and config.get("module_output_name") in (None, source)
        and not config.get("use_residual")
    )
    if not plain or config.get("in_features") != width or not _is_prefix(_weights(folder), dim, width):
        raise CheckpointError(
            f"{folder} is a Dense layer that does more than keep the first values of a vector of {width!r}; {BEFORE}"
        )
    return dim


def _weights(folder: Path) -> dict[str, Tensor]:
    path = folder / "model.safetensors"
    if not path.is_file():
        raise CheckpointError(f"{path}, the weights of a Dense layer, cannot be read: it is missing or no regular file")
    try:
        with TensorFile(path) as file:
            return {name: file.read(name) for name in file.names}
    except CheckpointError as error:
        raise CheckpointError(f"{path}, the weights of a Dense layer, cannot be read: {error}") from error


def _is_prefix(weights: dict[str, Tensor], dim: int, width: object) -> bool:
    import torch

    if not isinstance(width, int) or dim > width or set(weights) != {"linear.weight"}:
        return False
    weight = weights["linear.weight"]
    return torch.equal(weight, torch.eye(dim, width, dtype=weight.dtype))
