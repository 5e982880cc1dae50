"""Inside LangChain's vector stores, and tied to them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, VectorParams

from harakat.adapters.collection_fingerprint import fingerprint_metadata
from harakat.errors import CollectionError, FingerprintError, StoreError
from langchain_harakat import HarakatEmbeddings, bind_store
from support.quran import VERSES

Opener = Callable[[HarakatEmbeddings], VectorStore]

COSINE: Any = {"hnsw": {"space": "cosine"}}
QUIET = Settings(anonymized_telemetry=False)
DOCUMENTS = [Document(text, metadata={"key": key, "surah": int(key.split(":")[0])}) for key, text in VERSES.items()]
IDS = [str(uuid.uuid5(uuid.NAMESPACE_URL, key)) for key in VERSES]


@contextmanager
def opening(kind: str, folder: Path) -> Iterator[Opener]:
    """Opens one store with any embeddings."""
    if kind == "memory":
        yield InMemoryVectorStore
    elif kind == "chroma":
        client = chromadb.PersistentClient(folder, settings=QUIET)
        yield lambda embeddings: Chroma("verses", embeddings, client=client, collection_configuration=COSINE)
        client.close()
    else:
        local = QdrantClient(":memory:")
        local.create_collection("verses", vectors_config=VectorParams(size=32, distance=Distance.COSINE))
        yield lambda embeddings: QdrantVectorStore(local, "verses", embeddings)
        local.close()


@pytest.fixture(params=["memory", "chroma", "qdrant"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    with opening(request.param, tmp_path) as opener:
        yield opener


@pytest.fixture(params=["chroma", "qdrant"])
def open_kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Of a store that keeps metadata."""
    with opening(request.param, tmp_path) as opener:
        yield opener


def nearest(embeddings: HarakatEmbeddings, query: str, k: int) -> tuple[list[str], list[float]]:
    """Texts and cosines, by comparing with every verse."""
    scores = np.array(embeddings.embed_documents(list(VERSES.values()))) @ embeddings.embed_query(query)
    order = np.argsort(-scores, kind="stable")[:k]
    return [list(VERSES.values())[i] for i in order], scores[order].tolist()


@pytest.mark.parametrize("query", ["قل هو الله أحد", "قُلۡ أَعُوذُ بِرَبِّ ٱلنَّاسِ", "الكوثر"])
def test_it_finds_what_comparing_with_every_verse_finds(
    open_store: Opener, embeddings: HarakatEmbeddings, query: str
) -> None:
    store = open_store(embeddings)
    store.add_documents(DOCUMENTS, ids=IDS)
    found = store.similarity_search_with_score(query, k=5)
    texts, scores = nearest(embeddings, query, 5)
    assert [document.page_content for document, _ in found] == texts
    distances = [1 - score for _, score in found] if isinstance(store, Chroma) else [score for _, score in found]
    assert distances == pytest.approx(scores, abs=1e-5)
    assert all(document.page_content == VERSES[document.metadata["key"]] for document, _ in found)


async def test_asynchronously(open_store: Opener, embeddings: HarakatEmbeddings) -> None:
    store = open_store(embeddings)
    await store.aadd_documents(DOCUMENTS, ids=IDS)
    queries = list(VERSES.values())[:20]
    # One after another in the store: only the embeddings are meant to be concurrent here.
    vectors = await asyncio.gather(*(embeddings.aembed_query(query) for query in queries))
    for query, vector in zip(queries, vectors, strict=True):
        found = await store.asimilarity_search_by_vector(vector, k=3)
        assert [document.page_content for document in found] == nearest(embeddings, query, 3)[0]


def test_a_retriever_with_a_verse_key(open_store: Opener, embeddings: HarakatEmbeddings) -> None:
    store = open_store(embeddings)
    store.add_documents(DOCUMENTS, ids=IDS)
    found = store.get_by_ids([IDS[list(VERSES).index("112:1")]])
    assert [document.page_content for document in found] == [VERSES["112:1"]]
    retriever = store.as_retriever(search_kwargs={"k": 1})
    assert retriever.invoke(VERSES["108:1"])[0].metadata["key"] == "108:1"


