"""Checks of the options that every search takes."""

from __future__ import annotations

import math

from harakat.errors import OptionError

__all__ = ["MOST", "check_number", "check_page", "check_whole"]

MOST = 2**31 - 1
"""Largest number of hits, and of hits skipped, that stores take."""


def check_page(limit: object, offset: object, score_threshold: object) -> None:
    """Check the number of hits, the number skipped, and the least score.

    Raises:
        OptionError: One with an impossible value.
    """
    check_whole("limit", limit, 1)
    check_whole("offset", offset, 0)
    if score_threshold is not None:
        check_number("score_threshold", score_threshold, -math.inf)


def check_whole(option: str, value: object, least: int, named: str | None = None) -> None:
    """Refuse what is no whole number from `least` (named so in the message) to `MOST`.

    Raises:
        OptionError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST:
        raise OptionError(f"{option}={value!r} is not a whole number from {named or least} to {MOST:,}")


def check_number(option: str, value: object, least: float) -> None:
    """Refuse what is no finite number from `least` on.

    Raises:
        OptionError: It is none.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < least:  # type: ignore[operator]
        raise OptionError(f"{option}={value!r} is not a finite number" + (f" from {least} on" if least == 1 else ""))
