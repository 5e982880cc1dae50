"""Settings of adapters as pydantic fields, derived from `harakat.options.EncoderOptions`. Needs pydantic."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

from pydantic import BeforeValidator, Field

from harakat.options import Option, encoder_options, options_that

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["decided", "encoder_arguments", "option_fields"]


def _path(value: object) -> object:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


PathText = Annotated[str, BeforeValidator(_path)]


def option_fields(model: str = "model", **rules: Any) -> dict[str, tuple[Any, Any]]:
    """Return type and `Field` of every option of the encoder, for `pydantic.create_model`.

    Precision is float32 always, since the frameworks' vectors are lists of floats. What only the checkpoint can check
    is left to the encoder.

    Args:
        model: Name of the field that holds the model.
        **rules: Arguments of every `Field`, such as ``frozen=True``.
    """
    return {
        model if name == "model" else name: (_type(option), _field(option, rules))
        for name, option in encoder_options().items()
    }


def encoder_arguments(settings: object, model: str = "model") -> dict[str, Any]:
    """Return the arguments of `Encoder` that an object with the fields of `option_fields` holds."""
    return {name: getattr(settings, model if name == "model" else name) for name in encoder_options()}


def decided(encoder: Encoder, model: str = "model") -> dict[str, Any]:
    """Return the fields that were left open, as the encoder and its checkpoint have decided them."""
    options = encoder.resolved_options
    found = {name: options[name] for name in options_that("by_checkpoint")}
    return {model: options["model"], "revision": encoder.revision, **found}


def _type(option: Option) -> Any:
    kind: Any = option.type
    if option.name == "precision":
        kind = Literal["float32"]
    elif option.choices:
        kind = Literal[option.choices]
    elif kind is os.PathLike:
        kind = PathText
    return Optional[kind] if option.optional else kind  # noqa: UP045  `|` does not take a Literal made at run time


def _field(option: Option, rules: dict[str, Any]) -> Any:
    brief = option.facts.brief
    if option.name == "precision":
        brief = "Always float32; stores that quantise do it themselves."
    bounds: dict[str, Any] = {}
    if option.type is int and not option.facts.by_checkpoint:
        bounds = {"gt": 0} if option.facts.least == 1 else {"ge": option.facts.least}
    return Field(default=option.default, description=brief, **bounds, **rules)
