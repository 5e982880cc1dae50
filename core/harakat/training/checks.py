"""Single values of a recipe; each refusal is an OptionError that names place, field and value."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harakat._support import checks
from harakat._support.json_files import read_json
from harakat.errors import OptionError

__all__ = [
    "check_betas",
    "check_dims",
    "check_flag",
    "check_number",
    "check_one_of",
    "check_text",
    "check_whole",
    "read_changes",
    "read_object",
]


def check_text(where: str, name: str, value: object) -> None:
    """Refuse anything but a text."""
    if not isinstance(value, str):
        raise OptionError(f"{where}: {name}={value!r} is not a text")


def check_flag(where: str, name: str, value: object) -> None:
    """Refuse anything but true and false."""
    checks.check_flag(f"{where}: {name}", value, "neither true nor false")


def check_one_of(where: str, name: str, value: object, choices: Sequence[str]) -> None:
    """Refuse anything but the choices."""
    checks.check_one_of(f"{where}: {name}", value, choices)


def check_whole(where: str, name: str, value: object, *, least: int) -> None:
    """Refuse anything but a whole number of `least` or more."""
    checks.check_whole(f"{where}: {name}", value, least=least, bounds=f"of {least} or more")


def check_number(
    where: str,
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    below: float = math.inf,
) -> None:
    """Refuse anything but a finite number within the bounds."""
    if not checks.is_finite(value) or not (above < value and least <= value < below):
        bounds = [f"above {above:g}" * (above > -math.inf), f"{least:g} or more" * (least > -math.inf)]
        bounds.append(f"below {below:g}" * (below < math.inf))
        raise OptionError(f"{where}: {name}={value!r} is not a number {' and '.join(filter(None, bounds))}")


def check_betas(where: str, value: object) -> tuple[float, float]:
    """AdamW's two decay rates."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise OptionError(f"{where}: betas={value!r} is not two numbers, such as [0.9, 0.95]")
    for beta in value:
        check_number(where, "betas", beta, least=0.0, below=1.0)
    return float(value[0]), float(value[1])


def check_dims(where: str, value: object) -> tuple[int, ...] | None:
    """Matryoshka dims, largest first."""
    if value is None:
        return None
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise OptionError(f"{where}: dims={value!r} is not a list of whole numbers, such as [768, 256, 64]")
    for dim in value:
        check_whole(where, "dims", dim, least=1)
    return tuple(sorted(set(value), reverse=True))


def read_object(path: Path, holds: str) -> dict[str, Any]:
    """The JSON object in a file.

    Args:
        path: UTF-8.
        holds: What such an object has, for the message.
    """
    return read_json(path, OptionError, holds=holds)


def read_changes(given: Sequence[str]) -> dict[str, Any]:
    """Settings as a command line gives them.

    Args:
        given: Of the form FIELD=VALUE; VALUE is JSON, and what is no JSON is a text.
    """
    changes: dict[str, Any] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals or not name:
            raise OptionError(f"--set {item!r} is not FIELD=VALUE, such as --set batch_size=32")
        try:
            changes[name] = json.loads(value)
        except ValueError:
            changes[name] = value
    return changes
