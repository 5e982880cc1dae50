"""The same for coroutines: encoding and waiting happen off the event loop, which stays free."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qdrant_harakat.client_store import LOOP
from qdrant_harakat.collection import Collection
from qdrant_harakat.fitting import Fit, fit_in
from qdrant_harakat.ingestion import IngestReport
from qdrant_harakat.opening import create_in, open_in
from qdrant_harakat.records import Record
from qdrant_harakat.schema import CollectionSchema, Layout
from qdrant_harakat.store import Hit, store_of

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
    """`create_collection` for coroutines; takes an `AsyncQdrantClient`, a `QdrantClient` or an `EdgeClient`."""
    store = store_of(client, running_loop=True)
    return AsyncCollection(await _off_loop(create_in, store, name, encoder, schema, options))


async def open_async_collection(client: Any, name: str, encoder: Encoder, *, adopt: bool = False) -> AsyncCollection:
    """`open_collection` for coroutines; takes an `AsyncQdrantClient`, a `QdrantClient` or an `EdgeClient`."""
    store = store_of(client, running_loop=True)
    return AsyncCollection(await _off_loop(open_in, store, name, encoder, adopt))


async def fit_async_to(client: Any, collection: str, encoder: Encoder, *, vector: str | None = None) -> Fit:
    """`fit_to` for coroutines."""
    return await _off_loop(fit_in, store_of(client, running_loop=True), collection, encoder, vector)


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
        """Who makes its vectors."""
        return self._inner.encoder

    @property
    def layout(self) -> Layout:
        """Which vector holds what."""
        return self._inner.layout

    @property
    def dims(self) -> tuple[int, ...]:
        """Matryoshka dims that can be searched, largest first."""
        return self._inner.dims

    async def count(self, filter: Any = None) -> int:
        """As `Collection.count`."""
        return await _off_loop(self._inner.count, filter)

    async def ingest(
        self,
        records: Iterable[Record | Mapping[str, Any]],
        *,
        batch_size: int = 256,
        replace: bool = False,
        show_progress: bool | None = None,
    ) -> IngestReport:
        """As `Collection.ingest`. When cancelled, it ends after the batch at hand, and can be run again."""
        stop = threading.Event()
        run = self._inner.ingestion(batch_size=batch_size, replace=replace, show_progress=show_progress, stop=stop)
        try:
            return await _off_loop(run.run, records)
        except asyncio.CancelledError:
            stop.set()
            raise

    async def get(self, ids: Sequence[int | str | uuid.UUID]) -> list[Record | None]:
        """As `Collection.get`."""
        return await _off_loop(self._inner.get, ids)

    async def delete(self, ids: Sequence[int | str | uuid.UUID]) -> None:
        """As `Collection.delete`."""
        await _off_loop(self._inner.delete, ids)

    async def search(self, text: str, **options: Any) -> list[Hit]:
        """As `Collection.search`."""
        return await _off_loop(self._inner.search, text, **options)

    async def search_many(self, texts: Iterable[str], **options: Any) -> list[list[Hit]]:
        """As `Collection.search_many`."""
        return await _off_loop(self._inner.search_many, texts, **options)

    async def search_vectors(
        self, vectors: NDArray[np.floating[Any]] | Sequence[Sequence[float]], **options: Any
    ) -> list[list[Hit]]:
        """As `Collection.search_vectors`."""
        return await _off_loop(self._inner.search_vectors, vectors, **options)

    async def search_two_stage(self, text: str, **options: Any) -> list[Hit]:
        """As `Collection.search_two_stage`."""
        return await _off_loop(self._inner.search_two_stage, text, **options)

    async def search_tokens(self, text: str, **options: Any) -> list[Hit]:
        """As `Collection.search_tokens`."""
        return await _off_loop(self._inner.search_tokens, text, **options)

    def __repr__(self) -> str:
        return f"Async{self._inner!r}"
