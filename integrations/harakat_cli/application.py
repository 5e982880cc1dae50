"""The one application of all commands, and the way their errors are printed."""

from __future__ import annotations

import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from harakat._support.progress import progress_style
from harakat.errors import HarakatError, TruncationWarning
from harakat_cli import console
from harakat_cli.bench import bench
from harakat_cli.demo import demo
from harakat_cli.encode import encode
from harakat_cli.eval import application as evaluation
from harakat_cli.fetch import fetch
from harakat_cli.index import index
from harakat_cli.names import models, tokens
from harakat_cli.options import help_of
from harakat_cli.pretrain import application as pretraining
from harakat_cli.search import search
from harakat_cli.train import train

__all__ = ["app"]


class Commands(TyperGroup):
    """A group whose expected errors are one message on standard error and exit code 2, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            with progress_style(console.library_progress), warnings.catch_warnings():
                warnings.simplefilter("always", TruncationWarning)
                warnings.showwarning = _show_warning  # type: ignore[assignment]
                return super().invoke(ctx)
        except HarakatError as error:
            console.complain(str(error))
            raise typer.Exit(2) from error
        except BrokenPipeError as error:
            # The reader of the output has seen enough: an end, and no fault.
            console.forget_output()
            raise typer.Exit(1) from error
        except OSError as error:
            # What no command expects of its files: a name that is too long, a folder that may not be read.
            where = f"{str(error.filename)[:200]}: " if error.filename else ""
            console.complain(f"{where}{error.strerror or error}")
            raise typer.Exit(2) from error


def _show_warning(message: Any, category: type[Warning], filename: str, lineno: int, *_: Any) -> None:
    if issubclass(category, TruncationWarning):
        console.note(f"warning: {message}")
    else:
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno))


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""Arabic text to vectors, vowel marks included: encode, index and search on this machine.

    [bold]Begin with[/bold]  harakat demo

    Errors are one message on standard error and exit code 2.""",
)


def _version(wanted: bool) -> None:
    if wanted:
        import harakat

        console.data(f"harakat {harakat.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    console.prepare()


for _command in (demo, index, search, encode, tokens, models, fetch, train, bench):
    app.command(help=help_of(_command))(_command)
app.add_typer(evaluation, name="eval")
app.add_typer(pretraining, name="pretrain")
