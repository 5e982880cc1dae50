"""What may be embedded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat._support.texts import remembered, text_list
from harakat.errors import HarakatError, TextError, TextTypeError


@given(st.lists(st.text()))
def test_text_passes_unchanged_from_any_ordered_container(texts: list[str]) -> None:
    for container in (texts, tuple(texts), iter(texts), np.array(texts, dtype=object), (t for t in texts)):
        assert text_list(container) == texts


@pytest.mark.parametrize("bad", [None, b"x", 7, 1.5, ["a"], np.float32(1)])
def test_elements_that_are_no_text_are_named(bad: Any) -> None:
    with pytest.raises(TextTypeError, match=r"text 1 is .*give each text as a str") as caught:
        text_list(["good", bad])
    assert type(bad).__name__ in str(caught.value)


@pytest.mark.parametrize("bad", ["one text", b"bytes", {"a": 1}, {"a"}, None, 5])
def test_things_that_are_no_run_of_texts(bad: Any) -> None:
    with pytest.raises(TextTypeError):
        text_list(bad)


def test_a_lone_surrogate_is_placed() -> None:
    with pytest.raises(TextError, match=r"text 2 holds the lone surrogate U\+D83D at character 3"):
        text_list(["a", "b", "abc\ud83d"])


def test_errors_are_also_what_python_readers_expect() -> None:
    assert issubclass(TextTypeError, TypeError)
    assert issubclass(TextError, ValueError)
    assert issubclass(TextTypeError, HarakatError)


@given(st.lists(st.text(), max_size=20), st.lists(st.booleans(), max_size=40))
def test_remembered_gives_the_same_texts_twice(texts: list[str], turns: list[bool]) -> None:
    first, second = remembered(texts)
    given_first: list[str] = []
    given_second: list[str] = []
    for turn in turns:
        if turn:
            given_first += [text for text in [next(first, None)] if text is not None]
        elif len(given_second) < len(given_first):
            given_second.append(next(second))
    given_first += first
    given_second += second
    assert given_first == given_second == texts
