"""The encoder of a collection, made again from what the collection recorded about it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from harakat.errors import ModelUnavailableError, OptionError, UnknownModelError
from harakat.options import options_that

if TYPE_CHECKING:
    from harakat import Encoder
    from harakat_cli.stores.protocol import EncoderOf

__all__ = ["encoder_for"]


def encoder_for(name: str, options: Mapping[str, Any]) -> EncoderOf:
    """Return a function that makes a collection's encoder from the options that it recorded.

    Args:
        name: The collection, for messages.
        options: Arguments of `harakat.Encoder` that were given; they win over the recorded ones. The encoder may then
            be another than the collection's, which opening the collection refuses.
    """
    return partial(_encoder, name, options)


def _encoder(name: str, options: Mapping[str, Any], found: Mapping[str, Any]) -> Encoder:
    """Make the encoder.

    Raises:
        ModelUnavailableError: The recorded model cannot be opened here.
        HarakatError: Whatever `harakat.Encoder` raises.
    """
    from harakat import Encoder

    machine = options_that("machine")
    recorded = {key: value for key, value in found.items() if key not in machine}
    if options.get("model") not in (None, recorded["model"]):
        recorded = {key: value for key, value in recorded.items() if key not in ("revision", "morphology")}
    try:
        return Encoder(**{**recorded, **options})
    except (UnknownModelError, ModelUnavailableError) as error:
        if "model" in options:
            raise
        raise ModelUnavailableError(
            f"the collection {name!r} was made with the model {recorded['model']!r}, which cannot be opened now "
            f"({error}); say where it is with --model"
        ) from error
    except OptionError:
        # A recorded option may not fit the model that was asked for; its own then differ, and are named on opening.
        if "model" not in options:
            raise
        return Encoder(**options)
