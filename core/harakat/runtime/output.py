"""Vectors straight into a file: .npy, to be memory-mapped, or Parquet. A file has its name only when it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from harakat._support.extras import require
from harakat._support.files import destination, file_errors, write_whole
from harakat.errors import OptionError, RecordError, StoreError

__all__ = [
    "KINDS",
    "NpyWriter",
    "ParquetWriter",
    "RowWriter",
    "check_disk_space",
    "file_kind",
    "ids_of",
    "save",
]

KINDS = ("npy", "parquet")
ROW_GROUP_BYTES = 32 << 20
"""Vectors that a Parquet row group holds, in bytes; what a writer keeps in memory."""


class RowWriter(Protocol):
    """A file that takes rows in order."""

    def write(self, vectors: NDArray[Any], **columns: Sequence[Any]) -> None:
        """Take some rows, (n, width), and what stands beside them in other columns."""

    def finish(self) -> None:
        """Write what is still to be written; no row comes after that."""

    def close(self) -> None:
        """Let go of the file, finished or not."""


def file_kind(path: Path, kind: str | None = None) -> str:
    """Return ``"npy"`` or ``"parquet"``: as said, or by the suffix.

    Raises:
        OptionError: Neither.
        MissingExtraError: Parquet, and pyarrow is not installed.
    """
    found = kind or path.suffix.lower().lstrip(".")
    if found not in KINDS:
        raise OptionError(f"{path}: {found!r} is no format for vectors; choose {' or '.join(KINDS)}")
    if found == "parquet":
        require("pyarrow", "parquet")
    return found


def check_disk_space(path: Path, size: int) -> None:
    """Refuse before any work what the disk cannot hold.

    Args:
        path: Where the file will be.
        size: Its bytes.

    Raises:
        StoreError: Fewer bytes are free, the folder is not there, or `path` is no place for an output.
    """
    folder = destination(path).folder
    with file_errors(path):
        free = shutil.disk_usage(folder).free
    if size > free:
        raise StoreError(f"{path} would take {size:,} bytes, and {free:,} are free in {folder.resolve()}")


class NpyWriter:
    """Rows of a .npy array, behind a header that is written again when their number is known.

    Args:
        file: Empty, open for writing and seeking.
        width: Values of a row.
        dtype: Of the values.
    """

    def __init__(self, file: BinaryIO, width: int, dtype: np.dtype[Any]) -> None:
        self._file, self._width, self._dtype = file, width, dtype.newbyteorder("<")
        self._rows = 0
        self._start = self._header()

    def write(self, vectors: NDArray[Any], **columns: Sequence[Any]) -> None:
        """As `RowWriter`; there are no other columns."""
        self._file.write(np.ascontiguousarray(vectors, dtype=self._dtype).tobytes())
        self._rows += len(vectors)

    def finish(self) -> None:
        """As `RowWriter`."""
        self._file.seek(0)
        # The format leaves room for a growing first axis, so the second header is as long as the first.
        if self._header() != self._start:
            raise StoreError(f"the header of the .npy file does not hold {self._rows:,} rows")
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        """As `RowWriter`; the file is the caller's."""

    def _header(self) -> int:
        descr = np.lib.format.dtype_to_descr(self._dtype)
        header = {"descr": descr, "fortran_order": False, "shape": (self._rows, self._width)}
        np.lib.format.write_array_header_1_0(self._file, header)
        return self._file.tell()


