"""Rows of text files, read line by line from bytes; the caller makes the error of a line that cannot be taken."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from harakat.errors import RecordError

__all__ = ["Fault", "Line", "decoded_lines", "object_rows", "shortened", "table_rows"]

Line = tuple[int, str]
"""Number of a line, from 1, and its text with the line's end."""
Fault = Callable[[int, str], RecordError]
"""Maker of the error of a line, from its number and what is wrong with it."""


def decoded_lines(file: BinaryIO, longest: int, fault: Fault) -> Iterator[Line]:
    """Yield lines of UTF-8, without a byte order mark.

    Args:
        file: Open for reading.
        longest: Bytes of the longest line that is read; longer ones belong to files of another kind.
        fault: Makes the error.

    Raises:
        RecordError: A line is too long or no UTF-8.
    """
    number = 0
    while raw := file.readline(longest + 1):
        number += 1
        if len(raw) > longest:
            raise fault(number, f"longer than {longest:,} bytes; is this a text file?")
        if number == 1:
            if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise fault(1, "the file is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)")
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            yield number, raw.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = raw[error.start]
            raise fault(
                number,
                f"not UTF-8 (byte 0x{byte:02X} at place {error.start + 1} of the line); convert the file to UTF-8, "
                f"or mend the line",
            ) from error


def object_rows(lines: Iterable[Line], fault: Fault) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of JSON lines; empty lines are passed over.

    Args:
        lines: As `decoded_lines` gives them.
        fault: Makes the error.

    Raises:
        RecordError: A line is no JSON object.
    """
    for number, line in lines:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            cut = "" if line.endswith("\n") else "; the file ends here, perhaps it was cut short"
            raise fault(number, f"not JSON ({error}){cut}") from error
        if not isinstance(row, dict):
            raise fault(number, f"a JSON {type(row).__name__}, not an object with named fields")
        yield number, row


def table_rows(
    lines: Iterable[Line], delimiter: str, longest: int, fault: Fault
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield rows of CSV with a header, each with the line that it begins on.

    Args:
        lines: As `decoded_lines` gives them.
        delimiter: Between fields.
        longest: Characters of a field.
        fault: Makes the error.

    Raises:
        RecordError: No CSV, two columns of one name, or a row of another width than the header.
    """
    csv.field_size_limit(max(longest, csv.field_size_limit()))
    reader = csv.reader((line for _, line in lines), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    start = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise fault(start, f"not CSV ({error}); a quotation mark may be missing") from error
        if header is None:
            header = row
            twice = sorted({name for name in header if header.count(name) > 1})
            if twice:
                raise fault(start, f"two columns have the name {twice[0]!r}")
        elif row:
            if len(row) != len(header):
                raise fault(start, f"{len(row)} fields, but the header names {len(header)} columns")
            yield start, dict(zip(header, row, strict=True))
        start = reader.line_num + 1


def shortened(value: object) -> str:
    """Return a value as messages show it, at most 60 characters."""
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"
