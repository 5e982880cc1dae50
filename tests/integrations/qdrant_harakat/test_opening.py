"""A collection opens with the encoder that made its vectors, and with no other."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from qdrant_client import AsyncQdrantClient, QdrantClient, models

from harakat import Encoder
from harakat.errors import CollectionError, DimError, FingerprintError, OptionError, StoreError
from qdrant_harakat import (
    EdgeClient,
    collection_schema,
    create_collection,
    local_client,
    open_collection,
    recorded_options,
)
from support.tiny import write_tiny

FRESH_PROCESS = """
import json, sys
from harakat import Encoder
from qdrant_harakat import EdgeClient, local_client, open_collection
edge, local, model, query = sys.argv[1:]
encoder = Encoder(model, max_length=32, overflow="chunk")
out = []
for client in (EdgeClient(edge), local_client(local)):
    found = open_collection(client, "verses", encoder)
    hits = found.search(query, limit=5) + found.search_two_stage(query, limit=5) + found.search_tokens(query, limit=5)
    out += [[hit.id, hit.score, hit.text] for hit in hits]
    client.close()
print(json.dumps(out))
"""


def test_opens_with_the_encoder_that_made_it(client, name, encoder, verses):
    create_collection(client, name, encoder, tokens=True).ingest(verses[:5])
    opened = open_collection(client, name, encoder)
    assert opened.dims == (64, 32, 16) and opened.count() == 5
    assert opened.search(verses[2].text)[0].id == verses[2].id


def test_another_model_of_the_same_size_is_refused(client, name, encoder, other_encoder):
    create_collection(client, name, encoder)
    with pytest.raises(FingerprintError, match=r"model: 'other' here, 'tiny' there; weights: "):
        open_collection(client, name, other_encoder)


def test_another_dim_is_refused_with_the_way_out(client, name, encoder):
    create_collection(client, name, encoder)
    with pytest.raises(FingerprintError, match=r"dim: '32' here, '64' there.*with_options\(dim=64\)"):
        open_collection(client, name, encoder.with_options(dim=32))


@pytest.mark.parametrize("option", [{"spelling": "imlai"}, {"query_prompt": "ابحث: "}, {"document_prompt": "نص: "}])
def test_other_options_that_change_vectors_are_refused(encoder, option):
    client = QdrantClient(":memory:")
    create_collection(client, "verses", encoder)
    with pytest.raises(FingerprintError, match=next(iter(option))):
        open_collection(client, "verses", encoder.with_options(**option))


def test_options_that_do_not_change_vectors_are_taken(encoder):
    client = QdrantClient(":memory:")
    create_collection(client, "verses", encoder)
    open_collection(client, "verses", encoder.with_options(batch_tokens=64, overflow="warn"))


def test_the_recorded_options_make_the_same_encoder(client, name, encoder, tiny_folder):
    create_collection(client, name, encoder.with_options(dim=32, query_prompt="س: "))
    recorded = recorded_options(client, name)
    assert (recorded["model"], recorded["dim"], recorded["query_prompt"]) == ("tiny", 32, "س: ")
    opened = open_collection(client, name, lambda options: Encoder(**{**options, "model": tiny_folder}))
    assert opened.encoder.fingerprint == encoder.with_options(dim=32, query_prompt="س: ").fingerprint
    with pytest.raises(FingerprintError, match="dim"):
        open_collection(client, name, lambda options: Encoder(**{**options, "model": tiny_folder, "dim": 16}))


def test_nothing_is_recorded_by_others(encoder):
    client = QdrantClient(":memory:")
    client.create_collection("theirs", vectors_config=models.VectorParams(size=64, distance="Cosine"))
    for call in (recorded_options, lambda *given: open_collection(*given, lambda options: encoder)):
        with pytest.raises(CollectionError, match="no harakat fingerprint"):
            call(client, "theirs")


def hub_cache(folder: Path, seeds: dict[str, int]) -> Path:
    """A hub cache as huggingface_hub lays it out, with a commit for each seed."""
    repository = folder / "models--someone--arabic"
    for commit, seed in seeds.items():
        write_tiny(repository / "snapshots" / commit, seed=seed)
        (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(next(iter(seeds)))
    return folder


def test_another_revision_is_refused_by_name(tmp_path):
    first, second = "a" * 40, "b" * 40
    cache = hub_cache(tmp_path, {first: 0, second: 1})
    encoders = [Encoder("someone/arabic", revision=c, cache_dir=cache, offline=True) for c in (first, second)]
    assert [e.revision for e in encoders] == [first, second]
    client = QdrantClient(":memory:")
    create_collection(client, "verses", encoders[0])
    with pytest.raises(FingerprintError, match=r"revision: 'b+…?' here, 'a+…?' there; weights"):
        open_collection(client, "verses", encoders[1])


def test_nothing_is_written_on_refusal(tmp_path, encoder, other_encoder, verses):
    client = local_client(tmp_path / "local")
    create_collection(client, "verses", encoder).ingest(verses[:3])
    client.close()
    before = {path: path.read_bytes() for path in (tmp_path / "local").rglob("*") if path.is_file()}
    client = local_client(tmp_path / "local")
    with pytest.raises(FingerprintError):
        open_collection(client, "verses", other_encoder, adopt=True)
    client.close()
    assert {path: path.read_bytes() for path in (tmp_path / "local").rglob("*") if path.is_file()} == before


def test_a_fresh_process_finds_the_same(tmp_path, tiny_folder, encoder, verses):
    query = verses[20].text
    here = []
    for client in (EdgeClient(tmp_path / "edge"), local_client(tmp_path / "local")):
        made = create_collection(client, "verses", encoder, tokens=True, quantization="int8")
        made.ingest(verses[:40])
        here += made.search(query, limit=5) + made.search_two_stage(query, limit=5) + made.search_tokens(query, limit=5)
        client.close()
    folders = [str(tmp_path / "edge"), str(tmp_path / "local"), str(tiny_folder)]
    run = subprocess.run(
        [sys.executable, "-c", FRESH_PROCESS, *folders, query], capture_output=True, text=True, check=True
    )
    there = json.loads(run.stdout)
    assert [(i, t) for i, _, t in there] == [(hit.id, hit.text) for hit in here]
    assert [s for _, s, _ in there] == pytest.approx([hit.score for hit in here], abs=1e-6)


def test_what_exists_is_not_made_again(client, name, encoder):
    create_collection(client, name, encoder)
    with pytest.raises(CollectionError, match="open_collection"):
        create_collection(client, name, encoder)


def test_what_does_not_exist_is_not_opened(client, name, encoder):
    with pytest.raises(CollectionError, match="create_collection"):
        open_collection(client, name, encoder)


@pytest.mark.parametrize("bad", ["", "..", "a/b", "a\\b", "a:b", "x" * 256, None, 5])
def test_names_that_stores_cannot_take_are_refused(client, encoder, bad):
    for call in (create_collection, open_collection):
        with pytest.raises(CollectionError, match="name"):
            call(client, bad, encoder)


def test_arabic_names_are_taken(client, encoder, name):
    name = f"آيات-{name}"
    create_collection(client, name, encoder)
    assert open_collection(client, name, encoder).name == name


def test_a_collection_of_others_is_not_opened(encoder):
    client = QdrantClient(":memory:")
    client.create_collection("theirs", vectors_config=models.VectorParams(size=64, distance="Cosine"))
    with pytest.raises(CollectionError, match="adopt=True"):
        open_collection(client, "theirs", encoder)


@pytest.mark.parametrize(
    "vectors",
    [
        models.VectorParams(size=64, distance="Cosine"),
        {"v": models.VectorParams(size=64, distance="Dot")},
        {"v": models.VectorParams(size=64, distance="Cosine"), "w": models.VectorParams(size=16, distance="Cosine")},
    ],
)
def test_an_empty_one_can_be_adopted(encoder, other_encoder, vectors, verses):
    client = QdrantClient(":memory:")
    client.create_collection("theirs", vectors_config=vectors)
    adopted = open_collection(client, "theirs", encoder, adopt=True)
    adopted.ingest(verses[:4])
    assert adopted.search(verses[1].text)[0].id == verses[1].id
    assert open_collection(client, "theirs", encoder).count() == 4
    with pytest.raises(FingerprintError):
        open_collection(client, "theirs", other_encoder)


def test_a_filled_one_cannot_be_adopted(encoder):
    client = QdrantClient(":memory:")
    client.create_collection("theirs", vectors_config=models.VectorParams(size=64, distance="Cosine"))
    client.upsert("theirs", [models.PointStruct(id=1, vector=[0.5] * 64)])
    with pytest.raises(CollectionError, match="1 points of unknown making"):
        open_collection(client, "theirs", encoder, adopt=True)


def test_one_of_another_size_cannot_be_adopted(encoder):
    client = QdrantClient(":memory:")
    client.create_collection("theirs", vectors_config=models.VectorParams(size=32, distance="Cosine"))
    with pytest.raises(DimError, match="fit_to"):
        open_collection(client, "theirs", encoder, adopt=True)


def test_one_with_vectors_left_over_cannot_be_adopted(encoder):
    client = QdrantClient(":memory:")
    sizes = {"text": 64, "image": 512}
    config = {name: models.VectorParams(size=size, distance="Cosine") for name, size in sizes.items()}
    client.create_collection("theirs", vectors_config=config)
    with pytest.raises(CollectionError, match="'image'"):
        open_collection(client, "theirs", encoder, adopt=True)


def test_a_schema_changed_behind_our_back_is_refused(encoder):
    client = QdrantClient(":memory:")
    metadata = collection_schema(encoder).layout.metadata()
    vectors = {"dim_64": models.VectorParams(size=63, distance="Cosine")}
    client.create_collection("verses", vectors_config=vectors, metadata=metadata)
    with pytest.raises(CollectionError, match="'dim_64' of size 64.*size 63"):
        open_collection(client, "verses", encoder)


def test_a_server_that_keeps_no_metadata_is_refused(front, encoder):
    front.metadata = False
    client = QdrantClient(url=front.url, check_compatibility=False, timeout=60)
    with pytest.raises(StoreError, match="1.16"):
        create_collection(client, "verses", encoder)
    assert not client.collection_exists("verses")


def test_an_async_client_needs_the_async_calls(encoder):
    with pytest.raises(OptionError, match="open_async_collection"):
        create_collection(AsyncQdrantClient(":memory:"), "verses", encoder)


@pytest.mark.parametrize("bad", [None, "localhost", 5])
def test_what_is_no_client_is_refused(encoder, bad):
    with pytest.raises(OptionError, match="QdrantClient"):
        open_collection(bad, "verses", encoder)


def test_edge_metadata_that_is_damaged_is_refused(tmp_path, encoder):
    client = EdgeClient(tmp_path / "edge")
    create_collection(client, "verses", encoder)
    card = tmp_path / "edge" / "verses" / "harakat.json"
    card.write_text(card.read_text()[:-20])
    with pytest.raises(CollectionError, match="damaged"):
        open_collection(client, "verses", encoder)
    client.close()


def test_a_creation_that_was_killed_leaves_nothing_in_the_way(tmp_path, encoder):
    with EdgeClient(tmp_path / "edge") as client:
        create_collection(client, "verses", encoder)
        client.backend.drop("verses")
        assert not (tmp_path / "edge" / "verses").exists()
        # What a kill in the middle leaves: a draft that never got its name.
        shutil.copytree(tmp_path / "edge", tmp_path / "edge" / ".new-draft", dirs_exist_ok=True)
        with pytest.raises(CollectionError, match="does not exist"):
            open_collection(client, "verses", encoder)
        assert create_collection(client, "verses", encoder).count() == 0
