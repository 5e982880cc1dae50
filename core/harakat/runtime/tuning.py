"""The number of tokens for one forward pass of a device: a short probe, on the caller's own texts."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

__all__ = ["BUDGETS", "OutOfMemory", "best_budget"]

BUDGETS = (8192, 16_384, 32_768, 65_536, 131_072, 262_144)
"""Token budgets that are tried on a GPU, smallest first."""
ENOUGH = 0.98
"""A budget that reaches this share of the best rate is taken: smaller batches need less memory and wait less."""
TUNING_SECONDS = 2.0
"""The probe begins no further budget after this time."""


class OutOfMemory(Exception):
    """A forward pass did not fit into the device's memory. It never leaves the runtime."""


def best_budget(
    seconds: Callable[[int], float],
    budgets: Sequence[int] = BUDGETS,
    clock: Callable[[], float] = time.perf_counter,
) -> int:
    """Find the smallest budget that is nearly as fast as the fastest.

    Args:
        seconds: Time of a forward pass over about this many tokens, after a warm-up of its own; may raise
            `OutOfMemory`, and larger budgets are then not tried.
        budgets: What to try, smallest first.
        clock: Seconds; the probe as a whole stops growing after `TUNING_SECONDS` of it.

    Raises:
        OutOfMemory: Not even the smallest fits.
    """
    rates: dict[int, float] = {}
    began = clock()
    for budget in budgets:
        if rates and clock() - began > TUNING_SECONDS:
            break
        try:
            rates[budget] = budget / seconds(budget)
        except OutOfMemory:
            if not rates:
                raise
            break
    best = max(rates.values())
    return next(budget for budget, rate in rates.items() if rate >= ENOUGH * best)
