"""A training run from recipe to finished model: begin or resume, train, save."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat.errors import OptionError
from harakat.training.config import Recipe, Source
from harakat.training.data import LoadedSource, read_source, to_datasets
from harakat.training.loop import CHECKPOINTS, METRICS, run_trainer, trainer_arguments
from harakat.training.planning import MODEL, choose_precision, output_folder, require_extra, starting_model

if TYPE_CHECKING:
    from harakat.training.trainable import Trainable

__all__ = ["Trained", "run_recipe", "train"]

RUN = "run.json"
_FREE = frozenset({"description", "device", "workers", "log_every", "save_every", "keep"})
"""Fields of a recipe that may change between a run and its resumption."""


@dataclass(frozen=True)
class Trained:
    """A finished run.

    Attributes:
        folder: The model, for `harakat.Encoder`.
        metrics: A JSON line now and then.
        plots: Loss and learning rate over the steps.
        steps: Steps in all.
        losses: Step and mean loss since the line before.
        precision: ``"float32"`` or ``"bfloat16"``.
        resumed_from: The step that the last start of the run went on from; None where it ran through.
    """

    folder: Path
    metrics: Path
    plots: tuple[Path, ...]
    steps: int
    losses: tuple[tuple[int, float], ...]
    precision: str
    resumed_from: int | None


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
        show_progress: Whether to show a bar; None shows one on a terminal.
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
    """`train`, also on rows that are at hand.

    Args:
        recipe: As in `train`.
        output: As in `train`.
        resume: As in `train`.
        show_progress: As in `train`.
        on_log: As in `train`.
        given: The rows of the recipe's one data set, written to its `path` once everything is checked.
    """
    require_extra()
    folder = output_folder(recipe, output)
    start = starting_model(recipe, folder)
    precision = choose_precision(recipe)
    arguments = trainer_arguments(recipe, folder, precision[0])
    _check_output(folder, resume)
    with arguments.main_process_first(desc="reading the data"):
        commits = _recorded_commits(folder)
        loaded = [read_source(_at_commit(source, commits), recipe.seed, given) for source in recipe.sources]
    datasets = to_datasets(recipe, loaded)
    trainable = _open(recipe, start, loaded)
    facts = _facts(recipe, start, trainable, loaded, arguments.world_size)
    _check_same_run(folder, facts)
    finished = folder / MODEL
    if finished.exists():
        return _result(folder)
    _barrier()
    if arguments.process_index == 0:
        folder.mkdir(parents=True, exist_ok=True)
        if given is not None:
            _write_rows(Path(str(recipe.data[0].path)), loaded[0])
        _write_json(folder / RUN, facts)
    steps, resumed = run_trainer(
        recipe, folder, arguments, datasets, trainable, facts, precision, show_progress, on_log
    )
    if arguments.process_index == 0:
        end = {"event": "end", "steps": steps, "precision": precision[0], "resumed_from": resumed}
        _finish(recipe, folder, trainable, facts, end)
    _barrier()
    return _result(folder)


def _check_output(folder: Path, resume: bool) -> None:
    """Refuse an output that holds something else.

    Raises:
        OptionError: A file, a run that is not to be resumed, or a model that is not ours.
    """
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"output {folder} is a file; name a folder")
    if (folder / RUN).exists() and not resume:
        raise OptionError(f"output {folder} holds a run already; go on with it with resume (--resume), or name another")
    strangers = [name for name in (MODEL, CHECKPOINTS) if (folder / name).exists()]
    if strangers and not (folder / RUN).exists():
        raise OptionError(f"output {folder} holds {strangers[0]!r} without the {RUN} of a run; name another folder")


def _open(recipe: Recipe, start: str, loaded: list[LoadedSource]) -> Trainable:
    from harakat.training.trainable import LINEAGE, open_trainable

    trainable = open_trainable(recipe, start)
    lineage = trainable.encoder._loaded.folder / LINEAGE
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
    """The commits of the hub data sets that a run was begun with, by name."""
    path = folder / RUN
    if not path.exists():
        return {}
    data = json.loads(path.read_text(encoding="utf-8"))["data"]
    return {item["name"]: item["commit"] for item in data if "commit" in item}


def _at_commit(source: Source, commits: Mapping[str, str]) -> Source:
    """A hub data set without a pin stays, through a resumption, where it stood."""
    commit = commits.get(source.name)
    return source if commit is None or source.revision is not None else replace(source, revision=commit)


def _held_out(loaded: list[LoadedSource]) -> str | None:
    return next((source.held_out for source in loaded if source.held_out is not None), None)


def _facts(
    recipe: Recipe, start: str, trainable: Trainable, loaded: list[LoadedSource], world_size: int
) -> dict[str, Any]:
    """Everything that must be the same for a resumed run to give the same weights."""
    encoder = trainable.encoder
    return {
        "recipe": recipe.as_dict(),
        "start": {"model": start, "revision": encoder.revision, "fingerprint": str(encoder.fingerprint)},
        "dims": list(trainable.dims),
        "data": [source.facts() for source in loaded],
        "held_out": _held_out(loaded),
        "processes": world_size,
    }


def _check_same_run(folder: Path, facts: dict[str, Any]) -> None:
    path = folder / RUN
    if not path.exists():
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    for part, now in facts.items():
        then = before.get(part)
        if part == "recipe":
            then, now = ({k: v for k, v in (r or {}).items() if k not in _FREE} for r in (then, now))
            different = sorted(k for k in then.keys() | now.keys() if then.get(k) != now.get(k))
            if different:
                name = different[0]
                raise OptionError(
                    f"{folder} was begun with {name}={then.get(name)!r}, and is to go on with {now.get(name)!r}; a "
                    f"resumed run takes the same recipe. Leave the change out, or name another output"
                )
        elif part == "data" and then != now:
            name, before_it, now_it = next((b["name"], a, b) for a, b in zip(then, now, strict=True) if a != b)
            raise OptionError(
                f"{folder} was begun with other rows of data.{name}: {before_it['rows']:,} rows (SHA-256 "
                f"{before_it['sha256'][:12]}), and now {now_it['rows']:,} ({now_it['sha256'][:12]}). Bring the former "
                f"data back, or name another output"
            )
        elif then != now:
            raise OptionError(
                f"{folder} was begun with {part}={then!r}, but now it is {now!r}: the run could not be resumed to the "
                f"same model. Bring the former back, or name another output"
            )


def _finish(recipe: Recipe, folder: Path, trainable: Trainable, facts: dict[str, Any], end: dict[str, Any]) -> None:
    """Metrics, plots, model; the model's folder appears last and at once."""
    from harakat.training.metrics import write_plots

    metrics = folder / METRICS
    with metrics.open("a", encoding="utf-8") as file:
        file.write(json.dumps(end) + "\n")
    write_plots(metrics, folder)
    partial = folder / f"{MODEL}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    lineage = {key: facts[key] for key in ("start", "dims", "data", "held_out", "recipe")}
    trainable.save(partial, _card(recipe, facts, end["steps"]), lineage, exact=recipe.storage == "float32")
    partial.replace(folder / MODEL)


