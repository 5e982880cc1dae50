"""A server, a cluster, or qdrant-client's local mode, through `QdrantClient` or `AsyncQdrantClient`."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from harakat._support.extras import require
from harakat.errors import HarakatError, StoreError
from qdrant_harakat.backend import Description, Point, Query, Scored, plain_id
from qdrant_harakat.backends.client_requests import description, point_struct, query_filter, query_request
from qdrant_harakat.layout import METADATA_KEY
from qdrant_harakat.records import PointId
from qdrant_harakat.schema import CollectionSchema

if TYPE_CHECKING:
    import os

    from qdrant_client import AsyncQdrantClient, QdrantClient

__all__ = ["LOOP", "AsyncClientBackend", "ClientBackend", "client_kind", "local_client"]

LOCAL_POINTS = 20_000
"""Where qdrant-client's own warning about local mode begins."""

LOOP: ContextVar[asyncio.AbstractEventLoop] = ContextVar("qdrant_harakat_loop")
"""The event loop on whose behalf this worker thread runs."""

_locks: WeakKeyDictionary[Any, threading.RLock] = WeakKeyDictionary()
_locks_lock = threading.Lock()


def client_kind(client: object) -> Literal["sync", "async"] | None:
    """Which of qdrant-client's classes it is, if any."""
    require("qdrant_client", "qdrant")
    from qdrant_client import AsyncQdrantClient, QdrantClient

    if isinstance(client, QdrantClient):
        return "sync"
    return "async" if isinstance(client, AsyncQdrantClient) else None


def local_client(path: str | os.PathLike[str]) -> QdrantClient:
    """qdrant-client's local mode in a folder, made if needed. One client at a time holds a folder, by a file lock.

    Opening a folder executes what lies in it: local mode pickles points. Never open one that you did not write and
    nobody else can write to.

    Raises:
        StoreError: Another client, in this process or another one, holds the folder, or it cannot be used.
        MissingExtraError: qdrant-client is not installed.
    """
    require("qdrant_client", "qdrant")
    from qdrant_client import QdrantClient

    try:
        return QdrantClient(path=str(path))
    except RuntimeError as error:
        raise StoreError(
            f"local Qdrant folder {str(path)!r} is held by another client; close that one (client.close()), share it "
            f"between threads, or run a Qdrant server for several processes"
        ) from error
    except (OSError, ValueError, sqlite3.Error) as error:
        raise StoreError(f"local Qdrant folder {str(path)!r} cannot be opened: {error}") from error


