from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest
from chromadb.api import ClientAPI
from chromadb.config import Settings

import harakat.runtime.load
from chroma_harakat import (
    HarakatEmbeddingFunction,
    create_collection,
    fingerprint_metadata,
    open_collection,
    recorded_options,
    restore_configuration,
)
from harakat import Encoder
from harakat.errors import CollectionError, FingerprintError, OptionError, StoreError
from support.numbered import numbered

TEXTS = ["الْعِلْمُ نُورٌ", "رَفَعَ الْعَلَمَ", "كتب الطالب الدرس", "قال الشاعر", "ٱلۡحَمۡدُ لِلَّهِ"]

pytestmark = pytest.mark.disable_socket


def test_a_collection_knows_its_encoder(client: ClientAPI, encoder: Encoder):
    made = create_collection(client, "poems", encoder, metadata={"about": "شعر", "year": 7}, hnsw={"ef_search": 50})
    opened = open_collection(client, "poems", encoder)
    for collection in (made.raw, opened.raw):
        metadata = collection.metadata
        assert metadata["harakat_fingerprint"] == str(encoder.fingerprint)
        assert {key: metadata[f"harakat_{key}"] for key in encoder.fingerprint.parts()} == encoder.fingerprint.parts()
        assert metadata["about"] == "شعر" and metadata["year"] == 7
        assert collection.configuration_json["hnsw"]["space"] == "cosine"
        assert collection.configuration_json["hnsw"]["ef_search"] == 50
        assert collection.configuration_json["hnsw"]["max_neighbors"] == 32
        assert collection.configuration_json["embedding_function"]["name"] == "harakat"
    opened.raw.add(ids=["a", "b"], documents=TEXTS[:2])
    found = opened.raw.query(query_texts=[TEXTS[1]], n_results=2)
    vectors = encoder.encode(TEXTS[:2])
    assert found["ids"] == [["b", "a"]]
    np.testing.assert_allclose(found["distances"], [[0, 1 - vectors[0] @ vectors[1]]], atol=1e-5)


def test_every_ephemeral_client_works_too(encoder: Encoder):
    with chromadb.EphemeralClient(settings=Settings(anonymized_telemetry=False)) as memory:
        made = create_collection(memory, "in-memory", encoder)
        made.ingest([("a", TEXTS[0]), ("b", TEXTS[1])])
        assert made.search(TEXTS[1], limit=1)[0].id == "b"
        memory.delete_collection("in-memory")


def test_a_taken_name_is_refused_or_opened(client: ClientAPI, encoder: Encoder, other: Encoder):
    create_collection(client, "poems", encoder)
    with pytest.raises(CollectionError, match="'poems' exists already"):
        create_collection(client, "poems", encoder)
    assert create_collection(client, "poems", encoder, exist_ok=True).name == "poems"
    with pytest.raises(FingerprintError):
        create_collection(client, "poems", other, exist_ok=True)


def test_many_may_make_the_same_collection_at_once(client: ClientAPI, encoder: Encoder):
    start = threading.Barrier(8)

    def make(_: int) -> str:
        start.wait()
        return str(create_collection(client, "poems", encoder, exist_ok=True).raw.id)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(8)))) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metadata": {"harakat_dim": 5}}, "harakat_dim"),
        ({"hnsw": {"space": "l2"}}, "space='l2'"),
    ],
)
def test_bad_arguments_make_no_collection(client: ClientAPI, encoder: Encoder, arguments: Any, message: str):
    with pytest.raises(OptionError, match=message):
        create_collection(client, "poems", encoder, **arguments)
    assert client.list_collections() == []


def test_a_name_that_chroma_refuses_is_an_error_of_ours(client: ClientAPI, encoder: Encoder):
    with pytest.raises(StoreError, match="3-512 characters"):
        create_collection(client, "a b", encoder)


