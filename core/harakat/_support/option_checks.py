"""What the adapters share in taking options: unknown names, wrong types, defaults from the environment."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harakat.errors import FingerprintError, OptionError

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["check_fingerprint", "environment_defaults", "invalid_options", "refuse_precision", "refuse_unknown"]


def refuse_unknown(given: Iterable[str], allowed: Iterable[str], owner: str) -> None:
    """Refuse options that do not exist.

    Raises:
        OptionError: Names the first one, the closest that exists, and all that do.
    """
    names = sorted(allowed)
    for name in given:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise OptionError(f"{owner} has no option {name!r}; {hint}it takes: {', '.join(names)}")


def invalid_options(owner: str, faults: Sequence[Mapping[str, Any]]) -> OptionError:
    """One error for what a pydantic validation found, given its `errors()`."""
    said = []
    for fault in faults:
        name = ".".join(str(part) for part in fault["loc"]) or "options"
        said.append(f"{name}={fault.get('input')!r}: {fault['msg']}")
    return OptionError(f"{owner}: " + "; ".join(said))


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
    """Options that the environment sets and the caller does not.

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
    actual = str(encoder.fingerprint)
    if actual != expected:
        raise FingerprintError(
            f"this configuration was saved with the encoder {expected}, but {encoder.options['model']!r} now has "
            f"fingerprint {actual}: its files, prompts or options have changed, and its vectors do not compare with "
            f"the stored ones. Bring the former files back, or encode again and leave the fingerprint out"
        )
