"""Inside LlamaIndex's vector stores, and tied to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters, SimpleVectorStore
from llama_index.core.vector_stores.types import BasePydanticVectorStore
from llama_index.vector_stores.chroma import ChromaVectorStore
from llama_index.vector_stores.qdrant import QdrantVectorStore
from qdrant_client import AsyncQdrantClient, QdrantClient

from harakat.adapters.collection_fingerprint import fingerprint_metadata
from harakat.errors import CollectionError, FingerprintError, StoreError
from llama_index.embeddings.harakat import HarakatEmbedding, bind_store
from support.quran import VERSES

# The local Qdrant says so whenever LlamaIndex makes a collection in it.
pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")

Opener = Callable[[], BasePydanticVectorStore]

QUIET = Settings(anonymized_telemetry=False)
COSINE: Any = {"hnsw": {"space": "cosine"}}


def verse_nodes() -> list[TextNode]:
    """A node a verse; its key can be filtered by and is not embedded."""
    return [
        TextNode(
            id_=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
            text=text,
            metadata={"key": key},
            excluded_embed_metadata_keys=["key"],
        )
        for key, text in VERSES.items()
    ]


@contextmanager
def opening(kind: str, folder: Path) -> Iterator[Opener]:
    """Opens one store again and again."""
    if kind == "simple":
        store = SimpleVectorStore()
        yield lambda: store
    elif kind == "chroma":
        client = chromadb.PersistentClient(folder, settings=QUIET)
        yield lambda: ChromaVectorStore(
            chroma_collection=client.get_or_create_collection("verses", configuration=COSINE, embedding_function=None)
        )
        client.close()
    else:
        local = QdrantClient(":memory:")
        yield lambda: QdrantVectorStore("verses", client=local)
        local.close()


@pytest.fixture(params=["simple", "chroma", "qdrant"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    with opening(request.param, tmp_path) as opener:
        yield opener


@pytest.fixture(params=["chroma", "qdrant"])
def open_kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Of a store that keeps metadata."""
    with opening(request.param, tmp_path) as opener:
        yield opener


def index_over(store: BasePydanticVectorStore, embedding: HarakatEmbedding, nodes: list[TextNode]) -> VectorStoreIndex:
    return VectorStoreIndex(
        nodes, storage_context=StorageContext.from_defaults(vector_store=store), embed_model=embedding
    )


def nearest(embedding: HarakatEmbedding, query: str, k: int) -> tuple[list[str], list[float]]:
    """Texts and cosines, by comparing with every verse."""
    texts = list(VERSES.values())
    scores = np.array(embedding.get_text_embedding_batch(texts)) @ embedding.get_query_embedding(query)
    order = np.argsort(-scores, kind="stable")[:k]
    return [texts[i] for i in order], scores[order].tolist()


@pytest.mark.parametrize("query", ["قل هو الله أحد", "قُلۡ أَعُوذُ بِرَبِّ ٱلنَّاسِ"])
def test_it_finds_what_comparing_with_every_verse_finds(
    open_store: Opener, embedding: HarakatEmbedding, query: str
) -> None:
    index = index_over(open_store(), embedding, verse_nodes())
    found = index.as_retriever(similarity_top_k=5).retrieve(query)
    texts, scores = nearest(embedding, query, 5)
    assert [hit.text for hit in found] == texts
    assert [VERSES[hit.metadata["key"]] for hit in found] == texts
    # The Chroma store of LlamaIndex scores a distance d as exp(-d).
    expected = [np.exp(score - 1) for score in scores] if isinstance(index.vector_store, ChromaVectorStore) else scores
    assert [hit.score for hit in found] == pytest.approx(expected, abs=1e-5)


async def test_asynchronously(embedding: HarakatEmbedding, tmp_path: Path) -> None:
    with opening("chroma", tmp_path) as opener:
        index = VectorStoreIndex(
            [],
            storage_context=StorageContext.from_defaults(vector_store=opener()),
            embed_model=embedding,
            use_async=True,
        )
        await index.ainsert_nodes(verse_nodes())
        found = await index.as_retriever(similarity_top_k=3).aretrieve("الكوثر")
        assert [hit.text for hit in found] == nearest(embedding, "الكوثر", 3)[0]


def test_by_verse_key(open_store: Opener, embedding: HarakatEmbedding) -> None:
    index = index_over(open_store(), embedding, verse_nodes())
    only = MetadataFilters(filters=[MetadataFilter(key="key", value="112:2")])
    found = index.as_retriever(similarity_top_k=5, filters=only).retrieve("ما معنى الصمد")
    assert [hit.text for hit in found] == [VERSES["112:2"]]


