"""The seam between the commands and the stores: what is asked of a store, whatever runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from harakat.errors import CollectionError
from harakat_cli.stores.address import DEFAULT_COLLECTION, Address

if TYPE_CHECKING:
    from harakat import Encoder
    from harakat.adapters import Comparison, Hit, IngestReport, OnChange, PreparedRecord, Record

__all__ = ["Collection", "EncoderOf", "Store", "choose"]

EncoderOf = Callable[[Mapping[str, Any]], "Encoder"]
"""Makes an encoder from the options that a collection recorded."""


class Collection(Protocol):
    """A collection and the encoder of its vectors, as `chroma_harakat` and `qdrant_harakat` give it."""

    @property
    def name(self) -> str:
        """The collection's name."""
        ...

    @property
    def encoder(self) -> Encoder:
        """The encoder of its vectors."""
        ...

    def count(self, filter: Any = None) -> int:
        """Return the number of records, of those that pass the filter."""
        ...

    def compare(self, records: Iterable[Any]) -> Comparison:
        """Compare records with those stored under their ids; encodes nothing."""
        ...

    def ingest(
        self, records: Iterable[Any], *, on_change: OnChange = ..., show_progress: Callable[[int], None] | None = ...
    ) -> IngestReport:
        """Encode records and store them in whole batches."""
        ...

    def search(self, text: str, *, limit: int = ..., filter: Any = ...) -> list[Hit]:
        """Return the records nearest to a text, best first."""
        ...

    def search_many(self, texts: Sequence[str], *, limit: int = ..., filter: Any = ...) -> list[list[Hit]]:
        """Return the records nearest to each of some texts."""
        ...


class Store(Protocol):
    """A folder or a server with collections; made by `harakat_cli.stores.open_store`.

    Every method raises StoreError when the store fails. A folder that is not there yet holds no collections, and is
    made by `create`.
    """

    @property
    def address(self) -> Address:
        """The address that it was opened with."""
        ...

    def exists(self, name: str) -> bool:
        """Return whether there is a collection of that name, whoever made it."""
        ...

    def collections(self) -> list[str]:
        """Return the names of the collections that harakat made, in alphabetical order."""
        ...

    def prepare(self, record: Record) -> PreparedRecord:
        """Check a record by the store's rules.

        Raises:
            RecordError, TextError: A record that the store would refuse or silently change.
        """
        ...

    def open(self, name: str, encoder_of: EncoderOf) -> Collection:
        """Open a collection, which is fetched once.

        Args:
            name: The collection.
            encoder_of: Makes the encoder from the options that the collection recorded.

        Raises:
            CollectionError: There is no such collection, or harakat did not make it.
            FingerprintError: Another encoder made its vectors.
        """
        ...

    def create(self, name: str, encoder: Encoder) -> Collection:
        """Make a collection for the vectors of an encoder.

        Raises:
            CollectionError: The name is taken, or cannot be used.
        """
        ...


def choose(store: Store) -> str:
    """Return the name of the collection that is meant: the one in the address, ``harakat``, or the only one.

    Raises:
        CollectionError: The address names none and several are there, or none.
    """
    address = store.address
    if address.collection is not None:
        return address.collection
    names = store.collections()
    if DEFAULT_COLLECTION in names:
        return DEFAULT_COLLECTION
    if len(names) == 1:
        return names[0]
    if not names:
        raise CollectionError(f"{address} holds no collection of harakat; make one with `harakat index`")
    raise CollectionError(f"{address} holds several collections ({', '.join(names)}); name one: {address}#{names[0]}")
