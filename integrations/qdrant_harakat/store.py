"""The seam: what this package asks of a store, whatever runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from harakat.errors import CollectionError, OptionError
from qdrant_harakat.records import PointId
from qdrant_harakat.schema import CollectionSchema, VectorSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Description", "Hit", "Point", "Query", "Scored", "Stage", "Store", "check_name", "store_of"]

FORBIDDEN_IN_NAMES = '<>:"/\\|?*\0\x1f'
"""Characters that a Qdrant server refuses in collection names."""


@dataclass(frozen=True)
class Hit:
    """A record that a search found.

    Attributes:
        id: As it was given at ingestion.
        text: Byte for byte as it was given.
        score: Cosine for pooled vectors (-1 to 1); for late interaction the sum, over the query's tokens, of each
            token's best cosine.
        payload: The record's other fields.
    """

    id: int | str
    text: str
    score: float
    payload: dict[str, Any]


@dataclass(frozen=True)
class Point:
    """A record on its way into a store: each vector float32, (size,) or (rows, size)."""

    id: PointId
    vectors: Mapping[str, NDArray[np.float32]]
    payload: dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """A vector to be compared with the vectors of one name."""

    vector: NDArray[np.float32]
    using: str
    limit: int


@dataclass(frozen=True)
class Query:
    """A search.

    Attributes:
        stage: What ranks the hits.
        first: What finds candidates for it; None where it searches everything.
        offset: Hits to skip.
        filter: A mapping (see `filters.parse_filter`), the store's own filter object, or None.
        score_threshold: Hits below it are left out.
        exact: Scan instead of walking the graph.
        oversampling: Candidates per hit to take from the quantised copy before the originals rescore them; None
            where nothing is quantised.
    """

    stage: Stage
    first: Stage | None = None
    offset: int = 0
    filter: Any = None
    score_threshold: float | None = None
    exact: bool = False
    oversampling: float | None = None


@dataclass(frozen=True)
class Scored:
    """A point that a store found."""

    id: PointId
    score: float
    payload: dict[str, Any]


@dataclass(frozen=True)
class Description:
    """An existing collection.

    Attributes:
        vectors: Dense vectors and multivectors by name; ``""`` is the unnamed one.
        metadata: What was stored with it at creation.
        points: How many it holds.
    """

    vectors: Mapping[str, VectorSpec]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    points: int = 0


class Store(Protocol):
    """A place with collections. Threads may share one. Every method raises StoreError when the store fails."""

    @property
    def where(self) -> str:
        """What it is and where, for messages."""
        ...

    @property
    def comfortable_points(self) -> int | None:
        """Points of a collection above which it gets too slow to be useful; None where there is no such limit."""
        ...

    def exists(self, name: str) -> bool:
        """Whether it has a collection of that name."""
        ...

    def create(self, name: str, schema: CollectionSchema) -> None:
        """Make an empty collection, with its metadata."""
        ...

    def describe(self, name: str) -> Description:
        """Vectors, metadata and size of a collection that exists."""
        ...

    def mark(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Add to a collection's metadata."""
        ...

    def drop(self, name: str) -> None:
        """Delete a collection."""
        ...

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        """Write points; each of them is whole or absent, whatever happens."""
        ...

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        """Delete points, if they are there."""
        ...

    def payloads(self, name: str, ids: Sequence[PointId]) -> dict[PointId, dict[str, Any]]:
        """Payloads of those of the points that are there."""
        ...

    def count(self, name: str, filter: Any = None) -> int:
        """Exact number of points, of those that pass the filter."""
        ...

    def query(self, name: str, queries: Sequence[Query]) -> list[list[Scored]]:
        """Best hits first, for each query."""
        ...

    def settle(self, name: str) -> None:
        """Build indexes and put everything on disk, where the store does not do so by itself."""
        ...


def store_of(client: Any, *, running_loop: bool = False) -> Store:
    """The store behind a client.

    Args:
        client: A `QdrantClient`, an `AsyncQdrantClient` (from coroutines only), or an `EdgeClient`.
        running_loop: Whether the caller drives calls from an event loop.

    Raises:
        OptionError: None of these.
        MissingExtraError: qdrant-client is not installed.
    """
    from qdrant_harakat.edge import EdgeClient

    if isinstance(client, EdgeClient):
        return client.store
    from qdrant_harakat.client_store import AsyncClientStore, ClientStore, client_kind

    kind = client_kind(client)
    if kind == "sync":
        return ClientStore(client)
    if kind == "async" and running_loop:
        return AsyncClientStore(client)
    if kind == "async":
        raise OptionError(
            "an AsyncQdrantClient was given to a synchronous call; await create_async_collection, "
            "open_async_collection or fit_async_to instead"
        )
    raise OptionError(
        f"{client!r:.60} is a {type(client).__name__}; give a QdrantClient, an AsyncQdrantClient or an EdgeClient"
    )


def check_name(name: object) -> str:
    """A collection's name, if every store can take it.

    Raises:
        CollectionError: Empty, too long, or with a character that is not allowed.
    """
    if not isinstance(name, str) or name in ("", ".", "..") or len(name.encode("utf-8", "replace")) > 255:
        raise CollectionError(f"collection name {name!r:.60} is not a string of 1 to 255 bytes")
    bad = sorted(set(name) & set(FORBIDDEN_IN_NAMES))
    if bad:
        raise CollectionError(f"collection name {name!r} holds {bad[0]!r}; leave out {FORBIDDEN_IN_NAMES!r}")
    return name