def test_a_bad_text_leaves_nothing_behind(open_store: Opener, embeddings: HarakatEmbeddings) -> None:
    store = open_store(embeddings)
    with pytest.raises(ValueError, match="str"):
        store.add_texts(["قل", 3], ids=IDS[:2])  # type: ignore[list-item]
    assert store.similarity_search("قل", k=3) == []
    store.add_documents(DOCUMENTS[:2], ids=IDS[:2])
    assert len(store.similarity_search("قل", k=3)) == 2


def test_a_store_that_dies_in_mid_batch_is_completed_by_a_retry(
    embeddings: HarakatEmbeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = QdrantClient(":memory:")
    local.create_collection("verses", vectors_config=VectorParams(size=32, distance=Distance.COSINE))
    store = bind_store(QdrantVectorStore(local, "verses", embeddings))
    upsert, calls = local.upsert, []

    def dying(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise ConnectionError("the store died")
        return upsert(*args, **kwargs)

    monkeypatch.setattr(local, "upsert", dying)
    with pytest.raises(ConnectionError, match="the store died"):
        store.add_documents(DOCUMENTS, ids=IDS, batch_size=20)
    assert local.count("verses").count == 20
    store.add_documents(DOCUMENTS, ids=IDS, batch_size=20)
    assert local.count("verses").count == len(VERSES)
    assert store.similarity_search(VERSES["112:2"], k=1)[0].metadata["key"] == "112:2"
    local.close()


class TestBinding:
    def test_the_same_encoder_may_come_again(self, open_kept: Opener, embeddings: HarakatEmbeddings) -> None:
        store = bind_store(open_kept(embeddings))
        store.add_documents(DOCUMENTS[:5], ids=IDS[:5])
        again = bind_store(open_kept(embeddings.model_copy(update={"batch_tokens": 88})))
        assert len(again.similarity_search("قل", k=9)) == 5

    def test_another_model_of_the_same_size_is_refused(
        self, open_kept: Opener, embeddings: HarakatEmbeddings, other: HarakatEmbeddings
    ) -> None:
        bind_store(open_kept(embeddings)).add_documents(DOCUMENTS[:5], ids=IDS[:5])
        with pytest.raises(FingerprintError, match=r"'verses' was made by another encoder.*weights: "):
            bind_store(open_kept(other))
        with pytest.raises(FingerprintError, match="document_prompt: 'نص: ' here, '' there"):
            bind_store(open_kept(embeddings.model_copy(update={"document_prompt": "نص: "})))

    def test_another_dim_is_refused(self, tmp_path: Path, embeddings: HarakatEmbeddings) -> None:
        client = chromadb.PersistentClient(tmp_path, settings=QUIET)
        bind_store(Chroma("verses", embeddings, client=client))
        with pytest.raises(FingerprintError, match="dim: '16' here, '32' there"):
            bind_store(Chroma("verses", embeddings.model_copy(update={"dim": 16}), client=client))
        client.close()

    def test_what_an_unknown_encoder_filled_is_refused(self, open_kept: Opener, embeddings: HarakatEmbeddings) -> None:
        open_kept(embeddings).add_documents(DOCUMENTS[:5], ids=IDS[:5])
        with pytest.raises(CollectionError, match="'verses' holds vectors and no fingerprint"):
            bind_store(open_kept(embeddings))

    def test_a_collection_of_chroma_harakat(
        self, tmp_path: Path, embeddings: HarakatEmbeddings, other: HarakatEmbeddings
    ) -> None:
        from chroma_harakat import create_collection, open_collection

        client = chromadb.PersistentClient(tmp_path, settings=QUIET)
        create_collection(client, "theirs", embeddings.encoder).raw.add(ids=["1"], documents=["قل"])
        assert bind_store(Chroma("theirs", embeddings, client=client)).similarity_search("قل")[0].id == "1"
        with pytest.raises(FingerprintError):
            bind_store(Chroma("theirs", other, client=client))
        ours = bind_store(Chroma("ours", embeddings, client=client, collection_configuration=COSINE))
        ours.add_texts(["قل"], ids=["1"])
        assert open_collection(client, "ours", embeddings.encoder).count() == 1
        client.close()

    def test_a_chroma_collection_keeps_its_other_metadata(self, tmp_path: Path, embeddings: HarakatEmbeddings) -> None:
        client = chromadb.PersistentClient(tmp_path, settings=QUIET)
        client.create_collection("poems", metadata={"owner": "us", "hnsw:space": "cosine"}, embedding_function=None)
        for _ in range(2):
            bind_store(Chroma("poems", embeddings, client=client))
        kept = client.get_collection("poems", embedding_function=None)
        assert kept.metadata == {"owner": "us", **fingerprint_metadata(embeddings.encoder)}
        assert kept.configuration_json["hnsw"]["space"] == "cosine"
        client.close()

    def test_a_chroma_collection_is_bound_while_empty_only(
        self, tmp_path: Path, embeddings: HarakatEmbeddings, other: HarakatEmbeddings
    ) -> None:
        client = chromadb.PersistentClient(tmp_path, settings=QUIET)
        store = bind_store(Chroma("poems", embeddings, client=client))
        store.add_texts(["نص"], ids=["1"])
        bind_store(store)
        with pytest.raises(FingerprintError, match="'poems' was made by another encoder"):
            bind_store(Chroma("poems", other, client=client))
        store._collection.modify(metadata={"owner": "us"})
        with pytest.raises(CollectionError, match="'poems' holds vectors and no fingerprint"):
            bind_store(store)
        client.close()

    def test_a_chroma_collection_that_is_gone(self, tmp_path: Path, embeddings: HarakatEmbeddings) -> None:
        client = chromadb.PersistentClient(tmp_path, settings=QUIET)
        store = Chroma("poems", embeddings, client=client)
        client.delete_collection("poems")
        with pytest.raises(StoreError, match="'poems' could not be checked"):
            bind_store(store)
        client.close()

    def test_stores_and_embeddings_that_cannot_be_bound(self, embeddings: HarakatEmbeddings) -> None:
        with pytest.raises(CollectionError, match="InMemoryVectorStore keeps no metadata"):
            bind_store(InMemoryVectorStore(embeddings))
        with pytest.raises(CollectionError, match="DeterministicFakeEmbedding"):
            bind_store(InMemoryVectorStore(DeterministicFakeEmbedding(size=32)))

    def test_reopened_from_disk(self, tmp_path: Path, embeddings: HarakatEmbeddings) -> None:
        local = QdrantClient(path=str(tmp_path))
        local.create_collection("verses", vectors_config=VectorParams(size=32, distance=Distance.COSINE))
        bind_store(QdrantVectorStore(local, "verses", embeddings)).add_documents(DOCUMENTS[:5], ids=IDS[:5])
        local.close()
        local = QdrantClient(path=str(tmp_path))
        store = bind_store(QdrantVectorStore(local, "verses", embeddings))
        assert len(store.similarity_search("قل", k=9)) == 5
        assert (
            fingerprint_metadata(embeddings.encoder).items()
            <= (local.get_collection("verses").config.metadata or {}).items()
        )
        local.close()

    @pytest.mark.parametrize("kind", ["chroma", "qdrant"])
    def test_a_closed_client(self, kind: str, tmp_path: Path, embeddings: HarakatEmbeddings) -> None:
        with opening(kind, tmp_path) as opener:
            store = opener(embeddings)
            (store._client if isinstance(store, Chroma) else store.client).close()  # type: ignore[attr-defined]
            with pytest.raises(StoreError, match="'verses' could not be checked"):
                bind_store(store)
