"""Progress bars on long work, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(
    total: int | None, show: bool | Callable[[int], None] | None, unit: str = "text"
) -> Iterator[Callable[[int], None]]:
    """Show a bar over `total` steps, and give a function that moves it on.

    Args:
        total: Steps in all; None where unknown.
        show: True or False; None shows it on a terminal, and only when the work takes over a second. A function is
            given back, for a bar of the caller's own.
        unit: The name of a step.
    """
    if callable(show):
        yield show
        return
    if show is False or (show is None and not sys.stderr.isatty()):
        yield lambda steps: None
        return
    from tqdm.auto import tqdm

    # smoothing=0: time left by the mean rate so far, since single steps take very different times.
    delay = 1.0 if show is None else 0.0
    with tqdm(total=total, unit=unit, delay=delay, dynamic_ncols=True, smoothing=0) as bar:

        def advance(steps: int) -> None:
            bar.update(steps)

        yield advance
