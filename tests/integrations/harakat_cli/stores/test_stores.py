"""`harakat index`, `search` and `demo` on every store: the same records, hits and errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient
from typer.testing import Result

from harakat import Encoder
from harakat.adapters import Record
from harakat_cli.stores import choose, encoder_for, open_store, parse_address
from support.numbered import numbered
from support.qdrant_http import QdrantFront

Run = Callable[..., Result]
FOLDERS = ("chroma", "qdrant", "qdrant-edge")


@pytest.fixture
def front() -> Iterator[QdrantFront]:
    """A local store behind Qdrant's REST paths."""
    with closing(QdrantFront()) as made:
        yield made


@pytest.fixture(params=[*FOLDERS, "server"])
def place(request: pytest.FixtureRequest) -> str:
    """An address of each kind, without a collection."""
    if request.param == "server":
        front: QdrantFront = request.getfixturevalue("front")
        return f"qdrant:{front.url}"
    return f"{request.param}:store"


def write_lines(path: Path, n: int) -> Path:
    rows = ({"id": f"r{i}", "text": numbered(i), "n": i, "even": i % 2 == 0} for i in range(n))
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def index(run: Run, *arguments: object) -> dict[str, Any]:
    done = run("index", *arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def hits(run: Run, *arguments: object) -> list[dict[str, Any]]:
    done = run("search", *arguments, "--json")
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_index_and_search_work_alike(run: Run, place: str, tmp_path: Path, tiny_folder: Path):
    write_lines(tmp_path / "a.jsonl", 40)
    model = ("--model", tiny_folder)
    found = index(run, "a.jsonl", f"{place}#poems", *model)
    assert (found["store"], found["collection"]) == (f"{place}#poems", "poems")
    assert (found["new"], found["stored_before"], found["records"]) == (40, 0, 40)
    best, *rest = hits(run, numbered(7), f"{place}#poems", *model, "-n", 3)
    assert best["id"] == "r7" and best["text"] == numbered(7) and best["payload"] == {"n": 7, "even": False}
    assert best["score"] == pytest.approx(1, abs=1e-4) and [hit["rank"] for hit in rest] == [2, 3]
    chosen = hits(run, numbered(7), place, *model, "--where", '{"n": {"gte": 10, "lt": 12}}')
    assert {hit["id"] for hit in chosen} == {"r10", "r11"}

    # Again, with more and with a change.
    lines = write_lines(tmp_path / "a.jsonl", 45).read_text("utf-8").splitlines()
    found = index(run, "a.jsonl", f"{place}#poems", *model)
    assert (found["new"], found["stored_before"], found["records"]) == (5, 40, 45)
    lines[4] = json.dumps({"id": "r4", "text": "نص آخر", "n": 4}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    done = run("index", "a.jsonl", f"{place}#poems", *model)
    assert done.exit_code == 2 and "a.jsonl, line 5: the id 'r4' is stored with the text" in done.stderr
    found = index(run, "a.jsonl", f"{place}#poems", *model, "--update")
    assert (found["new"], found["updated"], found["stored_before"]) == (0, 1, 44)
    assert hits(run, "نص آخر", f"{place}#poems", *model, "-n", 1)[0]["payload"] == {"n": 4}


def test_the_recorded_options_reopen_the_encoder(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    encoder = Encoder(dim=64, query_prompt="س: ")
    with open_store(parse_address(f"{place}#poems"), write=True) as store:
        assert not store.exists("poems") and store.collections() == []
        made = store.create("poems", encoder)
        made.ingest([Record("a", "الْعِلْمُ نُورٌ", {})])
    with open_store(parse_address(place), write=False) as store:
        assert store.collections() == ["poems"] and choose(store) == "poems" and store.exists("poems")
        opened = store.open("poems", encoder_for("poems", {}))
        assert opened.encoder.fingerprint == encoder.fingerprint
        assert opened.search("العلم")[0].id == "a" and opened.count() == 1


def test_another_encoder_is_refused_before_anything_is_read(
    run: Run, place: str, tmp_path: Path, tiny_folder: Path, other_folder: Path
):
    write_lines(tmp_path / "a.jsonl", 5)
    index(run, "a.jsonl", f"{place}#poems", "--model", tiny_folder)
    for wrong, part in (
        (("--model", other_folder), "weights"),
        (("--model", tiny_folder, "--dim", 16), "dim: '16' here"),
    ):
        for command in (["index", "a.jsonl"], ["search", "نص"]):
            done = run(*command, f"{place}#poems", *wrong)
            assert done.exit_code == 2 and "another encoder" in done.stderr and part in done.stderr, done.output


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_faulty_source_or_an_absent_store_makes_nothing(run: Run, kind: str, tmp_path: Path, tiny_folder: Path):
    (tmp_path / "a.jsonl").write_text('{"id": "a", "text": "x"}\n{"id": "b", "text": "\\ud800"}\n')
    done = run("index", "a.jsonl", f"{kind}:store", "--model", tiny_folder)
    assert done.exit_code == 2 and "a.jsonl, line 2: " in done.stderr and "lone surrogate" in done.stderr
    (tmp_path / "b.jsonl").write_text('{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}\n')
    done = run("index", "b.jsonl", f"{kind}:store", "--model", tiny_folder)
    assert done.exit_code == 2 and "line 2: the id 'a' is that of line 1 already" in done.stderr
    done = run("search", "x", f"{kind}:store")
    assert done.exit_code == 2 and "there is no " in done.stderr and f"harakat index SOURCE {kind}:store" in done.stderr
    assert not (tmp_path / "store").exists()


def test_a_folder_of_another_store_is_named(run: Run, tmp_path: Path, tiny_folder: Path):
    (tmp_path / "a.txt").write_text("نص")
    for kind in FOLDERS:
        assert run("index", "a.txt", f"{kind}:{kind}", "--model", tiny_folder).exit_code == 0
    for kind in FOLDERS:
        for other in set(FOLDERS) - {kind}:
            for command in (["index", "a.txt"], ["search", "نص"]):
                done = run(*command, f"{other}:{kind}#c", "--model", tiny_folder)
                assert done.exit_code == 2 and f"write {kind}:{kind}#c" in done.stderr, done.output


def test_uuids_that_differ_in_case_are_one_record_of_qdrant(run: Run, tmp_path: Path, tiny_folder: Path):
    key = "0d4b1f0e-5b0a-5d5c-9a57-9c6f1b8f6c11"
    rows = [{"id": key, "text": "x"}, {"id": key.upper(), "text": "y"}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    done = run("index", "a.jsonl", "qdrant:store", "--model", tiny_folder)
    assert done.exit_code == 2 and "line 2" in done.stderr and not (tmp_path / "store").exists()
    assert index(run, "a.jsonl", "chroma:chroma", "--model", tiny_folder)["new"] == 2


def test_search_opens_its_collection_once(run: Run, tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch):
    from chromadb.api.client import Client

    (tmp_path / "a.txt").write_text("نص")
    index(run, "a.txt", "chroma:c#one", "--model", tiny_folder)
    index(run, "a.txt", "qdrant:q#one", "--model", tiny_folder)
    opened: list[str] = []
    for kind, name in ((Client, "get_collection"), (QdrantClient, "get_collection")):
        original = getattr(kind, name)

        def counted(*arguments: Any, _original: Any = original, **options: Any) -> Any:
            opened.append(_original.__qualname__)
            return _original(*arguments, **options)

        monkeypatch.setattr(kind, name, counted)
    hits(run, "نص", "chroma:c#one")
    assert opened == ["Client.get_collection"]
    hits(run, "نص", "qdrant:q#one", "--model", tiny_folder)
    assert opened == ["Client.get_collection", "QdrantClient.get_collection"]


def test_a_record_is_checked_once_and_looked_up_once_a_pass(
    run: Run, tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    from chroma_harakat import store as chroma_store

    write_lines(tmp_path / "a.jsonl", 30)
    index(run, "a.jsonl", "chroma:store", "--model", tiny_folder)
    checked: list[str] = []
    looked_up: list[str] = []
    original = chroma_store.prepare_record
    lookup = chroma_store.ChromaStore.lookup

    def prepare(item: Any, index: int = 0) -> Any:
        found = original(item, index)
        if not hasattr(item, "key"):
            checked.append(found.key)
        return found

    def look(self: Any, keys: Any) -> Any:
        looked_up.extend(keys)
        return lookup(self, keys)

    monkeypatch.setattr(chroma_store, "prepare_record", prepare)
    monkeypatch.setattr("chroma_harakat.prepare_record", prepare)
    monkeypatch.setattr(chroma_store.ChromaStore, "lookup", look)
    index(run, "a.jsonl", "chroma:store")
    assert len(checked) == len(looked_up) == 60  # two passes over 30 records


def test_a_server_that_is_away_is_one_message(run: Run):
    done = run("search", "x", "qdrant:http://user:s3cr3t@127.0.0.1:9#c")
    assert done.exit_code == 2 and "127.0.0.1:9" in done.stderr and done.stderr.count("\n") == 1
    assert "s3cr3t" not in done.output and "Traceback" not in done.output


@pytest.mark.filterwarnings("ignore::harakat.errors.TruncationWarning")
def test_the_demo_on_another_store(run: Run, tiny_folder: Path):
    done = run("demo", "--store", "qdrant-edge:verses", "--model", tiny_folder, "--dim", 16)
    assert done.exit_code == 0, done.stderr
    assert "6,236 verses indexed" in done.stdout and "qdrant-edge:verses#quran" in done.stdout
    done = run("demo", "--store", "chroma:a", "--folder", "b")
    assert done.exit_code == 2 and "choose one" in done.stderr
