"""Options that all adapters take alike: defaults from the environment, the precision, a saved fingerprint."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harakat.errors import FingerprintError, OptionError

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["check_fingerprint", "environment_defaults", "refuse_precision"]


def refuse_precision(precision: object, owner: str) -> None:
    """Refuse anything but float32 where vectors are lists of floats.

    Raises:
        OptionError: Another precision.
    """
    if precision != "float32":
        raise OptionError(
            f"precision={precision!r}: {owner} gives lists of float and takes 'float32' only; to store less, choose "
            f"a smaller dim or let the vector store quantise"
        )


def environment_defaults(given: Mapping[str, Any], model: str = "model") -> dict[str, str]:
    """Return the options that the environment sets and the caller does not.

    HARAKAT_MODEL, HARAKAT_DIM and HARAKAT_REVISION belong together and count only where the caller names no model;
    HARAKAT_DEVICE always does. Empty variables count as unset.

    Args:
        given: The caller's options.
        model: The name of the model's option.
    """
    names = {"HARAKAT_DEVICE": "device"}
    if given.get(model) is None:
        names |= {"HARAKAT_MODEL": model, "HARAKAT_DIM": "dim", "HARAKAT_REVISION": "revision"}
    return {
        name: os.environ[variable]
        for variable, name in names.items()
        if given.get(name) is None and os.environ.get(variable)
    }


def check_fingerprint(encoder: Encoder, expected: str | None) -> None:
    """Refuse an encoder that is not the one that a saved configuration was made with.

    Args:
        encoder: Just opened.
        expected: The saved fingerprint; None asks for nothing.

    Raises:
        FingerprintError: They differ.
    """
    if expected is None:
        return
    if not encoder.fingerprint.matches(expected):
        raise FingerprintError(
            f"this configuration was saved with the encoder {expected}, but {encoder.options['model']!r} now has "
            f"fingerprint {encoder.fingerprint}: its files, prompts or options have changed, and its vectors do not "
            f"compare with the stored ones. Bring the former files back, or encode again and leave the fingerprint out"
        )
