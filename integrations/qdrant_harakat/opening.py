"""Making a collection for an encoder, and opening one only with the encoder that made its vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from harakat.adapters.collection_fingerprint import (
    RecordedFingerprint,
    check_fingerprint,
    recorded_fingerprint,
)
from harakat.errors import CollectionError, DimError, OptionError
from qdrant_harakat.backend import Backend, Description, check_name
from qdrant_harakat.backends import backend_of
from qdrant_harakat.collection import Collection
from qdrant_harakat.fitting import fitting_vectors
from qdrant_harakat.layout import Layout, check_layout, layout_from_metadata
from qdrant_harakat.schema import CollectionSchema, check_precision, collection_schema

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["create_collection", "create_in", "open_collection", "open_in", "recorded_options"]


def create_collection(
    client: Any, name: str, encoder: Encoder, *, schema: CollectionSchema | None = None, **options: Any
) -> Collection:
    """Make a collection for an encoder's vectors, with the encoder's fingerprint in its metadata.

    Args:
        client: A `QdrantClient` (server, cluster, local mode) or an `EdgeClient`.
        name: Name of the collection.
        encoder: Makes the vectors.
        schema: The collection's schema. None for `collection_schema(encoder, **options)`.
        **options: Of `collection_schema`: dims, tokens, quantization, on_disk, hnsw, …

    Raises:
        CollectionError: It exists already, or the name cannot be used.
        OptionError: An option with an impossible value, or options beside a schema.
        FingerprintError: The schema was made for another encoder.
        StoreError: The store failed, or keeps no metadata.
    """
    return create_in(backend_of(client), name, encoder, schema, options)


def create_in(
    backend: Backend, name: str, encoder: Encoder, schema: CollectionSchema | None, options: Mapping[str, Any]
) -> Collection:
    """Make a collection in a backend; see `create_collection`."""
    if schema is not None and options:
        raise OptionError(f"give a schema or options, not both: {', '.join(sorted(options))}")
    schema = schema or collection_schema(encoder, **options)
    check_layout(check_name(name), schema.layout, encoder)
    if backend.exists(name):
        raise CollectionError(
            f"collection {name!r} exists already in {backend.where}; open it with open_collection, or take another name"
        )
    backend.create(name, schema)
    return Collection(backend, name, encoder, schema.layout)


def open_collection(
    client: Any, name: str, encoder: Encoder | Callable[[dict[str, Any]], Encoder], *, adopt: bool = False
) -> Collection:
    """Open a collection, if this encoder is the one that made its vectors.

    Args:
        client: A `QdrantClient` (server, cluster, local mode) or an `EdgeClient`.
        name: Name of the collection.
        encoder: To be checked against the fingerprint in the collection's metadata. Or a function that makes it from
            the collection's `recorded_options`.
        adopt: Take over a collection that is empty and was made by other means, by writing the fingerprint into
            its metadata.

    Raises:
        FingerprintError: Another model, revision, dim, prompt, spelling, … made its vectors; nothing is written.
        CollectionError: It does not exist, was not made by harakat, or no longer matches its own metadata.
        DimError: Under ``adopt``: none of its vectors has the encoder's dim.
        StoreError: The store failed.
    """
    return open_in(backend_of(client), name, encoder, adopt)


def open_in(
    backend: Backend, name: str, encoder: Encoder | Callable[[dict[str, Any]], Encoder], adopt: bool
) -> Collection:
    """Open a collection of a backend; see `open_collection`."""
    if callable(encoder):
        description = _described(backend, name)
        made = encoder(_recorded(name, description).options())
        check_precision(made)
    else:
        made = encoder
        check_precision(made)
        description = _described(backend, name)
    layout = layout_from_metadata(name, description.metadata)
    if layout is None:
        if not adopt:
            raise _unknown(name)
        layout = _adopted(backend, name, made, description)
    check_layout(name, layout, made)
    _check_schema(name, layout, description)
    return Collection(backend, name, made, layout)


def recorded_options(client: Any, name: str) -> dict[str, Any]:
    """Return the arguments of `harakat.Encoder` that a collection recorded when it was made.

    Args:
        client: A `QdrantClient` (server, cluster, local mode) or an `EdgeClient`.
        name: Name of the collection.

    Returns:
        Arguments, for example ``{"model": "harakat-mini", "dim": 384, …}``. Check the encoder that they make with
        `open_collection`: the files under a name may have changed.

    Raises:
        CollectionError: There is no such collection, or it was not made by harakat.
        StoreError: The store failed.
    """
    return _recorded(name, _described(backend_of(client), name)).options()


def _described(backend: Backend, name: str) -> Description:
    """Return the description of a collection.

    Raises:
        CollectionError: There is none of that name.
    """
    if not backend.exists(check_name(name)):
        raise CollectionError(f"collection {name!r} does not exist in {backend.where}; make it with create_collection")
    return backend.describe(name)


def _recorded(name: str, description: Description) -> RecordedFingerprint:
    """Read the fingerprint of a collection, whichever adapter wrote it.

    Raises:
        CollectionError: It has none.
    """
    recorded = recorded_fingerprint(description.metadata)
    if recorded is None:
        raise _unknown(name)
    return recorded


def _unknown(name: str) -> CollectionError:
    return CollectionError(
        f"collection {name!r} has no harakat fingerprint, so nothing says which encoder made its vectors; "
        f"make another one with create_collection, or, while it is empty, open it with adopt=True"
    )


def _adopted(backend: Backend, name: str, encoder: Encoder, description: Description) -> Layout:
    check_fingerprint(encoder, recorded_fingerprint(description.metadata), name)
    if description.points:
        raise CollectionError(
            f"collection {name!r} holds {description.points:,} points of unknown making and cannot be adopted; make "
            f"another one with create_collection and ingest into it"
        )
    fits = {dim: vector for dim, vector in fitting_vectors(name, description, encoder) if dim <= encoder.dim}
    if encoder.dim not in fits:
        raise DimError(
            f"collection {name!r} has no vector of this encoder's dim {encoder.dim}; use the encoder of "
            f"fit_to(client, {name!r}, encoder)"
        )
    extra = sorted(set(description.vectors) - set(fits.values()))
    if extra:
        raise CollectionError(
            f"collection {name!r} has vectors that this encoder would leave empty: {', '.join(map(repr, extra))}; "
            f"make one with create_collection"
        )
    fingerprint = encoder.fingerprint
    quantization = description.vectors[fits[encoder.dim]].quantization
    layout = Layout(str(fingerprint), fingerprint.parts(), fits, quantization=quantization)
    backend.mark(name, layout.metadata())
    return layout


def _check_schema(name: str, layout: Layout, description: Description) -> None:
    """Refuse a collection whose vectors are not those that its metadata names.

    Raises:
        CollectionError: One is missing, or has another size.
    """
    expected = {vector: (dim, False) for dim, vector in layout.dims.items()}
    if layout.tokens is not None:
        expected[layout.tokens[0]] = (layout.tokens[1], True)
    for vector, (size, multivector) in expected.items():
        spec = description.vectors.get(vector)
        if spec is None or (spec.size, spec.multivector) != (size, multivector):
            found = "is missing" if spec is None else f"has size {spec.size}, multivector={spec.multivector}"
            raise CollectionError(
                f"collection {name!r}: its metadata names vector {vector!r} of size {size}, multivector={multivector}, "
                f"which {found}; it was changed by other means, so make another one and ingest again"
            )
