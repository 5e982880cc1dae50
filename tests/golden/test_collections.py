"""Collections that an earlier tree made open in the running one, and hold what they held."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import chromadb
import pytest
from chromadb.config import Settings

import chroma_harakat
from support.golden.collections import KINDS, NAME, QUERIES, opened, unpack
from support.golden.commands import in_folder, run, write_inputs
from support.golden.record import COLLECTIONS
from support.golden.texts import RECORDS

LIBRARIES = {"chroma": "chromadb", "command-line": "chromadb", "qdrant-local": "qdrant-client"}
SCORE = 1e-5


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """What the tree that made the collections found in them."""
    found: dict[str, Any] = json.loads((COLLECTIONS / "expected.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def folder(kind: str, tmp_path: Path, expected: dict[str, Any]) -> Iterator[Path]:
    """A copy of the stored collection of a kind; gone after the test, since the edge's is large once unpacked."""
    library = LIBRARIES.get(kind, "qdrant-edge-py")
    if _numbers(version(library)) < _numbers(expected["versions"][library]):
        pytest.skip(f"made with {library} {expected['versions'][library]}, and {version(library)} here is older")
    yield unpack(COLLECTIONS / f"{kind}.tar.xz", tmp_path / kind)
    shutil.rmtree(tmp_path / kind)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())


def _check(hits: dict[str, Any], stored: dict[str, Any]) -> None:
    texts = {str(record["id"]): record["text"] for record in RECORDS}
    for key in QUERIES:
        assert [hit["id"] for hit in hits[key]] == [hit["id"] for hit in stored[key]]
        assert hits[key][0]["id"] == key
        for hit, before in zip(hits[key], stored[key], strict=True):
            assert hit["score"] == pytest.approx(before["score"], abs=SCORE)
            assert hit["text"] == before["text"] == texts[hit["id"]]
            assert hit["payload"] == before["payload"]


@pytest.mark.parametrize("kind", KINDS[:3])
def test_it_opens_and_finds_what_it_found(kind: str, folder: Path, expected: dict[str, Any]) -> None:
    with opened(kind, folder) as collection:
        _check(collection.search(), expected[kind]["hits"])
        assert collection.metadata() == expected[kind]["metadata"]


@pytest.mark.parametrize("kind", KINDS[:3])
def test_the_same_records_are_skipped(kind: str, folder: Path, expected: dict[str, Any]) -> None:
    with opened(kind, folder) as collection:
        assert collection.ingest() == (0, len(RECORDS))
        _check(collection.search(), expected[kind]["hits"])


@pytest.mark.parametrize("kind", ["chroma", "command-line"])
def test_chroma_itself_opens_it_by_name(kind: str, folder: Path, expected: dict[str, Any]) -> None:
    client = chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))
    try:
        collection = client.get_collection(NAME)
        function = collection.configuration["embedding_function"]
        assert isinstance(function, chroma_harakat.HarakatEmbeddingFunction)
        assert function.encoder.dim == 64
        found = collection.query(query_texts=list(QUERIES.values()), n_results=1)
    finally:
        client.close()
    assert [ids[0] for ids in found["ids"]] == list(QUERIES)
    stored = expected[kind] if kind == "command-line" else expected[kind]["hits"]
    for distances, key in zip(found["distances"] or [], QUERIES, strict=True):
        assert 1 - distances[0] == pytest.approx(stored[key][0]["score"], abs=SCORE)


@pytest.mark.parametrize("kind", ["command-line"])
def test_the_command_line_searches_what_it_indexed(kind: str, folder: Path, expected: dict[str, Any]) -> None:
    write_inputs(folder.parent)
    with in_folder(folder.parent):
        hits = {key: run("search", text, f"chroma:{kind}#{NAME}", "--json")["stdout"] for key, text in QUERIES.items()}
        _check(hits, expected[kind])
        again = run("index", "records.jsonl", f"chroma:{kind}#{NAME}", "--json")
    assert again["exit_code"] == 0, again["stderr"]
    (numbers,) = again["stdout"]
    assert (numbers["new"], numbers["updated"], numbers["stored_before"]) == (0, 0, len(RECORDS))