class ClientBackend:
    """A `Backend` over a `QdrantClient`.

    Local mode is not safe for threads, so its calls go one at a time: one lock a client, shared by all collections
    opened over it. Calls made on the client directly do not take that lock.

    Args:
        client: Of the caller's making, who also closes it.
    """

    def __init__(self, client: QdrantClient | AsyncQdrantClient) -> None:
        self._client: Any = client
        options = client.init_options
        self._local = options.get("location") == ":memory:" or options.get("path") is not None
        self._where = _where(options, self._local)
        self._lock: Any = _lock_of(client) if self._local else nullcontext()

    @property
    def where(self) -> str:
        """What it is and where, without credentials."""
        return self._where

    @property
    def comfortable_points(self) -> int | None:
        """20,000 in local mode, which scans every vector; None on a server."""
        return LOCAL_POINTS if self._local else None

    def exists(self, name: str) -> bool:
        """Whether it has a collection of that name."""
        return bool(self._call("collection_exists", f"looking for collection {name!r}", collection_name=name))

    def create(self, name: str, schema: CollectionSchema) -> None:
        """Make an empty collection, and make sure that its metadata was kept."""
        arguments = schema.client_arguments()
        self._call("create_collection", f"creating collection {name!r}", collection_name=name, **arguments)
        if METADATA_KEY not in self.describe(name).metadata:
            self.drop(name)
            raise StoreError(
                f"{self.where} keeps no collection metadata, so nothing would say which encoder made the vectors; "
                f"collection {name!r} was removed again. Upgrade the server to Qdrant 1.16 or later"
            )

    def describe(self, name: str) -> Description:
        """Vectors, metadata and size of a collection that exists."""
        return description(self._call("get_collection", f"reading collection {name!r}", collection_name=name))

    def mark(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Add to a collection's metadata."""
        doing = f"marking collection {name!r}"
        self._call("update_collection", doing, collection_name=name, metadata=dict(metadata))

    def drop(self, name: str) -> None:
        """Delete a collection."""
        self._call("delete_collection", f"deleting collection {name!r}", collection_name=name)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        """Write points and wait until they can be found."""
        structs = [point_struct(point) for point in points]
        doing = f"writing {len(structs)} points to collection {name!r}"
        self._call("upsert", doing, collection_name=name, points=structs, wait=True)

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        """Delete points, if they are there."""
        doing = f"deleting {len(ids)} points of collection {name!r}"
        self._call("delete", doing, collection_name=name, points_selector=list(ids), wait=True)

    def payloads(self, name: str, ids: Sequence[PointId]) -> dict[PointId, dict[str, Any]]:
        """Payloads of those of the points that are there."""
        doing = f"reading {len(ids)} points of collection {name!r}"
        found = self._call("retrieve", doing, collection_name=name, ids=list(ids), with_payload=True)
        return {plain_id(record.id): record.payload or {} for record in found}

    def count(self, name: str, filter: Any = None) -> int:
        """Exact number of points, of those that pass the filter."""
        chosen = query_filter(filter)
        doing = f"counting collection {name!r}"
        return int(self._call("count", doing, collection_name=name, count_filter=chosen, exact=True).count)

    def query(self, name: str, queries: Sequence[Query]) -> list[list[Scored]]:
        """Best hits first, for each query."""
        requests = [query_request(query, tuned=not self._local) for query in queries]
        doing = f"searching collection {name!r}"
        answers = self._call("query_batch_points", doing, collection_name=name, requests=requests)
        return [[Scored(plain_id(p.id), float(p.score), p.payload or {}) for p in answer.points] for answer in answers]

    def settle(self, name: str) -> None:
        """Nothing: a server indexes by itself, and local mode has no index."""

    def _call(self, method: str, doing: str, **arguments: Any) -> Any:
        with translated(self.where, doing), self._lock:
            return self._run(getattr(self._client, method), arguments)

    def _run(self, method: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        return method(**arguments)


class AsyncClientBackend(ClientBackend):
    """A `Backend` over an `AsyncQdrantClient`, called from the worker threads of `AsyncCollection`.

    A remote client's coroutines run on the caller's event loop. Local mode's coroutines never wait for anything and
    would hold that loop up, so they run to their end in the worker thread.
    """

    def _run(self, method: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        if self._local:
            return asyncio.run(method(**arguments))
        return asyncio.run_coroutine_threadsafe(method(**arguments), LOOP.get()).result()


@contextmanager
def translated(where: str, doing: str) -> Iterator[None]:
    """Turn whatever qdrant-client raises into a StoreError that says what was being done, and where."""
    grpc = require("grpc", "qdrant")
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ApiException

    try:
        yield
    except HarakatError:
        raise
    except (ApiException, QdrantException, grpc.RpcError) as error:
        raise StoreError(f"{where}: {doing} failed: {_reason(error)}") from error
    except (RuntimeError, ValueError, OSError, sqlite3.Error, futures.CancelledError) as error:
        raise StoreError(f"{where}: {doing} failed: {error}") from error


def _reason(error: Any) -> str:
    """What went wrong, without the wrapping of httpx or gRPC."""
    source = getattr(error, "source", None)
    details = error.details() if hasattr(error, "details") else None
    text = str(details or source or error) or repr(error)
    if "has been closed" in text:
        return f"{text} Make a new client"
    if "refused" in text or "Name or service" in text:
        return f"{text}; is the server running, and reachable from here?"
    return text


def _where(options: Mapping[str, Any], local: bool) -> str:
    if local:
        path = options.get("path")
        return "local Qdrant in memory" if path is None else f"local Qdrant folder {path!r}"
    url = options.get("url") or options.get("location")
    if url:
        # A URL may carry a user and a password; messages end up in logs.
        parts = urlsplit(url if "//" in url else f"//{url}")
        host = parts.hostname or ""
        return f"Qdrant server {host}:{parts.port or options.get('port')}"
    return f"Qdrant server {options.get('host') or 'localhost'}:{options.get('port')}"


def _lock_of(client: object) -> threading.RLock:
    with _locks_lock:
        return _locks.setdefault(client, threading.RLock())
