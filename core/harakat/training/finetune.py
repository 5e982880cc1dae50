"""Fine-tuning on a file of triplets, in one call."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harakat.data.readers import file_rows
from harakat.data.source import Source
from harakat.errors import OptionError
from harakat.training.config import load_recipe
from harakat.training.planning import require_extra
from harakat.training.run import Trained, run_recipe

__all__ = ["fine_tune"]


def fine_tune(
    data: str | os.PathLike[str] | Iterable[Mapping[str, str]],
    output: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] = "harakat-mini",
    resume: bool = False,
    show_progress: bool | None = None,
    **options: Any,
) -> Trained:
    """Train a model on triplets (or pairs) of your own.

    Args:
        data: A .jsonl, .csv or .tsv file (.gz and .xz too) with the columns ``anchor``, ``positive`` and, for
            triplets, ``negative``; or such rows themselves, which are then written to ``data.jsonl`` in `output`.
        output: As in `train`; the model is in its folder ``model``.
        model: The model to start from.
        resume: As in `train`.
        show_progress: As in `train`.
        **options: Fields of `Recipe`, such as ``max_steps=100``, ``batch_size=16``, ``lr=2e-5``.

    Returns:
        The finished run; ``Encoder(run.folder)`` opens the model.

    Raises:
        HarakatError: As `train`.
    """
    require_extra()
    folder = Path(output).expanduser()
    refuse = {"name", "data", "start", "follows"} & options.keys()
    if refuse:
        raise OptionError(f"{sorted(refuse)[0]}: fine_tune sets it itself; for a whole recipe use train()")
    base = load_recipe("fine-tune", options)
    if isinstance(data, str | os.PathLike):
        given, path = None, Path(data).expanduser()
        first: Mapping[str, Any] = next((row for _, row in file_rows(path)), {})
    else:
        given, path = [dict(row) for row in data], folder / "data.jsonl"
        first = given[0] if given else {}
    source = Source("own", format="triplets" if "negative" in first else "pairs", path=str(path))
    recipe = base.changed({"data": (source,), "start": os.fspath(model)})
    return run_recipe(recipe, folder, resume=resume, show_progress=show_progress, given=given)
