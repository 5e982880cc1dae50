"""A collection together with the encoder that its vectors come from: ingest, get, search."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harakat._support.texts import text_list
from harakat.adapters.checks import check_number, check_page, check_whole
from harakat.adapters.ingestion import BATCH_SIZE, Comparison, Ingestion, OnChange, ShowProgress, compare
from harakat.adapters.record import Hit, IngestReport, Record, RecordLike
from harakat.errors import CollectionError, DimError, OptionError, TextError
from harakat.model.pooling import unit_prefix
from qdrant_harakat.backend import Backend, Query, Scored, Stage
from qdrant_harakat.layout import Layout
from qdrant_harakat.records import ID_FIELD, TEXT_FIELD, point_id
from qdrant_harakat.store import QdrantStore

if TYPE_CHECKING:
    import uuid

    from harakat import Encoder

__all__ = ["Collection"]

OVERSAMPLING = {"none": None, "int8": 2.0, "binary": 24.0}
"""Candidates per hit from the quantised copy, before the originals rescore them.

Measured on the Quran's verses with a checkpoint of harakat-mini (test_edge.py measures it again): of the exact ten
nearest, int8 finds 1.00, binary 0.99, 0.99, 0.99 and 0.98 at 384, 256, 128 and 64 dims.
"""
FIRST_STAGE = 300
"""Least number of candidates that a small dim hands on; there 64 dims keep 0.97 of what 384 would find."""
FIRST_POOLED = 100
"""Least number of candidates that pooled vectors hand on to late interaction, whose comparisons cost more."""


class Collection:
    """A collection and its encoder. Threads may share one. Made by `create_collection` and `open_collection`."""

    def __init__(self, backend: Backend, name: str, encoder: Encoder, layout: Layout) -> None:
        self._backend, self._name, self._encoder, self._layout = backend, name, encoder, layout

    @property
    def name(self) -> str:
        """The collection's name."""
        return self._name

    @property
    def encoder(self) -> Encoder:
        """The encoder that makes its vectors."""
        return self._encoder

    @property
    def layout(self) -> Layout:
        """The vectors of its points, by dim."""
        return self._layout

    @property
    def dims(self) -> tuple[int, ...]:
        """Matryoshka dims that can be searched, largest first."""
        return tuple(self._layout.dims)

    def count(self, filter: Any = None) -> int:
        """Count the records, or those that pass a filter.

        Args:
            filter: As in `search_vectors`.

        Raises:
            OptionError: A filter that is none.
            StoreError: The store failed.
        """
        return self._backend.count(self._name, filter)

    def compare(self, records: Iterable[RecordLike]) -> Comparison:
        """Compare records with what is stored under their ids; encodes nothing.

        Args:
            records: See `ingest`. An id may come more than once.

        Returns:
            Those that are new, and those that are stored with another text or payload. `ingest` takes it as well,
            and looks nothing up again.

        Raises:
            RecordError, TextError: A record that cannot be taken.
            StoreError: The store failed.
        """
        return compare(self._store(), records)

    def ingest(
        self,
        records: Iterable[RecordLike] | Comparison,
        *,
        on_change: OnChange = "refuse",
        batch_size: int = BATCH_SIZE,
        show_progress: ShowProgress = None,
    ) -> IngestReport:
        """Encode records and store them in batches, text and payload byte for byte.

        Can be run again at any time: records that are stored already are skipped without encoding, so a run that
        was interrupted is completed by giving the same records again. A list is checked and looked up to its end
        before anything is written; another iterable is read some thousand records ahead of the writes.

        Args:
            records: `Record`s, mappings with ``"id"`` and ``"text"`` whose other fields are the payload, or tuples
                ``(id, text)`` and ``(id, text, payload)``; or what `prepare_record` and `compare` gave.
            on_change: For a stored id that comes with another text or payload: ``"refuse"`` raises, ``"update"``
                replaces it.
            batch_size: Records a write.
            show_progress: Whether to show a bar; None shows one on a terminal when it takes over a second. A
                function is called with the number of records just done (stored or skipped).

        Raises:
            RecordError: A record that cannot be taken, an id given twice, or one stored with other contents.
            TextTypeError: A text that is not a `str`.
            TextError: A text that cannot be embedded.
            OptionError: An option with an impossible value.
            StoreError: The store failed. Each record is in whole or not at all; the message says how many are in.
        """
        return self.ingestion(on_change=on_change, batch_size=batch_size, show_progress=show_progress).run(records)

    def ingestion(
        self, *, on_change: OnChange, batch_size: int, show_progress: ShowProgress, stop: threading.Event | None = None
    ) -> Ingestion:
        """Return a run of ingestion that another thread can stop."""
        return Ingestion(
            self._store(),
            self._encoder,
            on_change=on_change,
            batch_size=batch_size,
            show_progress=show_progress,
            stop=stop,
        )

    def get(self, ids: Sequence[int | str | uuid.UUID]) -> list[Record | None]:
        """Return stored records by the ids they were given with; None where there is none.

        Raises:
            RecordError: Something that is no id.
            StoreError: The store failed.
        """
        points = [point_id(identifier) for identifier in ids]
        there = self._store().lookup(points)
        return [there.get(point) for point in points]

    def delete(self, ids: Sequence[int | str | uuid.UUID]) -> None:
        """Delete records by the ids they were given with; absent ones are passed over.

        Raises:
            RecordError: Something that is no id.
            StoreError: The store failed.
        """
        self._store().delete([point_id(identifier) for identifier in ids])

    def search(self, text: str, **options: Any) -> list[Hit]:
        """Return the records nearest to a text, best first.

        Args:
            text: The query.
            **options: As in `search_vectors`: limit, dim, first_dim, candidates, filter, offset, …

        Raises:
            TextTypeError, TextError: Not a text, or an empty one.
            OptionError, DimError, StoreError: As in `search_vectors`.
        """
        return self.search_many([text], **options)[0]

    def search_many(self, texts: Iterable[str], **options: Any) -> list[list[Hit]]:
        """Search for several texts, encoded and sent together; see `search`."""
        return self.search_vectors(self._vectors(texts), **options)

    def search_vectors(
        self,
        vectors: NDArray[np.floating[Any]] | Sequence[Sequence[float]],
        *,
        limit: int = 10,
        dim: int | None = None,
        first_dim: int | None = None,
        candidates: int | None = None,
        filter: Any = None,
        offset: int = 0,
        score_threshold: float | None = None,
        exact: bool = False,
        oversampling: float | None = None,
    ) -> list[list[Hit]]:
        """Return the records nearest to query vectors (`Encoder.encode_query`), best first.

        Args:
            vectors: (n, collection's largest dim) or (n, dim) where `dim` is given.
            limit: Hits a query, at most.
            dim: Matryoshka dim to search at. None for the collection's largest.
            first_dim: A dim below `dim` that finds candidates, which `dim` then ranks. None to search at `dim` at once.
            candidates: How many candidates it hands on. None for ten times `limit`, 300 at least.
            filter: A mapping from payload field to a value, a list of values, or bounds (``{"gte": 1}``); or the
                store's own filter object.
            offset: Hits to skip.
            score_threshold: Least cosine.
            exact: Compare with every record instead of walking the index.
            oversampling: Candidates per hit to take from the quantised copy, which the originals then rank; more find
                more and read more. None for 2 with int8 and 24 with binary. Without quantization it has no effect.

        Raises:
            DimError: Vectors of another size, a dim that the collection does not hold, or a `first_dim` that is not
                below `dim`; the store is not asked.
            OptionError: Another option with an impossible value, or vectors with values that are not finite.
            StoreError: The store failed.
        """
        dim = self._dim(dim)
        rows = self._checked(vectors, dim)
        common = self._common(limit, offset, score_threshold)
        if oversampling is not None:
            check_number("oversampling", oversampling, 1)
            common["oversampling"] = None if self._layout.quantization == "none" else float(oversampling)
        stages = [Stage(row, self._layout.dims[dim], limit) for row in rows]
        firsts: list[Stage | None] = [None] * len(stages)
        if candidates is not None or first_dim is not None:
            enough = self._candidates(candidates, limit + offset, FIRST_STAGE)
        if first_dim is not None:
            using = self._layout.dims[self._dim(first_dim)]
            if first_dim >= dim:
                raise DimError(
                    f"first_dim={first_dim} is not below dim={dim}, so it would find no candidates any sooner; choose "
                    f"a smaller one of {', '.join(map(str, self.dims))}, or leave it out"
                )
            firsts = [Stage(unit_prefix(row, first_dim), using, enough) for row in rows]
        return self._hits(
            [
                Query(stage, first, filter=filter, exact=exact, **common)
                for stage, first in zip(stages, firsts, strict=True)
            ]
        )

    def search_two_stage(
        self,
        text: str,
        *,
        limit: int = 10,
        first_dim: int | None = None,
        candidates: int | None = None,
        filter: Any = None,
        offset: int = 0,
        score_threshold: float | None = None,
    ) -> list[Hit]:
        """Search in two stages: find candidates at a small Matryoshka dim and rank them at the largest.

        Args:
            text: The query.
            limit: Hits, at most.
            first_dim: Dim that finds candidates. None for the collection's smallest; one that holds a single dim is
                searched at once.
            candidates: How many it hands on. None for ten times `limit`, 300 at least.
            filter: As in `search_vectors`; holds for both stages.
            offset: Hits to skip.
            score_threshold: Least cosine at the largest dim.

        Raises:
            TextTypeError, TextError: Not a text, or an empty one.
            DimError: The collection does not hold `first_dim`, or holds none above it.
            OptionError, StoreError: As in `search_vectors`.
        """
        if first_dim is None and len(self.dims) > 1:
            first_dim = self.dims[-1]
        return self.search_vectors(
            self._vectors([text]),
            limit=limit,
            first_dim=first_dim,
            candidates=candidates,
            filter=filter,
            offset=offset,
            score_threshold=score_threshold,
        )[0]

    def search_tokens(
        self,
        text: str,
        *,
        limit: int = 10,
        candidates: int | None = None,
        every_record: bool = False,
        filter: Any = None,
        offset: int = 0,
    ) -> list[Hit]:
        """Search by late interaction: each token of the query looks for its best match in each record (MaxSim).

        ColBERT's scoring (Khattab and Zaharia 2020). For collections made with ``tokens``.

        Args:
            text: The query.
            limit: Hits, at most.
            candidates: Records that the pooled vectors hand on to be compared token by token. None for ten times
                `limit`, 100 at least.
            every_record: Compare with all records instead; slow beyond some thousands.
            filter: As in `search_vectors`.
            offset: Hits to skip.

        Raises:
            CollectionError: The collection holds no token vectors.
            TextTypeError, TextError: Not a text, or an empty one.
            OptionError, StoreError: As in `search_vectors`.
        """
        if self._layout.tokens is None:
            raise CollectionError(
                f"collection {self._name!r} holds no token vectors; make one with create_collection(…, tokens=True)"
            )
        using, dim = self._layout.tokens
        common = self._common(limit, offset, None)
        enough = self._candidates(candidates, limit + offset, FIRST_POOLED)
        pooled = self._vectors([text])[0]
        tokens = self._encoder.encode_tokens([text], prompt=self._encoder.query_prompt, show_progress=False)[0]
        first = None if every_record else Stage(pooled, self._layout.dims[self._layout.dim], enough)
        stage = Stage(unit_prefix(tokens, dim), using, limit)
        return self._hits([Query(stage, first, filter=filter, exact=every_record, **common)])[0]

    # Inner

    def _store(self) -> QdrantStore:
        return QdrantStore(self._backend, self._name, self._layout, self._encoder)

    def _hits(self, queries: Sequence[Query]) -> list[list[Hit]]:
        if not queries:
            return []
        return [[_hit(found) for found in answer] for answer in self._backend.query(self._name, queries)]

    def _vectors(self, texts: Iterable[str]) -> NDArray[np.float32]:
        items = text_list(texts)
        for index, text in enumerate(items):
            if not text.strip():
                raise TextError(f"query {index} is empty, and an empty text is near to nothing; give some words")
        vectors: NDArray[np.float32] = self._encoder.encode_query(items, show_progress=False)
        return vectors

    def _checked(self, vectors: Any, dim: int) -> NDArray[np.float32]:
        try:
            rows = np.asarray(vectors, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise OptionError(f"query vectors are no array of numbers ({error}); give shape (n, {dim})") from error
        if rows.size == 0 and rows.ndim <= 2 and rows.shape[0] == 0:
            return rows.reshape(0, dim)
        largest = self._layout.dim
        if rows.ndim != 2 or rows.shape[1] not in (dim, largest):
            raise DimError(
                f"query vectors have shape {rows.shape}; collection {self._name!r} is searched at dim {dim} and takes "
                f"(n, {dim})" + (f" or (n, {largest})" if dim != largest else "")
            )
        if not np.isfinite(rows).all():
            raise OptionError("query vectors hold values that are not finite (NaN or infinity)")
        return unit_prefix(rows, dim) if rows.shape[1] != dim else rows

    def _dim(self, dim: int | None) -> int:
        if dim is None:
            return self._layout.dim
        if isinstance(dim, bool) or dim not in self._layout.dims:
            raise DimError(f"dim={dim!r}: collection {self._name!r} holds dims {', '.join(map(str, self.dims))}")
        return dim

    def _common(self, limit: int, offset: int, score_threshold: float | None) -> dict[str, Any]:
        check_page(limit, offset, score_threshold)
        return {
            "offset": offset,
            "score_threshold": score_threshold,
            "oversampling": OVERSAMPLING[self._layout.quantization],
        }

    def _candidates(self, candidates: int | None, wanted: int, least: int) -> int:
        if candidates is None:
            return max(10 * wanted, least)
        check_whole("candidates", candidates, wanted, f"limit + offset = {wanted}")
        return candidates

    def __repr__(self) -> str:
        return f"Collection({self._name!r}, dims={self.dims}, {self._backend.where})"


def _hit(found: Scored) -> Hit:
    payload = dict(found.payload)
    text, identifier = payload.pop(TEXT_FIELD, ""), payload.pop(ID_FIELD, found.id)
    return Hit(identifier, found.score, text, payload)
