"""Servers and local mode: one writer at a time, clear errors, no secrets in messages."""

from __future__ import annotations

import doctest
import subprocess
import sys

import pytest
from qdrant_client import QdrantClient

import qdrant_harakat
from harakat.errors import MissingExtraError, StoreError
from harakat.model.checkpoints.names import BUNDLED_FOLDER
from qdrant_harakat import EdgeClient, create_collection, local_client, open_collection
from qdrant_harakat.backends.client import ClientBackend

HOLD = """
import sys
from qdrant_harakat import local_client
from harakat.errors import StoreError
try:
    local_client(sys.argv[1])
except StoreError as error:
    print(error)
"""


def test_one_client_a_folder_within_a_process(tmp_path, encoder, verses):
    client = local_client(tmp_path / "local")
    with pytest.raises(StoreError, match="held by another client"):
        local_client(tmp_path / "local")
    made = create_collection(client, "verses", encoder)
    made.ingest(verses[:3])
    client.close()
    again = local_client(tmp_path / "local")
    assert open_collection(again, "verses", encoder).count() == 3
    again.close()


def test_one_client_a_folder_between_processes(tmp_path):
    client = local_client(tmp_path / "local")
    command = [sys.executable, "-c", HOLD, str(tmp_path / "local")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "held by another client" in run.stdout
    client.close()


def test_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(StoreError, match="cannot be opened"):
        local_client(tmp_path / "file")


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"location": ":memory:"}, "local Qdrant in memory"),
        ({"url": "http://user:secret@example.org:7333/db"}, "Qdrant server example.org:7333"),
        ({"url": "https://example.org", "api_key": "secret"}, "Qdrant server example.org:6333"),
        ({"host": "example.org", "port": 99}, "Qdrant server example.org:99"),
        ({}, "Qdrant server localhost:6333"),
        ({"location": "example.org:81"}, "Qdrant server example.org:81"),
    ],
)
def test_messages_say_where_without_credentials(options, where):
    client = QdrantClient(**options, check_compatibility=False)
    assert ClientBackend(client).where == where
    client.close()


@pytest.mark.parametrize("grpc", [False, True])
def test_a_server_that_is_not_there(encoder, grpc):
    # Port 1 is reserved, and nothing listens there.
    client = QdrantClient(host="127.0.0.1", port=1, grpc_port=1, prefer_grpc=grpc, check_compatibility=False)
    with pytest.raises(StoreError, match=r"127\.0\.0\.1.*collection 'verses' failed.*is the server running"):
        create_collection(client, "verses", encoder)
    client.close()


def test_a_server_that_refuses(front, encoder, verses):
    client = QdrantClient(url=front.url, check_compatibility=False, timeout=60)
    made = create_collection(client, "verses", encoder, dims=[64])
    front.store.delete_collection("verses")
    with pytest.raises(StoreError, match="404"):
        made.search("نور")


@pytest.mark.parametrize(("missing", "make"), [("qdrant_client", local_client), ("qdrant_edge", EdgeClient)])
def test_a_missing_package_names_the_extra(missing, make, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'harakat\[qdrant\]'"):
        make(tmp_path)


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, qdrant_harakat, qdrant_harakat.schema, qdrant_harakat.records, qdrant_harakat.backends.edge; "
        "print([m for m in ('torch', 'qdrant_client', 'qdrant_edge', 'grpc') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_all_names_of_the_face_are_there():
    for name in qdrant_harakat.__all__:
        assert getattr(qdrant_harakat, name).__name__ == name
    assert set(qdrant_harakat.__all__) == set(dir(qdrant_harakat))
    with pytest.raises(AttributeError, match="nothing"):
        _ = qdrant_harakat.nothing


@pytest.mark.skipif(not any(BUNDLED_FOLDER.glob("*.safetensors")), reason="needs the bundled harakat-mini")
def test_the_example_in_the_docstring_holds():
    assert doctest.testmod(qdrant_harakat) == doctest.TestResults(failed=0, attempted=6)
