from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat import Encoder
from harakat.bench.complexity import (
    exponent,
    scaling,
    scaling_in_count,
    scaling_in_length,
    scaling_of_attention,
    words_long,
)
from harakat.errors import OptionError
from support.tiny import SAMPLE_TEXTS


@given(
    st.lists(st.floats(1, 1e6), min_size=2, max_size=8, unique_by=lambda value: round(value)),
    st.floats(1e-9, 1e3),
    st.floats(-3, 3),
)
def test_the_exponent_of_a_power_law_is_found(sizes: list[float], factor: float, power: float):
    assert exponent(sizes, [factor * size**power for size in sizes]) == pytest.approx(power, abs=1e-3)


@pytest.mark.parametrize(
    ("sizes", "seconds"), [([1], [1]), ([2, 2], [1, 2]), ([1, 2], [1]), ([1, 2], [0, 1]), ([0, 2], [1, 1])]
)
def test_an_exponent_needs_two_sizes_and_times(sizes: list[float], seconds: list[float]):
    with pytest.raises(OptionError, match="exponent needs"):
        exponent(sizes, seconds)


def test_scaling_sees_quadratic_work():
    found = scaling(lambda size: time.sleep(size * size / 1e4), [5, 10, 20])
    assert found["sizes"] == [5, 10, 20]
    assert 1.6 < found["exponent"] < 2.1


def test_running_words_come_round_again():
    assert words_long(["a b", "c"], 5) == "a b c a b"
    assert words_long(["a"], 0) == ""
    with pytest.raises(OptionError, match="no word"):
        words_long([" "], 3)


def test_every_curve_has_its_sizes(tiny_folder: Path):
    encoder = Encoder(tiny_folder)
    assert scaling_in_count(encoder, SAMPLE_TEXTS, (4, 8))["sizes"] == [4, 8]
    sizes = scaling_in_length(encoder, SAMPLE_TEXTS, (20, 400))["sizes"]
    assert sizes[0] < 128 < sizes[1]
    # What is longer than the encoder reads has no attention of its own.
    inner = scaling_of_attention(encoder, SAMPLE_TEXTS, (5, 10, 400))["sizes"]
    assert len(inner) == 2 and max(inner) <= 128


@pytest.mark.slow
def test_time_is_linear_where_it_should_be():
    """Bounds are wide: the machine may be busy. Quadratic work would show as 2."""
    encoder = Encoder()
    texts = SAMPLE_TEXTS[:6]
    assert 0.6 < scaling_in_count(encoder, texts, (32, 64, 128, 256))["exponent"] < 1.35
    assert 0.6 < scaling_in_length(encoder, texts, (800, 1600, 3200, 6400))["exponent"] < 1.35
    tokenizer = encoder.checkpoint.tokenizer
    made = {size: words_long(texts, size) for size in (20_000, 60_000, 180_000)}
    assert 0.6 < scaling(lambda size: tokenizer.tokenize([made[size]]), list(made))["exponent"] < 1.35
    assert scaling_of_attention(encoder, texts, (60, 120, 240))["exponent"] < 2.4