def _card(recipe: Recipe, facts: dict[str, Any], steps: int) -> str:
    rows = "\n".join(f"- {item['name']}: {item['rows']:,} rows" for item in facts["data"])
    return (
        f"# {recipe.name}\n\nTrained with harakat from `{Path(facts['start']['model']).name}` "
        f"({facts['start']['fingerprint']}), {steps:,} steps of {recipe.batch_size} rows; everything else is in "
        f"`training.json`.\n\n{rows}\n\nThe licence follows from the starting model's and the data's.\n\n"
        f"```python\nfrom harakat import Encoder\n\nencoder = Encoder('path/to/this/folder')\n```\n"
    )


def _result(folder: Path) -> Trained:
    from harakat.training.metrics import read_metrics

    lines = read_metrics(folder / METRICS)
    losses = tuple((line["step"], line["loss"]) for line in lines if "loss" in line)
    end = next(line for line in reversed(lines) if line.get("event") == "end")
    plots = tuple(folder / f"{name}.png" for name in ("loss", "lr"))
    return Trained(folder / MODEL, folder / METRICS, plots, end["steps"], losses, end["precision"], end["resumed_from"])


def _barrier() -> None:
    from accelerate import PartialState

    PartialState().wait_for_everyone()


def _write_rows(path: Path, loaded: LoadedSource) -> None:
    rows = (dict(zip(loaded.columns, row, strict=True)) for row in loaded.rows)
    partial = path.with_suffix(".partial")
    partial.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    partial.replace(path)


def _write_json(path: Path, value: Any) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
