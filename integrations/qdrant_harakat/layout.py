"""Metadata of a collection: its vectors, and the fingerprint of the encoder that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harakat.adapters.collection_fingerprint import RecordedFingerprint, check_fingerprint
from harakat.errors import CollectionError
from qdrant_harakat.specs import QUANTIZATION, Quantization

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["METADATA_KEY", "Layout", "check_layout", "layout_from_metadata"]

METADATA_KEY = "harakat"
"""Key of the collection's metadata under which this package keeps its own."""
METADATA_VERSION = 1


@dataclass(frozen=True)
class Layout:
    """Which vector of a collection holds what.

    Attributes:
        fingerprint: Of the encoder at the collection's largest dim.
        parts: The fingerprint's parts, for messages.
        dims: Matryoshka dim to vector name (``""`` for the unnamed vector), largest first.
        tokens: Name and dim of the late-interaction multivector, if there is one.
        quantization: What the dense vectors are quantised to.
    """

    fingerprint: str
    parts: Mapping[str, str]
    dims: Mapping[int, str]
    tokens: tuple[str, int] | None = None
    quantization: Quantization = "none"

    @property
    def dim(self) -> int:
        """The collection's largest dim."""
        return next(iter(self.dims))

    def metadata(self) -> dict[str, Any]:
        """What to keep in the collection's metadata: JSON values only."""
        return {
            METADATA_KEY: {
                "version": METADATA_VERSION,
                "fingerprint": self.fingerprint,
                "parts": dict(self.parts),
                "vectors": {str(dim): name for dim, name in self.dims.items()},
                "tokens": None if self.tokens is None else {"name": self.tokens[0], "dim": self.tokens[1]},
                "quantization": self.quantization,
            }
        }


def check_layout(collection: str, layout: Layout, encoder: Encoder) -> None:
    """Refuse an encoder other than the one that made a collection's vectors.

    Raises:
        FingerprintError: It differs; the message names the parts.
    """
    recorded = RecordedFingerprint(layout.fingerprint, layout.parts)
    parts = encoder.fingerprint.difference(layout.parts)
    way_out = None
    if parts and all(part.startswith("dim:") for part in parts):
        way_out = f"Use encoder.with_options(dim={layout.dim}), or fit_to(client, {collection!r}, encoder).encoder"
    check_fingerprint(encoder, recorded, collection, way_out=way_out)


def layout_from_metadata(collection: str, metadata: Mapping[str, Any] | None) -> Layout | None:
    """The layout that a collection's metadata states; None where harakat did not make it.

    Raises:
        CollectionError: Ours, but damaged, or written by a later version.
    """
    ours = (metadata or {}).get(METADATA_KEY)
    if ours is None:
        return None
    if isinstance(ours, Mapping) and isinstance(ours.get("version"), int) and ours["version"] > METADATA_VERSION:
        raise CollectionError(
            f"collection {collection!r} was made by a later version of harakat (metadata version "
            f"{ours['version']}, this one reads {METADATA_VERSION}); upgrade harakat"
        )
    try:
        tokens = ours["tokens"]
        layout = Layout(
            fingerprint=str(ours["fingerprint"]),
            parts={str(key): str(value) for key, value in ours["parts"].items()},
            dims={int(dim): str(name) for dim, name in sorted(ours["vectors"].items(), key=lambda v: -int(v[0]))},
            tokens=None if tokens is None else (str(tokens["name"]), int(tokens["dim"])),
            quantization=ours["quantization"],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CollectionError(
            f"collection {collection!r}: its metadata entry {METADATA_KEY!r} is damaged ({error!r}); restore the "
            f"collection from a backup, or create another one and ingest again"
        ) from error
    if not layout.dims or layout.quantization not in QUANTIZATION:
        raise CollectionError(
            f"collection {collection!r}: its metadata entry {METADATA_KEY!r} names no vectors or an unknown "
            f"quantization {layout.quantization!r}; restore it from a backup, or create another one"
        )
    return layout
