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

from typing import TYPE_CHECKING

from harakat._support.lazy import lazy_names

if TYPE_CHECKING:
    from qdrant_harakat.asynchronous import (
        AsyncCollection,
        create_async_collection,
        fit_async_to,
        open_async_collection,
    )
    from qdrant_harakat.client_store import local_client
    from qdrant_harakat.collection import Collection
    from qdrant_harakat.edge import EdgeClient
    from qdrant_harakat.fitting import Fit, fit_to
    from qdrant_harakat.ingestion import IngestReport
    from qdrant_harakat.opening import create_collection, open_collection
    from qdrant_harakat.records import Record, point_id
    from qdrant_harakat.schema import CollectionSchema, Hnsw, VectorSpec, collection_schema
    from qdrant_harakat.store import Hit

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
]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "qdrant_harakat.asynchronous": (
            "AsyncCollection",
            "create_async_collection",
            "fit_async_to",
            "open_async_collection",
        ),
        "qdrant_harakat.client_store": ("local_client",),
        "qdrant_harakat.collection": ("Collection",),
        "qdrant_harakat.edge": ("EdgeClient",),
        "qdrant_harakat.fitting": ("Fit", "fit_to"),
        "qdrant_harakat.ingestion": ("IngestReport",),
        "qdrant_harakat.opening": ("create_collection", "open_collection"),
        "qdrant_harakat.records": ("Record", "point_id"),
        "qdrant_harakat.schema": ("CollectionSchema", "Hnsw", "VectorSpec", "collection_schema"),
        "qdrant_harakat.store": ("Hit",),
    },
    __all__,
)
