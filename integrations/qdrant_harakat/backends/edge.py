"""The engine embedded in the process (`qdrant-edge-py`): HNSW, quantisation and multivectors without a server."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from harakat._support.extras import require
from harakat.errors import CollectionError, OptionError, StoreError
from qdrant_harakat.backend import Description, Point, Query, Scored, check_name, plain_id
from qdrant_harakat.backends.edge_requests import edge_config, query_filter, query_request
from qdrant_harakat.records import PointId
from qdrant_harakat.schema import CollectionSchema
from qdrant_harakat.specs import VectorSpec

__all__ = ["EdgeBackend", "EdgeClient"]

SHARD = "shard"
CARD = "harakat.json"
"""Beside each shard: what the engine does not keep itself, its schema to read and its metadata."""


class EdgeClient:
    """Collections of the embedded engine in a folder; the counterpart of `QdrantClient`. Threads may share it.

    A collection is held by one process at a time, from its first use until `close`, by the engine's own lock.
    Open only folders that you trust: the engine reads its own binary files from them.

    Args:
        path: The folder, made if needed. Each collection is a folder in it.

    Raises:
        StoreError: The folder cannot be made.
        MissingExtraError: qdrant-edge-py is not installed.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        require("qdrant_edge", "qdrant")
        self.path = Path(path).expanduser().absolute()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"folder {str(path)!r} for the embedded Qdrant cannot be made: {error}") from error
        self.backend = EdgeBackend(self.path)

    def collections(self) -> list[str]:
        """Names of the collections in the folder, in alphabetical order.

        Raises:
            StoreError: The client is closed, or the folder cannot be read.
        """
        return self.backend.names()

    def delete_collection(self, name: str) -> None:
        """Delete a collection and all that it holds.

        Raises:
            CollectionError: There is none of that name.
            StoreError: Another process holds it, or it cannot be deleted.
        """
        if not self.backend.exists(name):
            raise CollectionError(f"collection {name!r} does not exist in {self.backend.where}")
        self.backend.drop(name)

    def close(self) -> None:
        """Write everything to disk and let go of the folder. Later calls raise StoreError."""
        self.backend.close()

    def __enter__(self) -> EdgeClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"EdgeClient({str(self.path)!r})"


