"""Checks of single values of a recipe or of settings; each error names place, field and value."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harakat._support import checks
from harakat.errors import OptionError

__all__ = ["check_flag", "check_number", "check_one_of", "check_text", "check_whole"]


def check_text(where: str, name: str, value: object) -> None:
    """Refuse anything but a text.

    Raises:
        OptionError: Another type.
    """
    if not isinstance(value, str):
        raise OptionError(f"{where}: {name}={value!r} is not a text")


def check_flag(where: str, name: str, value: object) -> None:
    """Refuse anything but true and false.

    Raises:
        OptionError: Another value.
    """
    checks.check_flag(f"{where}: {name}", value, "neither true nor false")


def check_one_of(where: str, name: str, value: object, choices: Sequence[str]) -> None:
    """Refuse anything but the choices.

    Raises:
        OptionError: Another value.
    """
    checks.check_one_of(f"{where}: {name}", value, choices)


def check_whole(where: str, name: str, value: object, *, least: int) -> None:
    """Refuse anything but a whole number of `least` or more.

    Raises:
        OptionError: Another value.
    """
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
    """Refuse anything but a finite number within the bounds.

    Raises:
        OptionError: Another value.
    """
    if not checks.is_finite(value) or not (above < value and least <= value < below):
        bounds = [f"above {above:g}" * (above > -math.inf), f"{least:g} or more" * (least > -math.inf)]
        bounds.append(f"below {below:g}" * (below < math.inf))
        raise OptionError(f"{where}: {name}={value!r} is not a number {' and '.join(filter(None, bounds))}")
