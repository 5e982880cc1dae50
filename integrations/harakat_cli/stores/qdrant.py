"""Qdrant behind the protocol: a server, qdrant-client's local mode in a folder, or the embedded engine."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any

from harakat._support.extras import require
from harakat_cli.stores.address import Address
from harakat_cli.stores.folders import check_folder, make_folder
from harakat_cli.stores.protocol import Collection, EncoderOf

if TYPE_CHECKING:
    from harakat import Encoder
    from harakat.adapters import PreparedRecord, Record

__all__ = ["QdrantStore"]

API_KEY = "QDRANT_API_KEY"
"""Environment variable with the key of a server."""
SECONDS = 30
"""Timeout of a request; qdrant-client's own 5 s are short for a batch of vectors."""


class QdrantStore:
    """A Qdrant client of one of three kinds, and the collections of harakat in it.

    Args:
        address: The place.
        stack: Closes the client in the end.
        write: Whether collections are to be written.

    Raises:
        CollectionError, StoreError: See `check_folder`.
        MissingExtraError: qdrant-client or qdrant-edge-py is not installed.
    """

    def __init__(self, address: Address, stack: ExitStack, *, write: bool) -> None:
        require("qdrant_edge" if address.kind == "qdrant-edge" else "qdrant_client", "qdrant")
        self.address, self._stack = address, stack
        self._there = address.served or check_folder(address, write=write)
        if write and address.collection is not None:
            from qdrant_harakat.backend import check_name

            check_name(address.collection)

    @cached_property
    def _client(self) -> Any:
        """The client; the first use makes a folder that is missing."""
        from qdrant_harakat import EdgeClient, local_client

        address = self.address
        client: Any
        if address.served:
            from qdrant_client import QdrantClient

            client = QdrantClient(
                url=address.url,
                api_key=os.environ.get(API_KEY) or None,
                headers=address.headers or None,
                timeout=SECONDS,
                check_compatibility=False,
            )
        else:
            make_folder(address.folder)
            client = (EdgeClient if address.kind == "qdrant-edge" else local_client)(address.folder)
        self._there = True
        self._stack.callback(client.close)
        return client

    def exists(self, name: str) -> bool:
        """Return whether there is a collection of that name, whoever made it."""
        from qdrant_harakat.backends import backend_of

        return self._there and backend_of(self._client).exists(name)

    def collections(self) -> list[str]:
        """Return the names of the collections that harakat made."""
        from qdrant_harakat.backends import backend_of
        from qdrant_harakat.layout import METADATA_KEY

        if not self._there:
            return []
        backend = backend_of(self._client)
        return sorted(name for name in self._names() if METADATA_KEY in backend.describe(name).metadata)

    def _names(self) -> list[str]:
        from qdrant_harakat.backends.client import translated

        if self.address.kind == "qdrant-edge":
            names: list[str] = self._client.collections()
            return names
        with translated(str(self.address), "listing collections"):
            return [collection.name for collection in self._client.get_collections().collections]

    def prepare(self, record: Record) -> PreparedRecord:
        """Check a record by Qdrant's rules."""
        from qdrant_harakat import prepare_record

        return prepare_record(record, 0)

    def open(self, name: str, encoder_of: EncoderOf) -> Collection:
        """Open a collection with the encoder that its recorded fingerprint names."""
        from qdrant_harakat import open_collection

        return open_collection(self._client, name, encoder_of)

    def create(self, name: str, encoder: Encoder) -> Collection:
        """Make a collection."""
        from qdrant_harakat import create_collection

        return create_collection(self._client, name, encoder)
