"""The fingerprint as metadata of a collection: written, read, compared, and given to an empty collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harakat.errors import CollectionError, FingerprintError, HarakatError, StoreError

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = [
    "FINGERPRINT_KEY",
    "PREFIX",
    "RecordedFingerprint",
    "bind",
    "check_fingerprint",
    "fingerprint_metadata",
    "recorded_fingerprint",
]

PREFIX = "harakat_"
FINGERPRINT_KEY = PREFIX + "fingerprint"
NESTED_KEY = "harakat"
"""Key under which the metadata of a collection with vectors of several dims holds a mapping."""

STORE_FAULTS = (RuntimeError, ValueError, OSError, AttributeError)
"""Built-in errors that clients of vector stores let through when they are closed or cut off."""


@dataclass(frozen=True)
class RecordedFingerprint:
    """A fingerprint as a collection's metadata holds it.

    Attributes:
        fingerprint: The digest, as `str(encoder.fingerprint)`.
        parts: The readable parts.
        any_dim: True where the collection holds vectors of several dims, so that all parts but the dim must agree.
    """

    fingerprint: str
    parts: Mapping[str, str]
    any_dim: bool = False

    def options(self) -> dict[str, Any]:
        """Return the arguments of `harakat.Encoder` that the parts name."""
        revision = {"revision": self.parts["revision"]} if self.parts.get("revision") else {}
        return {
            "model": self.parts["model"],
            **revision,
            "dim": int(self.parts["dim"]),
            "spelling": self.parts["spelling"],
            "segmentation": self.parts["segmentation"] == "on",
            "query_prompt": self.parts["query_prompt"],
            "document_prompt": self.parts["document_prompt"],
        }


def fingerprint_metadata(encoder: Encoder) -> dict[str, str]:
    """Return metadata that names the encoder: its fingerprint, and the readable parts for error messages."""
    fingerprint = encoder.fingerprint
    return {FINGERPRINT_KEY: str(fingerprint), **{PREFIX + key: value for key, value in fingerprint.parts().items()}}


def recorded_fingerprint(metadata: Mapping[str, Any]) -> RecordedFingerprint | None:
    """Read the fingerprint in a collection's metadata; None where there is none."""
    recorded = metadata.get(FINGERPRINT_KEY)
    if recorded is not None:
        parts = {
            key.removeprefix(PREFIX): str(value)
            for key, value in metadata.items()
            if key.startswith(PREFIX) and key != FINGERPRINT_KEY
        }
        return RecordedFingerprint(str(recorded), parts)
    nested = metadata.get(NESTED_KEY)
    if isinstance(nested, Mapping) and isinstance(nested.get("parts"), Mapping):
        parts = {str(key): str(value) for key, value in nested["parts"].items()}
        return RecordedFingerprint(str(nested.get("fingerprint")), parts, any_dim=True)
    return None


def check_fingerprint(
    encoder: Encoder, recorded: RecordedFingerprint | None, name: str, *, way_out: str | None = None
) -> bool:
    """Compare the encoder with the one that made a collection.

    Args:
        encoder: Its vectors are to go in, or to be compared with those inside.
        recorded: As `recorded_fingerprint` reads it.
        name: Name of the collection, for the message.
        way_out: Last sentence of the message; None for the usual one.

    Returns:
        False where the collection records no fingerprint.

    Raises:
        FingerprintError: It records another encoder's; the message names the parts that differ.
    """
    if recorded is None:
        return False
    fingerprint = encoder.fingerprint
    parts = {key: value for key, value in recorded.parts.items() if key != "dim" or not recorded.any_dim}
    difference = fingerprint.difference(parts)
    if not fingerprint.matches(recorded.fingerprint) and (difference or not recorded.any_dim):
        raise FingerprintError(
            f"the collection {name!r} was made by another encoder ({'; '.join(difference) or recorded.fingerprint}). "
            f"{way_out or 'Use that one, or make a new collection for this one'}"
        )
    return True


def bind(
    encoder: Encoder,
    name: str,
    *,
    read: Callable[[], Mapping[str, Any] | None],
    is_empty: Callable[[], bool],
    write: Callable[[dict[str, str]], object],
    faults: tuple[type[Exception], ...] = (),
) -> None:
    """Give an empty collection its fingerprint; refuse one that another or an unknown encoder filled.

    Args:
        encoder: Its vectors go in.
        name: Name of the collection.
        read: Returns the metadata of the collection.
        is_empty: Returns True where the collection holds nothing yet.
        write: Adds to the metadata.
        faults: Errors that the store raises when it fails, beside the built-in ones.

    Raises:
        FingerprintError: Another encoder filled it.
        CollectionError: It holds vectors and no fingerprint.
        StoreError: The store failed.
    """
    caught: tuple[type[Exception], ...] = (*STORE_FAULTS, *faults)
    try:
        bound = check_fingerprint(encoder, recorded_fingerprint(read() or {}), name)
        empty = bound or is_empty()
        if empty and not bound:
            write(fingerprint_metadata(encoder))
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
