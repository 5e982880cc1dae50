"""A Chroma collection as ingestion sees it: look-ups and writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from chromadb.api import ClientAPI
from chromadb.api.models.Collection import Collection as RawCollection

from chroma_harakat.failures import failures
from chroma_harakat.records import prepare_record
from harakat.adapters.record import PreparedRecord, Record, same_value
from harakat.adapters.store import Entry, Key

__all__ = ["ChromaStore"]


class ChromaStore:
    """A `harakat.adapters.store.Store` over a collection of Chroma.

    Args:
        client: An embedded client or a client of a server.
        raw: Its collection.
    """

    def __init__(self, client: ClientAPI, raw: RawCollection) -> None:
        self._client, self.raw = client, raw

    @property
    def name(self) -> str:
        """Name of the collection."""
        return self.raw.name

    @cached_property
    def batch_limit(self) -> int:
        """Most records of a write or a look-up."""
        with failures("asking for the batch limit"):
            return self._client.get_max_batch_size()

    @property
    def atomic(self) -> bool:
        """True: one request is one transaction."""
        return True

    def prepare(self, record: Record, index: int) -> PreparedRecord:
        """Check a record; see `prepare_record`."""
        return prepare_record(record, index)

    def lookup(self, keys: Sequence[Key]) -> dict[Key, Record]:
        """Return those of the records that are stored."""
        found: dict[Key, Record] = {}
        for part in self._parts(keys):
            with failures(f"looking up {len(part)} ids in {self.name!r}"):
                got = self.raw.get(ids=part, include=["documents", "metadatas"])
            columns = (got["ids"], got["documents"] or [], got["metadatas"] or [])
            for key, text, payload in zip(*columns, strict=True):
                found[key] = Record(key, text or "", dict(payload or {}))
        return found

    def same(self, stored: Any, given: Any) -> bool:
        """Compare payloads, or values in them. Chroma's way of storing a float may cost its last bit."""
        return same_value(stored, given, rel_tol=1e-14)

    def expect(self, new: int) -> None:
        """Do nothing: there is no size from which on Chroma is of no use."""

    def upsert(self, batch: Sequence[Entry]) -> None:
        """Write records: all of them are stored, or none."""
        records = [entry.prepared.record for entry in batch]
        with failures(f"writing {len(records)} records into {self.name!r}"):
            self.raw.upsert(
                ids=[str(record.id) for record in records],
                embeddings=np.stack([entry.vector for entry in batch]),
                documents=[record.text for record in records],
                metadatas=[_metadata(entry) for entry in batch],  # type: ignore[misc]
            )

    def delete(self, keys: Sequence[Key]) -> None:
        """Delete records, if they are there."""
        for part in self._parts(keys):
            with failures(f"deleting {len(part)} records of {self.name!r}"):
                self.raw.delete(ids=part)

    def settle(self) -> None:
        """Do nothing: Chroma indexes and flushes by itself."""

    def _parts(self, keys: Sequence[Key]) -> Iterator[list[str]]:
        """Split keys by the batch limit; Chroma takes no key twice, and no empty list."""
        once = [str(key) for key in dict.fromkeys(keys)]
        for start in range(0, len(once), self.batch_limit):
            yield once[start : start + self.batch_limit]


def _metadata(entry: Entry) -> dict[str, Any] | None:
    # Chroma merges payloads on an upsert; None takes a key away.
    stale = () if entry.stored is None else entry.stored.payload
    return {**dict.fromkeys(stale), **entry.prepared.record.payload} or None
