"""Rows of local files, read line by line: JSON lines, CSV and TSV, plain or compressed, every fault with its place."""

from __future__ import annotations

import gzip
import lzma
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from harakat._support.checks import surrogate_at
from harakat.data.rows import Line, decoded_lines, object_rows, shortened, table_rows
from harakat.errors import OptionError, RecordError

__all__ = ["COMPRESSED", "SUFFIXES", "Row", "file_rows", "number_field", "text_field"]

Row = tuple[int, Mapping[str, Any]]
"""Place of a row (its line in a file, from 1, or its index in a data set, from 0), and its fields."""
SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv")
DELIMITERS = {".csv": ",", ".tsv": "\t"}
COMPRESSED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
"""Openers of compressed files, by suffix."""
LONGEST_LINE = 16 * 2**20
"""Bytes."""


def file_rows(path: str | Path) -> Iterator[Row]:
    """Yield the rows of a file, with the line that each begins on.

    Args:
        path: .jsonl, .ndjson, .csv (header first) or .tsv, in UTF-8; a further .gz or .xz is unpacked on the way.

    Raises:
        OptionError: The suffix names no known format.
        RecordError: The file is missing, or a line cannot be taken; names file and line.
    """
    path = Path(path).expanduser()
    suffixes = [suffix.lower() for suffix in path.suffixes]
    opener = COMPRESSED.get(suffixes[-1]) if suffixes else None
    kind = (suffixes[:-1] if opener else suffixes)[-1:]
    if not kind or kind[0] not in SUFFIXES:
        raise OptionError(
            f"{path.name!r}: the suffix says no format; known are {', '.join(SUFFIXES)}, also followed by .gz or .xz"
        )
    if not path.is_file():
        raise RecordError(f"{path} is no file")
    yield from _rows(path, opener, kind[0])


def text_field(row: Mapping[str, Any], field: str, where: str) -> str:
    """Return the text of a field.

    Args:
        row: A row's fields.
        field: The field's own name.
        where: File and line, for messages.

    Raises:
        RecordError: It is missing, empty, not a text, or holds a lone surrogate; names place and field.
    """
    if field not in row:
        raise RecordError(f"{where}: no field {field!r} (there are: {_names(row)}); name the right one under columns")
    text = row[field]
    if not isinstance(text, str):
        raise RecordError(f"{where}: the field {field!r} is {shortened(text)}, a {type(text).__name__}, not a text")
    if not text.strip():
        raise RecordError(f"{where}: the field {field!r} is empty; drop the row, or set skip_bad=true")
    if surrogate_at(text) is not None:
        raise RecordError(f"{where}: the field {field!r} holds a lone surrogate; mend the row, or set skip_bad=true")
    return text


def number_field(row: Mapping[str, Any], field: str, where: str) -> float:
    """Return the number of a field, which may be written as text (in a CSV).

    Args:
        row: A row's fields.
        field: The field's own name.
        where: File and line, for messages.

    Raises:
        RecordError: It is missing or no finite number.
    """
    if field not in row:
        raise RecordError(f"{where}: no field {field!r} (there are: {_names(row)})")
    value = row[field]
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise RecordError(f"{where}: the field {field!r} is {value!r}, not a number")
    return number


def _names(row: Mapping[str, Any]) -> str:
    """Return the names of a row's first fields, for messages."""
    return ", ".join(map(repr, list(row)[:12])) or "none"


def _rows(path: Path, opener: Callable[..., Any] | None, kind: str) -> Iterator[Row]:
    line = 0

    def counted(file: BinaryIO) -> Iterator[Line]:
        nonlocal line
        for line, text in decoded_lines(file, LONGEST_LINE, fault):  # noqa: UP028  counts on the way
            yield line, text

    def fault(number: int, what: str) -> RecordError:
        return RecordError(f"{path.name}, line {number:,}: {what}")

    try:
        with opener(path, "rb") if opener else path.open("rb") as file:
            if kind in DELIMITERS:
                yield from table_rows(counted(file), DELIMITERS[kind], LONGEST_LINE, fault)
            else:
                yield from object_rows(counted(file), fault)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise RecordError(f"{path}, after line {line:,}: cannot be read: {error}") from error
