"""An embeddings cache that mixes neither roles nor encoders."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest
from llama_index.core.storage.kvstore import SimpleKVStore

from llama_index.embeddings.harakat import HarakatEmbedding
from llama_index.embeddings.harakat.cache import IsolatedStore, role
from support.counting import count_passes
from support.quran import VERSES

TEXTS = list(VERSES.values())[:10]


def prompted(folder: Path, store: SimpleKVStore | None, dim: int = 32) -> HarakatEmbedding:
    return HarakatEmbedding(
        model_name=folder, dim=dim, query_prompt="سؤال: ", document_prompt="نص: ", embeddings_cache=store
    )


async def vectors(embedding: HarakatEmbedding, asynchronous: bool) -> list[list[float]]:
    """The vectors of each method: query first, the others of documents."""
    if asynchronous:
        return [
            await embedding.aget_query_embedding(TEXTS[0]),
            await embedding.aget_text_embedding(TEXTS[0]),
            *await embedding.aget_text_embedding_batch(TEXTS),
        ]
    return [
        embedding.get_query_embedding(TEXTS[0]),
        embedding.get_text_embedding(TEXTS[0]),
        *embedding.get_text_embedding_batch(TEXTS),
    ]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_roles_dims_and_models_share_a_store_and_no_vector(
    tiny_folder: Path, other_folder: Path, asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SimpleKVStore()
    makers = [(folder, dim) for folder in (tiny_folder, other_folder) for dim in (64, 32, 16)]
    expected = [await vectors(prompted(folder, None, dim), False) for folder, dim in makers]
    assert all(rows[0] != rows[1] for rows in expected)
    first = [await vectors(prompted(folder, store, dim), asynchronous) for folder, dim in makers]
    passes = count_passes(monkeypatch)
    second = [await vectors(prompted(folder, store, dim), asynchronous) for folder, dim in makers]
    assert passes == []
    assert first == second
    for found, rows in zip(first, expected, strict=True):
        for one, other in zip(found, rows, strict=True):
            assert one == pytest.approx(other, abs=1e-6)


async def test_a_query_and_a_document_at_once(tiny_folder: Path) -> None:
    import asyncio

    embedding, plain = prompted(tiny_folder, SimpleKVStore()), prompted(tiny_folder, None)
    for _ in range(2):
        query, document, batch = await asyncio.gather(
            embedding.aget_query_embedding(TEXTS[0]),
            embedding.aget_text_embedding(TEXTS[0]),
            embedding.aget_text_embedding_batch(TEXTS, show_progress=True),
        )
        assert query == pytest.approx(plain.get_query_embedding(TEXTS[0]), abs=1e-6)
        assert document == pytest.approx(plain.get_text_embedding(TEXTS[0]), abs=1e-6)
        assert batch[0] == pytest.approx(document, abs=1e-6)


def test_a_cache_that_is_set_later_is_isolated_too(tiny_folder: Path) -> None:
    store, embedding = SimpleKVStore(), prompted(tiny_folder, None)
    embedding.embeddings_cache = store
    assert isinstance(embedding.embeddings_cache, IsolatedStore)
    assert embedding.get_query_embedding(TEXTS[0]) != embedding.get_text_embedding(TEXTS[0])
    taken_over = HarakatEmbedding(model_name=tiny_folder, dim=16, embeddings_cache=embedding.embeddings_cache)
    assert taken_over.embeddings_cache.store is store
    assert len(taken_over.get_query_embedding(TEXTS[0])) == 16
    embedding.embeddings_cache = None
    assert embedding.embeddings_cache is None


def test_it_is_no_part_of_the_configuration_but_goes_along(tiny_folder: Path) -> None:
    embedding = prompted(tiny_folder, SimpleKVStore())
    row = embedding.get_query_embedding(TEXTS[0])
    assert "embeddings_cache" not in embedding.to_dict()
    for other in (pickle.loads(pickle.dumps(embedding)), copy.deepcopy(embedding), embedding.model_copy()):
        with role("query"):
            (kept,) = other.embeddings_cache.get(TEXTS[0], "embeddings").values()
        assert kept == row
    smaller = embedding.model_copy(update={"dim": 16})
    assert len(smaller.get_query_embedding(TEXTS[0])) == 16


async def test_the_isolated_store_is_a_whole_store() -> None:
    store = SimpleKVStore()
    one, two = IsolatedStore(store, "hk1:1"), IsolatedStore(store, "hk1:2")
    one.put("a", {"x": 1})
    await one.aput("b", {"x": 2})
    with role("query"):
        one.put("a", {"x": 3})
        assert one.get_all() == {"a": {"x": 3}}
    assert (one.get("a"), await one.aget("b"), two.get("a")) == ({"x": 1}, {"x": 2}, None)
    assert one.get_all() == await one.aget_all() == {"a": {"x": 1}, "b": {"x": 2}}
    assert (one.delete("a"), await one.adelete("b"), one.delete("a")) == (True, True, False)
    assert one.get_all() == {}
    with role("query"):
        assert one.get("a") == {"x": 3}
