"""Progress bars on long work, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

__all__ = ["Advance", "ProgressStyle", "progress_bar", "progress_style"]


class Advance(Protocol):
    """A function that moves a bar on by a number of steps, and may show a note beside it."""

    def __call__(self, steps: int, note: str = "", /) -> None:
        """Move on."""


ProgressStyle = Callable[[int | None, str, int, float], AbstractContextManager[Advance]]
"""Draws a bar: given the steps in all, the name of a step, the steps done before, and the seconds to wait first."""

_styles: list[ProgressStyle] = []


@contextmanager
def progress_style(style: ProgressStyle) -> Iterator[None]:
    """Draw the bars of the whole process in another style, for a program with bars of its own."""
    _styles.append(style)
    try:
        yield
    finally:
        _styles.remove(style)


@contextmanager
def progress_bar(
    total: int | None, show: bool | Callable[[int], None] | None, unit: str = "text", done: int = 0
) -> Iterator[Advance]:
    """Show a bar over `total` steps, and give a function that moves it on.

    Args:
        total: Steps in all; None where unknown.
        show: True or False; None shows it on a terminal, and only when the work takes over a second. A function is
            given back, for a bar of the caller's own.
        unit: The name of a step.
        done: Steps that were done before.
    """
    if callable(show):
        yield lambda steps, note="": show(steps)
        return
    if show is False or (show is None and not sys.stderr.isatty()):
        yield lambda steps, note="": None
        return
    delay = 1.0 if show is None else 0.0
    if _styles:
        with _styles[-1](total, unit, done, delay) as advance:
            yield advance
        return
    from tqdm.auto import tqdm

    # smoothing=0: time left by the mean rate so far, since single steps take very different times.
    with tqdm(total=total, initial=done, unit=unit, delay=delay, dynamic_ncols=True, smoothing=0) as bar:

        def move(steps: int, note: str = "") -> None:
            if note:
                bar.set_postfix_str(note, refresh=False)
            bar.update(steps)

        yield move
