"""Checks of single values: whole and finite numbers, flags, choices, lone surrogates."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TypeGuard

from harakat.errors import HarakatError, OptionError

__all__ = ["check_flag", "check_one_of", "check_whole", "is_finite", "is_whole", "surrogate_at"]

_LARGEST = sys.float_info.max


def is_whole(value: object, least: int | None = None, most: int | None = None) -> TypeGuard[int]:
    """Return True for an `int` that is no `bool`, from `least` to `most`, both included; None is no bound."""
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return (least is None or least <= value) and (most is None or value <= most)


def is_finite(value: object) -> TypeGuard[int | float]:
    """Return True for an `int` or `float` that is no `bool`, and neither NaN, infinite, nor over float64's range."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def check_whole(
    name: str,
    value: object,
    *,
    least: int = 1,
    most: int | None = None,
    bounds: str = "above 0",
    error: type[HarakatError] = OptionError,
) -> int:
    """Return the whole number itself, if it is one.

    Args:
        name: The option's, for the message.
        value: Of any type; a `bool` is no number.
        least: The smallest that is taken.
        most: The largest that is taken; None for any.
        bounds: What the message says of the two.
        error: The class to raise.

    Raises:
        HarakatError: An `error`: it is something else, or out of range.
    """
    if not is_whole(value, least, most):
        raise error(f"{name}={value!r} is not a whole number {bounds}")
    return value


def check_flag(name: str, value: object, words: str = "neither True nor False") -> bool:
    """Return the flag itself, if it is one.

    Args:
        name: The option's, for the message.
        value: Of any type.
        words: What the message says of another value.

    Raises:
        OptionError: No `bool`.
    """
    if not isinstance(value, bool):
        raise OptionError(f"{name}={value!r} is {words}")
    return value


def check_one_of(name: str, value: object, choices: Sequence[object], listed: str | None = None) -> None:
    """Refuse a value that is none of the choices.

    Args:
        name: The option's, for the message.
        value: Of any type.
        choices: What is taken.
        listed: What the message calls them; None for all of them by name.

    Raises:
        OptionError: None of them.
    """
    if value not in choices:
        raise OptionError(f"{name}={value!r} is unknown; choose {listed or 'one of ' + ', '.join(map(str, choices))}")


def surrogate_at(text: str) -> int | None:
    """Return the place of the first lone surrogate, which is no character and has no UTF-8; None without one."""
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError as error:
            return error.start
    return None
