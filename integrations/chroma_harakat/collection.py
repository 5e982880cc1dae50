"""A collection together with the encoder that its vectors come from: ingest, get, search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from chromadb.api import ClientAPI
from chromadb.api.models.Collection import Collection as RawCollection

from chroma_harakat.failures import failures
from chroma_harakat.filters import where_clause
from chroma_harakat.records import check_id
from chroma_harakat.store import ChromaStore
from harakat import Encoder
from harakat._support.texts import text_list
from harakat.adapters.checks import MOST, check_page
from harakat.adapters.ingestion import BATCH_SIZE, Comparison, Ingestion, OnChange, ShowProgress, compare
from harakat.adapters.record import Hit, IngestReport, Record, RecordLike

__all__ = ["Collection"]

TIES = 16
"""Hits looked at beyond the limit: texts that are stored several times tie, and the index gives any of them."""


class Collection:
    """A collection and its encoder. Threads may share one. Made by `create_collection` and `open_collection`."""

    def __init__(self, client: ClientAPI, raw: RawCollection, encoder: Encoder) -> None:
        self._store, self._encoder = ChromaStore(client, raw), encoder

    @property
    def name(self) -> str:
        """The collection's name."""
        return self._store.name

    @property
    def encoder(self) -> Encoder:
        """The encoder that makes its vectors."""
        return self._encoder

    @property
    def raw(self) -> RawCollection:
        """Chroma's own collection, with `HarakatEmbeddingFunction` over the encoder."""
        return self._store.raw

    def count(self, filter: Any = None) -> int:
        """Count the records, or those that pass a filter.

        Args:
            filter: As in `search`.

        Raises:
            OptionError: A filter that is none.
            StoreError: The store failed, or refused the filter.
        """
        where = where_clause(filter)
        with failures(f"counting the records of {self.name!r}"):
            return self.raw.count() if where is None else len(self.raw.get(where=where, include=[])["ids"])

    def compare(self, records: Iterable[RecordLike]) -> Comparison:
        """Compare records with what is stored under their ids; encodes nothing.

        Args:
            records: See `ingest`. An id may come more than once.

        Returns:
            Those that are new, and those that are stored with another text or payload. `ingest` takes it as well,
            and looks nothing up again.

        Raises:
            RecordError: A record that cannot be taken.
            StoreError: The store failed.
        """
        return compare(self._store, records)

    def ingest(
        self,
        records: Iterable[RecordLike] | Comparison,
        *,
        on_change: OnChange = "refuse",
        batch_size: int = BATCH_SIZE,
        show_progress: ShowProgress = None,
    ) -> IngestReport:
        """Encode records and store them in whole batches, text and payload byte for byte.

        Can be run again at any time: records that are stored already are skipped without encoding, so a run that
        was interrupted is completed by giving the same records again. A list is checked and looked up to its end
        before anything is written; another iterable is read some thousand records ahead of the writes.

        Args:
            records: `Record`s, mappings with ``"id"`` and ``"text"`` whose other fields are the payload, or tuples
                ``(id, text)`` and ``(id, text, payload)``; or what `prepare_record` and `compare` gave.
            on_change: For a stored id that comes with another text or payload: ``"refuse"`` raises, ``"update"``
                replaces it.
            batch_size: Records a write; the default is 256, or the client's limit where that is lower.
            show_progress: True to show a bar; None shows one on a terminal when it takes over a second. A
                function is called with the number of records just encoded.

        Raises:
            RecordError: A record that cannot be taken, an id given twice, or one stored with other contents.
            TextTooLongError: Over the encoder's maximum length under ``overflow="error"``.
            StoreError: The store failed in between; the message says how many records are in.
            OptionError: An option out of range.
        """
        run = Ingestion(
            self._store, self._encoder, on_change=on_change, batch_size=batch_size, show_progress=show_progress
        )
        return run.run(records)

    def get(self, ids: Sequence[str]) -> list[Record | None]:
        """Return stored records by their ids; None where there is none.

        Raises:
            RecordError: Something that is no id.
            StoreError: The store failed.
        """
        keys = [check_id(identifier, "the id") for identifier in ids]
        there = self._store.lookup(keys)
        return [there.get(key) for key in keys]

    def delete(self, ids: Sequence[str]) -> None:
        """Delete records by their ids; absent ones are passed over.

        Raises:
            RecordError: Something that is no id.
            StoreError: The store failed.
        """
        self._store.delete([check_id(identifier, "the id") for identifier in ids])

    def search(
        self,
        text: str,
        *,
        limit: int = 10,
        filter: Any = None,
        score_threshold: float | None = None,
        offset: int = 0,
    ) -> list[Hit]:
        """Return the records nearest to a text, best first; equal scores in the order of their ids.

        Args:
            text: The query.
            limit: Hits, at most.
            filter: A mapping from payload field to a value, a list of values, or bounds (``{"gte": 1}``); or Chroma's
                own ``where``.
            score_threshold: Least cosine.
            offset: Hits to skip.

        Raises:
            TextTypeError, TextError: A query that is no text.
            OptionError: An option with an impossible value.
            StoreError: The store failed, or refused the filter.
        """
        return self.search_many([text], limit=limit, filter=filter, score_threshold=score_threshold, offset=offset)[0]

    def search_many(
        self,
        texts: Iterable[str],
        *,
        limit: int = 10,
        filter: Any = None,
        score_threshold: float | None = None,
        offset: int = 0,
    ) -> list[list[Hit]]:
        """Search for several texts, encoded and sent together; see `search`."""
        check_page(limit, offset, score_threshold)
        where = where_clause(filter)
        vectors = self._encoder.encode_query(text_list(texts), show_progress=False)
        if not len(vectors):
            return []
        with failures(f"searching {self.name!r}"):
            found = self.raw.query(
                query_embeddings=list(vectors),
                n_results=min(limit + offset + TIES, MOST),
                where=where,
                include=["documents", "metadatas", "distances"],
            )
        columns = (found["ids"], found["distances"] or [], found["documents"] or [], found["metadatas"] or [])
        least = -float("inf") if score_threshold is None else score_threshold
        answers = []
        for rows in zip(*columns, strict=True):
            hits = [
                Hit(key, 1.0 - float(distance), text or "", dict(payload or {}))
                for key, distance, text, payload in zip(*rows, strict=True)
            ]
            hits.sort(key=lambda hit: (-hit.score, str(hit.id)))
            answers.append([hit for hit in hits if hit.score >= least][offset : offset + limit])
        return answers

    def __repr__(self) -> str:
        return f"Collection({self.name!r}, dim={self._encoder.dim})"
