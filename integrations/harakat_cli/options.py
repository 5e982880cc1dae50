"""Options that several commands share, and the encoder that they make."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = [
    "Attention",
    "CacheDir",
    "Compile",
    "Device",
    "Dim",
    "Dtype",
    "Json",
    "Model",
    "Offline",
    "Overflow",
    "Revision",
    "Spelling",
    "Workers",
    "given",
    "help_of",
    "make_encoder",
]

ENCODER, MACHINE = "Encoder", "This machine"

Model = Annotated[
    str | None,
    typer.Option(
        help="A short name (see `harakat models`), a folder, or a hub id. Default: harakat-mini, or the model that "
        "the collection was made with.",
        rich_help_panel=ENCODER,
    ),
]
Dim = Annotated[
    int | None,
    typer.Option(help="Matryoshka dim: values in a vector. Default: all.", rich_help_panel=ENCODER),
]
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit of a hub model.", rich_help_panel=ENCODER)]
Spelling = Annotated[
    str | None,
    typer.Option(
        help="'as-is', or 'imlai' to read Uthmani text in everyday spelling; what is stored is never altered. "
        "Default: as the model was trained.",
        rich_help_panel=ENCODER,
    ),
]
Overflow = Annotated[
    str | None,
    typer.Option(
        help="What happens to texts over the model's length: 'warn' reads their beginning and counts them, 'error' "
        "refuses, 'chunk' reads all of it. Default: warn.",
        rich_help_panel=ENCODER,
    ),
]
Device = Annotated[
    str | None,
    typer.Option(help="'auto', 'cpu', 'cuda', 'cuda:1' or 'mps'. Default: auto.", rich_help_panel=MACHINE),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        help="'auto' and 'float32' are exact; 'bfloat16' and 'float16' are faster on a GPU.", rich_help_panel=MACHINE
    ),
]
Attention = Annotated[
    str | None,
    typer.Option(help="'auto', 'varlen', 'xformers' or 'sdpa'. Default: auto.", rich_help_panel=MACHINE),
]
Compile = Annotated[
    bool,
    typer.Option(
        "--compile", help="Fuse the network's small steps; takes a minute first. For a GPU.", rich_help_panel=MACHINE
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(help="Processes that tokenise ahead of the device. Default: none.", rich_help_panel=MACHINE),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never ask the network for files.", rich_help_panel=MACHINE)]
CacheDir = Annotated[
    str | None, typer.Option(help="Hub cache to use instead of the default one.", rich_help_panel=MACHINE)
]
Json = Annotated[bool, typer.Option("--json", help="JSON for programs.")]


def given(**options: Any) -> dict[str, Any]:
    """Those options that were given: neither None nor an unset flag."""
    return {key: value for key, value in options.items() if value is not None and value is not False}


def help_of(command: Callable[..., None]) -> str:
    """The docstring with every paragraph on one line, for the terminal to break where it is narrow."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(p if p.startswith(" ") else " ".join(p.split("\n")) for p in paragraphs)


def make_encoder(**options: Any) -> Encoder:
    """The encoder of the given options (see `harakat.Encoder`); None stands for a default."""
    from harakat import Encoder

    return Encoder(**given(**options))
