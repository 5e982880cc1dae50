"""Filters on the payload, in Qdrant's path syntax."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harakat.adapters import filters
from harakat.adapters.filters import Condition
from harakat.errors import OptionError

__all__ = ["parse_filter", "payload_path"]

SEGMENT = r'(?:[\w-]+|"[^"\\]+")(?:\[\d*\])*'
PATH = re.compile(rf"{SEGMENT}(?:\.{SEGMENT})*", re.ASCII)
"""A payload field as Qdrant spells it: names joined by dots, ``[]`` or ``[0]`` into lists, quotes around odd names."""


def parse_filter(given: Mapping[str, Any]) -> list[Condition]:
    """Read the conditions of a portable filter, whose fields are paths here.

    A field within a field is written ``"book.title"``, a name that holds a dot ``'"v1.0"'``.

    Raises:
        OptionError: A condition, or a path, that is none.
    """
    conditions = filters.parse_filter(given)
    for condition in conditions:
        payload_path(condition.key)
    return conditions


def payload_path(key: str) -> str:
    """Return a field's path, quoted where Qdrant's path syntax asks for it (a name in Arabic, say).

    Raises:
        OptionError: It holds a backslash, or quotes that are not around a whole name; Qdrant has no way to say that.
    """
    if PATH.fullmatch(key):
        return key
    if '"' in key or "\\" in key:
        raise OptionError(
            f"filter: {key!r} is no path of a payload field; quotes go around whole names, as in '\"a.b\".c', and a "
            f"name with a backslash cannot be asked for"
        )
    return f'"{key}"'