def test_another_encoder_is_refused_before_anything_is_written(
    client: ClientAPI, encoder: Encoder, other: Encoder, tmp_path: Path, tiny_folder: Path, other_folder: Path
):
    create_collection(client, "poems", encoder).ingest([("a", TEXTS[0])])
    # The same name with other files, as another revision of a model would be.
    folder = shutil.copytree(tiny_folder, tmp_path / "tiny")
    shutil.copyfile(other_folder / "model.safetensors", folder / "model.safetensors")
    wrong = {
        r"weights: '\w+…' here, '\w+…' there": Encoder(folder),
        "model: 'other' here, 'tiny' there; weights": other,
        "dim: '32' here, '64' there": encoder.with_options(dim=32),
        "spelling: 'imlai' here, 'as-is' there": encoder.with_options(spelling="imlai"),
        "query_prompt: 'س: ' here, '' there": encoder.with_options(query_prompt="س: "),
    }

    for message, mismatched in wrong.items():
        with pytest.raises(FingerprintError, match=message):
            open_collection(client, "poems", mismatched)
    assert client.get_collection("poems", embedding_function=None).count() == 1


def test_how_it_runs_does_not_matter(client: ClientAPI, encoder: Encoder):
    create_collection(client, "poems", encoder)
    open_collection(client, "poems", encoder.with_options(batch_tokens=32, overflow="chunk", max_length=40))


def test_a_missing_collection_names_those_that_are_there(client: ClientAPI, encoder: Encoder):
    with pytest.raises(CollectionError, match="'poems' .there are: none"):
        open_collection(client, "poems", encoder)
    create_collection(client, "other-poems", encoder)
    with pytest.raises(CollectionError, match="'other-poems'"):
        recorded_options(client, "poems")


def test_a_collection_of_unknown_origin_is_refused(client: ClientAPI, encoder: Encoder):
    client.create_collection("plain", embedding_function=None)
    create_collection(client, "replaced", encoder).raw.modify(metadata={"about": "new"})
    for name in ("plain", "replaced"):
        with pytest.raises(CollectionError, match="carries no harakat fingerprint"):
            open_collection(client, name, encoder)


def test_another_space_is_refused(client: ClientAPI, encoder: Encoder):
    client.create_collection("far", embedding_function=None, metadata=fingerprint_metadata(encoder))
    with pytest.raises(CollectionError, match="'l2', not cosine"):
        open_collection(client, "far", encoder)


def test_other_code_can_make_the_collection(client: ClientAPI, encoder: Encoder):
    client.create_collection(
        "theirs",
        embedding_function=None,
        metadata=fingerprint_metadata(encoder),
        configuration={"hnsw": {"space": "cosine"}},
    )
    open_collection(client, "theirs", encoder).ingest([("a", TEXTS[0])])
    assert recorded_options(client, "theirs")["dim"] == 64


def test_a_configuration_changed_behind_our_back_is_noticed(client: ClientAPI, encoder: Encoder, other: Encoder):
    collection = create_collection(client, "poems", encoder)
    collection.ingest([("a", TEXTS[0])])
    # Chroma stores the new configuration, and only then asks validate_config_update.
    with pytest.raises(FingerprintError):
        collection.raw.modify(configuration={"embedding_function": HarakatEmbeddingFunction.from_encoder(other)})
    with pytest.raises(CollectionError, match="stored configuration was changed"):
        open_collection(client, "poems", encoder)
    with pytest.raises(FingerprintError):
        restore_configuration(client, "poems", other)
    assert restore_configuration(client, "poems", encoder).count() == 1
    stored = client.get_collection("poems")
    stored.add(ids=["b"], documents=[TEXTS[1]])  # rebuilt from what is stored
    np.testing.assert_allclose(
        stored.get(ids=["b"], include=["embeddings"])["embeddings"], encoder.encode([TEXTS[1]]), atol=1e-6
    )


def test_the_recorded_options_make_the_same_encoder(client: ClientAPI, encoder: Encoder):
    small = encoder.with_options(dim=32, query_prompt="س: ", overflow="chunk")
    create_collection(client, "poems", small)
    again = Encoder(**recorded_options(client, "poems"))
    assert again.fingerprint == small.fingerprint
    assert again.overflow == "chunk"
    open_collection(client, "poems", again)


