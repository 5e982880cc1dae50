"""Records into a collection, batch by batch: what is there already is skipped, and a batch is in or it is not."""

from __future__ import annotations

import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from harakat._support.checks import check_whole
from harakat._support.progress import progress_bar
from harakat.errors import RecordError, StoreError, TextTooLongError
from harakat.model.pooling import unit_prefix
from qdrant_harakat.records import ID_FIELD, TEXT_FIELD, Prepared, Record, prepared, same
from qdrant_harakat.schema import Layout
from qdrant_harakat.store import Point, Store

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["IngestReport", "Ingestion"]

T = TypeVar("T")

PART = 1024
"""Records that are looked up in the store together."""


@dataclass(frozen=True)
class IngestReport:
    """What an ingestion did.

    Attributes:
        written: Records that were new.
        replaced: Records that were there with other contents, under ``replace=True``.
        skipped: Records that were there already, with the same text and payload.
    """

    written: int
    replaced: int
    skipped: int

    @property
    def total(self) -> int:
        """Records that were given."""
        return self.written + self.replaced + self.skipped


@dataclass(frozen=True)
class _Due:
    """A record to be written."""

    record: Prepared
    new: bool


class Ingestion:
    """One run of ingestion into a collection.

    Args:
        store: Where the collection lives.
        name: The collection's.
        layout: Its vectors.
        encoder: Makes them.
        batch_size: Records a write.
        replace: Overwrite records that are there with other contents, instead of refusing.
        show_progress: As in `Encoder.encode`.
        stop: Set by another thread to end the run after the batch at hand.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        layout: Layout,
        encoder: Encoder,
        *,
        batch_size: int,
        replace: bool,
        show_progress: bool | None,
        stop: threading.Event | None = None,
    ) -> None:
        check_whole("batch_size", batch_size)
        self._store, self._name, self._layout, self._encoder = store, name, layout, encoder
        self._batch_size, self._replace, self._show = batch_size, replace, show_progress
        self._stop = stop or threading.Event()
        self._written = self._replaced = self._skipped = 0
        self._room: int | None = None

    def run(self, records: Iterable[Record | Mapping[str, Any]]) -> IngestReport:
        """Check, encode and write; see `Collection.ingest`."""
        total = len(records) if isinstance(records, Sequence) else None
        limit = self._store.comfortable_points
        if limit is not None:
            self._room = limit - self._store.count(self._name)
        with progress_bar(total, self._show, unit="record") as advance:
            for batch in _split(self._points(self._due(records, advance)), self._batch_size):
                if self._stop.is_set():
                    return self._report()
                self._write(batch)
                advance(len(batch))
        if self._written or self._replaced:
            self._store.settle(self._name)
        return self._report()

    def _due(self, records: Iterable[Record | Mapping[str, Any]], advance: Callable[[int], None]) -> Iterator[_Due]:
        """What is to be written. A list is checked to its end first; a stream part by part, in bounded memory."""
        parts: Iterator[list[_Due]] = (self._missing(part, advance) for part in _split(prepared(records), PART))
        if isinstance(records, Sequence):
            parts = iter([[item for part in parts for item in part]])
        for part in parts:
            self._warn_if_large(sum(item.new for item in part))
            yield from part

    def _missing(self, records: Sequence[Prepared], advance: Callable[[int], None]) -> list[_Due]:
        """Those that are not in the collection as they are.

        Raises:
            RecordError: One is there with other contents.
            TextTooLongError: One is over the encoder's length, under its ``overflow="error"``.
        """
        there = self._store.payloads(self._name, [record.point_id for record in records])
        due: list[_Due] = []
        for record in records:
            payload = there.get(record.point_id)
            if payload is not None and same(payload, record.payload):
                self._skipped += 1
                continue
            if payload is not None and not self._replace:
                differing = sorted(
                    key for key in {*payload, *record.payload} if not same(payload.get(key), record.payload.get(key))
                )
                raise RecordError(
                    f"id {record.payload[ID_FIELD]!r} is in collection {self._name!r} already, with other contents "
                    f"(fields {', '.join(map(repr, differing))}); pass replace=True to overwrite it, or rename yours"
                )
            due.append(_Due(record, payload is None))
        self._check_lengths(due)
        advance(len(records) - len(due))
        return due

    def _check_lengths(self, due: Sequence[_Due]) -> None:
        if self._encoder.overflow != "error" or not due:
            return
        most = self._encoder.max_length
        sizes = self._encoder.count_tokens([d.record.text for d in due], prompt=self._encoder.document_prompt)
        for item, size in zip(due, sizes, strict=True):
            if size > most:
                raise TextTooLongError(
                    f"the text of id {item.record.payload[ID_FIELD]!r} has {size:,} tokens, over max_length={most}; "
                    f"split it, or use an encoder with overflow='chunk' (all of it counts) or 'warn' (its beginning)"
                )

    def _warn_if_large(self, new: int) -> None:
        if self._room is None or not new:
            return
        before, self._room = self._room, self._room - new
        if before >= 0 > self._room:
            limit = self._store.comfortable_points
            warnings.warn(
                f"collection {self._name!r} will hold more than {limit:,} points in {self._store.where}, which "
                f"compares every query with every point; use EdgeClient (in the process) or a Qdrant server instead",
                UserWarning,
                stacklevel=2,
            )

    def _points(self, due: Iterable[_Due]) -> Iterator[tuple[Point, bool]]:
        """Records with their vectors, and whether each is new. The encoder reads about a thousand ahead."""
        waiting: deque[_Due] = deque()

        def texts() -> Iterator[str]:
            for item in due:
                waiting.append(item)
                yield item.record.text

        prompt = self._encoder.document_prompt
        for full in self._encoder.encode_stream(texts(), prompt=prompt, show_progress=False):
            item = waiting.popleft()
            vectors = {name: _at(full, dim) for dim, name in self._layout.dims.items()}
            yield Point(item.record.point_id, vectors, item.record.payload), item.new

    def _with_tokens(self, points: Sequence[Point]) -> list[Point]:
        """The same points with a vector for each token, if the collection has them."""
        if self._layout.tokens is None:
            return list(points)
        name, dim = self._layout.tokens
        texts = [point.payload[TEXT_FIELD] for point in points]
        rows = self._encoder.encode_tokens(texts, prompt=self._encoder.document_prompt, show_progress=False)
        return [
            Point(point.id, {**point.vectors, name: _at(row, dim)}, point.payload)
            for point, row in zip(points, rows, strict=True)
        ]

    def _write(self, batch: Sequence[tuple[Point, bool]]) -> None:
        new = [point.id for point, is_new in batch if is_new]
        points = self._with_tokens([point for point, _ in batch])
        try:
            self._store.upsert(self._name, points)
        except StoreError as error:
            state = self._undo(new)
            done = self._written + self._replaced
            raise StoreError(
                f"{error}. Of this run {done:,} records are in collection {self._name!r}, whole; {state}. Give the "
                f"same records to ingest again, and it goes on from there"
            ) from error
        self._written += len(new)
        self._replaced += len(batch) - len(new)

    def _undo(self, new: Sequence[int | str]) -> str:
        """Take a failed batch out again, as far as the store still answers."""
        try:
            if new:
                self._store.delete(self._name, new)
        except StoreError:
            return "the batch at hand may have left some more, each of them whole"
        return "nothing new of the batch at hand is in it"

    def _report(self) -> IngestReport:
        return IngestReport(self._written, self._replaced, self._skipped)


def _at(rows: NDArray[np.float32], dim: int) -> NDArray[np.float32]:
    return rows if rows.shape[-1] == dim else unit_prefix(rows, dim)


def _split(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
