"""Chroma behind the protocol: a folder of this process, or a server."""

from __future__ import annotations

import re
from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from harakat._support.extras import require
from harakat.data.rows import shortened
from harakat.errors import CollectionError
from harakat_cli.stores.address import DEFAULT_COLLECTION, Address
from harakat_cli.stores.folders import check_folder, make_folder, only_writer
from harakat_cli.stores.protocol import Collection, EncoderOf

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

    from harakat import Encoder
    from harakat.adapters import PreparedRecord, Record

__all__ = ["ChromaStore"]

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]")
"""Rule of Chroma for names; a name that breaks it would leave an empty store."""
SECONDS = 30
"""Time that a server has for an answer."""


class ChromaStore:
    """A Chroma client and the collections of harakat in it.

    Args:
        address: The place.
        stack: Closes the client in the end, and drops the lock of the only writer.
        write: Whether collections are to be written.

    Raises:
        CollectionError, StoreError: See `check_folder`; or another process is writing to the folder.
        MissingExtraError: chromadb is not installed.
    """

    def __init__(self, address: Address, stack: ExitStack, *, write: bool) -> None:
        require("chromadb", "chroma")
        self.address, self._stack, self._write = address, stack, write
        self._there = address.served or check_folder(address, write=write)
        name = address.collection or DEFAULT_COLLECTION
        if write and not NAME.fullmatch(name):
            raise CollectionError(
                f"Chroma takes no collection name {shortened(name)}: write 3-512 characters from [a-zA-Z0-9._-], a "
                f"letter or digit first and last"
            )
        if self._there:
            self._hold_folder()

    def exists(self, name: str) -> bool:
        """Return whether there is a collection of that name, whoever made it."""
        from chroma_harakat.opening import exists

        return self._there and exists(self._client, name)

    def collections(self) -> list[str]:
        """Return the names of the collections that harakat made."""
        from chroma_harakat.failures import failures
        from harakat.adapters.collection_fingerprint import FINGERPRINT_KEY

        with failures(f"listing the collections of {self.address}"):
            found = self._client.list_collections() if self._there else ()
        return sorted(c.name for c in found if FINGERPRINT_KEY in (c.metadata or {}))

    def prepare(self, record: Record) -> PreparedRecord:
        """Check a record by Chroma's rules."""
        from chroma_harakat import prepare_record

        return prepare_record(record, 0)

    def open(self, name: str, encoder_of: EncoderOf) -> Collection:
        """Open a collection with the encoder that its recorded options make."""
        from chroma_harakat import open_collection

        return open_collection(self._client, name, encoder_of)

    def create(self, name: str, encoder: Encoder) -> Collection:
        """Make a collection, or open the one that was made a moment ago."""
        from chroma_harakat import create_collection

        if not self._there:
            make_folder(self.address.folder)
            self._there = True
            self._hold_folder()
        return create_collection(self._client, name, encoder, exist_ok=True)

    def _hold_folder(self) -> None:
        if self._write and not self.address.served:
            self._stack.enter_context(only_writer(self.address.folder))

    @cached_property
    def _client(self) -> ClientAPI:
        import chromadb
        import httpx
        from chromadb.config import Settings

        from chroma_harakat.failures import failures

        address = self.address
        settings = Settings(anonymized_telemetry=False)
        client: Any
        with failures(f"opening {address}"):
            if address.served:
                url = urlsplit(address.url)
                headers = address.headers or None
                # Chroma's own client waits for ever; asked first, as it talks to the server before it can be told.
                httpx.get(f"{address.url}/api/v2/heartbeat", headers=headers, timeout=SECONDS)
                client = chromadb.HttpClient(
                    address.url, url.port or 0, ssl=url.scheme == "https", headers=headers, settings=settings
                )
                client._server._session.timeout = httpx.Timeout(SECONDS)
            else:
                client = chromadb.PersistentClient(address.folder, settings=settings)
        self._stack.callback(client.close)
        found: ClientAPI = client
        return found
