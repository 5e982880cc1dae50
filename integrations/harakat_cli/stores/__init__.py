"""Stores of the command line: addresses, one protocol, and Chroma and Qdrant behind it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from harakat_cli.stores.address import DEFAULT_COLLECTION, Address, StoreArgument, parse_address
from harakat_cli.stores.encoders import encoder_for
from harakat_cli.stores.protocol import Collection, Store, choose

__all__ = [
    "DEFAULT_COLLECTION",
    "Address",
    "Collection",
    "Store",
    "StoreArgument",
    "choose",
    "encoder_for",
    "open_store",
    "parse_address",
]


@contextmanager
def open_store(address: Address, *, write: bool) -> Iterator[Store]:
    """Open a store, and close it in the end.

    Args:
        address: Its place.
        write: Whether collections are to be written. A folder that is missing is made with the first of them, and
            other harakat processes are kept from writing meanwhile.

    Raises:
        CollectionError: There is nothing there to read.
        StoreError: The store cannot be opened, or another process is writing to it.
        MissingExtraError: The store's library is not installed.
    """
    with ExitStack() as stack:
        store: Store
        if address.kind == "chroma":
            from harakat_cli.stores.chroma import ChromaStore

            store = ChromaStore(address, stack, write=write)
        else:
            from harakat_cli.stores.qdrant import QdrantStore

            store = QdrantStore(address, stack, write=write)
        yield store
