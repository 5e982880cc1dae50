"""Choice of the Matryoshka dim that an existing collection takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harakat.adapters.collection_fingerprint import check_fingerprint, recorded_fingerprint
from harakat.errors import CollectionError, DimError
from qdrant_harakat.backend import Backend, Description, check_name
from qdrant_harakat.backends import backend_of
from qdrant_harakat.layout import check_layout, layout_from_metadata
from qdrant_harakat.schema import check_precision
from qdrant_harakat.specs import VectorSpec

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["Fit", "fit_in", "fit_to", "fitting_vectors"]

FITTING_DISTANCES = ("cosine", "dot")
"""On unit vectors these are the same number."""


@dataclass(frozen=True)
class Fit:
    """An encoder that fits a collection.

    Attributes:
        encoder: At the dim that fits; it shares the weights of the one that was given.
        vector: Name of the vector that it is for; ``""`` is the collection's unnamed one.
        distance: How that vector is compared: ``"cosine"`` or ``"dot"``, which are equal for unit vectors.
        verified: True where the collection's metadata proves that this encoder made its vectors; False where it
            says nothing, and the size alone tells nothing about the vectors.
    """

    encoder: Encoder
    vector: str
    distance: str
    verified: bool

    @property
    def dim(self) -> int:
        """The dim that fits."""
        return self.encoder.dim


def fit_to(client: Any, collection: str, encoder: Encoder, *, vector: str | None = None) -> Fit:
    """Pick the Matryoshka dim of an existing collection.

    Args:
        client: A `QdrantClient` (server, cluster, local mode) or an `EdgeClient`.
        collection: Its name.
        encoder: At any dim.
        vector: The vector that it must be; None for the largest one that fits.

    Returns:
        The encoder at the dim that fits, and the vector that it is for.

    Raises:
        DimError: No vector has a size that the encoder gives; the message lists them all.
        CollectionError: No such collection or vector, or each is unfit for another reason: its distance, its
            number format, or being a multivector.
        FingerprintError: The collection was made by another model.
        StoreError: The store failed.
    """
    return fit_in(backend_of(client), collection, encoder, vector)


def fit_in(backend: Backend, collection: str, encoder: Encoder, vector: str | None) -> Fit:
    """Pick the dim of a collection in a backend; see `fit_to`."""
    check_precision(encoder)
    if not backend.exists(check_name(collection)):
        raise CollectionError(f"collection {collection!r} does not exist in {backend.where}")
    description = backend.describe(collection)
    if vector is not None and vector not in description.vectors:
        names = ", ".join(map(repr, description.vectors)) or "none"
        raise CollectionError(f"collection {collection!r} has no vector {vector!r}; its vectors: {names}")
    layout = layout_from_metadata(collection, description.metadata)
    if layout is not None:
        # The fingerprint is the one at the collection's largest dim; smaller vectors are prefixes of that encoder's.
        check_layout(collection, layout, _at(encoder, layout.dim) if layout.dim in encoder.dims else encoder)
        vector = layout.dims[layout.dim] if vector is None else vector
    dim, name = fitting_vectors(collection, description, encoder, vector)[0]
    fitted = _at(encoder, dim)
    # Collections that other adapters filled record the fingerprint flat, for the one dim that they hold.
    verified = layout is not None or check_fingerprint(fitted, recorded_fingerprint(description.metadata), collection)
    return Fit(fitted, name, description.vectors[name].distance, verified)


def fitting_vectors(
    collection: str, description: Description, encoder: Encoder, vector: str | None = None
) -> list[tuple[int, str]]:
    """Return dim and name of the vectors that take this encoder's, largest first.

    Raises:
        DimError: None, and the sizes are why.
        CollectionError: None, for other reasons too.
    """
    fits: list[tuple[int, str]] = []
    reasons: list[str] = []
    only_size = True
    for name, spec in description.vectors.items():
        if vector is not None and name != vector:
            continue
        reason, is_size = _unfit(spec, encoder)
        if reason is None:
            fits.append((spec.size, name))
            continue
        only_size = only_size and is_size
        reasons.append(f"{repr(name) if name else 'the unnamed vector'} {reason}")
    if fits:
        return sorted(fits, key=lambda fit: (-fit[0], fit[1]))
    dims = ", ".join(map(str, encoder.dims))
    if not reasons:
        raise CollectionError(f"collection {collection!r} has no dense vectors at all; make another one")
    kind = DimError if only_size else CollectionError
    raise kind(
        f"collection {collection!r} takes none of {encoder.name}'s vectors (dims {dims}; cosine or dot product): "
        f"{'; '.join(reasons)}. Make one that fits with create_collection"
    )


def _unfit(spec: VectorSpec, encoder: Encoder) -> tuple[str | None, bool]:
    """Say why a vector does not fit (None where it does), and whether its size is the reason."""
    if spec.multivector:
        return "is a multivector, which holds one vector for each token", False
    if spec.distance not in FITTING_DISTANCES:
        return f"is compared by {spec.distance} distance, and the encoder is trained for cosine", False
    if spec.datatype == "uint8":
        return "stores whole numbers from 0 to 255, and unit vectors lie between -1 and 1", False
    if spec.size in (*encoder.dims, encoder.dim):
        return None, False
    if spec.size > encoder.dims[0]:
        return f"has size {spec.size}, more than the encoder's {encoder.dims[0]}", True
    return f"has size {spec.size}, for which the encoder was not trained", True


def _at(encoder: Encoder, dim: int) -> Encoder:
    return encoder if encoder.dim == dim else encoder.with_options(dim=dim)