def test_a_moved_model_opens_its_collection(client: ClientAPI, encoder: Encoder, tiny_folder: Path, tmp_path: Path):
    create_collection(client, "poems", encoder)
    moved = Encoder(shutil.copytree(tiny_folder, tmp_path / "elsewhere"))
    open_collection(client, "poems", moved)


def test_a_fresh_process_rebuilds_the_function(open_client: Callable[[], ClientAPI], encoder: Encoder, tmp_path: Path):
    client = open_client()
    small = create_collection(client, "poems", encoder.with_options(dim=32))
    small.ingest(list(zip("abcde", TEXTS, strict=True)))
    expected = client.get_collection("poems", embedding_function=None).get(include=["embeddings"])
    client.close()
    program = f"""
import chromadb, json, chroma_harakat
from chromadb.config import Settings
client = chromadb.PersistentClient({str(tmp_path / "store")!r}, settings=Settings(anonymized_telemetry=False))
collection = client.get_collection("poems")
collection.add(ids=["z"], documents=[{TEXTS[0]!r}])
found = collection.query(query_texts=[{TEXTS[0]!r}], n_results=2)
vector = collection.get(ids=["z"], include=["embeddings"])["embeddings"][0]
print(json.dumps([sorted(found["ids"][0]), found["distances"][0], vector.tolist()]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    ids, distances, vector = json.loads(done.stdout)
    assert ids == ["a", "z"]
    np.testing.assert_allclose(distances, [0, 0], atol=1e-5)
    np.testing.assert_allclose(vector, expected["embeddings"][expected["ids"].index("a")], atol=1e-6)


def test_a_hundred_adds_and_queries_load_the_weights_once(
    client: ClientAPI, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    loads = []
    load = harakat.runtime.load.load_network

    def counted(*args: Any, **options: Any) -> Any:
        loads.append(args[0])
        return load(*args, **options)

    monkeypatch.setattr(harakat.runtime.load, "load_network", counted)
    client.create_collection("poems", embedding_function=HarakatEmbeddingFunction(folder))  # type: ignore[arg-type]
    assert loads == []
    for turn in range(100):
        # Without a function given, Chroma rebuilds it from the configuration, each time anew.
        collection = client.get_collection("poems")
        collection.add(ids=[str(turn)], documents=[numbered(turn)])
        collection.query(query_texts=["نور"], n_results=1)
    assert loads == [folder]
    assert collection.count() == 100


def test_sixteen_threads_give_the_serial_result(client: ClientAPI, encoder: Encoder):
    collection = create_collection(client, "threads", encoder).raw
    documents = {f"{thread}-{i}": numbered(1000 * thread + i) for thread in range(16) for i in range(8)}
    failed: list[BaseException] = []
    start = threading.Barrier(16)

    def work(thread: int) -> None:
        try:
            start.wait()
            for i in range(8):
                key = f"{thread}-{i}"
                collection.add(ids=[key], documents=[documents[key]])
                collection.query(query_texts=[documents[key]], n_results=1)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    stored = collection.get(include=["documents", "embeddings"])
    assert dict(zip(stored["ids"], stored["documents"] or [], strict=True)) == documents
    serial = encoder.encode_document([documents[key] for key in stored["ids"]])
    np.testing.assert_allclose(stored["embeddings"], serial, atol=1e-5)


def test_a_closed_client_is_a_clear_error(open_client: Callable[[], ClientAPI], encoder: Encoder):
    client = open_client()
    poems = create_collection(client, "poems", encoder)
    client.close()
    for call in (
        lambda: open_collection(client, "poems", encoder),
        lambda: create_collection(client, "more", encoder),
        lambda: poems.search("نص"),
        lambda: poems.ingest([("a", "نص")]),
        poems.count,
        lambda: poems.get(["a"]),
        lambda: poems.delete(["a"]),
    ):
        with pytest.raises(StoreError, match="client is closed"):
            call()
