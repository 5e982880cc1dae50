"""Bars on long work: whose function is called, and the style of a program with bars of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harakat import Encoder
from harakat._support.progress import Advance, progress_bar, progress_style


def test_a_function_is_called_with_the_steps():
    seen: list[int] = []
    with progress_bar(9, seen.append) as advance:
        advance(4)
        advance(5, "a note")
    assert seen == [4, 5]


def test_nothing_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]):
    for show in (False, None):
        with progress_bar(3, show) as advance:
            advance(3)
    assert capsys.readouterr() == ("", "")


def test_a_bar_is_shown_on_demand(capsys: pytest.CaptureFixture[str]):
    with progress_bar(10, True, unit="step", done=4) as advance:
        advance(3, "loss 0.5")
    shown = capsys.readouterr().err
    assert "7/10" in shown and "loss 0.5" in shown


def test_a_style_draws_all_bars(tiny_folder, capsys: pytest.CaptureFixture[str]):
    bars: list[tuple[object, ...]] = []
    steps: list[int] = []

    @contextmanager
    def style(*bar: object) -> Iterator[Advance]:
        bars.append(bar)
        yield lambda moved, note="": steps.append(moved)

    encoder = Encoder(tiny_folder)
    with progress_style(style):
        encoder.encode(["نص"] * 7, show_progress=True)
        encoder.encode(["نص"], show_progress=False)
    assert bars == [(7, "text", 0, 0.0)] and sum(steps) == 7
    assert capsys.readouterr().err == ""
    encoder.encode(["نص"], show_progress=True)
    assert len(bars) == 1 and capsys.readouterr().err
