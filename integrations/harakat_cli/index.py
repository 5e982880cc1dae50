"""`harakat index`: a source into a collection, so that any interruption can be repeated."""

from __future__ import annotations

import hashlib
import time
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import numpy as np
import typer

from harakat.errors import RecordError, StoreError, TextError
from harakat_cli import console
from harakat_cli.options import Json, encoder_options
from harakat_cli.quran import QuranSource
from harakat_cli.records import Fields, SourceRecord, open_twice, read_stdin
from harakat_cli.stores import (
    DEFAULT_COLLECTION,
    Collection,
    Store,
    StoreArgument,
    encoder_for,
    open_store,
    parse_address,
)

if TYPE_CHECKING:
    from harakat import Encoder
    from harakat.adapters import Comparison, IngestReport, PreparedRecord, Record

__all__ = ["index", "scan", "store_source"]

SCAN_RECORDS = 1000
"""Records looked up at a time."""

Prepare = Callable[["Record"], "PreparedRecord"]
Compare = Callable[[Iterable[Any]], "Comparison"]


class Source(Protocol):
    """A run of records that can be read twice."""

    @property
    def name(self) -> str:
        """The name for messages."""

    def state(self) -> object:
        """Return something that is equal as long as the source is the same."""

    def records(self) -> Iterator[SourceRecord]:
        """Give all records, in order."""

    def fault(self, line: int, what: str) -> RecordError:
        """Return an error at a line."""


@dataclass(frozen=True)
class Scan:
    """Counts of a source.

    Attributes:
        records: Number of records.
        due: Number of those that are not stored as they are.
        state: State of the source when it was read.
        digest: Digest of the records, in order.
    """

    records: int
    due: int
    state: object
    digest: bytes


class SourceChangedError(StoreError):
    """An error of a source whose second reading differs from its first."""


