"""The seam to vector stores: a collection as ingestion sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from harakat.adapters.record import PreparedRecord, Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Entry", "Key", "Store"]

Key = int | str
"""Id under which a store keeps a record."""


@dataclass(frozen=True)
class Entry:
    """A record on its way into a collection.

    Attributes:
        prepared: The record.
        stored: The record that it replaces; None for a new one.
        vector: float32, (dim,), of unit length.
    """

    prepared: PreparedRecord
    stored: Record | None
    vector: NDArray[np.float32]


class Store(Protocol):
    """One collection of a vector store. Every method raises StoreError when the store fails."""

    @property
    def name(self) -> str:
        """Name of the collection."""
        ...

    @property
    def batch_limit(self) -> int | None:
        """Most records of a write or a look-up; None where there is no limit."""
        ...

    @property
    def atomic(self) -> bool:
        """True where a write that failed has left nothing behind."""
        ...

    def prepare(self, record: Record, index: int) -> PreparedRecord:
        """Check a record by the store's rules.

        Args:
            record: The record.
            index: Place among the records given, for messages.

        Raises:
            RecordError, TextError: A record that would be refused, or not come back as it is.
        """
        ...

    def lookup(self, keys: Sequence[Key]) -> Mapping[Key, Record]:
        """Return those of the records that are stored. No key comes twice."""
        ...

    def same(self, stored: Any, given: Any) -> bool:
        """Compare a stored payload (or a value in it) with a given one, as far as the store keeps it."""
        ...

    def expect(self, new: int) -> None:
        """Take note of the number of records that are about to be added; may warn of a collection too large."""
        ...

    def upsert(self, batch: Sequence[Entry]) -> None:
        """Write records; each of them is whole or absent, whatever happens."""
        ...

    def delete(self, keys: Sequence[Key]) -> None:
        """Delete records, if they are there."""
        ...

    def settle(self) -> None:
        """Build indexes and put everything on disk, where the store does not do so by itself."""
        ...
