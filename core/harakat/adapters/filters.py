"""One small filter language that every store understands."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harakat.errors import OptionError

__all__ = ["Condition", "parse_condition", "parse_filter"]

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
FLOAT_MAX = sys.float_info.max
BOUNDS = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True)
class Condition:
    """One field's condition; all conditions of a filter must hold.

    Attributes:
        key: Name of the payload field.
        any_of: The field equals one of these (str, int or bool); None where bounds are given.
        bounds: ``gt``, ``gte``, ``lt``, ``lte`` to number.
    """

    key: str
    any_of: tuple[str | int | bool, ...] | None = None
    bounds: tuple[tuple[str, float], ...] = ()


def parse_filter(given: Mapping[str, Any]) -> list[Condition]:
    """Read the conditions of a mapping from payload field to a wanted value.

    ``{"sura": 2}`` asks for equality, ``{"sura": [1, 112]}`` for one of several, ``{"verse": {"gte": 1, "lt": 10}}``
    for a range.

    Raises:
        OptionError: A condition that is none of these.
    """
    return [parse_condition(key, wanted) for key, wanted in given.items()]


def parse_condition(key: object, wanted: object) -> Condition:
    """Read one condition; see `parse_filter`.

    Raises:
        OptionError: It is none.
    """
    if not isinstance(key, str) or not key:
        raise OptionError(f"filter: {key!r} is no payload field; give its name as a string")
    _check_value(key, key)
    if isinstance(wanted, Mapping):
        unknown = [name for name in wanted if name not in BOUNDS]
        if unknown or not wanted:
            raise OptionError(f"filter: {key!r} has bounds {dict(wanted)!r}; give some of {', '.join(BOUNDS)}")
        return Condition(key, bounds=tuple((name, _number(key, bound)) for name, bound in wanted.items()))
    if isinstance(wanted, float):
        # Stores match whole numbers and strings; a fractional number is a range of one value.
        number = _number(key, wanted)
        return Condition(key, bounds=(("gte", number), ("lte", number)))
    if isinstance(wanted, str | int):
        _check_value(key, wanted)
        return Condition(key, (wanted,))
    if isinstance(wanted, Sequence) and not isinstance(wanted, bytes) and wanted:
        kinds = {type(item) for item in wanted}
        if kinds in ({str}, {int}):
            for item in wanted:
                _check_value(key, item)
            return Condition(key, tuple(wanted))
        raise OptionError(f"filter: {key!r} is to be one of {list(wanted)!r}; give strings only or whole numbers only")
    raise OptionError(
        f"filter: {key!r} is to be {wanted!r}, which is no condition; give a value, a list of values, or bounds such "
        f"as {{'gte': 1}}"
    )


def _check_value(key: str, value: str | int) -> None:
    if isinstance(value, int) and not INT_MIN <= value <= INT_MAX:
        raise OptionError(f"filter: {value} for {key!r} does not fit a signed 64-bit number; use bounds instead")
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise OptionError(f"filter: {value!r:.60} holds a lone surrogate, which is no character") from error


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -FLOAT_MAX <= value <= FLOAT_MAX:
        raise OptionError(f"filter: bound {value!r} of {key!r} is not a finite number")
    return float(value)
