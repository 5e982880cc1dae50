"""Rules for ids and payloads, and the points that records become."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Mapping
from typing import Any

from harakat.adapters.record import (
    PreparedRecord,
    Record,
    RecordLike,
    check_record_text,
    check_string,
    named_record,
    read_record,
    same_value,
)
from harakat.errors import RecordError

__all__ = [
    "ID_FIELD",
    "TEXT_FIELD",
    "PointId",
    "point_id",
    "prepare_record",
    "same",
    "stored_payload",
    "stored_record",
]

PointId = int | str
"""As Qdrant takes it: an unsigned 64-bit number or a UUID in canonical spelling."""

TEXT_FIELD = "text"
ID_FIELD = "id"
"""Payload fields that hold the text, byte for byte, and the id as it was given."""

NAMESPACE = uuid.UUID("0d4b1f0e-5b0a-5d5c-9a57-9c6f1b8f6c11")
"""Of the UUIDv5 that a free string id becomes; never to be changed, or a second ingestion would add doubles."""

CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
ID_LIMIT = 2**64
INT_MIN = -(2**63)


def point_id(identifier: int | str | uuid.UUID) -> PointId:
    """Return the id under which Qdrant keeps a record.

    Numbers and UUIDs are kept. Any other string becomes a UUIDv5 (RFC 9562) of it in a fixed namespace, so the same
    id always lands on the same point; the original stays in the payload.

    Raises:
        RecordError: Neither of them, empty, or a number out of range.
    """
    if isinstance(identifier, uuid.UUID):
        return str(identifier)
    if isinstance(identifier, int) and not isinstance(identifier, bool):
        if not 0 <= identifier < ID_LIMIT:
            raise RecordError(f"id={identifier} is out of range; Qdrant takes 0 to 2^64-1, a UUID, or give a string")
        return identifier
    if not isinstance(identifier, str):
        raise RecordError(f"id={identifier!r} is a {type(identifier).__name__}; give an int, a str or a uuid.UUID")
    if not identifier.strip():
        raise RecordError(f"id={identifier!r} is empty; give each record an id of its own")
    if CANONICAL_UUID.fullmatch(identifier):
        return identifier.lower()
    try:
        return str(uuid.uuid5(NAMESPACE, identifier))
    except UnicodeEncodeError as error:
        raise RecordError(f"id={identifier!r} holds a lone surrogate, which is no character") from error


def prepare_record(item: RecordLike, index: int = 0) -> PreparedRecord:
    """Check one record; `Collection.compare` and `Collection.ingest` do not check it again.

    Args:
        item: A `Record`, a mapping with ``"id"`` and ``"text"`` whose other fields are the payload, or a tuple
            ``(id, text)`` or ``(id, text, payload)``.
        index: Its place among others, for messages.

    Raises:
        RecordError: No record, no usable id, an empty text, or a payload that is not JSON.
        TextTypeError: A text that is not a `str`.
        TextError: A text with a lone surrogate.
    """
    if isinstance(item, PreparedRecord):
        return item
    record = read_record(item, index)
    try:
        key = point_id(record.id)
    except RecordError as error:
        raise RecordError(f"record {index}: {error}") from error
    where = named_record(record, index)
    text = check_record_text(record, index)
    if not text.strip():
        raise RecordError(f"{where} has an empty text, which nothing can find; drop the record")
    taken = [name for name in (TEXT_FIELD, ID_FIELD) if name in record.payload]
    if taken:
        raise RecordError(f"{where}: payload field {taken[0]!r} is taken by the record's own; rename yours")
    payload = {
        check_string(name, f"{where}: payload key {name!r}"): _json(value, f"{where}: payload field {name!r}")
        for name, value in record.payload.items()
    }
    identifier = str(record.id) if isinstance(record.id, uuid.UUID) else record.id
    return PreparedRecord(key, Record(identifier, text, payload))


def stored_payload(record: Record) -> dict[str, Any]:
    """Return the payload of a record's point, which holds its text and its id as well."""
    return {**record.payload, TEXT_FIELD: record.text, ID_FIELD: record.id}


def stored_record(key: PointId, payload: Mapping[str, Any]) -> Record:
    """Return the record of a point; one that other code wrote may lack the text and the id."""
    rest = dict(payload)
    text, identifier = rest.pop(TEXT_FIELD, ""), rest.pop(ID_FIELD, key)
    return Record(identifier, text, rest)


def same(stored: object, given: object) -> bool:
    """Compare a stored JSON value with a given one.

    Qdrant's JSON reader is fast rather than exact: about a quarter of random doubles come back one bit off.
    """
    return same_value(stored, given, rel_tol=1e-15, abs_tol=1e-307)


def _json(value: object, where: str) -> Any:
    """Return the value with its containers copied, if Qdrant gives it back as it was."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return check_string(value, where)
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
        return {check_string(key, where): _json(item, f"{where}[{key!r}]") for key, item in value.items()}
    raise RecordError(
        f"{where} is {value!r:.60}, a {type(value).__name__}, and would not come back as it is; use str, int, float, "
        f"bool, None, list or dict"
    )
