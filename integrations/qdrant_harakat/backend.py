"""The seam to whatever runs the collections: a server, qdrant-client's local mode, the embedded engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from harakat.errors import CollectionError
from qdrant_harakat.records import PointId
from qdrant_harakat.schema import CollectionSchema
from qdrant_harakat.specs import VectorSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Backend", "Description", "Point", "Query", "Scored", "Stage", "check_name", "plain_id"]

FORBIDDEN_IN_NAMES = '<>:"/\\|?*\0\x1f'
"""Characters that a Qdrant server refuses in collection names."""


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


class Backend(Protocol):
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


def plain_id(identifier: object) -> PointId:
    """Return a point's id as a number or a string; engines give UUIDs in types of their own."""
    return identifier if isinstance(identifier, int) else str(identifier)
