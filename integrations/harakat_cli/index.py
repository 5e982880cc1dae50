"""`harakat index`: a source into a collection, so that any interruption can be repeated."""

from __future__ import annotations

import hashlib
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import numpy as np
import typer

from harakat.errors import RecordError, StoreError
from harakat_cli import console
from harakat_cli.options import Json, encoder_options
from harakat_cli.quran import QuranSource
from harakat_cli.records import Fields, SourceRecord, open_file, read_stdin
from harakat_cli.stores import (
    DEFAULT_COLLECTION,
    Address,
    ChromaStore,
    Differences,
    check_records,
    open_store,
    parse_address,
)

if TYPE_CHECKING:
    from chroma_harakat import IngestReport
    from harakat import Encoder

__all__ = ["index", "index_source", "scan"]

SCAN_RECORDS = 1000
"""Records looked up at a time."""

Compare = Callable[[list[tuple[str, str, Any]]], Differences]


class Source(Protocol):
    """Where records come from; can be read twice."""

    @property
    def name(self) -> str:
        """For messages."""

    def state(self) -> object:
        """Equal as long as the source is the same."""

    def records(self) -> Iterator[SourceRecord]:
        """All records, in order."""

    def fault(self, line: int, what: str) -> RecordError:
        """An error at a line."""


@dataclass(frozen=True)
class Scan:
    """What a source holds."""

    records: int
    changed: int
    state: object


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
    store: Annotated[
        str,
        typer.Argument(
            help="chroma:FOLDER or chroma:FOLDER#COLLECTION; chroma:http://HOST:PORT#COLLECTION for a server.",
            show_default=False,
        ),
    ],
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

    A collection knows its encoder: it is used again by default, and another one is refused.

    [bold]Examples[/bold]

      harakat index quran chroma:./index

      harakat index poems.csv chroma:./index#poems --text-field verse --id-field number

      zcat hadith.jsonl.gz | harakat index - chroma:./index#hadith --dim 128
    """
    address = parse_address(store)
    kept = tuple(name.strip() for name in payload.split(",") if name.strip()) if payload is not None else None
    fields = Fields(text_field, id_field, kept, skip_empty)
    started = time.monotonic()
    with open_source(source, format, fields) as opened:
        try:
            report, total = index_source(opened, address, options, update=update)
        except KeyboardInterrupt:
            console.note("stopped; what is stored stays, and the same command goes on from there")
            raise
    seconds = time.monotonic() - started
    if as_json:
        import json

        numbers = {"new": report.written, "updated": report.updated, "stored_before": report.skipped}
        place = {"store": str(address), "collection": address.collection or DEFAULT_COLLECTION, "records": total}
        console.data(json.dumps({**place, **numbers, "seconds": round(seconds, 3)}, ensure_ascii=False))
        return
    console.data(
        f"{report.total:,} records: {report.written:,} new, {report.updated:,} updated, {report.skipped:,} stored "
        f"before ({seconds:.1f} s); {address} holds {total:,}"
    )


@contextmanager
def open_source(name: str, kind: str | None, fields: Fields) -> Iterator[Source]:
    """The source of a name on the command line.

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
        yield open_file(Path(name), kind, fields)


def index_source(
    source: Source, address: Address, options: dict[str, Any], *, update: bool = False
) -> tuple[IngestReport, int]:
    """Check a source, then store it.

    Args:
        source: Where the records come from.
        address: Where they go.
        options: Arguments of `harakat.Encoder` that were given.
        update: Replace what has changed instead of refusing it.

    Returns:
        What became of the records, and how many the collection holds now.

    Raises:
        RecordError: A record that cannot be taken; nothing is written.
        FingerprintError, CollectionError: Another encoder made the collection; nothing is written.
        StoreError: The store failed; whole batches before are stored.
    """
    name = address.collection or DEFAULT_COLLECTION
    if not address.served and not (Path(address.place).expanduser() / "chroma.sqlite3").exists():
        # No store yet: make none before the model and the source are known to be good.
        from harakat import Encoder

        encoder = Encoder(**options)
        found = scan(source, encoder)
        with open_store(address, write=True) as store:
            return _write(source, found, store, name, encoder, update)
    with open_store(address, write=True) as store:
        if store.exists(name):
            encoder = store.encoder(name, options)
            found = scan(source, encoder, lambda batch: store.differences(name, batch), update=update)
        else:
            from harakat import Encoder

            encoder = Encoder(**options)
            found = scan(source, encoder)
        return _write(source, found, store, name, encoder, update)


def _write(
    source: Source, found: Scan, store: ChromaStore, name: str, encoder: Encoder, update: bool
) -> tuple[IngestReport, int]:
    store.create(name, encoder)
    if source.state() != found.state:
        raise StoreError(f"{source.name} was changed while it was being read; run the command again")
    records = ((record.id, record.text, record.payload) for record in source.records())
    with console.progress(f"indexing {source.name}", found.records, "records") as advance:
        report = store.ingest(name, encoder, records, update=update, progress=advance)
    return report, store.count(name)


def scan(source: Source, encoder: Encoder, compare: Compare | None = None, *, update: bool = False) -> Scan:
    """Read a source once, writing nothing, to find what cannot be taken.

    Holds 8 bytes a record.

    Args:
        source: What to read.
        encoder: Under ``overflow="error"``, texts over its length are refused here.
        compare: Tells how records compare with what is stored.
        update: Whether records that differ from what is stored are welcome.

    Raises:
        RecordError: A record that cannot be stored, an id that comes twice, or a stored id with another text.
    """
    state = source.state()
    digests = array("Q")
    changed = 0
    records = source.records()
    with console.progress(f"checking {source.name}", None, "records") as advance:
        while batch := list(islice(records, SCAN_RECORDS)):
            rows = [(record.id, record.text, record.payload) for record in batch]
            for record, row in zip(batch, rows, strict=True):
                try:
                    check_records([row])
                except RecordError as error:
                    raise source.fault(record.line, str(error)) from error
            digests.extend(_digest(record.id) for record in batch)
            _refuse_long(source, batch, encoder)
            # Chroma refuses to look one id up twice; a repeated one is found below, with both its lines.
            if compare is not None:
                differences = compare(list({row[0]: row for row in rows}.values()))
                changed += len(differences.changes)
                if differences.changes and not update:
                    key, what = differences.changes[0]
                    raise source.fault(next(r.line for r in batch if r.id == key), what)
            advance(len(batch))
    _refuse_repeated(source, digests)
    return Scan(len(digests), changed, state)


def _digest(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")


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


def _refuse_repeated(source: Source, digests: array[int]) -> None:
    """Find ids that come twice by their digests; only where some are equal, the source is read again for the lines."""
    values, counts = np.unique(np.frombuffer(digests, dtype=np.uint64), return_counts=True) if digests else ((), ())
    repeated = {int(value) for value, count in zip(values, counts, strict=True) if count > 1}
    if not repeated:
        return
    first: dict[str, int] = {}
    for record in source.records():
        if _digest(record.id) not in repeated:
            continue
        if record.id in first:
            raise source.fault(
                record.line, f"the id {record.id!r} is that of line {first[record.id]:,} already; ids must be unique"
            )
        first[record.id] = record.line