class EdgeBackend:
    """A `Backend` over the shards of a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._shards: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._closed = False

    @property
    def where(self) -> str:
        """What it is and where."""
        return f"embedded Qdrant in {str(self._path)!r}"

    @property
    def comfortable_points(self) -> int | None:
        """None: it has an index."""
        return None

    def close(self) -> None:
        """Flush and close all shards."""
        with self._lock:
            self._closed = True
            while self._shards:
                name, shard = self._shards.popitem()
                with _Translated(self.where, f"closing collection {name!r}"):
                    shard.flush()
                    shard.close()

    def names(self) -> list[str]:
        """Names of the collections, in alphabetical order."""
        self._check_open("listing collections")
        with _Translated(self.where, "listing collections"):
            return sorted(card.parent.name for card in self._path.glob(f"*/{CARD}") if card.parent.name[0] != ".")

    def exists(self, name: str) -> bool:
        """Whether it has a collection of that name."""
        self._check_open(f"looking for collection {name!r}")
        return (self._path / check_name(name) / CARD).is_file()

    def create(self, name: str, schema: CollectionSchema) -> None:
        """Make an empty collection: complete, or not there at all."""
        qe = require("qdrant_edge", "qdrant")
        with self._lock, _Translated(self.where, f"creating collection {name!r}"):
            self._check_open(f"creating collection {name!r}")
            draft = Path(tempfile.mkdtemp(prefix=".new-", dir=self._path))
            try:
                qe.EdgeShard.create(str(draft / SHARD), edge_config(schema)).close()
                _write_card(draft / CARD, _card(schema))
                draft.rename(self._path / check_name(name))
            finally:
                shutil.rmtree(draft, ignore_errors=True)

    def describe(self, name: str) -> Description:
        """Vectors, metadata and size of a collection that exists."""
        card = self._read_card(name)
        vectors = {vector: VectorSpec(**spec) for vector, spec in card["vectors"].items()}
        return Description(vectors, card["metadata"], self.count(name))

    def mark(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Add to a collection's metadata."""
        with self._lock, _Translated(self.where, f"marking collection {name!r}"):
            card = self._read_card(name)
            card["metadata"].update(metadata)
            _write_card(self._path / name / CARD, card)

    def drop(self, name: str) -> None:
        """Delete a collection."""
        with self._lock, _Translated(self.where, f"deleting collection {name!r}"):
            self._shard(name).close()
            del self._shards[name]
            shutil.rmtree(self._path / name)

    def upsert(self, name: str, points: Sequence[Point]) -> None:
        """Write points through the engine's write-ahead log."""
        qe = require("qdrant_edge", "qdrant")
        with _Translated(self.where, f"writing {len(points)} points to collection {name!r}"):
            made = [qe.Point(p.id, {key: v.tolist() for key, v in p.vectors.items()}, p.payload) for p in points]
            self._shard(name).update(qe.UpdateOperation.upsert_points(made))

    def delete(self, name: str, ids: Sequence[PointId]) -> None:
        """Delete points, if they are there."""
        qe = require("qdrant_edge", "qdrant")
        with _Translated(self.where, f"deleting {len(ids)} points of collection {name!r}"):
            self._shard(name).update(qe.UpdateOperation.delete_points(list(ids)))

    def payloads(self, name: str, ids: Sequence[PointId]) -> dict[PointId, dict[str, Any]]:
        """Payloads of those of the points that are there."""
        with _Translated(self.where, f"reading {len(ids)} points of collection {name!r}"):
            records = self._shard(name).retrieve(list(ids), True, False)
            return {plain_id(record.id): record.payload or {} for record in records}

    def count(self, name: str, filter: Any = None) -> int:
        """Exact number of points, of those that pass the filter."""
        qe = require("qdrant_edge", "qdrant")
        chosen = query_filter(filter)
        with _Translated(self.where, f"counting collection {name!r}"):
            return int(self._shard(name).count(qe.CountRequest(exact=True, filter=chosen)))

    def query(self, name: str, queries: Sequence[Query]) -> list[list[Scored]]:
        """Best hits first, for each query."""
        qe = require("qdrant_edge", "qdrant")
        requests = [query_request(query) for query in queries]
        with _Translated(self.where, f"searching collection {name!r}"):
            answers = self._shard(name).query_batch(qe.QueryBatchRequest(requests))
            return [[Scored(plain_id(p.id), float(p.score), p.payload or {}) for p in points] for points in answers]

    def settle(self, name: str) -> None:
        """Build the graphs and quantised copies that the schema asks for, and flush."""
        with _Translated(self.where, f"indexing collection {name!r}"):
            shard = self._shard(name)
            shard.optimize()
            shard.flush()

    def indexed(self, name: str) -> int:
        """How many vectors have a graph; smaller segments are scanned."""
        with _Translated(self.where, f"looking at collection {name!r}"):
            return int(self._shard(name).info().indexed_vectors_count)

    def _shard(self, name: str) -> Any:
        qe = require("qdrant_edge", "qdrant")
        with self._lock:
            self._check_open(f"opening collection {name!r}")
            if name not in self._shards:
                self._shards[name] = qe.EdgeShard.load(str(self._path / check_name(name) / SHARD))
            return self._shards[name]

    def _check_open(self, doing: str) -> None:
        if self._closed:
            raise StoreError(f"{self.where}: {doing} failed: the EdgeClient is closed; make a new one")

    def _read_card(self, name: str) -> dict[str, Any]:
        path = self._path / check_name(name) / CARD
        self._check_open(f"reading collection {name!r}")
        try:
            card = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(card["metadata"], dict) or not isinstance(card["vectors"], dict):
                raise TypeError("metadata and vectors are to be objects")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CollectionError(
                f"collection {name!r}: {str(path)!r} is missing or damaged ({error!r}); restore it from a backup, or "
                f"create another collection and ingest again"
            ) from error
        return card  # type: ignore[no-any-return]


class _Translated:
    """Turns what the engine raises into a StoreError that says what was being done, and where."""

    def __init__(self, where: str, doing: str) -> None:
        self._where, self._doing = where, doing

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The engine raises bare Exception and nothing narrower, which no except clause can name on its own.
        if kind is None or not (kind is Exception or issubclass(kind, OSError | ValueError | TypeError)):
            return
        if isinstance(error, StoreError | OptionError):
            return
        hint = ""
        if "WouldBlock" in str(error):
            hint = "; another process or EdgeClient holds it: close that one, or share one EdgeClient between threads"
        raise StoreError(f"{self._where}: {self._doing} failed: {error}{hint}") from error


def _card(schema: CollectionSchema) -> dict[str, Any]:
    return {
        "vectors": {name: dict(vars(spec)) for name, spec in schema.vectors.items()},
        "metadata": schema.layout.metadata(),
    }


def _write_card(path: Path, card: Mapping[str, Any]) -> None:
    """Replace the file in one step, so that a crash leaves the old one or the new one."""
    draft = path.with_suffix(".tmp")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(card, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
