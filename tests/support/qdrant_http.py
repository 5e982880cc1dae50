"""qdrant-client's local mode behind Qdrant's REST paths, over a real socket.

No server binary can be had from the package registries, so this carries the requests of the real remote clients to
a real store: it shows that what goes over the wire is well-formed and comes back byte for byte, and lets a test cut
the line. It is not a Qdrant server: nothing is indexed or quantised, and `last_create` is the only witness of such
settings. `HARAKAT_QDRANT_URL` runs the same tests against a real one.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel
from qdrant_client import QdrantClient, models
from qdrant_client.http.models import QueryRequestBatch

COLLECTION = re.compile(r"/collections/([^/?]+)(/[^?]*)?")


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # of 5, the usual length, some of sixteen callers at once are turned away on a busy machine


class QdrantFront:
    """Listens on a free local port until `close`.

    Attributes:
        url: For `QdrantClient(url=…)`.
        cut_writes_after: Upserts to answer before the line is cut in the middle of one; None for never.
        last_create: The body of the last request that created a collection.
        metadata: Whether collections keep their metadata, as servers before 1.16 did not.
    """

    def __init__(self) -> None:
        self.store = QdrantClient(":memory:")
        self.lock = threading.Lock()
        self.cut_writes_after: int | None = None
        self.last_create: dict[str, Any] = {}
        self.metadata = True
        front = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                cut = front.cut(self.command, self.path)
                if cut:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, answer = front.answer(self.command, self.path, json.loads(body) if body else {})
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any

            def log_message(self, *args: Any) -> None:
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        self.store.close()

    def cut(self, method: str, path: str) -> bool:
        """Whether the line is to be cut now."""
        if self.cut_writes_after is None or not (method == "PUT" and path.split("?")[0].endswith("/points")):
            return False
        self.cut_writes_after -= 1
        return self.cut_writes_after < 0

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """HTTP status and JSON body."""
        if path == "/":
            return 200, {"title": "qdrant", "version": version("qdrant-client")}
        if (method, path) == ("GET", "/collections"):
            return 200, {"result": _plain(self.store.get_collections()), "status": "ok", "time": 0.0}
        match = COLLECTION.match(path)
        if match is None:
            return 404, {"status": {"error": f"no path {path}"}}
        try:
            with self.lock:
                result = self.route(method, match[1], match[2] or "", body)
        except ValueError as error:
            return (404 if "not found" in str(error) else 400), {"status": {"error": str(error)}, "time": 0.0}
        return 200, {"result": _plain(result), "status": "ok", "time": 0.0}

    def route(self, method: str, name: str, rest: str, body: dict[str, Any]) -> Any:
        """One request, answered by the store."""
        store = self.store
        if (method, rest) == ("GET", "/exists"):
            return {"exists": store.collection_exists(name)}
        if (method, rest) == ("PUT", ""):
            self.last_create = body
            made = models.CreateCollection(**body)
            metadata = made.metadata if self.metadata else None
            return store.create_collection(name, made.vectors, made.sparse_vectors, metadata=metadata)
        if (method, rest) == ("GET", ""):
            return store.get_collection(name)
        if (method, rest) == ("PATCH", ""):
            return store.update_collection(name, metadata=body["metadata"])
        if (method, rest) == ("DELETE", ""):
            return store.delete_collection(name)
        if (method, rest) == ("PUT", "/points"):
            return store.upsert(name, models.PointsList(**body).points)
        if (method, rest) == ("POST", "/points"):
            return store.retrieve(name, body["ids"], body.get("with_payload", True), body.get("with_vector", False))
        if (method, rest) == ("POST", "/points/delete"):
            return store.delete(name, models.PointIdsList(**body))
        if (method, rest) == ("POST", "/points/count"):
            return store.count(name, models.CountRequest(**body).filter)
        if (method, rest) == ("POST", "/points/query/batch"):
            return store.query_batch_points(name, QueryRequestBatch(**body).searches)
        raise ValueError(f"{method} {name}{rest} not found")


def _plain(result: Any) -> Any:
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json")
    return [_plain(item) for item in result] if isinstance(result, list) else result