@encoder_options()
def index(
    source: Annotated[
        str,
        typer.Argument(
            help="'quran' (all 6,236 verses with their marks), a .txt, .csv, .tsv or .jsonl file, or '-' for standard "
            "input.",
            show_default=False,
        ),
    ],
    store: StoreArgument,
    text_field: Annotated[str | None, typer.Option(help="Field or column with the text.", show_default="text")] = None,
    id_field: Annotated[
        str | None,
        typer.Option(help="Field or column with the id.", show_default="id where there is one, else FILE:LINE"),
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option(help="Fields to keep beside the text, separated by commas.", show_default="all others"),
    ] = None,
    format: Annotated[
        str | None, typer.Option(help="txt, csv, tsv or jsonl.", show_default="by the file's suffix")
    ] = None,
    update: Annotated[
        bool,
        typer.Option("--update", help="Replace stored records whose text or payload has changed, instead of refusing."),
    ] = False,
    skip_empty: Annotated[
        bool, typer.Option("--skip-empty", help="Leave records without a text out, instead of refusing them.")
    ] = False,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    r"""Encode a source and store it; interrupted anywhere, run it again to go on.

    The source is read twice, line by line, and never held in memory: first to check every line, so that a fault is
    named before anything is written, then to encode. Records are written in whole batches under stable ids; what is
    stored with the same text is not encoded again. A stored id that comes with another text is refused unless you
    say --update. Beside the text every other field is kept as payload (lists and objects as JSON text).

    A collection knows its encoder: it is used again by default, and another one is refused. Chroma and Qdrant, in a
    folder or on a server, are filled alike. Open only folders that you trust: the engines read their own files, and
    Qdrant's local mode unpickles them.

    [bold]Examples[/bold]

      harakat index quran chroma:./index

      harakat index poems.csv chroma:./index#poems --text-field verse --id-field number

      harakat index poems.csv qdrant:http://localhost:6333#poems --text-field verse

      zcat hadith.jsonl.gz | harakat index - chroma:./index#hadith --dim 128
    """
    address = parse_address(store)
    kept = tuple(name.strip() for name in payload.split(",") if name.strip()) if payload is not None else None
    fields = Fields(text_field, id_field, kept, skip_empty)
    started = time.monotonic()
    name = address.collection or DEFAULT_COLLECTION
    with open_source(source, format, fields) as opened, open_store(address, write=True) as place:
        try:
            collection, report = store_source(opened, place, name, options, update=update)
        except KeyboardInterrupt:
            console.note("stopped; what is stored stays, and the same command goes on from there")
            raise
        total = collection.count()
    seconds = time.monotonic() - started
    if as_json:
        import json

        numbers = {"new": report.written, "updated": report.updated, "stored_before": report.skipped}
        where = {"store": str(address), "collection": name, "records": total}
        console.data(json.dumps({**where, **numbers, "seconds": round(seconds, 3)}, ensure_ascii=False))
        return
    console.data(
        f"{report.total:,} records: {report.written:,} new, {report.updated:,} updated, {report.skipped:,} stored "
        f"before ({seconds:.1f} s); {address} holds {total:,}"
    )


@contextmanager
def open_source(name: str, kind: str | None, fields: Fields) -> Iterator[Source]:
    """Open the source of a name on the command line.

    Raises:
        RecordError: There is no such file.
        OptionError: A format or fields that do not fit.
    """
    if name == "quran":
        yield QuranSource()
    elif name == "-":
        with read_stdin(kind, fields) as source:
            yield source
    else:
        with open_twice(Path(name), kind, fields) as source:
            yield source


def store_source(
    source: Source, store: Store, name: str, options: dict[str, Any], *, update: bool = False
) -> tuple[Collection, IngestReport]:
    """Check a source, then store it.

    Args:
        source: The records.
        store: A store that was opened for writing. Where there is none yet, none is made before the model and the
            source are known to be good.
        name: The collection, made where it is missing.
        options: Arguments of `harakat.Encoder` that were given.
        update: Replace what has changed instead of refusing it.

    Returns:
        The collection, and what became of the records.

    Raises:
        RecordError: A record that cannot be taken; nothing is written.
        FingerprintError, CollectionError: Another encoder made the collection; nothing is written.
        StoreError: The store failed, or the source was changed meanwhile; whole batches before are stored.
    """
    if store.exists(name):
        collection = store.open(name, encoder_for(name, options))
        found = scan(source, collection.encoder, store.prepare, collection.compare, update=update)
    else:
        from harakat import Encoder

        encoder = Encoder(**options)
        found = scan(source, encoder, store.prepare)
        collection = store.create(name, encoder)
    if source.state() != found.state:
        raise StoreError(f"{source.name} was changed while it was being read; run the command again")
    stored_before = found.records - found.due
    before = collection.count()
    with console.progress(f"indexing {source.name}", found.records, "records", done=stored_before) as advance:
        try:
            report = collection.ingest(
                map(_record, _again(source, found)),
                on_change="update" if update else "refuse",
                show_progress=advance,
            )
        except SourceChangedError as error:
            new = collection.count() - before
            raise StoreError(
                f"{error}; {new:,} new records of it are stored, some perhaps as they were before the change. Run the "
                f"command again, with --update, when the source is at rest"
            ) from error
    return collection, report


def _again(source: Source, found: Scan) -> Iterator[SourceRecord]:
    """Read a source that was scanned once more.

    Raises:
        SourceChangedError: It gives other records than before; the last batch is then not stored.
    """
    changed = SourceChangedError(f"{source.name} was changed while it was being indexed")
    digest = hashlib.blake2b(digest_size=16)
    count = 0
    try:
        for count, record in enumerate(source.records(), 1):
            _add(digest, record)
            if count % SCAN_RECORDS == 0 and source.state() != found.state:
                raise changed
            yield record
    except RecordError as error:
        if source.state() != found.state:
            raise changed from error
        raise
    if count != found.records or digest.digest() != found.digest or source.state() != found.state:
        raise changed


def _add(digest: hashlib.blake2b, record: SourceRecord) -> None:
    digest.update(repr((record.id, record.text, record.payload)).encode())


def _record(record: SourceRecord) -> Record:
    from harakat.adapters import Record

    return Record(record.id, record.text, record.payload)


def scan(
    source: Source, encoder: Encoder, prepare: Prepare, compare: Compare | None = None, *, update: bool = False
) -> Scan:
    """Read a source once, writing nothing, to find what cannot be taken.

    Holds 8 bytes a record.

    Args:
        source: The records.
        encoder: Under ``overflow="error"``, texts over its length are refused here.
        prepare: Checks a record by the rules of the store.
        compare: Compares records with the stored ones; None where the collection is not there yet.
        update: Whether records that differ from what is stored are welcome.

    Raises:
        RecordError: A record that cannot be stored, an id that comes twice, or a stored id with another text.
    """
    state = source.state()
    digests = array("Q")
    content = hashlib.blake2b(digest_size=16)
    due = 0
    records = source.records()
    with console.progress(f"checking {source.name}", None, "records") as advance:
        while batch := list(islice(records, SCAN_RECORDS)):
            for record in batch:
                _add(content, record)
            prepared = [_prepared(source, record, prepare) for record in batch]
            digests.extend(_digest(item) for item in prepared)
            _refuse_long(source, batch, encoder)
            due += len(batch)
            if compare is not None:
                # A repeated id is found below, with both its lines.
                found = compare({item.key: item for item in prepared}.values())
                due -= found.unchanged
                if found.changed and not update:
                    key = found.changed[0].given.key
                    line = next(r.line for r, item in zip(batch, prepared, strict=True) if item.key == key)
                    raise source.fault(line, found.changed[0].message)
            advance(len(batch))
    _refuse_repeated(source, digests, prepare)
    return Scan(len(digests), due, state, content.digest())


def _prepared(source: Source, record: SourceRecord, prepare: Prepare) -> PreparedRecord:
    try:
        return prepare(_record(record))
    except (RecordError, TextError) as error:
        raise source.fault(record.line, str(error)) from error


def _digest(prepared: PreparedRecord) -> int:
    """Return 64 bits of the id under which the store keeps a record."""
    return int.from_bytes(hashlib.blake2b(str(prepared.key).encode(), digest_size=8).digest(), "big")


def _refuse_long(source: Source, batch: list[SourceRecord], encoder: Encoder) -> None:
    if encoder.overflow != "error":
        return
    sizes = encoder.count_tokens([record.text for record in batch], prompt=encoder.document_prompt)
    for record, size in zip(batch, sizes, strict=True):
        if size > encoder.max_length:
            raise source.fault(
                record.line,
                f"{size:,} tokens, over the model's {encoder.max_length}; split the text, or choose --overflow chunk "
                f"(all of it counts) or --overflow warn (its beginning counts)",
            )


def _refuse_repeated(source: Source, digests: array[int], prepare: Prepare) -> None:
    """Find ids that come twice by their digests; only where some are equal, the source is read again for the lines."""
    values, counts = np.unique(np.frombuffer(digests, dtype=np.uint64), return_counts=True) if digests else ((), ())
    repeated = {int(value) for value, count in zip(values, counts, strict=True) if count > 1}
    if not repeated:
        return
    first: dict[int | str, int] = {}
    for record in source.records():
        item = prepare(_record(record))
        if _digest(item) not in repeated:
            continue
        if item.key in first:
            raise source.fault(
                record.line, f"the id {record.id!r} is that of line {first[item.key]:,} already; ids must be unique"
            )
        first[item.key] = record.line
