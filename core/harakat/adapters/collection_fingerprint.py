"""The fingerprint as metadata of a collection that other code created: written once, checked ever after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from harakat.errors import CollectionError, FingerprintError, HarakatError, StoreError

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["FINGERPRINT_KEY", "ChromaCollection", "check_stamp", "stamp", "tie", "tie_chroma"]

PREFIX = "harakat_"
FINGERPRINT_KEY = PREFIX + "fingerprint"

STORE_FAULTS = (RuntimeError, ValueError, OSError, AttributeError)
"""What the clients of vector stores let through when they are closed or cut off (Chroma's an AttributeError)."""


class ChromaCollection(Protocol):
    """What is asked of a collection of Chroma."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def metadata(self) -> Mapping[str, Any] | None:
        """What is kept with it."""

    def count(self) -> int:
        """How many records it holds."""

    def modify(self, *, metadata: Any) -> None:
        """Replace its metadata as a whole."""


def stamp(encoder: Encoder) -> dict[str, str]:
    """Metadata that names the encoder: its fingerprint, and the readable parts for error messages."""
    fingerprint = encoder.fingerprint
    return {FINGERPRINT_KEY: str(fingerprint), **{PREFIX + key: value for key, value in fingerprint.parts().items()}}


def check_stamp(encoder: Encoder, metadata: Mapping[str, Any], name: str) -> bool:
    """Whether a collection is stamped, and with this encoder.

    Args:
        encoder: Whose vectors are to go in, or to be compared with those inside.
        metadata: Of the collection.
        name: Of the collection, for the message.

    Returns:
        False where there is no stamp.

    Raises:
        FingerprintError: Another encoder's stamp; the message names the parts that differ.
    """
    fingerprint = encoder.fingerprint
    recorded = metadata.get(FINGERPRINT_KEY)
    parts = {key.removeprefix(PREFIX): str(value) for key, value in metadata.items() if key.startswith(PREFIX)}
    nested = metadata.get("harakat")
    if recorded is None and isinstance(nested, Mapping) and isinstance(nested.get("parts"), Mapping):
        # A collection of qdrant_harakat may hold vectors of several dims; all else has to be equal.
        parts = {key: str(value) for key, value in nested["parts"].items() if key != "dim"}
        recorded = str(nested.get("fingerprint")) if fingerprint.difference(parts) else str(fingerprint)
    if recorded is None:
        return False
    if recorded != str(fingerprint):
        raise FingerprintError(
            f"the collection {name!r} was made by another encoder "
            f"({'; '.join(fingerprint.difference(parts)) or recorded}). Use that one, or make a new collection for "
            f"this one"
        )
    return True


def tie(
    encoder: Encoder,
    name: str,
    *,
    read: Callable[[], Mapping[str, Any] | None],
    is_empty: Callable[[], bool],
    write: Callable[[dict[str, str]], object],
    faults: tuple[type[Exception], ...] = (),
) -> None:
    """Stamp an empty collection; refuse one that another or an unknown encoder filled.

    Args:
        encoder: Whose vectors go in.
        name: Of the collection.
        read: Gives the metadata of the collection.
        is_empty: Tells whether it holds nothing yet.
        write: Adds to its metadata.
        faults: What the store raises when it fails, beside the built-in exceptions.

    Raises:
        FingerprintError: Another encoder filled it.
        CollectionError: It holds vectors and no stamp.
        StoreError: The store failed.
    """
    caught: tuple[type[Exception], ...] = (*STORE_FAULTS, *faults)
    try:
        stamped = check_stamp(encoder, read() or {}, name)
        empty = stamped or is_empty()
        if empty and not stamped:
            write(stamp(encoder))
    except HarakatError:
        raise
    except caught as error:
        raise StoreError(
            f"the collection {name!r} could not be checked against the encoder: {error or type(error).__name__}. Open "
            f"its store again and repeat the call"
        ) from error
    if not empty:
        raise CollectionError(
            f"the collection {name!r} holds vectors and no fingerprint of the encoder that made them; make a new "
            f"collection and add the texts again"
        )


def tie_chroma(encoder: Encoder, collection: ChromaCollection, *, faults: tuple[type[Exception], ...] = ()) -> None:
    """`tie` for a collection of Chroma; what else its metadata holds stays.

    Args:
        encoder: Whose vectors go in.
        collection: As a client of Chroma gives it.
        faults: Chroma's own errors.

    Raises:
        FingerprintError, CollectionError, StoreError: As `tie`.
    """

    def write(stamped: dict[str, str]) -> None:
        # Chroma takes a distance function in the metadata for an attempt to change it.
        kept = {key: value for key, value in (collection.metadata or {}).items() if not key.startswith("hnsw:")}
        collection.modify(metadata={**kept, **stamped})

    tie(
        encoder,
        collection.name,
        read=lambda: collection.metadata,
        is_empty=lambda: collection.count() == 0,
        write=write,
        faults=faults,
    )
