"""A model hub on this machine: the few answers that fetching a repository needs, over real files."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

COMMIT = "c0ffee" + "0" * 34
API = re.compile(r"/api/(?:models|datasets)/([^/]+/[^/]+)(?:/revision/([^/]+)|(/tree/).*)?")
FILE = re.compile(rf"/(?:datasets/)?([^/]+/[^/]+)/resolve/{COMMIT}/(.+)")


class Hub(ThreadingHTTPServer):
    """Repositories, each a folder at one commit, which is `COMMIT`.

    Attributes:
        repositories: Id, such as ``someone/tiny``, to folder.
        asked: The paths of all requests.
    """

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.repositories = repositories
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _Answers)

    def environment(self, home: Path) -> dict[str, str]:
        """Variables that make a process ask this hub, and keep what it gets in a folder."""
        return {
            "HF_ENDPOINT": f"http://127.0.0.1:{self.server_port}",
            "HF_HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_OFFLINE": "0",
            "NO_PROXY": "127.0.0.1",
        }


@contextmanager
def running_hub(repositories: dict[str, Path]) -> Iterator[Hub]:
    """A hub that answers until the block ends."""
    server = Hub(repositories)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET(body=False)

    def do_GET(self, body: bool = True) -> None:
        self.server.asked.append(self.path)
        path = unquote(self.path.split("?")[0])
        if api := API.fullmatch(path):
            if api[1] not in self.server.repositories:
                return self._answer(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)
            return self._describe(api[1], api[2], bool(api[3]), body)
        found = FILE.fullmatch(path)
        folder = self.server.repositories.get(found[1]) if found else None
        if found is None or folder is None or not (file := folder / found[2]).is_file():
            return self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
        content = file.read_bytes()
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        etag = hashlib.sha256(content).hexdigest() if file.suffix == ".safetensors" else git
        return self._answer(200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, body)

    def _describe(self, name: str, revision: str | None, tree: bool, body: bool) -> None:
        if revision not in (None, "main", COMMIT):
            return self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        folder = self.server.repositories[name]
        files = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if p.is_file()}
        info: Any = {"id": name, "sha": COMMIT, "siblings": [{"rfilename": path} for path in files]}
        if tree:
            info = [
                {"type": "file", "path": path, "size": file.stat().st_size, "oid": "0" * 40}
                for path, file in files.items()
            ]
        return self._answer(200, json.dumps(info).encode(), {"Content-Type": "application/json"}, body)

    def _answer(self, status: int, content: bytes, headers: dict[str, str], body: bool = True) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)
