"""Queries against a collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chromadb.api import ClientAPI

from chroma_harakat.collections import open_collection
from chroma_harakat.failures import failures
from harakat import Encoder
from harakat._support.checks import check_whole

__all__ = ["Hit", "search"]

TIES = 16
"""Hits looked at beyond the limit: texts that are stored several times tie, and the index gives any of them."""


@dataclass(frozen=True)
class Hit:
    """A record that was found."""

    id: str
    score: float
    """Cosine similarity to the query, -1 to 1."""
    text: str
    """As it was stored, byte for byte."""
    metadata: Mapping[str, Any]
    """Its payload."""


def search(
    client: ClientAPI,
    name: str,
    encoder: Encoder,
    queries: Sequence[str],
    *,
    limit: int = 10,
    where: Mapping[str, Any] | None = None,
) -> list[list[Hit]]:
    """The records nearest to each query, best first.

    Args:
        client: An embedded client or a client of a server.
        name: A collection made by `create_collection`.
        encoder: The encoder that made it.
        queries: Texts; each gets a list of its own.
        limit: Most records a query.
        where: Chroma's filter on the payload, such as ``{"surah": 2}``.

    Returns:
        For each query at most `limit` hits; equal scores in the order of their ids.

    Raises:
        CollectionError, FingerprintError: See `open_collection`.
        TextTypeError, TextError: A query that is no text.
        OptionError: `limit` below 1.
        StoreError: The store failed, or refused the filter.
    """
    check_whole("limit", limit)
    collection = open_collection(client, name, encoder)
    vectors = encoder.encode_query(queries if not isinstance(queries, str) else [queries])
    if not len(vectors):
        return []
    with failures(f"searching {name!r}"):
        found = collection.query(
            query_embeddings=list(vectors),
            n_results=limit + TIES,
            where=None if where is None else dict(where),
            include=["documents", "metadatas", "distances"],
        )
    columns = (found["ids"], found["distances"] or [], found["documents"] or [], found["metadatas"] or [])
    hits = [
        [
            Hit(key, 1.0 - float(distance), text or "", dict(payload or {}))
            for key, distance, text, payload in zip(*rows, strict=True)
        ]
        for rows in zip(*columns, strict=True)
    ]
    return [sorted(found, key=lambda hit: (-hit.score, hit.id))[:limit] for found in hits]
