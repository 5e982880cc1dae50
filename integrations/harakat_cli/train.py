"""`harakat train`: a model by a recipe, here or on every GPU of a launcher."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harakat.errors import OptionError
from harakat_cli import console
from harakat_cli.options import Json

if TYPE_CHECKING:
    from harakat.training import Plan, Recipe

__all__ = ["log_line", "quiet_libraries", "train"]


def train(
    config: Annotated[
        str | None,
        typer.Argument(help="A shipped recipe (see --list) or a JSON file.", show_default=False),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="Change a field of the recipe; VALUE is JSON or a text. data.NAME.FIELD reaches into a data set.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder for model, metrics, plots and checkpoints. Default: runs/NAME of the recipe."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint in the output, to the same weights.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check recipe, start and local files, say what would be done, and end.")
    ] = False,
    list_them: Annotated[bool, typer.Option("--list", help="List the shipped recipes and end.")] = False,
    as_json: Json = False,
) -> None:
    r"""Train or fine-tune a model on sentence-transformers' trainer and losses.

    The shipped phases are the published recipe of neoarabert-msa-synonym: each starts from the finished model of the
    one before, found beside its own output. Data sets come from the hub (HF_HUB_OFFLINE=1 keeps to the cache) or from
    files. One process uses one device; several GPUs are for accelerate, which splits each batch among them.

    [bold]Examples[/bold]

      harakat train --list

      harakat train fine-tune --set data.own.path=triplets.jsonl --set start=harakat-mini --output runs/mine

      harakat train phase-1 --dry-run

      harakat train phase-4 --set data.msmarco-ar.path=msmarco.jsonl.gz --set mini_batch_size=16 --resume

      accelerate launch --multi_gpu -m harakat_cli.main train phase-1
    """
    from harakat.training import load_recipe, shipped_recipes
    from harakat.training.checks import read_changes

    if list_them:
        _list(shipped_recipes(), as_json)
        return
    if config is None:
        names = ", ".join(recipe.name for recipe in shipped_recipes())
        raise OptionError(f"CONFIG is missing; name a JSON file or one of: {names}")
    recipe = load_recipe(config, read_changes(changes or []))
    if dry_run:
        from harakat.training import plan

        _show_plan(plan(recipe, output), as_json)
        return
    _train(recipe, output, resume, as_json)


def _train(recipe: Recipe, output: Path | None, resume: bool, as_json: bool) -> None:
    from harakat.training import train as run

    first = os.environ.get("RANK", "0") == "0"
    quiet_libraries()
    on_terminal = sys.stderr.isatty()
    done = run(
        recipe, output, resume=resume, show_progress=on_terminal and first, on_log=None if on_terminal else log_line
    )
    if not first:
        return
    last = done.losses[-1][1] if done.losses else None
    if as_json:
        report = {
            "model": str(done.folder),
            "metrics": str(done.metrics),
            "plots": [str(path) for path in done.plots],
            "steps": done.steps,
            "loss": last,
            "precision": done.precision,
            "resumed_from": done.resumed_from,
        }
        console.data(json.dumps(report, ensure_ascii=False))
        return
    again = "" if done.resumed_from is None else f", resumed from step {done.resumed_from:,}"
    loss = "" if last is None else f", loss {last:.4f}"
    console.note(f"{done.steps:,} steps in {done.precision}{again}{loss}; metrics in {done.metrics}")
    console.data(str(done.folder))


def quiet_libraries() -> None:
    """Silence the bars of the libraries; ours are shown instead."""
    from harakat._support.extras import require

    require("datasets", "train")
    import datasets
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    datasets.disable_progress_bars()


def log_line(line: dict[str, Any]) -> None:
    """Print a line of the metrics for a person."""
    console.note(
        f"step {line['step']:,} of {line['steps']:,}: loss {line['loss']:.4f}, learning rate {line['lr']:.2e}, "
        f"{line['rows_per_s']} rows/s"
    )


def _list(recipes: list[Recipe], as_json: bool) -> None:
    if as_json:
        console.data(json.dumps([recipe.as_dict() for recipe in recipes], ensure_ascii=False))
        return
    for recipe in recipes:
        start = recipe.start or f"the finished model of {recipe.follows}"
        console.data(f"{recipe.name}: from {start}; batch {recipe.batch_size}, learning rate {recipe.lr:g}")
        console.data(f"    {recipe.description}")
        for source in recipe.data:
            where = source.path or source.hub or "to be named"
            rows = "all rows" if source.rows is None else f"{source.rows:,} rows"
            console.data(f"    data.{source.name}: {source.format}, {where}, {rows}")


def _show_plan(found: Plan, as_json: bool) -> None:
    if as_json:
        report = {
            "recipe": found.recipe.as_dict(),
            "start": found.start,
            "start_is_here": found.start_is_here,
            "output": str(found.output),
            "rows": dict(found.rows),
            "steps": found.steps,
            "precision": found.precision[0],
        }
        console.data(json.dumps(report, ensure_ascii=False))
        return
    recipe = found.recipe
    start = found.start if found.start_is_here else f"{found.start} (not fetched yet)"
    console.data(f"{recipe.name}: from {start} into {found.output}")
    for source in recipe.sources:
        rows = found.rows[source.name]
        cap = "all" if source.rows is None else f"up to {source.rows:,}"
        shown = f"{cap} rows, not opened yet" if rows is None else f"{rows:,} rows"
        console.data(f"    data.{source.name}: {source.format}, {source.path or source.hub}, {shown}")
    steps = "steps not known yet" if found.steps is None else f"{found.steps:,} steps"
    console.data(f"    {steps} of {recipe.batch_size} rows, learning rate {recipe.lr:g}")
    console.data(f"    {found.precision[0]}: {found.precision[1]}")
    console.note("dry run: nothing was written")
