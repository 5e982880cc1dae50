"""Output of the commands: data on standard output, everything else on standard error."""

from __future__ import annotations

import io
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from harakat._support.progress import Advance
from harakat.errors import StoreError

__all__ = [
    "complain",
    "data",
    "data_bytes",
    "forget_output",
    "isolated",
    "library_progress",
    "note",
    "on_terminal",
    "prepare",
    "progress",
    "table",
]

UNBROKEN = 24
"""Columns of a drawn table are not broken up to this many characters."""
LOG_SECONDS = 0.5
"""Time between two lines of progress where nobody watches a terminal."""
SURE_SECONDS = 1.0
"""Time after which the speed of some work is shown."""
NUMBER = re.compile(r"[-+–]?[\d.,]*%?( \[[-+\d., ]*\])?")
"""Cells of a table that stand to the right: a number, alone or with its interval."""


def prepare() -> None:
    """Make both streams UTF-8, whatever the locale says, so that Arabic comes out; a closed one takes nothing."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  stays open, as a standard stream does
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace" if stream is sys.stderr else "strict")


def on_terminal() -> bool:
    """Return whether a person reads standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def data(line: str) -> None:
    """Print a line of output, byte for byte: never wrapped, never coloured."""
    data_bytes(line.encode("utf-8", "surrogateescape") + b"\n")


def data_bytes(block: bytes) -> None:
    """Print a block of output, byte for byte.

    Raises:
        StoreError: Standard output is closed, or takes no more.
    """
    if sys.stdout is None:
        raise StoreError("standard output is closed; give it a file or a terminal")
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the reader has seen enough: an end, and no fault
        raise
    except OSError as error:
        forget_output()
        raise StoreError(f"standard output cannot be written: {error.strerror}") from error


def forget_output() -> None:
    """Send what waits for a standard output that failed nowhere, so that the interpreter's end does not fail again."""
    try:
        number = sys.stdout.fileno()
    except (OSError, ValueError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def note(message: str) -> None:
    """Print a remark for a person."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def complain(message: str) -> None:
    """Print an error for a person."""
    note(f"harakat: error: {message}")


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table: drawn on a terminal, with columns of numbers to the right; tab-separated lines elsewhere.

    Put at most one Arabic column into it, as the last one: a terminal that knows right-to-left text reorders what
    stands beside it.

    Args:
        columns: Headings.
        rows: Cells.
        title: Above the table, on a terminal only.
    """
    if not on_terminal():
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
        cells = [row[place] for row in rows]
        numeric = any(cells) and all(map(NUMBER.fullmatch, cells))
        widest = max(map(len, cells), default=0)
        drawn.add_column(column, overflow="fold", no_wrap=widest <= UNBROKEN, justify="right" if numeric else "left")
    for row in rows:
        drawn.add_row(*(Text(isolated(cell)) for cell in row))
    Console(file=sys.stdout).print(drawn)


FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def isolated(text: str) -> str:
    """Return right-to-left text in isolates on a terminal, so that it does not reorder what stands beside it."""
    if text.isascii() or not on_terminal():
        return text
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


@contextmanager
def progress(what: str, total: int | None, unit: str, *, done: int = 0) -> Iterator[Advance]:
    """Show how far long work is: a bar on a terminal, a line now and then elsewhere.

    The speed, and with it the time that is left, is that of the steps advanced by, not of those done before.

    Args:
        what: The work, such as ``"indexing poems.csv"``.
        total: Number of steps in all; None where unknown.
        unit: Name of a step, in the plural.
        done: Number of steps that were done before, such as records that are stored already.

    Yields:
        A function that advances by a number of steps.
    """
    if sys.stderr.isatty():
        with _bar(what, total, unit, done) as advance:
            yield advance
        return
    last = 0.0

    def count(steps: int, remark: str = "") -> None:
        nonlocal done, last
        done += steps
        now = time.monotonic()
        if now - last >= LOG_SECONDS or done == total:
            last = now
            note(f"{what}: {done:,} {unit}" if total is None else f"{what}: {done:,} of {total:,} {unit}")

    yield count


def library_progress(total: int | None, unit: str, done: int, delay: float) -> AbstractContextManager[Advance]:
    """Show the progress that the library reports in the style of the commands; see `progress_style`."""
    return _bar("", total, f"{unit}s", done, delay)


@contextmanager
def _bar(what: str, total: int | None, unit: str, done: int, delay: float = 0.0) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
    from rich.text import Text

    class State(ProgressColumn):
        """Column with the steps done, those in all, the speed, the time that is left, and a note."""

        def render(self, task: Task) -> Text:
            """Draw the column."""
            said = progress_state(int(task.completed), total, unit, done, task.elapsed or 0.0)
            return Text(", ".join(filter(None, (said, task.fields["note"]))))

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), State())
    drawn = Progress(*columns, console=Console(stderr=True), transient=True)
    began, started = time.monotonic(), False
    task = drawn.add_task(what, total=total, completed=done, note="")

    def advance(steps: int, note: str = "") -> None:
        nonlocal started
        if note:
            drawn.update(task, note=note)
        drawn.advance(task, steps)
        if not started and time.monotonic() - began >= delay:
            started = True
            drawn.start()

    try:
        if not delay:
            advance(0)
        yield advance
    finally:
        if started:
            drawn.stop()


def progress_state(completed: int, total: int | None, unit: str, before: int, seconds: float) -> str:
    """Return the text beside a bar: steps done, their speed, and the time that is left.

    The speed is the mean since the work began. Vectors come in batches of texts of like length, so that the speed of
    the last batch alone says little about the next one.

    Args:
        completed: Number of steps done, `before` included.
        total: Number of steps in all; None where unknown.
        unit: Name of a step, in the plural.
        before: Number of steps that were done before the work began; they do not count into the speed.
        seconds: Time since the work began.
    """
    said = f"{completed:,} {unit}" if total is None else f"{completed:,} of {total:,} {unit}"
    if seconds < SURE_SECONDS or completed <= before:
        return said
    speed = (completed - before) / seconds
    said += f", {speed:,.0f}/s" if speed >= 10 else f", {speed:.1f}/s"
    if total is None or completed >= total:
        return said
    minutes, left = divmod(round((total - completed) / speed), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{said}, {hours}:{minutes:02}:{left:02} left" if hours else f"{said}, {minutes}:{left:02} left"
