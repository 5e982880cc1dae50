"""A data set through `datasets` from a hub on this machine: one commit, and the cache without a network."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from support.triplets import triplets, write_jsonl

COMMIT = "c0ffee" + "0" * 34

PROGRAM = """
import json, sys
import datasets, huggingface_hub
from harakat.errors import HarakatError
from harakat.training import Source
from harakat.training.data import read_source

def tell(**fields):
    try:
        loaded = read_source(Source("own", hub="someone/triplets", **fields), seed=0)
        told = [loaded.commit, len(loaded.rows), list(loaded.rows[0])]
    except HarakatError as error:
        told = [type(error).__name__, str(error)]
    print(json.dumps(told), flush=True)

tell()
huggingface_hub.constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
print(json.dumps("offline"), flush=True)
for revision in (None, sys.argv[1], "f" * 40, "main"):
    tell(revision=revision)
"""


class Hub(ThreadingHTTPServer):
    """The few answers that a data set of JSON lines needs, over real files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Answers)


class Answers(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET(body=False)

    def do_GET(self, body: bool = True) -> None:
        self.server.asked.append(self.path)
        path = unquote(self.path.split("?")[0])
        files = sorted(self.server.folder.iterdir())
        if path.startswith("/api/datasets/someone/triplets"):
            info: Any = {"id": "someone/triplets", "sha": COMMIT, "siblings": [{"rfilename": p.name} for p in files]}
            if "/tree/" in path:
                info = [{"type": "file", "path": p.name, "size": p.stat().st_size, "oid": "0" * 40} for p in files]
            return self.answer(200, json.dumps(info).encode(), {"Content-Type": "application/json"}, body)
        file = self.server.folder / path.rsplit("/", 1)[-1]
        if not path.startswith(f"/datasets/someone/triplets/resolve/{COMMIT}/") or not file.is_file():
            return self.answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        content = file.read_bytes()
        etag = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        return self.answer(200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, body)

    def answer(self, status: int, content: bytes, headers: dict[str, str], body: bool = True) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "upstream"
    folder.mkdir()
    write_jsonl(folder / "train.jsonl", triplets())
    server = Hub(folder)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()


def test_one_commit_and_then_the_cache(hub: Hub, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "HF_HUB_OFFLINE"}
    environment |= {
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, COMMIT],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = [COMMIT, len(triplets()), list(triplets()[0].values())]
    assert json.loads(process.stdout.readline()) == found
    assert json.loads(process.stdout.readline()) == "offline"
    asked = len(hub.asked)
    assert any(f"/resolve/{COMMIT}/train.jsonl" in path for path in hub.asked)
    told = [json.loads(line) for line in process.stdout]
    process.communicate(timeout=60)
    assert told[:2] == [found, found]
    assert told[2][0] == "DataUnavailableError" and "is not in the cache, which holds c0ffee" in told[2][1]
    assert told[3][0] == "OptionError" and "revision='main': offline nobody can say" in told[3][1]
    assert len(hub.asked) == asked
