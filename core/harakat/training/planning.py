"""Plans: the effects of a recipe on this machine, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harakat._support.extras import require
from harakat.data.loading import read_source
from harakat.errors import ModelUnavailableError, OptionError
from harakat.model.checkpoints.config import read_config
from harakat.model.checkpoints.names import locate
from harakat.training.config import Recipe
from harakat.training.schedule import Schedule

__all__ = ["MODEL", "Plan", "choose_precision", "output_folder", "plan", "require_extra", "starting_model"]

MODEL = "model"
"""Name of the finished model in a run's folder."""


@dataclass(frozen=True)
class Plan:
    """Effects of a run before it begins.

    Attributes:
        recipe: The recipe after all changes.
        start: The model to start from.
        start_is_here: True where its files are on this machine.
        output: The run's folder.
        rows: Number of rows of each data set; None where a hub data set was not opened.
        steps: Number of steps; None where it is not known.
        precision: ``"float32"`` or ``"bfloat16"``, and the reason.
    """

    recipe: Recipe
    start: str
    start_is_here: bool
    output: Path
    rows: Mapping[str, int | None]
    steps: int | None
    precision: tuple[str, str]


def plan(recipe: Recipe, output: str | os.PathLike[str] | None = None) -> Plan:
    """Check a recipe without training: options, starting model, local files. Writes nothing, fetches nothing.

    Args:
        recipe: The recipe.
        output: As in `train`.

    Raises:
        HarakatError: As `train`, as far as it can be known without the network.
    """
    require_extra()
    folder = output_folder(recipe, output)
    start = starting_model(recipe, folder)
    rows: dict[str, int | None] = {}
    for source in recipe.sources:
        local = source.path is not None or (source.hub is not None and Path(source.hub).expanduser().is_dir())
        # A source that names nothing is refused here as in a run.
        unknown = source.hub is not None and not local
        rows[source.name] = None if unknown else len(read_source(source, recipe.seed).rows)
    counts = [count for count in rows.values() if count is not None]
    steps = recipe.max_steps
    if steps is None and len(counts) == len(rows) and recipe.mixing == "concatenate":
        steps = max(1, round(-(-sum(counts) // recipe.batch_size) * recipe.epochs))
    return Plan(recipe, start, _is_here(recipe, start), folder, rows, steps, choose_precision(recipe))


def _is_here(recipe: Recipe, start: str) -> bool:
    """Return whether a model's files are on this machine; such files must be of a kind that can be read."""
    try:
        located = locate(start, revision=recipe.revision, offline=True)
    except ModelUnavailableError:
        return False
    read_config(located.folder)
    return True


def require_extra() -> None:
    """Raise MissingExtraError where a library that training needs is not installed."""
    for module in ("sentence_transformers", "accelerate", "datasets", "matplotlib"):
        require(module, "train")


def output_folder(recipe: Recipe, output: str | os.PathLike[str] | None) -> Path:
    """Return the absolute folder of a run."""
    return (Path("runs") / recipe.name if output is None else Path(output).expanduser()).absolute()


def starting_model(recipe: Recipe, output: Path) -> str:
    """Return the model to start from: the recipe's own, or the finished one of the recipe that it follows.

    Raises:
        OptionError: That recipe has not been run beside this one.
    """
    if recipe.start is not None:
        return recipe.start
    folder = output.parent / str(recipe.follows) / MODEL
    if not folder.is_dir():
        raise OptionError(
            f"{recipe.name!r} starts from the finished model of {recipe.follows!r}, but there is no folder {folder}; "
            f"train {recipe.follows!r} with its output in {folder.parent}, or name a model with start=…"
        )
    return str(folder)


def choose_precision(recipe: Schedule) -> tuple[str, str]:
    """Choose the number format of the matrix products, and say why.

    Raises:
        OptionError: The device has no bfloat16.
    """
    import torch

    cuda = recipe.device != "cpu" and torch.cuda.is_available()
    able = cuda and torch.cuda.is_bf16_supported(including_emulation=False)
    if recipe.precision == "bfloat16" and cuda and not able:
        raise OptionError(
            f"precision='bfloat16': {torch.cuda.get_device_name()} has none; set precision='auto' or 'float32'"
        )
    if recipe.precision != "auto":
        return recipe.precision, "as the settings say"
    if able:
        return "bfloat16", "autocast: the CUDA device has it"
    return "float32", "the CUDA device has no bfloat16" if cuda else "no CUDA device; autocast would not pay"
