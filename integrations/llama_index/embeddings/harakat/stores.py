"""Vector stores that stay with the encoder that filled them."""

from __future__ import annotations

from typing import Any, TypeVar

from llama_index.core.vector_stores.types import BasePydanticVectorStore

from harakat.adapters.collection_fingerprint import bind
from harakat.errors import CollectionError
from llama_index.embeddings.harakat.base import HarakatEmbedding

__all__ = ["bind_store"]

Store = TypeVar("Store", bound=BasePydanticVectorStore)


def bind_store(store: Store, embedding: HarakatEmbedding) -> Store:
    """Bind a vector store to an encoder, before an index is made over it.

    LlamaIndex does not notice when a collection is opened with another model of the same size: nothing fails, and what
    is found is noise. This writes the encoder's fingerprint into the metadata of a new collection, and compares it
    whenever the collection is opened again. A Qdrant collection that does not exist yet is created.

    Args:
        store: A `ChromaVectorStore`, or a `QdrantVectorStore` with a synchronous client.
        embedding: Fills it and queries it.

    Returns:
        The same store.

    Raises:
        FingerprintError: Another encoder filled the collection; the message says what differs.
        CollectionError: What filled it is unknown, or the store has nowhere to keep a fingerprint.
        StoreError: The store failed.

    Example:
        >>> import chromadb
        >>> from llama_index.embeddings.harakat import HarakatEmbedding, bind_store
        >>> from llama_index.vector_stores.chroma import ChromaVectorStore
        >>> client = chromadb.EphemeralClient()
        >>> proverbs = client.get_or_create_collection("proverbs", configuration={"hnsw": {"space": "cosine"}})
        >>> store = bind_store(ChromaVectorStore(chroma_collection=proverbs), HarakatEmbedding())
    """
    encoder = embedding.encoder
    kind = store.class_name()
    held: Any = store
    if kind == "ChromaVectorStore":
        from chromadb.errors import ChromaError

        collection = held.client

        def write(metadata: dict[str, str]) -> None:
            # Chroma takes a distance function in the metadata for an attempt to change it.
            kept = {key: value for key, value in (collection.metadata or {}).items() if not key.startswith("hnsw:")}
            collection.modify(metadata={**kept, **metadata})

        bind(
            encoder,
            collection.name,
            read=lambda: collection.metadata,
            is_empty=lambda: collection.count() == 0,
            write=write,
            faults=(ChromaError,),
        )
    elif kind == "QdrantVectorStore":
        from grpc import RpcError  # type: ignore[import-untyped]
        from qdrant_client.common.client_exceptions import QdrantException
        from qdrant_client.http.exceptions import ApiException

        client, name = held._client, held.collection_name
        if client is None:
            raise CollectionError(
                f"this QdrantVectorStore has an asynchronous client only, and {name!r} cannot be checked through it; "
                f"give it a QdrantClient too"
            )

        def read() -> Any:
            if not client.collection_exists(name):
                held._create_collection(name, vector_size=encoder.dim)
            return client.get_collection(name).config.metadata

        bind(
            encoder,
            name,
            read=read,
            is_empty=lambda: client.count(name).count == 0,
            write=lambda metadata: client.update_collection(name, metadata=metadata),
            faults=(ApiException, QdrantException, RpcError),
        )
    else:
        raise CollectionError(
            f"a {kind} keeps no metadata that a fingerprint could go into; bind_store takes ChromaVectorStore and "
            f"QdrantVectorStore"
        )
    return store
