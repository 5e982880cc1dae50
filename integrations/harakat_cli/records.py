"""Records of text, CSV and JSON lines files: read line by line, every fault named by its line."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from harakat._support.checks import is_whole
from harakat.data.rows import Line, decoded_lines, object_rows, shortened, table_rows
from harakat.errors import OptionError, RecordError, StoreError

__all__ = ["FORMATS", "Fields", "FileSource", "SourceRecord", "open_file", "open_twice", "read_stdin"]

FORMATS = ("txt", "csv", "tsv", "jsonl")
SUFFIXES = {".txt": "txt", ".csv": "csv", ".tsv": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
LONGEST_LINE = 64 * 2**20
"""Bytes. A longer line is no line but a file of another kind, and would fill the memory."""
DEFAULT_TEXT, DEFAULT_ID = "text", "id"


class SourceRecord(NamedTuple):
    """A record and where it stands."""

    id: str
    text: str
    payload: Mapping[str, Any]
    line: int
    """The line it begins on, from 1."""


@dataclass(frozen=True)
class Fields:
    """The fields of a record by their role.

    Attributes:
        text: The field with the text; None for ``text``.
        id: The field with the id; None for ``id`` where the first record has one, else the line number.
        payload: Fields to keep beside the text; None for all others.
        skip_empty: Leave records without a text out instead of refusing them.
    """

    text: str | None = None
    id: str | None = None
    payload: tuple[str, ...] | None = None
    skip_empty: bool = False


class FileSource:
    """Records of one file, which is never held in memory as a whole.

    Args:
        path: The file.
        kind: One of `FORMATS`.
        fields: Which fields are what.
        name: For messages and for ids made of line numbers (``poems.txt:17``).
    """

    def __init__(self, path: Path, kind: str, fields: Fields, name: str | None = None) -> None:
        self.path, self.kind, self.fields = path, kind, fields
        self.name = name or path.name
        if kind == "txt" and (fields.text or fields.id or fields.payload):
            raise OptionError(
                f"{self.name} is read as plain text, one record a line, and has no fields; leave --text-field, "
                f"--id-field and --payload out, or say --format csv or --format jsonl"
            )

    def state(self) -> tuple[int, int, int, int] | None:
        """Return what is equal as long as the file is the same: its identity, size and time; None where it is gone."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def records(self) -> Iterator[SourceRecord]:
        """The records, in order.

        Raises:
            RecordError: A line that cannot be taken.
        """
        with self._open() as file:
            if self.kind == "txt":
                yield from self._plain(file)
            else:
                yield from self._fielded(self._rows(file))

    def texts(self) -> Iterator[str]:
        """The texts alone, empty ones included, so that the n-th text is the n-th line or record.

        Raises:
            RecordError: A line that cannot be taken.
        """
        with self._open() as file:
            if self.kind == "txt":
                for _, line in self._lines(file):
                    yield line.rstrip("\n").removesuffix("\r")
                return
            field = self.fields.text or DEFAULT_TEXT
            for number, row in self._rows(file):
                yield self._text(row, field, number)

    def fault(self, line: int, what: str) -> RecordError:
        """An error at a line."""
        return RecordError(f"{self.name}, line {line:,}: {what}")

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            with self.path.open("rb") as file:
                yield file
        except OSError as error:
            raise RecordError(f"{self.path} cannot be read: {error.strerror}") from error

    def _lines(self, file: BinaryIO) -> Iterator[Line]:
        return decoded_lines(file, LONGEST_LINE, self.fault)

    def _plain(self, file: BinaryIO) -> Iterator[SourceRecord]:
        for number, line in self._lines(file):
            text = line.rstrip("\n").removesuffix("\r")
            if text.strip():
                yield SourceRecord(f"{self.name}:{number}", text, {}, number)

    def _rows(self, file: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
        if self.kind == "jsonl":
            return object_rows(self._lines(file), self.fault)
        return table_rows(self._lines(file), "\t" if self.kind == "tsv" else ",", LONGEST_LINE, self.fault)

    def _fielded(self, rows: Iterator[tuple[int, dict[str, Any]]]) -> Iterator[SourceRecord]:
        text_field = self.fields.text or DEFAULT_TEXT
        id_field = self.fields.id
        first = True
        for number, row in rows:
            if first and id_field is None and DEFAULT_ID in row:
                id_field = DEFAULT_ID
            first = False
            text = self._text(row, text_field, number)
            if not text.strip():
                if self.fields.skip_empty:
                    continue
                raise self.fault(number, f"the field {text_field!r} is empty; drop the record, or say --skip-empty")
            key = f"{self.name}:{number}" if id_field is None else self._id(row, id_field, number)
            yield SourceRecord(key, text, self._payload(row, text_field, id_field, number), number)

    def _text(self, row: Mapping[str, Any], field: str, line: int) -> str:
        if field not in row:
            raise self.fault(line, f"no field {field!r} (there are: {_names(row)}); name the one with --text-field")
        text = row[field]
        if text is None:
            return ""
        if not isinstance(text, str):
            raise self.fault(line, f"the field {field!r} is {shortened(text)}, a {type(text).__name__}, not a text")
        return text

    def _id(self, row: Mapping[str, Any], field: str, line: int) -> str:
        if field not in row:
            raise self.fault(line, f"no field {field!r} (there are: {_names(row)}); name the one with --id-field")
        key = row[field]
        if is_whole(key):
            key = str(key)
        if not isinstance(key, str) or not key:
            raise self.fault(line, f"the id {field!r} is {shortened(key)}; an id is a text or a whole number")
        return key

    def _payload(self, row: Mapping[str, Any], text_field: str, id_field: str | None, line: int) -> dict[str, Any]:
        wanted = self.fields.payload
        absent = [name for name in wanted or () if name not in row]
        if absent:
            raise self.fault(line, f"no field {absent[0]!r} for --payload (there are: {_names(row)})")
        kept = {
            key: value
            for key, value in row.items()
            if key not in (text_field, id_field) and value is not None and (wanted is None or key in wanted)
        }
        return {
            key: json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
            for key, value in kept.items()
        }


def open_file(path: Path, kind: str | None, fields: Fields) -> FileSource:
    """The source of a file.

    Args:
        path: The file.
        kind: One of `FORMATS`; None to go by the file's suffix.
        fields: Which fields are what.

    Raises:
        OptionError: An unknown format, or a suffix that says none.
        RecordError: There is no such file.
    """
    _mode(path)
    kind = _check_kind(kind) or SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise OptionError(f"{path.name}: the suffix {path.suffix!r} says no format; add --format {'|'.join(FORMATS)}")
    return FileSource(path, kind, fields)


@contextmanager
def read_stdin(kind: str | None, fields: Fields) -> Iterator[FileSource]:
    """Standard input, kept in a temporary file meanwhile: it is checked as a whole before anything is written.

    Args:
        kind: One of `FORMATS`; None takes lines that begin with ``{`` for JSON lines, named fields for CSV, and
            anything else for plain text.
        fields: Which fields are what.

    Raises:
        OptionError: An unknown format, or standard input is a terminal.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise OptionError("standard input is closed; pipe a file into it, or name the file")
    if sys.stdin.isatty():
        raise OptionError("standard input is a terminal; pipe a file into it, or name the file")
    with _spooled(sys.stdin.buffer, "stdin", _check_kind(kind), fields) as source:
        yield source


@contextmanager
def open_twice(path: Path, kind: str | None, fields: Fields) -> Iterator[FileSource]:
    """Open a file for being read more than once; a pipe or device is kept in a temporary file meanwhile.

    Args:
        path: The file, ``/dev/stdin``, a FIFO, or what ``<(command)`` becomes.
        kind: One of `FORMATS`; None to go by the suffix, and for a pipe without one by its beginning.
        fields: Which fields are what.

    Raises:
        OptionError: An unknown format, or a suffix that says none.
        RecordError: There is no such file, or it cannot be read.
        StoreError: The temporary file cannot be written.
    """
    if stat.S_ISREG(_mode(path)):
        yield open_file(path, kind, fields)
        return
    kind = _check_kind(kind) or SUFFIXES.get(path.suffix.lower())
    try:
        stream = path.open("rb")
    except OSError as error:
        raise RecordError(f"{path} cannot be read: {error.strerror}") from error
    with stream, _spooled(stream, path.name, kind, fields) as source:
        yield source


def _mode(path: Path) -> int:
    """Return the mode of what is to be read.

    Raises:
        RecordError: It is not there, or a folder.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise RecordError(f"{path} does not exist; give a .txt, .csv, .tsv or .jsonl file, 'quran', or '-'") from error
    except (OSError, ValueError) as error:
        raise RecordError(f"{str(path)[:200]!r} cannot be read: {getattr(error, 'strerror', error)}") from error
    if stat.S_ISDIR(mode):
        raise RecordError(f"{path} is a folder; give a file")
    return mode


@contextmanager
def _spooled(stream: BinaryIO, name: str, kind: str | None, fields: Fields) -> Iterator[FileSource]:
    path: Path | None = None
    try:
        with _kept_in_a_file(name):
            handle, kept = tempfile.mkstemp(prefix="harakat-stdin-")
            path = Path(kept)
            with os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(stream, file, 1 << 20)
        if kind is None:
            with path.open("rb") as file:
                start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
            kind = "jsonl" if start.startswith(b"{") else "csv" if fields.text or fields.id else "txt"
        yield FileSource(path, kind, fields, name=name)
    finally:
        if path is not None:
            path.unlink(missing_ok=True)


@contextmanager
def _kept_in_a_file(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{name} is read twice and cannot be kept in a temporary file ({error.strerror}); make room, or set TMPDIR "
            f"to another folder"
        ) from error


def _check_kind(kind: str | None) -> str | None:
    if kind is not None and kind not in FORMATS:
        raise OptionError(f"--format {kind!r} is unknown; choose {', '.join(FORMATS)}")
    return kind


def _names(row: Mapping[str, Any]) -> str:
    names = ", ".join(map(repr, list(row)[:12]))
    return names + (", …" if len(row) > 12 else "") or "none"
