"""Collections for coroutines: encoding and waiting happen off the event loop, which stays free."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from harakat.adapters.ingestion import BATCH_SIZE, Comparison, OnChange, ShowProgress
from harakat.adapters.record import Hit, IngestReport, Record, RecordLike
from qdrant_harakat.backends import backend_of
from qdrant_harakat.backends.client import LOOP
from qdrant_harakat.collection import Collection
from qdrant_harakat.fitting import Fit, fit_in
from qdrant_harakat.layout import Layout
from qdrant_harakat.opening import create_in, open_in
from qdrant_harakat.schema import CollectionSchema

if TYPE_CHECKING:
    import uuid

    from harakat import Encoder

__all__ = ["AsyncCollection", "create_async_collection", "fit_async_to", "open_async_collection"]

T = TypeVar("T")


async def _off_loop(work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Run work in a thread that knows this event loop, and can have an async client's calls run on it."""
    LOOP.set(asyncio.get_running_loop())
    return await asyncio.to_thread(work, *args, **kwargs)


async def create_async_collection(
    client: Any, name: str, encoder: Encoder, *, schema: CollectionSchema | None = None, **options: Any
) -> AsyncCollection:
    """Make a collection, as `create_collection`; takes an `AsyncQdrantClient`, a `QdrantClient` or an `EdgeClient`."""
    backend = backend_of(client, running_loop=True)
    return AsyncCollection(await _off_loop(create_in, backend, name, encoder, schema, options))


async def open_async_collection(client: Any, name: str, encoder: Encoder, *, adopt: bool = False) -> AsyncCollection:
    """Open a collection, as `open_collection`; takes an `AsyncQdrantClient`, a `QdrantClient` or an `EdgeClient`."""
    backend = backend_of(client, running_loop=True)
    return AsyncCollection(await _off_loop(open_in, backend, name, encoder, adopt))


async def fit_async_to(client: Any, collection: str, encoder: Encoder, *, vector: str | None = None) -> Fit:
    """Pick the dim of an existing collection, as `fit_to`."""
    return await _off_loop(fit_in, backend_of(client, running_loop=True), collection, encoder, vector)


class AsyncCollection:
    """`Collection` for coroutines: the same methods, arguments, results and errors, to be awaited.

    Made by `create_async_collection` and `open_async_collection`. Any number of coroutines may share one.
    """

    def __init__(self, collection: Collection) -> None:
        self._inner = collection

    @property
    def name(self) -> str:
        """The collection's name."""
        return self._inner.name

    @property
    def encoder(self) -> Encoder:
        """The encoder that makes its vectors."""
        return self._inner.encoder

    @property
    def layout(self) -> Layout:
        """The vectors of its points, by dim."""
        return self._inner.layout

    @property
    def dims(self) -> tuple[int, ...]:
        """Matryoshka dims that can be searched, largest first."""
        return self._inner.dims

    async def count(self, filter: Any = None) -> int:
        """Count records, as `Collection.count`."""
        return await _off_loop(self._inner.count, filter)

    async def compare(self, records: Iterable[RecordLike]) -> Comparison:
        """Compare records with stored ones, as `Collection.compare`."""
        return await _off_loop(self._inner.compare, records)

    async def ingest(
        self,
        records: Iterable[RecordLike] | Comparison,
        *,
        on_change: OnChange = "refuse",
        batch_size: int = BATCH_SIZE,
        show_progress: ShowProgress = None,
    ) -> IngestReport:
        """Ingest records, as `Collection.ingest`; cancelled, it ends after the batch at hand, and can be run again."""
        stop = threading.Event()
        run = self._inner.ingestion(on_change=on_change, batch_size=batch_size, show_progress=show_progress, stop=stop)
        try:
            return await _off_loop(run.run, records)
        except asyncio.CancelledError:
            stop.set()
            raise

    async def get(self, ids: Sequence[int | str | uuid.UUID]) -> list[Record | None]:
        """Return stored records, as `Collection.get`."""
        return await _off_loop(self._inner.get, ids)

    async def delete(self, ids: Sequence[int | str | uuid.UUID]) -> None:
        """Delete records, as `Collection.delete`."""
        await _off_loop(self._inner.delete, ids)

    async def search(self, text: str, **options: Any) -> list[Hit]:
        """Search, as `Collection.search`."""
        return await _off_loop(self._inner.search, text, **options)

    async def search_many(self, texts: Iterable[str], **options: Any) -> list[list[Hit]]:
        """Search for several texts, as `Collection.search_many`."""
        return await _off_loop(self._inner.search_many, texts, **options)

    async def search_vectors(
        self, vectors: NDArray[np.floating[Any]] | Sequence[Sequence[float]], **options: Any
    ) -> list[list[Hit]]:
        """Search for vectors, as `Collection.search_vectors`."""
        return await _off_loop(self._inner.search_vectors, vectors, **options)

    async def search_two_stage(self, text: str, **options: Any) -> list[Hit]:
        """Search in two stages, as `Collection.search_two_stage`."""
        return await _off_loop(self._inner.search_two_stage, text, **options)

    async def search_tokens(self, text: str, **options: Any) -> list[Hit]:
        """Search by late interaction, as `Collection.search_tokens`."""
        return await _off_loop(self._inner.search_tokens, text, **options)

    def __repr__(self) -> str:
        return f"Async{self._inner!r}"
