"""Rules for ids and payloads: what Chroma would refuse or silently change is refused before anything is written."""

from __future__ import annotations

import math

from harakat._support.texts import check_text
from harakat.adapters.record import (
    PreparedRecord,
    Record,
    RecordLike,
    check_record_text,
    check_string,
    named_record,
    read_record,
    shortened,
)
from harakat.errors import RecordError, TextError

__all__ = ["check_id", "prepare_record"]


def prepare_record(item: RecordLike, index: int = 0) -> PreparedRecord:
    """Check one record; `Collection.compare` and `Collection.ingest` do not check it again.

    Args:
        item: A `Record`, a mapping with ``"id"`` and ``"text"`` whose other fields are the payload, or a tuple
            ``(id, text)`` or ``(id, text, payload)``.
        index: Its place among others, for messages.

    Raises:
        RecordError: No record, an id or a payload that Chroma would refuse or silently change, or a text that
            cannot be embedded.
    """
    if isinstance(item, PreparedRecord):
        return item
    record = read_record(item, index)
    identifier = check_id(record.id, f"record {index} has the id")
    try:
        text = check_record_text(record, index)
    except TextError as error:
        raise RecordError(str(error)) from error
    for key, value in record.payload.items():
        problem = _payload_problem(key, value)
        if problem:
            raise RecordError(f"{named_record(record, index)}: the payload field {key!r} {problem}")
    return PreparedRecord(identifier, Record(identifier, text, dict(record.payload)))


def check_id(identifier: object, where: str) -> str:
    """Return an id, if Chroma takes it.

    Args:
        identifier: The id.
        where: Start of the message.

    Raises:
        RecordError: Not a `str`, empty, or with a character that cannot be stored.
    """
    if not isinstance(identifier, str) or not identifier or "\0" in identifier:
        raise RecordError(f"{where} {identifier!r}; an id is a str of at least one character, without U+0000")
    return check_string(identifier, f"{where} {identifier!r}, which")


def _payload_problem(key: object, value: object) -> str | None:
    """Say why Chroma would refuse or change a payload field; None where it would not."""
    # Chroma stores NaN as nothing and an integer over 64 bits as a float, without a word.
    if not isinstance(key, str) or not key or key.startswith(("#", "$")) or key == "chroma:document":
        return "has a reserved or empty name; rename it"
    try:
        check_text(key, 0)
    except TextError:
        return "has a lone surrogate in its name, which is half of a character"
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            check_text(value, 0)
        except TextError:
            return "holds a lone surrogate, which is half of a character"
        return None
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**63 else f"is {value}, over 64 bits; give it as a str"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"is {value}; leave it out"
    return f"is {shortened(value)}, a {type(value).__name__}; str, int, float and bool can be stored"
