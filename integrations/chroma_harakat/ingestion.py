"""Records into a collection: whole batches, by stable ids, so that any interruption can be repeated."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from chromadb.api import ClientAPI
from chromadb.api.models.Collection import Collection
from numpy.typing import NDArray

from chroma_harakat.collections import Scalar, open_collection
from chroma_harakat.failures import failures
from harakat import Encoder
from harakat._support.checks import check_one_of, is_whole, surrogate_at
from harakat._support.texts import check_text
from harakat.errors import OptionError, RecordError, TextError, TextTooLongError

__all__ = ["IngestReport", "OnChange", "Record", "compare", "ingest"]

BATCH_RECORDS = 512
BATCH_CHARACTERS = 2_000_000
"""A server refuses requests over 40 MB; characters of Arabic take two bytes each, and vectors come on top."""

OnChange = Literal["refuse", "update"]


class Record(NamedTuple):
    """One thing to find again."""

    id: str
    """Stable and unique within the collection: what makes a repeated run complete instead of repeat."""
    text: str
    """Stored and given back byte for byte."""
    metadata: Mapping[str, Scalar] | None = None
    """Payload: strings, numbers and truth values by name."""


@dataclass(frozen=True)
class IngestReport:
    """What became of the records."""

    written: int
    """New ones."""
    updated: int
    """Stored ones with another text or payload, replaced under ``on_change="update"``."""
    skipped: int
    """Those that were stored already, equal in text and payload."""

    @property
    def read(self) -> int:
        """All of them."""
        return self.written + self.updated + self.skipped


def ingest(
    client: ClientAPI,
    name: str,
    encoder: Encoder,
    records: Iterable[Record | tuple[str, str] | tuple[str, str, Mapping[str, Scalar] | None]],
    *,
    on_change: OnChange = "refuse",
    batch_records: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> IngestReport:
    """Encode records and write them in whole batches, in bounded memory.

    Records whose id is stored with the same text and payload are skipped without being encoded, so a run that was
    interrupted anywhere is completed by running it again. The collection's fingerprint is checked first.

    Args:
        client: An embedded client or a client of a server.
        name: A collection made by `create_collection`.
        encoder: The encoder that made it.
        records: `Record`s, or tuples ``(id, text)`` and ``(id, text, metadata)``; any iterable, read as needed.
        on_change: What happens to a stored id that comes with another text or payload: ``"refuse"`` raises,
            ``"update"`` replaces it.
        batch_records: Records a write. None for 512, or the client's limit where that is lower.
        progress: Told how many more records are done (stored or skipped).

    Returns:
        What became of them.

    Raises:
        CollectionError, FingerprintError: See `open_collection`; nothing is written.
        RecordError: A record that cannot be taken, an id twice within the records in flight, or one that is stored
            with something else. Batches before it are written.
        TextTooLongError: Over the encoder's maximum length under ``overflow="error"``.
        StoreError: The store failed in between; whole batches before it are stored.
        OptionError: An option out of range.
    """
    check_one_of("on_change", on_change, get_args(OnChange), "'refuse' or 'update'")
    collection = open_collection(client, name, encoder)
    size = _batch_size(client, batch_records)
    return _Ingestion(collection, encoder, on_change, size, progress or (lambda done: None)).run(records)


def compare(
    collection: Collection, batch: Sequence[Record]
) -> tuple[list[Record], list[tuple[Record, str | None, Mapping[str, Any]]]]:
    """Look a batch up by id, without encoding anything.

    Args:
        collection: Where to look.
        batch: Records with ids of their own, at most as many as the client's batch limit.

    Returns:
        Those that are not stored, and those stored with another text or payload, each with the stored ones.
    """
    with failures(f"looking up {len(batch)} ids in {collection.name!r}"):
        found = collection.get(ids=[record.id for record in batch], include=["documents", "metadatas"])
    texts: Sequence[str | None] = found["documents"] or []
    payloads: Sequence[Any] = found["metadatas"] or []
    stored = {
        key: (text, dict(payload or {})) for key, text, payload in zip(found["ids"], texts, payloads, strict=True)
    }
    new: list[Record] = []
    changed: list[tuple[Record, str | None, Mapping[str, Any]]] = []
    for record in batch:
        if record.id not in stored:
            new.append(record)
        elif stored[record.id][0] != record.text or not _same(stored[record.id][1], record.metadata or {}):
            changed.append((record, *stored[record.id]))
    return new, changed


def check_record(item: object, index: int) -> Record:
    """The record itself, if it can be stored as it is.

    Raises:
        RecordError: Not a record, an id or payload that Chroma would refuse or silently change, or a bad text.
    """
    if not isinstance(item, tuple) or not 2 <= len(item) <= 3:
        raise RecordError(f"record {index} is {_short(item)}; give Record(id, text, metadata) or such a tuple")
    record = Record(*item)
    if not isinstance(record.id, str) or not record.id or "\0" in record.id:
        raise RecordError(f"record {index} has the id {record.id!r}; an id is a str of at least one character")
    try:
        check_text(record.id, index)
        check_text(record.text, index)
    except TextError as error:
        raise RecordError(f"record {index} (id {record.id!r}): {error}") from error
    if record.metadata is not None and not isinstance(record.metadata, Mapping):
        shown = _short(record.metadata)
        raise RecordError(f"record {index} (id {record.id!r}): its metadata is {shown}, not a mapping")
    for key, value in (record.metadata or {}).items():
        problem = _payload_problem(key, value)
        if problem:
            raise RecordError(f"record {index} (id {record.id!r}): the metadata {key!r} {problem}")
    return record


def _payload_problem(key: object, value: object) -> str | None:
    # Chroma stores NaN as nothing and an integer over 64 bits as a float, without a word.
    if not isinstance(key, str) or not key or key.startswith(("#", "$")) or key == "chroma:document":
        return "has a reserved or empty name; rename it"
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return None if surrogate_at(value) is None else "holds a lone surrogate, which is half of a character"
    if isinstance(value, int):
        return None if -(2**63) <= value < 2**63 else f"is {value}, over 64 bits; give it as a str"
    if isinstance(value, float):
        return None if math.isfinite(value) else f"is {value}; leave it out"
    return f"is {_short(value)}, a {type(value).__name__}; str, int, float and bool can be stored"


def _same(stored: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    if stored.keys() != given.keys():
        return False
    # Chroma's way of storing a float may cost its last bit.
    return all(
        math.isclose(stored[key], value, rel_tol=1e-14) if isinstance(value, float) else stored[key] == value
        for key, value in given.items()
    )


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "…"


def _batch_size(client: ClientAPI, wanted: int | None) -> int:
    with failures("asking for the batch limit"):
        most = client.get_max_batch_size()
    if wanted is None:
        return min(BATCH_RECORDS, most)
    if not is_whole(wanted, 1, most):
        raise OptionError(f"batch_records={wanted!r}: this store takes 1 to {most:,} records a write")
    return wanted


class _Ingestion:
    """One run: looks records up as the encoder asks for texts, and writes them as the vectors come."""

    def __init__(
        self, collection: Collection, encoder: Encoder, on_change: OnChange, size: int, progress: Callable[[int], None]
    ) -> None:
        self._collection, self._encoder, self._on_change = collection, encoder, on_change
        self._size, self._progress = size, progress
        self._waiting: deque[tuple[Record, bool]] = deque()
        self._in_flight: dict[str, int] = {}
        self._stale_keys: dict[str, list[str]] = {}
        self._written = self._updated = self._skipped = 0

    def run(self, records: Iterable[Any]) -> IngestReport:
        batch: list[tuple[Record, bool]] = []
        vectors: list[NDArray[np.float32]] = []
        characters = 0
        prompt = self._encoder.document_prompt
        for vector in self._encoder.encode_stream(self._texts(records), prompt=prompt, show_progress=False):
            record, new = self._waiting.popleft()
            if batch and characters + len(record.text) > BATCH_CHARACTERS:
                self._write(batch, vectors)
                batch, vectors, characters = [], [], 0
            batch.append((record, new))
            vectors.append(vector)
            characters += len(record.text)
            if len(batch) == self._size:
                self._write(batch, vectors)
                batch, vectors, characters = [], [], 0
        if batch:
            self._write(batch, vectors)
        return IngestReport(self._written, self._updated, self._skipped)

    def _texts(self, records: Iterable[Any]) -> Iterator[str]:
        """Texts of the records that must be encoded, each put into the queue before its text is given out."""
        for batch in self._batches(records):
            new, changed = compare(self._collection, batch)
            if changed and self._on_change == "refuse":
                raise RecordError(describe_change(*changed[0]))
            known = {record.id for record in new} | {record.id for record, _, _ in changed}
            skipped = [record.id for record in batch if record.id not in known]
            for key in skipped:
                del self._in_flight[key]
            if skipped:
                self._skipped += len(skipped)
                self._progress(len(skipped))
            for record, _, payload in changed:
                self._stale_keys[record.id] = [key for key in payload if key not in (record.metadata or {})]
            todo = [(record, True) for record in new] + [(record, False) for record, _, _ in changed]
            self._refuse_long([record for record, _ in todo])
            for entry in todo:
                self._waiting.append(entry)
                yield entry[0].text

    def _batches(self, records: Iterable[Any]) -> Iterator[list[Record]]:
        batch: list[Record] = []
        characters = 0
        for index, item in enumerate(records):
            record = check_record(item, index)
            if record.id in self._in_flight:
                first = self._in_flight[record.id]
                raise RecordError(f"the records {first} and {index} have the same id {record.id!r}; ids must be unique")
            self._in_flight[record.id] = index
            batch.append(record)
            characters += len(record.text)
            if len(batch) == self._size or characters >= BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
        if batch:
            yield batch

    def _refuse_long(self, records: Sequence[Record]) -> None:
        """Name the record where the encoder could only say how many texts came before it."""
        if self._encoder.overflow != "error" or not records:
            return
        most = self._encoder.max_length
        sizes = self._encoder.count_tokens([r.text for r in records], prompt=self._encoder.document_prompt)
        for record, size in zip(records, sizes, strict=True):
            if size > most:
                raise TextTooLongError(
                    f"the record {record.id!r} has {size:,} tokens, over max_length={most}; split it, or choose "
                    f"overflow='chunk' (all of it counts) or overflow='warn' (its beginning counts)"
                )

    def _write(self, batch: Sequence[tuple[Record, bool]], vectors: Sequence[NDArray[np.float32]]) -> None:
        records = [record for record, _ in batch]
        # One request is one transaction: all of a batch is stored, or nothing of it.
        with failures(f"writing {len(records)} records into {self._collection.name!r}"):
            self._collection.upsert(
                ids=[record.id for record in records],
                embeddings=np.stack(vectors),
                documents=[record.text for record in records],
                metadatas=[self._payload(record) for record in records],  # type: ignore[misc]
            )
        new = sum(is_new for _, is_new in batch)
        self._written += new
        self._updated += len(batch) - new
        for record in records:
            del self._in_flight[record.id]
            self._stale_keys.pop(record.id, None)
        self._progress(len(records))

    def _payload(self, record: Record) -> dict[str, Any] | None:
        # Chroma merges payloads on an upsert; None takes a key away.
        payload = {**dict(record.metadata or {}), **dict.fromkeys(self._stale_keys.get(record.id, ()))}
        return payload or None


def describe_change(record: Record, text: str | None, payload: Mapping[str, Any]) -> str:
    """Say how a record differs from what is stored under its id."""
    if text != record.text:
        what = f"the text {_short(text)}, and comes with {_short(record.text)}"
    else:
        what = f"the payload {_short(dict(payload))}, and comes with {_short(dict(record.metadata or {}))}"
    return (
        f"the id {record.id!r} is stored with {what}. Nothing is overwritten unless you say so: on_change='update' "
        f"(--update on the command line) replaces it, or choose another id"
    )
