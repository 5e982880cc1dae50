"""The probe for a token budget, on machines described by how long they take."""

from __future__ import annotations

import pytest

from harakat.runtime.tuning import BUDGETS, ENOUGH, TUNING_SECONDS, OutOfMemory, best_budget


def machine(overhead: float, rate: float, holds: int = 1 << 30):  # type: ignore[no-untyped-def]
    tried = []

    def seconds(budget: int) -> float:
        tried.append(budget)
        if budget > holds:
            raise OutOfMemory(f"{budget} tokens")
        return overhead + budget / rate

    return seconds, tried


def test_takes_the_smallest_budget_that_is_nearly_best() -> None:
    seconds, tried = machine(overhead=0.001, rate=1e6)
    found = best_budget(seconds, clock=lambda: 0.0)
    rates = {budget: budget / (0.001 + budget / 1e6) for budget in BUDGETS}
    assert tried == list(BUDGETS)
    assert rates[found] >= ENOUGH * max(rates.values())
    assert all(rate < ENOUGH * max(rates.values()) for budget, rate in rates.items() if budget < found)
    assert best_budget(machine(overhead=0.0, rate=1e6)[0], clock=lambda: 0.0) == BUDGETS[0]


def test_goes_no_further_than_memory() -> None:
    seconds, tried = machine(overhead=0.1, rate=1e6, holds=40_000)
    assert best_budget(seconds, clock=lambda: 0.0) == 32_768
    assert tried == [8192, 16_384, 32_768, 65_536]
    with pytest.raises(OutOfMemory):
        best_budget(machine(overhead=0.1, rate=1e6, holds=100)[0], clock=lambda: 0.0)


def test_is_short_on_a_slow_machine() -> None:
    now = 0.0

    def seconds(budget: int) -> float:
        nonlocal now
        now += TUNING_SECONDS
        return 1 + budget / 1e4

    assert best_budget(seconds, clock=lambda: now) == 16_384
    assert now == 2 * TUNING_SECONDS
