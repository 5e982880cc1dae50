"""A cache for embeddings that mixes neither encoders nor roles."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from langchain_core.stores import ByteStore

from harakat.errors import MissingExtraError
from langchain_harakat.embeddings import HarakatEmbeddings

if TYPE_CHECKING:
    from langchain_classic.embeddings import CacheBackedEmbeddings

__all__ = ["cache_backed"]


def cache_backed(
    embeddings: HarakatEmbeddings, store: ByteStore, *, queries: bool = True, batch_size: int | None = None
) -> CacheBackedEmbeddings:
    """Embeddings that look into a store before they encode.

    One store may serve any number of encoders and of processes: a key is the encoder's namespace for the role
    (`HarakatEmbeddings.cache_namespace`) and the SHA-256 of the text.

    Args:
        embeddings: What encodes the texts that the store does not hold.
        store: Such as `langchain_classic.storage.LocalFileStore`.
        queries: Whether queries are cached too.
        batch_size: Documents between two writes to the store; None for all of a call.

    Raises:
        MissingExtraError: langchain-classic, which has LangChain's cache, is not installed.

    Example:
        >>> import tempfile
        >>> from langchain_classic.storage import LocalFileStore
        >>> from langchain_harakat import HarakatEmbeddings, cache_backed
        >>> cached = cache_backed(HarakatEmbeddings(dim=64), LocalFileStore(tempfile.mkdtemp()))
        >>> cached.embed_query("عِلْم") == cached.embed_query("عِلْم")
        True
    """
    try:
        from langchain_classic.embeddings import CacheBackedEmbeddings
        from langchain_classic.storage import EncoderBackedStore
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{error.name!r} is not installed; LangChain's cache comes with: pip install langchain-classic",
            name=error.name,
        ) from error

    def keys(namespace: str) -> Callable[[str], str]:
        return lambda text: namespace + hashlib.sha256(text.encode()).hexdigest()

    def of(namespace: str) -> EncoderBackedStore[str, list[float]]:
        return EncoderBackedStore(store, keys(namespace), lambda row: json.dumps(row).encode(), json.loads)

    return CacheBackedEmbeddings(
        embeddings,
        of(embeddings.cache_namespace("document")),
        batch_size=batch_size,
        query_embedding_store=of(embeddings.cache_namespace("query")) if queries else None,
    )
