"""One small filter language that every store understands."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harakat.errors import OptionError

__all__ = ["Condition", "parse_filter", "payload_path"]

PLAIN_PATH = re.compile(r"[\w.\[\]-]+", re.ASCII)
BOUNDS = ("gt", "gte", "lt", "lte")


@dataclass(frozen=True)
class Condition:
    """One field's condition; all conditions of a filter must hold.

    Attributes:
        key: Path of the payload field.
        any_of: The field equals one of these (str, int or bool); None where bounds are given.
        bounds: ``gt``, ``gte``, ``lt``, ``lte`` to number.
    """

    key: str
    any_of: tuple[str | int | bool, ...] | None = None
    bounds: tuple[tuple[str, float], ...] = ()


def parse_filter(given: Mapping[str, Any]) -> list[Condition]:
    """Conditions of a mapping from payload field to what it must be.

    ``{"sura": 2}`` asks for equality, ``{"sura": [1, 112]}`` for one of several, ``{"verse": {"gte": 1, "lt": 10}}``
    for a range; a field within a field is written ``"book.title"``.

    Raises:
        OptionError: A condition that is none of these.
    """
    return [_condition(key, wanted) for key, wanted in given.items()]


def _condition(key: object, wanted: object) -> Condition:
    if not isinstance(key, str) or not key:
        raise OptionError(f"filter: {key!r} is no payload field; give its name as a string")
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
        return Condition(key, (wanted,))
    if isinstance(wanted, Sequence) and not isinstance(wanted, bytes) and wanted:
        kinds = {type(item) for item in wanted}
        if kinds in ({str}, {int}):
            return Condition(key, tuple(wanted))
        raise OptionError(f"filter: {key!r} is to be one of {list(wanted)!r}; give strings only or whole numbers only")
    raise OptionError(
        f"filter: {key!r} is to be {wanted!r}, which is no condition; give a value, a list of values, or bounds such "
        f"as {{'gte': 1}}"
    )


def _number(key: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise OptionError(f"filter: bound {value!r} of {key!r} is not a finite number")
    return value


def payload_path(key: str) -> str:
    """A field's path, quoted where Qdrant's path syntax asks for it (a name in Arabic, say)."""
    return key if PLAIN_PATH.fullmatch(key) or '"' in key else f'"{key}"'
