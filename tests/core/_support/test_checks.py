"""Checks of single values."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat._support.checks import check_flag, check_one_of, check_whole, is_finite, is_whole, surrogate_at
from harakat.errors import OptionError, RecordError

NOT_NUMBERS = [True, False, None, "3", 3.5, [3], math.nan]


@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_what_is_no_whole_number(value: Any) -> None:
    assert not is_whole(value)
    with pytest.raises(OptionError, match="^size=.* is not a whole number above 0$") as caught:
        check_whole("size", value)
    assert repr(value) in str(caught.value)


@given(st.integers(), st.integers(), st.integers())
def test_whole_numbers_within_bounds(value: int, least: int, most: int) -> None:
    assert is_whole(value)
    assert is_whole(value, least) == (value >= least)
    assert is_whole(value, least, most) == (least <= value <= most)
    assert is_whole(value, most=most) == (value <= most)


def test_the_message_says_the_bounds_that_it_is_given() -> None:
    assert check_whole("size", 7, least=0, most=7) == 7
    with pytest.raises(RecordError, match="^size=8 is not a whole number from 0 to 7$"):
        check_whole("size", 8, least=0, most=7, bounds="from 0 to 7", error=RecordError)


@given(st.one_of(st.floats(), st.integers(), st.integers(10**300, 10**320)))
def test_finite_numbers(value: float) -> None:
    try:
        expected = math.isfinite(value)
    except OverflowError:  # an int without a float64
        expected = False
    assert is_finite(value) == expected


@pytest.mark.parametrize("value", [True, None, "3", [3], math.nan, math.inf, -math.inf, 10**400])
def test_what_is_no_finite_number(value: Any) -> None:
    assert not is_finite(value)


def test_a_flag_is_a_bool() -> None:
    assert check_flag("compile", True) is True
    with pytest.raises(OptionError, match="^compile=1 is neither True nor False$"):
        check_flag("compile", 1)


def test_a_choice_is_one_of_them() -> None:
    check_one_of("overflow", "chunk", ("warn", "chunk"))
    with pytest.raises(OptionError, match="^overflow='cut' is unknown; choose one of warn, chunk$"):
        check_one_of("overflow", "cut", ("warn", "chunk"))
    with pytest.raises(OptionError, match="^overflow=None is unknown; choose 'warn' or 'chunk'$"):
        check_one_of("overflow", None, ("warn", "chunk"), "'warn' or 'chunk'")


SURROGATES = st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF, categories=["Cs"])


@given(st.text(), SURROGATES, st.text())
def test_a_lone_surrogate_is_found(before: str, surrogate: str, after: str) -> None:
    assert surrogate_at(before) is None
    assert surrogate_at(before + surrogate + after) == len(before)
