"""Training runs from recipe to finished model: begin or resume, train, save."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat._support.files import write_text
from harakat.data.loading import LoadedSource, read_source
from harakat.data.source import Source
from harakat.errors import OptionError
from harakat.training.config import Recipe
from harakat.training.data import to_datasets
from harakat.training.loop import run_trainer, sentence_arguments, sentence_trainer
from harakat.training.output import RUN, Trained, carry_out, check_output
from harakat.training.planning import choose_precision, output_folder, require_extra, starting_model

if TYPE_CHECKING:
    from harakat.training.trainable import Trainable

__all__ = ["Trained", "run_recipe", "train"]


def train(
    recipe: Recipe,
    output: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    show_progress: bool | None = None,
    on_log: Callable[[dict[str, Any]], None] | None = None,
) -> Trained:
    """Train a model by a recipe, on sentence-transformers' trainer and losses.

    The loss is MultipleNegativesRankingLoss (its cached form with `mini_batch_size`) inside MatryoshkaLoss. Under
    ``accelerate launch`` each process takes its share of every batch and sees the others' rows as negatives, and only
    the first one writes.

    Args:
        recipe: See `load_recipe`.
        output: Folder for ``run.json``, ``metrics.jsonl``, plots, ``checkpoints/`` and the finished ``model/``; None
            for ``runs/<name of the recipe>``.
        resume: Go on with the run in `output` from its last checkpoint, to the very same weights; where there is no
            run yet, begin one.
        show_progress: Show a bar; None shows one on a terminal.
        on_log: Called with every line of the metrics.

    Raises:
        MissingExtraError: The extra ``train`` is not installed.
        OptionError: An impossible option, or an output that holds another run.
        RecordError: A row that cannot be taken.
        DataUnavailableError: A hub data set that cannot be had.
        ModelError: The starting model cannot be opened.
    """
    return run_recipe(recipe, output, resume=resume, show_progress=show_progress, on_log=on_log)


def run_recipe(
    recipe: Recipe,
    output: str | os.PathLike[str] | None,
    *,
    resume: bool,
    show_progress: bool | None,
    on_log: Callable[[dict[str, Any]], None] | None = None,
    given: Sequence[Mapping[str, Any]] | None = None,
) -> Trained:
    """Train a model by a recipe, on its data or on rows in memory.

    Args:
        recipe: As in `train`.
        output: As in `train`.
        resume: As in `train`.
        show_progress: As in `train`.
        on_log: As in `train`.
        given: Rows of the recipe's one data set, written to its `path` once everything is checked; None to read data.
    """
    require_extra()
    folder = output_folder(recipe, output)
    start = starting_model(recipe, folder)
    precision = choose_precision(recipe)
    arguments = sentence_arguments(recipe, folder, precision[0])
    check_output(folder, resume)
    with arguments.main_process_first(desc="reading the data"):
        commits = _recorded_commits(folder)
        loaded = [read_source(_at_commit(source, commits), recipe.seed, given) for source in recipe.sources]
    datasets = to_datasets(recipe, loaded)
    trainable = _open(recipe, start, loaded)
    facts = _facts(recipe, start, trainable, loaded, arguments.world_size)

    def begin() -> None:
        if given is not None:
            _write_rows(Path(str(recipe.data[0].path)), loaded[0])

    def steps() -> tuple[int, int | None]:
        rows = {source["name"]: source["rows"] for source in facts["data"]}
        first = {"name": recipe.name, "precision": precision[0], "why": precision[1], "rows": rows}
        make = partial(sentence_trainer, recipe, trainable, arguments, datasets)
        return run_trainer(recipe, folder, arguments, first, make, show_progress, on_log)

    def save(model: Path, count: int) -> None:
        lineage = {key: facts[key] for key in ("start", "dims", "data", "held_out", "recipe")}
        trainable.save(model, _card(recipe, facts, count), lineage, exact=recipe.storage == "float32")

    return carry_out(folder, facts, precision[0], begin, steps, save)


def _open(recipe: Recipe, start: str, loaded: list[LoadedSource]) -> Trainable:
    from harakat.training.trainable import LINEAGE, open_trainable

    trainable = open_trainable(recipe, start)
    lineage = trainable.encoder.checkpoint.folder / LINEAGE
    earlier = json.loads(lineage.read_text(encoding="utf-8")).get("held_out") if lineage.exists() else None
    now = _held_out(loaded)
    if earlier is not None and now is not None and earlier != now:
        raise OptionError(
            f"{start!r} was trained on Muradif with the held-out part {earlier}, and this recipe's Muradif gives "
            f"{now}: anchors that were trained on would be held out now, and the other way round. Use the "
            f"same Muradif data"
        )
    return trainable


def _recorded_commits(folder: Path) -> dict[str, str]:
    """Read the commits of the hub data sets that a run was begun with, by name."""
    path = folder / RUN
    if not path.exists():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))["data"]
    return {item["name"]: item["commit"] for item in data if "commit" in item}


def _at_commit(source: Source, commits: Mapping[str, str]) -> Source:
    """Return a source at the commit that its run was begun with, where the source itself names no revision."""
    commit = commits.get(source.name)
    return source if commit is None or source.revision is not None else replace(source, revision=commit)


def _held_out(loaded: list[LoadedSource]) -> str | None:
    return next((source.held_out for source in loaded if source.held_out is not None), None)


def _facts(
    recipe: Recipe, start: str, trainable: Trainable, loaded: list[LoadedSource], world_size: int
) -> dict[str, Any]:
    """Collect everything that must be the same for a resumed run to give the same weights."""
    encoder = trainable.encoder
    return {
        "recipe": recipe.as_dict(),
        "start": {"model": start, "revision": encoder.revision, "fingerprint": str(encoder.fingerprint)},
        "dims": list(trainable.dims),
        "data": [source.facts() for source in loaded],
        "held_out": _held_out(loaded),
        "processes": world_size,
    }


def _card(recipe: Recipe, facts: dict[str, Any], steps: int) -> str:
    rows = "\n".join(f"- {item['name']}: {item['rows']:,} rows" for item in facts["data"])
    return (
        f"# {recipe.name}\n\nTrained with harakat from `{Path(facts['start']['model']).name}` "
        f"({facts['start']['fingerprint']}), {steps:,} steps of {recipe.batch_size} rows; everything else is in "
        f"`training.json`.\n\n{rows}\n\nThe licence follows from the starting model's and the data's.\n\n"
        f"```python\nfrom harakat import Encoder\n\nencoder = Encoder('path/to/this/folder')\n```\n"
    )


def _write_rows(path: Path, loaded: LoadedSource) -> None:
    rows = (dict(zip(loaded.columns, row, strict=True)) for row in loaded.rows)
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
