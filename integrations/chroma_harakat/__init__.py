"""Chroma over harakat: an embedding function, and collections that know which encoder made them.

Importing this package registers `HarakatEmbeddingFunction` with Chroma, so that `client.get_collection(name)` can
rebuild it from a collection's stored configuration. Import it before opening such a collection.

    >>> import chromadb
    >>> from chroma_harakat import create_collection, ingest, search
    >>> from harakat import Encoder
    >>> client, encoder = chromadb.PersistentClient("./index"), Encoder()
    >>> create_collection(client, "poems", encoder)
    >>> ingest(client, "poems", encoder, [("1", "الْعِلْمُ نُورٌ")])
    >>> search(client, "poems", encoder, ["نور العلم"])[0][0].id
    '1'
"""

from __future__ import annotations

from harakat._support.extras import require

require("chromadb", "chroma")

from chroma_harakat.collections import (  # noqa: E402 - the hint about the extra comes first
    create_collection,
    fingerprint_metadata,
    open_collection,
    recorded_options,
    restore_configuration,
)
from chroma_harakat.embedding_function import HarakatEmbeddingFunction  # noqa: E402
from chroma_harakat.ingestion import IngestReport, Record, ingest  # noqa: E402
from chroma_harakat.retrieval import Hit, search  # noqa: E402

__all__ = [
    "HarakatEmbeddingFunction",
    "Hit",
    "IngestReport",
    "Record",
    "create_collection",
    "fingerprint_metadata",
    "ingest",
    "open_collection",
    "recorded_options",
    "restore_configuration",
    "search",
]
