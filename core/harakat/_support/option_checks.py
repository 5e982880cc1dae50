"""Options given by name: unknown ones, and those that pydantic found at fault."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harakat.errors import OptionError

__all__ = ["invalid_options", "refuse_unknown"]


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
    """Return one error for all that a pydantic validation found, given its `errors()`."""
    said = []
    for fault in faults:
        name = ".".join(str(part) for part in fault["loc"]) or "options"
        said.append(f"{name}={fault.get('input')!r}: {fault['msg']}")
    return OptionError(f"{owner}: " + "; ".join(said))
