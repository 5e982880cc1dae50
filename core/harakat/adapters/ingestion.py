"""Records into a collection, batch by batch: what is stored is skipped, and a batch is in or it is not."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, get_args

from harakat._support.progress import progress_bar
from harakat.adapters.record import IngestReport, PreparedRecord, Record, RecordLike, read_records, shortened
from harakat.adapters.store import Entry, Key, Store
from harakat.errors import OptionError, RecordError, StoreError, TextTooLongError

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["BATCH_SIZE", "Change", "Comparison", "Ingestion", "OnChange", "ShowProgress", "compare", "prepare"]

OnChange = Literal["refuse", "update"]
ShowProgress = bool | Callable[[int], None] | None

BATCH_SIZE = 256
"""Records a write, where the caller gives no number and the store takes so many."""
BATCH_CHARACTERS = 2_000_000
"""Most characters of texts a write. A Chroma server refuses requests over 40 MB; Arabic characters take two bytes
each, and vectors come on top."""
LOOKUP_RECORDS = 512
"""Records that are looked up together."""


@dataclass(frozen=True)
class Change:
    """A record that is stored with other contents.

    Attributes:
        given: The record as it comes.
        stored: The record as it is stored.
        message: A sentence on how they differ, and the way out.
    """

    given: PreparedRecord
    stored: Record
    message: str


@dataclass(frozen=True)
class Comparison:
    """Records compared with what a collection holds under their ids.

    Attributes:
        new: Those that are not stored.
        changed: Those that are stored with another text or payload.
        unchanged: Number of those that are stored as they are.
    """

    new: Sequence[PreparedRecord]
    changed: Sequence[Change]
    unchanged: int


def prepare(store: Store, records: Iterable[RecordLike]) -> Iterator[PreparedRecord]:
    """Check records one by one, as they are asked for; those that are prepared already are passed on.

    Args:
        store: The collection, for its rules.
        records: See `RecordLike`.

    Raises:
        RecordError, TextError: A record that cannot be taken.
    """
    for index, item in enumerate(read_records(records)):
        yield item if isinstance(item, PreparedRecord) else store.prepare(item, index)


def compare(store: Store, records: Iterable[RecordLike]) -> Comparison:
    """Compare records with what is stored under their ids; encodes nothing.

    Args:
        store: The collection.
        records: Any number of them; an id may come more than once.

    Raises:
        RecordError, TextError: A record that cannot be taken.
        StoreError: The store failed.
    """
    new: list[PreparedRecord] = []
    changed: list[Change] = []
    unchanged = 0
    for part in _split(prepare(store, records), _lookup_size(store)):
        found = _compare_part(store, part)
        new += found.new
        changed += found.changed
        unchanged += found.unchanged
    return Comparison(new, changed, unchanged)


class Ingestion:
    """One run of ingestion into a collection.

    Args:
        store: The collection.
        encoder: Makes its vectors.
        on_change: ``"update"`` to replace records that are stored with other contents, ``"refuse"`` to raise.
        batch_size: Records a write.
        show_progress: As in `Encoder.encode`, or a function that is called with the number of records just encoded.
        stop: Set by another thread to end the run after the batch at hand.

    Raises:
        OptionError: An option with an impossible value.
        StoreError: The store failed.
    """

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        *,
        on_change: OnChange = "refuse",
        batch_size: int = BATCH_SIZE,
        show_progress: ShowProgress = None,
        stop: threading.Event | None = None,
    ) -> None:
        if on_change not in get_args(OnChange):
            raise OptionError(f"on_change={on_change!r} is unknown; choose 'refuse' or 'update'")
        self._store, self._encoder, self._on_change = store, encoder, on_change
        self._batch_size, self._show = _check_batch_size(batch_size, store.batch_limit), show_progress
        self._stop = stop or threading.Event()
        self._written = self._updated = self._skipped = 0
        self._given: dict[Key, int] = {}

    def run(self, records: Iterable[RecordLike] | Comparison) -> IngestReport:
        """Check, encode and write.

        A list is checked and looked up to its end before anything is written; another iterable is read some
        thousand records ahead of the writes. The ids of a run are kept in memory.

        Args:
            records: See `RecordLike`; prepared ones are not checked again, and a comparison is not looked up again.

        Raises:
            RecordError: A record that cannot be taken, an id given twice, or one stored with other contents.
            TextError: A text that cannot be embedded.
            TextTooLongError: Over the encoder's maximum length, under its ``overflow="error"``.
            StoreError: The store failed; the message says how many records are in.
        """
        with progress_bar(_total(records), self._show, unit="record") as advance:
            # A caller's own bar is told of encoded records only, so that its speed is that of the work.
            skip = (lambda steps: None) if callable(self._show) else advance
            for batch in self._batches(self._entries(self._due(records, skip), advance)):
                if self._stop.is_set():
                    return self._report()
                self._write(batch)
        if self._written or self._updated:
            self._store.settle()
        return self._report()

    def _due(
        self, records: Iterable[RecordLike] | Comparison, skip: Callable[[int], None]
    ) -> Iterator[tuple[PreparedRecord, Record | None]]:
        """Give the records to be written, each with the stored one that it replaces."""
        if isinstance(records, Comparison):
            deque(self._unrepeated([*records.new, *(change.given for change in records.changed)]), maxlen=0)
            parts = iter([self._missing(records, skip)])
        else:
            prepared = self._unrepeated(prepare(self._store, records))
            compared = (_compare_part(self._store, part) for part in _split(prepared, _lookup_size(self._store)))
            parts = (self._missing(part, skip) for part in compared)
        if isinstance(records, Sequence):
            parts = iter([[item for part in parts for item in part]])
        for part in parts:
            new = sum(stored is None for _, stored in part)
            if new:
                self._store.expect(new)
            yield from part

    def _unrepeated(self, prepared: Iterable[PreparedRecord]) -> Iterator[PreparedRecord]:
        """Pass records on, and refuse an id that comes twice."""
        for index, item in enumerate(prepared):
            first = self._given.setdefault(item.key, index)
            if first != index:
                raise RecordError(
                    f"record {index}: id {item.record.id!r} was already given by record {first}; ids name one record "
                    f"each, so drop one of the two or rename it"
                )
            yield item

    def _missing(self, part: Comparison, skip: Callable[[int], None]) -> list[tuple[PreparedRecord, Record | None]]:
        """Return those records of a part that are not stored as they are.

        Raises:
            RecordError: One is stored with other contents, and is not to be replaced.
            TextTooLongError: One is over the encoder's length, under its ``overflow="error"``.
        """
        if part.changed and self._on_change == "refuse":
            raise RecordError(part.changed[0].message)
        if part.unchanged:
            self._skipped += part.unchanged
            skip(part.unchanged)
        due: list[tuple[PreparedRecord, Record | None]] = [(item, None) for item in part.new]
        due += [(change.given, change.stored) for change in part.changed]
        self._refuse_long([item.record for item, _ in due])
        return due

    def _refuse_long(self, records: Sequence[Record]) -> None:
        """Name the record where the encoder could only give the number of texts before it."""
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

    def _entries(
        self, due: Iterable[tuple[PreparedRecord, Record | None]], advance: Callable[[int], None]
    ) -> Iterator[Entry]:
        """Encode records; the encoder reads about a thousand ahead."""
        waiting: deque[tuple[PreparedRecord, Record | None]] = deque()

        def texts() -> Iterator[str]:
            for item in due:
                waiting.append(item)
                yield item[0].record.text

        prompt = self._encoder.document_prompt
        for vector in self._encoder.encode_stream(texts(), prompt=prompt, show_progress=advance):
            yield Entry(*waiting.popleft(), vector)

    def _batches(self, entries: Iterable[Entry]) -> Iterator[list[Entry]]:
        """Split by number and by characters; a text over the limit is a batch of its own."""
        batch: list[Entry] = []
        characters = 0
        for entry in entries:
            size = len(entry.prepared.record.text)
            if batch and characters + size > BATCH_CHARACTERS:
                yield batch
                batch, characters = [], 0
            batch.append(entry)
            characters += size
            if len(batch) == self._batch_size:
                yield batch
                batch, characters = [], 0
        if batch:
            yield batch

    def _write(self, batch: Sequence[Entry]) -> None:
        new = [entry.prepared.key for entry in batch if entry.stored is None]
        try:
            self._store.upsert(batch)
        except StoreError as error:
            state = "nothing of the batch at hand is in it" if self._store.atomic else self._undo(new)
            done = self._written + self._updated
            raise StoreError(
                f"{error}. Of this run {done:,} records are in collection {self._store.name!r}, whole; {state}. Give "
                f"the same records to ingest again, and it goes on from there"
            ) from error
        self._written += len(new)
        self._updated += len(batch) - len(new)

    def _undo(self, new: Sequence[Key]) -> str:
        """Take a failed batch out again, as far as the store still answers."""
        try:
            if new:
                self._store.delete(new)
        except StoreError:
            return "the batch at hand may have left some more, each of them whole"
        return "nothing new of the batch at hand is in it"

    def _report(self) -> IngestReport:
        return IngestReport(self._written, self._updated, self._skipped)


def _compare_part(store: Store, part: Sequence[PreparedRecord]) -> Comparison:
    there = store.lookup(list(dict.fromkeys(item.key for item in part)))
    new = [item for item in part if item.key not in there]
    changed = []
    for item in part:
        stored = there.get(item.key)
        if stored is not None:
            message = _difference(store, item.record, stored)
            if message is not None:
                changed.append(Change(item, stored, message))
    return Comparison(new, changed, len(part) - len(new) - len(changed))


def _difference(store: Store, given: Record, stored: Record) -> str | None:
    """Say how a record differs from the stored one; None where they are equal."""
    if stored.text != given.text:
        what = f"the text {shortened(stored.text)}, and comes with {shortened(given.text)}"
    elif not store.same(stored.payload, given.payload):
        there, here = _differing(store, stored.payload, given.payload), _differing(store, given.payload, stored.payload)
        what = f"the payload {shortened(there)}, and comes with {shortened(here)}"
    elif stored.id != given.id:
        what = f"the id spelled {stored.id!r}"
    else:
        return None
    return (
        f"the id {given.id!r} is stored with {what}. Nothing is overwritten unless you say so: on_change='update' "
        f"(--update on the command line) replaces it, or choose another id"
    )


def _differing(store: Store, payload: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a payload that the other one lacks or has otherwise."""
    return {key: value for key, value in payload.items() if key not in other or not store.same(other[key], value)}


def _check_batch_size(size: object, most: int | None) -> int:
    if size == BATCH_SIZE and most is not None:
        return min(BATCH_SIZE, most)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1 or (most is not None and size > most):
        upwards = "1 or more" if most is None else f"1 to {most:,}"
        raise OptionError(f"batch_size={size!r}: this store takes {upwards} records a write")
    return size


def _lookup_size(store: Store) -> int:
    limit = store.batch_limit
    return LOOKUP_RECORDS if limit is None else min(LOOKUP_RECORDS, limit)


def _total(records: object) -> int | None:
    if isinstance(records, Comparison):
        return len(records.new) + len(records.changed) + records.unchanged
    return len(records) if isinstance(records, Sequence) else None


def _split(prepared: Iterable[PreparedRecord], size: int) -> Iterator[list[PreparedRecord]]:
    iterator = iter(prepared)
    while part := list(islice(iterator, size)):
        yield part
