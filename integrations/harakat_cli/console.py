"""What the commands print: data on standard output, everything else on standard error."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

__all__ = ["complain", "data", "data_bytes", "isolated", "note", "prepare", "progress", "table"]

UNBROKEN = 24
"""Columns of a drawn table are not broken up to this many characters."""
LOG_SECONDS = 0.5
"""How often progress is written where nobody watches a terminal."""


def prepare() -> None:
    """Make both streams UTF-8, whatever the locale says: Arabic must come out."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace" if stream is sys.stderr else "strict")


def data(line: str) -> None:
    """A line of output, byte for byte: never wrapped, never coloured."""
    data_bytes(line.encode("utf-8") + b"\n")


def data_bytes(block: bytes) -> None:
    """A block of output, byte for byte."""
    sys.stdout.flush()
    sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


def note(message: str) -> None:
    """A remark for a person."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def complain(message: str) -> None:
    """An error for a person."""
    note(f"harakat: error: {message}")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """A table: drawn on a terminal, tab-separated lines elsewhere.

    Put at most one Arabic column into it, as the last one: a terminal that knows right-to-left text reorders what
    stands beside it.

    Args:
        columns: Headings.
        rows: Cells.
        title: Above the table, on a terminal only.
    """
    if not sys.stdout.isatty():
        for row in (columns, *rows):
            data("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # A Text, since brackets in a plain title would be read as markup.
    drawn = Table(title=Text(title) if title else None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for place, column in enumerate(columns):
        widest = max((len(row[place]) for row in rows), default=0)
        drawn.add_column(column, overflow="fold", no_wrap=widest <= UNBROKEN)
    for row in rows:
        drawn.add_row(*(Text(isolated(cell)) for cell in row))
    Console(file=sys.stdout).print(drawn)


FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def isolated(text: str) -> str:
    """Right-to-left text in isolates on a terminal, so that it does not reorder what stands beside it."""
    if text.isascii() or not sys.stdout.isatty():
        return text
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


@contextmanager
def progress(what: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, a line now and then elsewhere; gives a function that moves it on.

    Args:
        what: What is being done.
        total: Steps in all; None where unknown.
        unit: What a step is, in the plural.
    """
    if sys.stderr.isatty():
        with _bar(what, total, unit) as advance:
            yield advance
        return
    done, last = 0, 0.0

    def count(steps: int) -> None:
        nonlocal done, last
        done += steps
        now = time.monotonic()
        if now - last >= LOG_SECONDS or done == total:
            last = now
            note(f"{what}: {done:,} {unit}" if total is None else f"{what}: {done:,} of {total:,} {unit}")

    yield count


@contextmanager
def _bar(what: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(what, total=total)

        def advance(steps: int) -> None:
            drawn.advance(task, steps)

        yield advance