def test_its_own_store_kept_on_disk(embedding: HarakatEmbedding, tmp_path: Path) -> None:
    index_over(SimpleVectorStore(), embedding, verse_nodes()).storage_context.persist(str(tmp_path))
    index = load_index_from_storage(StorageContext.from_defaults(persist_dir=str(tmp_path)), embed_model=embedding)
    found = index.as_retriever(similarity_top_k=2).retrieve("الكوثر")
    assert [hit.text for hit in found] == nearest(embedding, "الكوثر", 2)[0]


def test_a_store_that_dies_in_mid_batch_is_completed_by_a_retry(
    embedding: HarakatEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = QdrantClient(":memory:")
    store = bind_store(QdrantVectorStore("verses", client=local, batch_size=20), embedding)
    index = VectorStoreIndex.from_vector_store(store, embed_model=embedding, insert_batch_size=20)
    add, calls = QdrantVectorStore.add, []

    def dying(self: QdrantVectorStore, nodes: list[Any], **kwargs: Any) -> list[str]:
        calls.append(1)
        if len(calls) == 2:
            raise ConnectionError("the store died")
        return add(self, nodes, **kwargs)

    monkeypatch.setattr(QdrantVectorStore, "add", dying)
    with pytest.raises(ConnectionError, match="the store died"):
        index.insert_nodes(verse_nodes())
    assert local.count("verses").count == 20
    index.insert_nodes(verse_nodes())
    assert local.count("verses").count == len(VERSES)
    assert index.as_retriever(similarity_top_k=1).retrieve(VERSES["112:2"])[0].metadata["key"] == "112:2"
    local.close()


class TestBinding:
    def test_the_same_encoder_may_come_again(self, open_kept: Opener, embedding: HarakatEmbedding) -> None:
        index_over(bind_store(open_kept(), embedding), embedding, verse_nodes()[:5])
        again = embedding.model_copy(update={"batch_tokens": 66})
        index = VectorStoreIndex.from_vector_store(bind_store(open_kept(), again), embed_model=again)
        assert len(index.as_retriever(similarity_top_k=9).retrieve("قل")) == 5

    def test_another_model_of_the_same_size_is_refused(
        self, open_kept: Opener, embedding: HarakatEmbedding, other: HarakatEmbedding
    ) -> None:
        index_over(bind_store(open_kept(), embedding), embedding, verse_nodes()[:5])
        with pytest.raises(FingerprintError, match=r"'verses' was made by another encoder.*weights: "):
            bind_store(open_kept(), other)
        with pytest.raises(FingerprintError, match="dim: '16' here, '32' there"):
            bind_store(open_kept(), embedding.model_copy(update={"dim": 16}))

    def test_what_an_unknown_encoder_filled_is_refused(self, open_kept: Opener, embedding: HarakatEmbedding) -> None:
        index_over(open_kept(), embedding, verse_nodes()[:5])
        with pytest.raises(CollectionError, match="'verses' holds vectors and no fingerprint"):
            bind_store(open_kept(), embedding)

    def test_a_qdrant_collection_is_made_as_llama_index_makes_it(
        self, embedding: HarakatEmbedding, tmp_path: Path
    ) -> None:
        ours, theirs = QdrantClient(path=str(tmp_path)), QdrantClient(":memory:")
        index_over(bind_store(QdrantVectorStore("verses", client=ours), embedding), embedding, verse_nodes()[:5])
        index_over(QdrantVectorStore("verses", client=theirs), embedding, verse_nodes()[:5])
        assert ours.get_collection("verses").config.params == theirs.get_collection("verses").config.params
        ours.close()
        ours = QdrantClient(path=str(tmp_path))
        store = bind_store(QdrantVectorStore("verses", client=ours), embedding)
        assert (
            fingerprint_metadata(embedding.encoder).items()
            <= (ours.get_collection("verses").config.metadata or {}).items()
        )
        index = VectorStoreIndex.from_vector_store(store, embed_model=embedding)
        assert len(index.as_retriever(similarity_top_k=9).retrieve("قل")) == 5
        ours.close()

    def test_stores_that_cannot_be_tied(self, embedding: HarakatEmbedding) -> None:
        with pytest.raises(CollectionError, match="SimpleVectorStore keeps no metadata"):
            bind_store(SimpleVectorStore(), embedding)
        only_async = QdrantVectorStore("verses", aclient=AsyncQdrantClient(":memory:"))
        with pytest.raises(CollectionError, match="asynchronous client only"):
            bind_store(only_async, embedding)

    @pytest.mark.parametrize("kind", ["chroma", "qdrant"])
    def test_a_closed_client(self, kind: str, tmp_path: Path, embedding: HarakatEmbedding) -> None:
        if kind == "qdrant":
            local = QdrantClient(":memory:")
            store: Any = QdrantVectorStore("verses", client=local)
            local.close()
        else:
            client = chromadb.PersistentClient(tmp_path, settings=QUIET)
            store = ChromaVectorStore(chroma_collection=client.create_collection("verses", embedding_function=None))
            client.close()
        with pytest.raises(StoreError, match="'verses' could not be checked"):
            bind_store(store, embedding)
