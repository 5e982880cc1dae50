"""Records, hits and reports: the same for every vector store."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from harakat._support.texts import check_text
from harakat.errors import RecordError, TextError, TextTypeError

__all__ = [
    "Hit",
    "IngestReport",
    "PreparedRecord",
    "Record",
    "RecordLike",
    "check_record_text",
    "check_string",
    "named_record",
    "read_record",
    "read_records",
    "same_value",
    "shortened",
]


@dataclass(frozen=True)
class Record:
    """A text to be stored.

    Attributes:
        id: Stable and unique within the collection, such as the verse key ``"2:255"``: it lets a repeated run
            complete instead of repeat. Every store takes a non-empty string; Qdrant takes numbers and UUIDs too.
        text: Stored and given back byte for byte; the encoder reads a copy.
        payload: Further fields, to show and to filter by.
    """

    id: int | str | uuid.UUID
    text: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Hit:
    """A record that a search found.

    Attributes:
        id: As it was given at ingestion.
        score: Cosine for pooled vectors (-1 to 1); for late interaction the sum, over the query's tokens, of each
            token's best cosine.
        text: Byte for byte as it was given.
        payload: The record's other fields.
    """

    id: int | str
    score: float
    text: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class IngestReport:
    """Counts of what an ingestion did.

    Attributes:
        written: Records that were new.
        updated: Records that were stored with other contents, under ``on_change="update"``.
        skipped: Records that were stored already, with the same text and payload.
    """

    written: int
    updated: int
    skipped: int

    @property
    def total(self) -> int:
        """Number of records given."""
        return self.written + self.updated + self.skipped


@dataclass(frozen=True)
class PreparedRecord:
    """A record that was checked against the rules of a store.

    Attributes:
        key: Id under which the store keeps it.
        record: The record, with its payload copied.
    """

    key: int | str
    record: Record


RecordLike: TypeAlias = (
    Record | PreparedRecord | Mapping[str, Any] | tuple[str, str] | tuple[str, str, Mapping[str, Any] | None]
)
"""A record as it may be given: a mapping has ``"id"`` and ``"text"``, its other fields are the payload; a tuple is
``(id, text)`` or ``(id, text, payload)``."""


def read_records(records: Iterable[RecordLike]) -> Iterator[Record | PreparedRecord]:
    """Read records one by one, as they are asked for.

    Raises:
        RecordError: Not a run of records, or something in it that is no record.
    """
    if isinstance(records, str | bytes | Mapping | Record | PreparedRecord) or not isinstance(records, Iterable):
        raise RecordError(f"records is a {type(records).__name__}; give a list (or any iterable) of records")
    return (
        item if isinstance(item, PreparedRecord) else read_record(item, index) for index, item in enumerate(records)
    )


def read_record(item: object, index: int) -> Record:
    """Read a record from any of its forms; its id, text and payload fields are not looked at.

    Args:
        item: A `Record`, a mapping or a tuple; see `RecordLike`.
        index: Place among the records given, for messages.

    Raises:
        RecordError: None of these, a missing field, or a payload that is no mapping.
    """
    if isinstance(item, Mapping):
        missing = [name for name in ("id", "text") if name not in item]
        if missing:
            raise RecordError(f"record {index} has no field {missing[0]!r}; its fields: {sorted(map(str, item))}")
        return Record(item["id"], item["text"], {key: item[key] for key in item if key not in ("id", "text")})
    if isinstance(item, tuple) and 2 <= len(item) <= 3:
        identifier, text, payload = (*item, None)[:3]
        item = Record(identifier, text, {} if payload is None else payload)
    if not isinstance(item, Record):
        raise RecordError(
            f"record {index} is {shortened(item)}; give Record(id, text, payload), a tuple of these, or a mapping"
        )
    if not isinstance(item.payload, Mapping):
        kind = type(item.payload).__name__
        raise RecordError(f"{named_record(item, index)}: its payload is a {kind}; give a mapping")
    return item


def named_record(record: Record, index: int) -> str:
    """Name a record for a message, by its place and its id."""
    return f"record {index} (id {record.id!r})"


def check_record_text(record: Record, index: int) -> str:
    """Return the text of a record, if it can be embedded.

    Raises:
        TextTypeError: Not a `str`.
        TextError: It holds a lone surrogate.
    """
    try:
        return check_text(record.text, index)
    except TextError as error:
        kind = TextTypeError if isinstance(error, TextTypeError) else TextError
        raise kind(f"{named_record(record, index)}: {error}") from error


def check_string(value: object, where: str) -> str:
    """Return a string that can be stored as UTF-8.

    Args:
        value: Part of an id or of a payload.
        where: Start of the message.

    Raises:
        RecordError: Not a `str`, or it holds a lone surrogate.
    """
    if not isinstance(value, str):
        raise RecordError(f"{where}: {value!r:.60} is not a string")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise RecordError(f"{where} holds a lone surrogate, which is no character and cannot be stored") from error
    return value


def same_value(stored: object, given: object, *, rel_tol: float, abs_tol: float = 0.0) -> bool:
    """Compare a stored JSON value with a given one, as far as a store keeps it.

    Args:
        stored: As the store gives it back.
        given: As it was given.
        rel_tol: Relative error of the store's fractional numbers.
        abs_tol: Absolute error of them.
    """
    if isinstance(stored, Mapping) and isinstance(given, Mapping):
        return stored.keys() == given.keys() and all(
            same_value(stored[key], given[key], rel_tol=rel_tol, abs_tol=abs_tol) for key in given
        )
    if isinstance(stored, list) and isinstance(given, list):
        return len(stored) == len(given) and all(
            same_value(one, other, rel_tol=rel_tol, abs_tol=abs_tol) for one, other in zip(stored, given, strict=True)
        )
    if isinstance(stored, float) and isinstance(given, float):
        return math.isclose(stored, given, rel_tol=rel_tol, abs_tol=abs_tol)
    return stored == given


def shortened(value: object) -> str:
    """Show a value in at most 80 characters."""
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "…"
