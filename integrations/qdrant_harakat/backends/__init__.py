"""Backends: clients of qdrant-client (server, cluster, local mode) and the engine embedded in the process."""

from __future__ import annotations

from typing import Any

from harakat.errors import OptionError
from qdrant_harakat.backend import Backend

__all__ = ["backend_of"]


def backend_of(client: Any, *, running_loop: bool = False) -> Backend:
    """Return the backend behind a client.

    Args:
        client: A `QdrantClient`, an `AsyncQdrantClient` (from coroutines only), or an `EdgeClient`.
        running_loop: Whether the caller drives calls from an event loop.

    Raises:
        OptionError: None of these.
        MissingExtraError: qdrant-client is not installed.
    """
    from qdrant_harakat.backends.edge import EdgeClient

    if isinstance(client, EdgeClient):
        return client.backend
    from qdrant_harakat.backends.client import AsyncClientBackend, ClientBackend, client_kind

    kind = client_kind(client)
    if kind == "sync":
        return ClientBackend(client)
    if kind == "async" and running_loop:
        return AsyncClientBackend(client)
    if kind == "async":
        raise OptionError(
            "an AsyncQdrantClient was given to a synchronous call; await create_async_collection, "
            "open_async_collection or fit_async_to instead"
        )
    raise OptionError(
        f"{client!r:.60} is a {type(client).__name__}; give a QdrantClient, an AsyncQdrantClient or an EdgeClient"
    )
