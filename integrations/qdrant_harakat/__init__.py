"""harakat with Qdrant: collections that know their encoder, safe ingestion, two-stage and late-interaction search.

Works over a Qdrant server or cluster (``QdrantClient(url=…)``), qdrant-client's local mode (``:memory:`` or a
folder) and the engine embedded in the process (`EdgeClient`), sync and async.

Example:
    >>> from harakat import Encoder
    >>> from qdrant_client import QdrantClient
    >>> from qdrant_harakat import Record, create_collection
    >>> verses = create_collection(QdrantClient(":memory:"), "verses", Encoder())
    >>> report = verses.ingest([Record("112:1", "قُلْ هُوَ ٱللَّهُ أَحَدٌ"), Record("113:1", "قُلْ أَعُوذُ بِرَبِّ ٱلْفَلَقِ")])
    >>> verses.search("هُوَ ٱللَّهُ أَحَدٌ")[0].id
    '112:1'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harakat.adapters.record import Hit, IngestReport, Record
    from qdrant_harakat.asynchronous import (
        AsyncCollection,
        create_async_collection,
        fit_async_to,
        open_async_collection,
    )
    from qdrant_harakat.backends.client import local_client
    from qdrant_harakat.backends.edge import EdgeClient
    from qdrant_harakat.collection import Collection
    from qdrant_harakat.fitting import Fit, fit_to
    from qdrant_harakat.opening import create_collection, open_collection, recorded_options
    from qdrant_harakat.records import point_id, prepare_record
    from qdrant_harakat.schema import CollectionSchema, collection_schema
    from qdrant_harakat.specs import Hnsw, VectorSpec

__all__ = [
    "AsyncCollection",
    "Collection",
    "CollectionSchema",
    "EdgeClient",
    "Fit",
    "Hit",
    "Hnsw",
    "IngestReport",
    "Record",
    "VectorSpec",
    "collection_schema",
    "create_async_collection",
    "create_collection",
    "fit_async_to",
    "fit_to",
    "local_client",
    "open_async_collection",
    "open_collection",
    "point_id",
    "prepare_record",
    "recorded_options",
]

_HOMES = {
    "harakat.adapters.record": ("Hit", "IngestReport", "Record"),
    "qdrant_harakat.asynchronous": (
        "AsyncCollection",
        "create_async_collection",
        "fit_async_to",
        "open_async_collection",
    ),
    "qdrant_harakat.backends.client": ("local_client",),
    "qdrant_harakat.backends.edge": ("EdgeClient",),
    "qdrant_harakat.collection": ("Collection",),
    "qdrant_harakat.fitting": ("Fit", "fit_to"),
    "qdrant_harakat.opening": ("create_collection", "open_collection", "recorded_options"),
    "qdrant_harakat.records": ("point_id", "prepare_record"),
    "qdrant_harakat.schema": ("CollectionSchema", "collection_schema"),
    "qdrant_harakat.specs": ("Hnsw", "VectorSpec"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module 'qdrant_harakat' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