class ParquetWriter:
    """Rows of a Parquet file: other columns where there are any, and `embedding`, a list of fixed size.

    Args:
        file: Empty, open for writing.
        width: Values of a row.
        dtype: Of the values: float32, int8 or uint8.
        columns: The type of each other column, str or int.
        metadata: Kept with the schema, for example the encoder's fingerprint.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """

    def __init__(
        self,
        file: BinaryIO,
        width: int,
        dtype: np.dtype[Any],
        columns: Mapping[str, type] | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        arrow = self._arrow = require("pyarrow", "parquet")
        parquet = require("pyarrow.parquet", "parquet")
        self._width, self._dtype = width, dtype
        self._columns = list(columns or {})
        types = {str: arrow.string(), int: arrow.int64()}
        fields = [(name, types[kind]) for name, kind in (columns or {}).items()]
        fields.append(("embedding", arrow.list_(arrow.from_numpy_dtype(dtype), width)))
        self._schema = arrow.schema(fields, metadata=dict(metadata or {}))
        # Vectors hardly compress and never repeat; bounds of their values say nothing.
        compression = {**dict.fromkeys(self._columns, "ZSTD"), "embedding.list.element": "NONE"}
        self._writer = parquet.ParquetWriter(
            file,
            self._schema,
            compression=compression,
            use_dictionary=self._columns,
            write_statistics=self._columns,
        )
        self._waiting: list[tuple[NDArray[Any], Mapping[str, Sequence[Any]]]] = []
        self._waiting_bytes = 0

    def write(self, vectors: NDArray[Any], **columns: Sequence[Any]) -> None:
        """As `RowWriter`."""
        self._waiting.append((vectors, columns))
        self._waiting_bytes += vectors.nbytes
        if self._waiting_bytes >= ROW_GROUP_BYTES:
            self._flush()

    def finish(self) -> None:
        """As `RowWriter`."""
        self._flush()
        self._writer.close()

    def close(self) -> None:
        """As `RowWriter`; the file is the caller's."""
        self._writer.close()

    def _flush(self) -> None:
        if not self._waiting:
            return
        arrow = self._arrow
        values = np.concatenate([vectors for vectors, _ in self._waiting]).astype(self._dtype, copy=False)
        arrays = [
            arrow.array(
                [value for _, columns in self._waiting for value in columns[name]], self._schema.field(name).type
            )
            for name in self._columns
        ]
        arrays.append(arrow.FixedSizeListArray.from_arrays(arrow.array(values.reshape(-1)), self._width))
        self._writer.write_table(arrow.table(arrays, schema=self._schema), row_group_size=len(values))
        self._waiting, self._waiting_bytes = [], 0


def ids_of(ids: Iterable[object]) -> tuple[type, Iterator[str | int]]:
    """Return the type of ids, str or int, and the ids themselves, each checked when it is reached.

    Raises:
        RecordError: An id of another type, or of another one than those before it.
    """
    rest = iter(ids)
    first = list(islice(rest, 1))
    kind: type = int if first and isinstance(first[0], int | np.integer) and not isinstance(first[0], bool) else str

    def checked() -> Iterator[str | int]:
        for place, value in enumerate(chain(first, rest)):
            wanted = int | np.integer if kind is int else str
            if isinstance(value, bool) or not isinstance(value, wanted):
                raise RecordError(f"id {place} is {value!r}, a {type(value).__name__}; ids are all str or all int")
            if isinstance(value, int | np.integer) and not -(2**63) <= value < 2**63:
                raise RecordError(f"id {place} is {value}, which does not fit into 64 bits; give ids as str")
            yield int(value) if kind is int else str(value)

    return kind, checked()


def save(
    path: Path,
    kind: str,
    blocks: Iterable[NDArray[Any]],
    like: NDArray[Any],
    *,
    ids: Iterable[object] | None = None,
    texts: Iterator[str] | None = None,
    count: int | None = None,
    metadata: Mapping[str, str] | None = None,
) -> int:
    """Write vectors into a file that has its name only when it is whole.

    Args:
        path: Where.
        kind: ``"npy"`` or ``"parquet"``.
        blocks: Vectors, some rows at a time.
        like: An array with the width and dtype of the blocks.
        ids: One a row, for Parquet.
        texts: One a row, for Parquet.
        count: How many rows there must be; None takes what comes.
        metadata: For Parquet.

    Returns:
        How many rows were written.

    Raises:
        OptionError: Ids or texts for a .npy file.
        RecordError: Another number of rows than `count` or `ids`, or an id that is none.
        StoreError: The file cannot be written, or the disk is too small for `count` rows.
    """
    if kind == "npy" and (ids is not None or texts is not None):
        raise OptionError(f"{path}: a .npy file holds vectors and nothing else; write Parquet for ids or texts")
    check_disk_space(path, (count or 0) * like.shape[1] * like.itemsize)
    columns: dict[str, type] = {}
    beside: dict[str, Iterator[Any]] = {}
    if ids is not None:
        columns["id"], beside["id"] = ids_of(ids)
    if texts is not None:
        columns["text"], beside["text"] = str, texts
    rows = 0
    with write_whole(path) as file:
        with file_errors(path):
            writer: RowWriter = (
                NpyWriter(file, like.shape[1], like.dtype)
                if kind == "npy"
                else ParquetWriter(file, like.shape[1], like.dtype, columns, metadata)
            )
        try:
            for block in blocks:
                values = {name: list(islice(source, len(block))) for name, source in beside.items()}
                rows += len(block)
                if "id" in values and len(values["id"]) < len(block):
                    raise RecordError(f"there are only {rows - len(block) + len(values['id']):,} ids for more texts")
                with file_errors(path):
                    writer.write(block, **values)
            if "id" in beside and next(beside["id"], None) is not None:
                raise RecordError(f"there are more ids than the {rows:,} texts")
            if count is not None and rows != count:
                raise RecordError(f"count={count:,} was promised, and {rows:,} texts came")
            with file_errors(path):
                writer.finish()
        finally:
            with file_errors(path):
                writer.close()
    return rows
