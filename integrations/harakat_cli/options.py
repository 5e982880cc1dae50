"""Options that several commands share, written once and given to each as one parameter."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from harakat.options import Option as EncoderOption
from harakat.options import encoder_options as options_of_the_encoder

__all__ = ["ENCODER_OPTIONS", "Command", "Json", "Option", "encoder_options", "given", "help_of", "with_options"]

ENCODER, MACHINE = "Encoder", "This machine"

Json = Annotated[bool, typer.Option("--json", help="JSON for programs.")]


Command = Callable[..., None]
Option = tuple[Any, Any]
"""An annotated type and a default."""


def _command_option(option: EncoderOption) -> Option:
    """Return an option of the encoder as one of the command line; one that is not given is None, or False."""
    facts = option.facts
    panel = MACHINE if facts.machine else ENCODER
    if option.type is bool:
        flag = "--" + option.name.replace("_", "-")
        return Annotated[bool, typer.Option(flag, help=facts.command, rich_help_panel=panel)], False
    kind = int if option.type is int else str
    return Annotated[kind | None, typer.Option(help=facts.command, rich_help_panel=panel)], None


ENCODER_OPTIONS: dict[str, Option] = {
    name: _command_option(option) for name, option in options_of_the_encoder().items() if option.facts.command
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
