"""Values of a recipe and settings given as JSON; each error names place, field and value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harakat._support.json_files import read_json
from harakat._support.setting_checks import check_number, check_whole
from harakat.errors import OptionError

__all__ = ["check_betas", "check_dims", "read_changes", "read_object"]


def check_betas(where: str, value: object) -> tuple[float, float]:
    """Return AdamW's two decay rates.

    Raises:
        OptionError: Anything but two numbers from 0 and below 1.
    """
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 2:
        raise OptionError(f"{where}: betas={value!r} is not two numbers, such as [0.9, 0.95]")
    for beta in value:
        check_number(where, "betas", beta, least=0.0, below=1.0)
    return float(value[0]), float(value[1])


def check_dims(where: str, value: object) -> tuple[int, ...] | None:
    """Return Matryoshka dims, largest first, each once; None for None.

    Raises:
        OptionError: Anything else but a list of whole numbers above 0.
    """
    if value is None:
        return None
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise OptionError(f"{where}: dims={value!r} is not a list of whole numbers, such as [768, 256, 64]")
    for dim in value:
        check_whole(where, "dims", dim, least=1)
    return tuple(sorted(set(value), reverse=True))


def read_object(path: Path, holds: str) -> dict[str, Any]:
    """Read the JSON object in a file.

    Args:
        path: A file in UTF-8.
        holds: The expected content of such an object, for the message.

    Raises:
        OptionError: The file cannot be read, or holds something else.
    """
    return read_json(path, OptionError, holds=holds)


def read_changes(given: Sequence[str]) -> dict[str, Any]:
    """Read settings as a command line gives them.

    Args:
        given: Of the form FIELD=VALUE; VALUE is JSON, and anything that is not JSON is a text.

    Raises:
        OptionError: One is not of that form.
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
