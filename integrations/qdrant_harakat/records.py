"""What goes into a collection: a text, its id, its payload; every record is checked before the first is written."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harakat._support.checks import is_whole, surrogate_at
from harakat._support.texts import check_text
from harakat.errors import RecordError, TextError, TextTypeError

__all__ = ["ID_FIELD", "TEXT_FIELD", "PointId", "Prepared", "Record", "point_id", "prepared", "same"]

PointId = int | str
"""As stores take it: an unsigned 64-bit number or a UUID in canonical spelling."""

TEXT_FIELD = "text"
ID_FIELD = "id"
"""Payload fields that hold the text, byte for byte, and the id as it was given."""

NAMESPACE = uuid.UUID("0d4b1f0e-5b0a-5d5c-9a57-9c6f1b8f6c11")
"""Of the UUIDv5 that a free string id becomes; never to be changed, or a second ingestion would add doubles."""

CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ID_LIMIT = 2**64
INT_MIN = -(2**63)


@dataclass(frozen=True)
class Record:
    """A text to be stored.

    Attributes:
        id: A number from 0 to 2^64-1, a UUID, or any other string, such as the verse key ``"2:255"``.
        text: Stored and given back byte for byte; the encoder reads a copy.
        payload: Further JSON fields, to show and to filter by; ``"text"`` and ``"id"`` are taken. All but
            fractional numbers come back exactly; Qdrant may change those in the 16th digit.
    """

    id: int | str | uuid.UUID
    text: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """A checked record."""

    point_id: PointId
    text: str
    payload: dict[str, Any]


def point_id(identifier: int | str | uuid.UUID) -> PointId:
    """The id under which a store keeps a record.

    Numbers and UUIDs are kept. Any other string becomes a UUIDv5 (RFC 9562) of it in a fixed namespace, so the same
    id always lands on the same point; the original stays in the payload.

    Raises:
        RecordError: Neither of them, empty, or a number out of range.
    """
    if isinstance(identifier, uuid.UUID):
        return str(identifier)
    if is_whole(identifier):
        if not 0 <= identifier < ID_LIMIT:
            raise RecordError(f"id={identifier} is out of range; Qdrant takes 0 to 2^64-1, a UUID, or give a string")
        return identifier
    if not isinstance(identifier, str):
        raise RecordError(f"id={identifier!r} is a {type(identifier).__name__}; give an int, a str or a uuid.UUID")
    if not identifier.strip():
        raise RecordError(f"id={identifier!r} is empty; give each record an id of its own")
    if CANONICAL_UUID.fullmatch(identifier):
        return identifier.lower()
    if surrogate_at(identifier) is not None:
        raise RecordError(f"id={identifier!r} holds a lone surrogate, which is no character")
    return str(uuid.uuid5(NAMESPACE, identifier))


def prepared(records: Iterable[Record | Mapping[str, Any]]) -> Iterator[Prepared]:
    """Check records one by one, as they are asked for.

    Args:
        records: `Record`s, or mappings with ``"id"`` and ``"text"``, whose other fields become the payload.

    Raises:
        RecordError: No record, no usable id, an empty text, a payload that is not JSON, or an id given twice.
        TextTypeError: A text that is not a `str`.
        TextError: A text with a lone surrogate.
    """
    if isinstance(records, str | bytes | Mapping | Record) or not isinstance(records, Iterable):
        raise RecordError(f"records is a {type(records).__name__}; give a list (or any iterable) of records")
    seen: dict[PointId, int] = {}
    for index, record in enumerate(records):
        ready = _prepare(record, index)
        first = seen.setdefault(ready.point_id, index)
        if first != index:
            raise RecordError(
                f"record {index}: id {ready.payload[ID_FIELD]!r} was already given by record {first}; ids name one "
                f"record each, so drop one of the two or rename it"
            )
        yield ready


def same(stored: object, given: object) -> bool:
    """Whether a stored JSON value is the given one, as far as stores keep it.

    Qdrant's JSON reader is fast rather than exact: about a quarter of random doubles come back one bit off.
    """
    if isinstance(stored, dict) and isinstance(given, dict):
        return stored.keys() == given.keys() and all(same(stored[key], given[key]) for key in given)
    if isinstance(stored, list) and isinstance(given, list):
        return len(stored) == len(given) and all(map(same, stored, given))
    if isinstance(stored, float) and isinstance(given, float):
        return math.isclose(stored, given, rel_tol=1e-15, abs_tol=1e-307)
    return stored == given


def _prepare(record: object, index: int) -> Prepared:
    if isinstance(record, Mapping):
        missing = [name for name in (ID_FIELD, TEXT_FIELD) if name not in record]
        if missing:
            raise RecordError(f"record {index} has no field {missing[0]!r}; its fields: {sorted(map(str, record))}")
        extra = {key: value for key, value in record.items() if key not in (ID_FIELD, TEXT_FIELD)}
        record = Record(record[ID_FIELD], record[TEXT_FIELD], extra)
    if not isinstance(record, Record):
        raise RecordError(f"record {index} is {record!r:.60}, a {type(record).__name__}; give a Record or a mapping")
    try:
        identifier = point_id(record.id)
    except RecordError as error:
        raise RecordError(f"record {index}: {error}") from error
    where = f"record {index} (id {record.id!r})"
    try:
        text = check_text(record.text, index)
    except TextError as error:
        kind = TextTypeError if isinstance(error, TextTypeError) else TextError
        raise kind(f"{where}: {error}") from error
    if not text.strip():
        raise RecordError(f"{where} has an empty text, which nothing can find; drop the record")
    if not isinstance(record.payload, Mapping):
        raise RecordError(f"{where}: its payload is a {type(record.payload).__name__}; give a mapping")
    taken = [name for name in (TEXT_FIELD, ID_FIELD) if name in record.payload]
    if taken:
        raise RecordError(f"{where}: payload field {taken[0]!r} is taken by the record's own; rename yours")
    payload = {str(key): _json(value, f"{where}: payload field {key!r}") for key, value in record.payload.items()}
    for key in record.payload:
        _check_string(key, f"{where}: payload key {key!r}")
    kept = str(record.id) if isinstance(record.id, uuid.UUID) else record.id
    return Prepared(identifier, text, {**payload, TEXT_FIELD: text, ID_FIELD: kept})


def _json(value: object, where: str) -> Any:
    """The value with its containers copied, if every store gives it back as it was."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _check_string(value, where)
    # Exact types only: a numpy scalar is a float to isinstance, and not to the wire.
    if type(value) is int:
        if not INT_MIN <= value < ID_LIMIT:
            raise RecordError(f"{where}: {value} does not fit 64 bits and would be rounded; store it as a string")
        return value
    if type(value) is float:
        if not math.isfinite(value):
            raise RecordError(f"{where}: {value} is no JSON number; leave the field out or use None")
        return value
    if isinstance(value, list):
        return [_json(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {_check_string(key, where): _json(item, f"{where}[{key!r}]") for key, item in value.items()}
    raise RecordError(
        f"{where} is {value!r:.60}, a {type(value).__name__}, and would not come back as it is; use str, int, float, "
        f"bool, None, list or dict"
    )


def _check_string(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise RecordError(f"{where}: {value!r:.60} is not a string")
    if surrogate_at(value) is not None:
        raise RecordError(f"{where} holds a lone surrogate, which is no character and cannot be stored")
    return value
