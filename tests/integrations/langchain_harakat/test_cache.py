"""Caches that mix neither encoders nor roles."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from langchain_classic.embeddings import CacheBackedEmbeddings
from langchain_classic.storage import LocalFileStore

from harakat.errors import MissingExtraError, OptionError
from langchain_harakat import HarakatEmbeddings, cache_backed
from support.counting import count_passes
from support.quran import VERSES
from support.tiny import write_tiny

TEXTS = list(VERSES.values())[:12]


@pytest.fixture
def store(tmp_path: Path) -> LocalFileStore:
    return LocalFileStore(tmp_path / "cache")


def test_a_namespace_is_a_file_name_of_its_own_for_whatever_decides_a_vector(
    embeddings: HarakatEmbeddings, other: HarakatEmbeddings, tmp_path: Path
) -> None:
    prompted = write_tiny(tmp_path / "prompted")
    prompts = {"prompts": {"query": "سؤال: ", "document": "نص: "}}
    (prompted / "config_sentence_transformers.json").write_text(json.dumps(prompts), encoding="utf-8")
    makers = [
        embeddings,
        other,
        embeddings.model_copy(update={"dim": 16}),
        embeddings.model_copy(update={"query_prompt": "س: "}),
        embeddings.model_copy(update={"document_prompt": "س: "}),
        embeddings.model_copy(update={"spelling": "imlai"}),
        HarakatEmbeddings(model=prompted, dim=32),
    ]
    names = [maker.cache_namespace(role) for maker in makers for role in ("document", "query")]  # type: ignore[arg-type]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)
    assert embeddings.cache_namespace() == embeddings.model_copy(update={"batch_tokens": 77}).cache_namespace()
    with pytest.raises(OptionError, match="role='both'"):
        embeddings.cache_namespace("both")  # type: ignore[arg-type]


def test_what_is_cached_is_not_encoded_again(
    embeddings: HarakatEmbeddings, store: LocalFileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = embeddings.embed_documents(TEXTS), embeddings.embed_query(TEXTS[0])
    cached = cache_backed(embeddings, store)
    assert (cached.embed_documents(TEXTS), cached.embed_query(TEXTS[0])) == expected
    passes = count_passes(monkeypatch)
    again = cache_backed(embeddings.model_copy(), store)
    assert (again.embed_documents(TEXTS), again.embed_query(TEXTS[0])) == expected
    assert passes == []
    cache_backed(embeddings, store, queries=False).embed_query(TEXTS[0])
    assert passes == [1]


async def test_the_same_asynchronously(embeddings: HarakatEmbeddings, store: LocalFileStore) -> None:
    cached = cache_backed(embeddings, store, batch_size=5)
    first = await cached.aembed_documents(TEXTS), await cached.aembed_query(TEXTS[0])
    assert first == (await cached.aembed_documents(TEXTS), await cached.aembed_query(TEXTS[0]))
    assert first == (cached.embed_documents(TEXTS), cached.embed_query(TEXTS[0]))


def test_one_store_serves_several_encoders_and_roles(
    embeddings: HarakatEmbeddings, other: HarakatEmbeddings, store: LocalFileStore
) -> None:
    makers = [
        embeddings,
        other,
        *(embeddings.model_copy(update={"dim": dim, "query_prompt": "س: "}) for dim in (64, 16)),
    ]
    for _ in range(2):
        for maker in makers:
            cached = cache_backed(maker, store)
            assert cached.embed_query(TEXTS[0]) == pytest.approx(maker.embed_query(TEXTS[0]), abs=1e-6)
            assert cached.embed_documents(TEXTS[:1])[0] == pytest.approx(maker.embed_documents(TEXTS[:1])[0], abs=1e-6)


def test_the_namespace_fits_langchains_own_constructor(embeddings: HarakatEmbeddings, store: LocalFileStore) -> None:
    cached = CacheBackedEmbeddings.from_bytes_store(
        embeddings, store, namespace=embeddings.cache_namespace(), key_encoder="blake2b"
    )
    assert cached.embed_documents(TEXTS) == cached.embed_documents(TEXTS) == embeddings.embed_documents(TEXTS)
    assert all(key.startswith(embeddings.cache_namespace()) for key in store.yield_keys())


def test_without_langchain_classic_it_says_what_to_install(
    embeddings: HarakatEmbeddings, store: LocalFileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "langchain_classic.embeddings", None)
    with pytest.raises(MissingExtraError, match="pip install langchain-classic"):
        cache_backed(embeddings, store)
