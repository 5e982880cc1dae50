from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.bench.speed import latencies, percentile

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@given(NUMBERS, st.floats(0.01, 1))
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(values: list[float], share: float):
    found = percentile(values, share)
    assert found in values

    def below(value: float) -> float:
        return sum(each <= value for each in values) / len(values)

    assert below(found) >= share - 1e-9
    assert all(below(each) < share + 1e-9 for each in values if each < found)


@pytest.mark.parametrize("count", [1, 3])
def test_latencies_are_milliseconds_of_calls_that_were_met_before(count: int):
    seen: list[list[str]] = []

    def slow(texts: list[str]) -> None:
        seen.append(texts)
        time.sleep(0.01)

    found = latencies({"slow": slow, "quick": lambda texts: None}, ["a", "b", "c", "d"], count, 4)
    assert 9.5 <= found["slow"]["p50"] <= found["slow"]["p95"] < 500
    assert found["quick"]["p50"] < found["slow"]["p50"]
    assert all(len(batch) == count for batch in seen)
    assert seen[:4] == seen[4:] and seen[1][0] == ("b" if count == 1 else "d")
