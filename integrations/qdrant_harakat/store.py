"""A Qdrant collection as ingestion sees it: look-ups and writes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harakat.adapters.record import PreparedRecord, Record
from harakat.adapters.store import Entry, Key
from harakat.model.pooling import unit_prefix
from qdrant_harakat.backend import Backend, Point
from qdrant_harakat.layout import Layout
from qdrant_harakat.records import prepare_record, same, stored_payload, stored_record

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["QdrantStore"]


class QdrantStore:
    """A `harakat.adapters.store.Store` over a collection of Qdrant, for one run of ingestion.

    Args:
        backend: Runs the collection.
        name: Its name.
        layout: Its vectors.
        encoder: Makes the vectors of tokens; those of texts come with the entries.
    """

    def __init__(self, backend: Backend, name: str, layout: Layout, encoder: Encoder) -> None:
        self._backend, self._name, self._layout, self._encoder = backend, name, layout, encoder
        self._left: int | None = None

    @property
    def name(self) -> str:
        """Name of the collection."""
        return self._name

    @property
    def batch_limit(self) -> None:
        """None: there is no limit."""
        return None

    @property
    def atomic(self) -> bool:
        """False: a write that failed may have left some of its points."""
        return False

    def prepare(self, record: Record, index: int) -> PreparedRecord:
        """Check a record; see `prepare_record`."""
        return prepare_record(record, index)

    def lookup(self, keys: Sequence[Key]) -> dict[Key, Record]:
        """Return those of the records that are stored."""
        if not keys:
            return {}
        found = self._backend.payloads(self._name, keys)
        return {key: stored_record(key, payload) for key, payload in found.items()}

    def same(self, stored: Any, given: Any) -> bool:
        """Compare payloads, or values in them; see `records.same`."""
        return same(stored, given)

    def expect(self, new: int) -> None:
        """Warn when a collection gets too large for qdrant-client's local mode."""
        limit = self._backend.comfortable_points
        if limit is None:
            return
        before = limit - self._backend.count(self._name) if self._left is None else self._left
        self._left = before - new
        if before >= 0 > self._left:
            warnings.warn(
                f"collection {self._name!r} will hold more than {limit:,} points in {self._backend.where}, which "
                f"compares every query with every point; use EdgeClient (in the process) or a Qdrant server instead",
                UserWarning,
                stacklevel=2,
            )

    def upsert(self, batch: Sequence[Entry]) -> None:
        """Write records as points, each with a vector for every dim, and for every token if the collection has them."""
        tokens = self._tokens([entry.prepared.record.text for entry in batch])
        points = []
        for entry, more in zip(batch, tokens, strict=True):
            vectors = {name: _prefix(entry.vector, dim) for dim, name in self._layout.dims.items()}
            points.append(Point(entry.prepared.key, {**vectors, **more}, stored_payload(entry.prepared.record)))
        self._backend.upsert(self._name, points)

    def delete(self, keys: Sequence[Key]) -> None:
        """Delete records, if they are there."""
        if keys:
            self._backend.delete(self._name, keys)

    def settle(self) -> None:
        """Build indexes and put everything on disk, where the backend does not do so by itself."""
        self._backend.settle(self._name)

    def _tokens(self, texts: Sequence[str]) -> list[dict[str, NDArray[np.float32]]]:
        """Return the token vectors of each text by name; nothing where the collection has none."""
        if self._layout.tokens is None:
            return [{} for _ in texts]
        name, dim = self._layout.tokens
        rows = self._encoder.encode_tokens(texts, prompt=self._encoder.document_prompt, show_progress=False)
        return [{name: _prefix(row, dim)} for row in rows]


def _prefix(rows: NDArray[np.float32], dim: int) -> NDArray[np.float32]:
    return rows if rows.shape[-1] == dim else unit_prefix(rows, dim)
