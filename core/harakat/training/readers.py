"""Rows of local files, read line by line: JSON lines, CSV and TSV, plain or compressed, every fault with its place."""

from __future__ import annotations

import csv
import gzip
import json
import lzma
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harakat.errors import OptionError, RecordError

__all__ = ["SUFFIXES", "Row", "file_rows", "text_field"]

Row = tuple[int, Mapping[str, Any]]
"""Where a row stands (its line in a file, from 1, or its index in a data set, from 0), and its fields."""
SUFFIXES = (".jsonl", ".ndjson", ".csv", ".tsv")
COMPRESSED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
LONGEST_LINE = 16 * 2**20
"""Bytes. A longer line is no row but a file of another kind, and would fill the memory."""


def file_rows(path: str | Path) -> Iterator[Row]:
    """The rows of a file, with the line that each begins on.

    Args:
        path: .jsonl, .ndjson, .csv (header first) or .tsv, in UTF-8; a further .gz or .xz is unpacked on the way.

    Raises:
        OptionError: The suffix says no format.
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
    if kind[0] in (".csv", ".tsv"):
        yield from _table(path, opener, "," if kind[0] == ".csv" else "\t")
    else:
        yield from _objects(path, opener)


def text_field(row: Mapping[str, Any], field: str, where: str) -> str:
    """The text of a field.

    Args:
        row: A row's fields.
        field: The field's own name.
        where: File and line, for messages.

    Raises:
        RecordError: It is missing, empty, not a text, or holds a lone surrogate; names place and field.
    """
    if field not in row:
        names = ", ".join(map(repr, list(row)[:12])) or "none"
        raise RecordError(f"{where}: no field {field!r} (there are: {names}); name the right one under columns")
    text = row[field]
    if not isinstance(text, str):
        raise RecordError(f"{where}: the field {field!r} is {_short(text)}, a {type(text).__name__}, not a text")
    if not text.strip():
        raise RecordError(f"{where}: the field {field!r} is empty; drop the row, or set skip_bad=true")
    if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
        raise RecordError(f"{where}: the field {field!r} holds a lone surrogate; mend the row, or set skip_bad=true")
    return text


def _lines(path: Path, opener: Callable[..., Any] | None) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        with opener(path, "rb") if opener else path.open("rb") as file:
            while raw := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(raw) > LONGEST_LINE:
                    raise RecordError(f"{path.name}, line {number:,}: longer than {LONGEST_LINE:,} bytes")
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                try:
                    yield number, raw.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise RecordError(
                        f"{path.name}, line {number:,}: not UTF-8 (byte 0x{raw[error.start]:02X} at place "
                        f"{error.start + 1}); convert the file to UTF-8"
                    ) from error
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise RecordError(f"{path}, after line {number:,}: cannot be read: {error}") from error


def _objects(path: Path, opener: Callable[..., Any] | None) -> Iterator[Row]:
    for number, line in _lines(path, opener):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RecordError(f"{path.name}, line {number:,}: not JSON ({error})") from error
        if not isinstance(row, dict):
            raise RecordError(f"{path.name}, line {number:,}: a JSON {type(row).__name__}, not an object with fields")
        yield number, row


def _table(path: Path, opener: Callable[..., Any] | None, delimiter: str) -> Iterator[Row]:
    reader = csv.reader((line for _, line in _lines(path, opener)), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    start = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise RecordError(
                f"{path.name}, line {start:,}: not CSV ({error}); a quotation mark may be missing"
            ) from error
        if header is None:
            header = row
            twice = sorted({name for name in header if header.count(name) > 1})
            if twice:
                raise RecordError(f"{path.name}, line {start:,}: two columns have the name {twice[0]!r}")
        elif row:
            if len(row) != len(header):
                raise RecordError(
                    f"{path.name}, line {start:,}: {len(row)} fields, but the header names {len(header)} columns"
                )
            yield start, dict(zip(header, row, strict=True))
        start = reader.line_num + 1


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"
