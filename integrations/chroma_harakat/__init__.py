"""Chroma over harakat: an embedding function, and collections that know which encoder made them.

Importing this package registers `HarakatEmbeddingFunction` with Chroma, so that `client.get_collection(name)` can
rebuild it from a collection's stored configuration. Import it before opening such a collection.

    >>> import chromadb
    >>> from chroma_harakat import Record, create_collection
    >>> from harakat import Encoder
    >>> poems = create_collection(chromadb.PersistentClient("./index"), "poems", Encoder())
    >>> report = poems.ingest([Record("1", "الْعِلْمُ نُورٌ")])
    >>> poems.search("نور العلم")[0].id
    '1'
"""

from __future__ import annotations

from harakat._support.extras import require

require("chromadb", "chroma")

from chroma_harakat.collection import Collection  # noqa: E402 - the hint about the extra comes first
from chroma_harakat.embedding_function import HarakatEmbeddingFunction  # noqa: E402
from chroma_harakat.opening import (  # noqa: E402
    create_collection,
    fingerprint_metadata,
    open_collection,
    recorded_options,
    restore_configuration,
)
from chroma_harakat.records import prepare_record  # noqa: E402
from harakat.adapters import Hit, IngestReport, Record  # noqa: E402

__all__ = [
    "Collection",
    "HarakatEmbeddingFunction",
    "Hit",
    "IngestReport",
    "Record",
    "create_collection",
    "fingerprint_metadata",
    "open_collection",
    "prepare_record",
    "recorded_options",
    "restore_configuration",
]
