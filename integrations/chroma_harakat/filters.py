"""Filters on the payload: the portable mapping, and Chroma's own ``where``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harakat.adapters.filters import Condition, parse_condition
from harakat.errors import OptionError

__all__ = ["where_clause"]


def where_clause(given: Any) -> dict[str, Any] | None:
    """Return a filter as Chroma takes it.

    Args:
        given: A mapping from payload field to a value, a list of values, or bounds (``{"gte": 1}``), all of which
            must hold. What has an operator of Chroma's (``{"n": {"$ne": 1}}``, ``{"$or": […]}``) is passed on.

    Raises:
        OptionError: No mapping, or a condition that is none of these.
    """
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise OptionError(f"filter is a {type(given).__name__}; give a mapping, such as {{'surah': 2}}")
    clauses: list[dict[str, Any]] = []
    for key, wanted in given.items():
        if _is_chromas(key, wanted):
            clauses.append({key: wanted})
        else:
            clauses += _clauses(parse_condition(key, wanted))
    if not clauses:
        return None
    return clauses[0] if len(clauses) == 1 else {"$and": clauses}


def _is_chromas(key: object, wanted: object) -> bool:
    names = [key, *wanted] if isinstance(wanted, Mapping) else [key]
    return any(isinstance(name, str) and name.startswith("$") for name in names)


def _clauses(condition: Condition) -> list[dict[str, Any]]:
    if condition.any_of is None:
        return [{condition.key: {f"${name}": bound}} for name, bound in condition.bounds]
    if len(condition.any_of) == 1:
        return [{condition.key: condition.any_of[0]}]
    return [{condition.key: {"$in": list(condition.any_of)}}]
