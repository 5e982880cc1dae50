"""Options that several commands share, written once and given to each as one parameter."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

__all__ = [
    "Attention",
    "CacheDir",
    "Command",
    "Compile",
    "Device",
    "Dim",
    "Dtype",
    "Json",
    "Model",
    "Offline",
    "Option",
    "Overflow",
    "Revision",
    "Spelling",
    "Workers",
    "encoder_options",
    "given",
    "help_of",
    "with_options",
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
        help="'auto' and 'float32' are exact; 'bfloat16' and 'float16' are faster on a GPU, 'bfloat16' and 'int8' on "
        "recent x86 CPUs.",
        rich_help_panel=MACHINE,
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


Command = Callable[..., None]
Option = tuple[Any, Any]
"""An annotated type and a default."""
ENCODER_OPTIONS: dict[str, Option] = {
    "model": (Model, None),
    "dim": (Dim, None),
    "revision": (Revision, None),
    "spelling": (Spelling, None),
    "overflow": (Overflow, None),
    "device": (Device, None),
    "dtype": (Dtype, None),
    "attention": (Attention, None),
    "compile": (Compile, False),
    "workers": (Workers, None),
    "offline": (Offline, False),
    "cache_dir": (CacheDir, None),
}
"""Arguments of `harakat.Encoder` by their names."""


def with_options(into: str, options: Mapping[str, Option], make: Callable[..., Any]) -> Callable[[Command], Command]:
    """Decorates a command: it takes `options` on the command line, and gets what is made of them in one parameter.

    Args:
        into: The parameter, which the command line does not show.
        options: Name to annotated type and default, in the order of the help.
        make: Called with their values by name.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def called(**arguments: Any) -> None:
            made = make(**{name: arguments.pop(name) for name in options})
            command(**arguments, **{into: made})

        signature = inspect.signature(command, eval_str=True)
        shown = [parameter for name, parameter in signature.parameters.items() if name != into]
        shown += [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
            for name, (kind, default) in options.items()
        ]
        # What typer reads: the signature, and the annotations.
        shown = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in shown]
        called.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in shown}
        del called.__wrapped__
        return called

    return decorate


def encoder_options(*names: str) -> Callable[[Command], Command]:
    """Decorates a command: those of `ENCODER_OPTIONS` that were given come as the dict ``options``.

    Args:
        names: Which options the command has; none for all.
    """
    return with_options("options", {name: ENCODER_OPTIONS[name] for name in names or ENCODER_OPTIONS}, given)


def given(**options: Any) -> dict[str, Any]:
    """Those options that were given: neither None nor an unset flag."""
    return {key: value for key, value in options.items() if value is not None and value is not False}


def help_of(command: Callable[..., None]) -> str:
    """The docstring with every paragraph on one line, for the terminal to break where it is narrow."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(p if p.startswith(" ") else " ".join(p.split("\n")) for p in paragraphs)
