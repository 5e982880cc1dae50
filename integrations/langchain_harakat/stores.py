"""Vector stores that stay with the encoder that filled them."""

from __future__ import annotations

from typing import Any, TypeVar

from langchain_core.vectorstores import VectorStore

from harakat.adapters.collection_fingerprint import bind
from harakat.errors import CollectionError
from langchain_harakat.embeddings import HarakatEmbeddings

__all__ = ["bind_store"]

Store = TypeVar("Store", bound=VectorStore)


def bind_store(store: Store) -> Store:
    """Bind a vector store to the encoder of its embeddings.

    LangChain's stores do not notice when a collection is opened with another model of the same size: nothing fails,
    and what is found is noise. This writes the encoder's fingerprint into the metadata of a new collection, and
    compares it whenever the collection is opened again.

    Args:
        store: A `langchain_chroma.Chroma` or a `langchain_qdrant.QdrantVectorStore` over `HarakatEmbeddings`.

    Returns:
        The same store.

    Raises:
        FingerprintError: Another encoder filled the collection; the message says what differs.
        CollectionError: What filled it is unknown, the store's embeddings are not `HarakatEmbeddings`, or the store
            has nowhere to keep a fingerprint.
        StoreError: The store failed.

    Example:
        >>> from langchain_chroma import Chroma
        >>> from langchain_harakat import HarakatEmbeddings, bind_store
        >>> store = bind_store(
        ...     Chroma("poems", HarakatEmbeddings(), collection_configuration={"hnsw": {"space": "cosine"}})
        ... )
    """
    embeddings = store.embeddings
    if not isinstance(embeddings, HarakatEmbeddings):
        raise CollectionError(
            f"the embeddings of this {type(store).__name__} are {type(embeddings).__name__}; bind_store knows the "
            f"encoder of HarakatEmbeddings only"
        )
    encoder = embeddings.encoder
    # Told apart by name, so that neither package has to be installed for the other's sake.
    kinds = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(store).__mro__}
    held: Any = store
    if "langchain_chroma.Chroma" in kinds:
        from chromadb.errors import ChromaError

        collection = held._collection

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
    elif "langchain_qdrant.QdrantVectorStore" in kinds:
        from grpc import RpcError  # type: ignore[import-untyped]
        from qdrant_client.common.client_exceptions import QdrantException
        from qdrant_client.http.exceptions import ApiException

        client, name = held.client, held.collection_name
        bind(
            encoder,
            name,
            read=lambda: client.get_collection(name).config.metadata,
            is_empty=lambda: client.count(name).count == 0,
            write=lambda metadata: client.update_collection(name, metadata=metadata),
            faults=(ApiException, QdrantException, RpcError),
        )
    else:
        raise CollectionError(
            f"a {type(store).__name__} keeps no metadata that a fingerprint could go into; bind_store takes "
            f"langchain_chroma.Chroma and langchain_qdrant.QdrantVectorStore"
        )
    return store
