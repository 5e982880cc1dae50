"""Making a collection for an encoder, and opening one only with the encoder that made its vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harakat.adapters.collection_fingerprint import check_stamp
from harakat.errors import CollectionError, DimError, OptionError
from qdrant_harakat.collection import Collection
from qdrant_harakat.fitting import fitting_vectors
from qdrant_harakat.schema import (
    CollectionSchema,
    Layout,
    check_fingerprint,
    check_precision,
    collection_schema,
    layout_from_metadata,
)
from qdrant_harakat.store import Description, Store, check_name, store_of

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["create_collection", "create_in", "open_collection", "open_in"]


def create_collection(
    client: Any, name: str, encoder: Encoder, *, schema: CollectionSchema | None = None, **options: Any
) -> Collection:
    """Make a collection for an encoder's vectors, with the encoder's fingerprint in its metadata.

    Args:
        client: A `QdrantClient` (server, cluster, local mode) or an `EdgeClient`.
        name: Of the collection.
        encoder: Who makes the vectors.
        schema: What to make. None for `collection_schema(encoder, **options)`.
        **options: Of `collection_schema`: dims, tokens, quantization, on_disk, hnsw, …

    Raises:
        CollectionError: It exists already, or the name cannot be used.
        OptionError: An option with an impossible value, or options beside a schema.
        FingerprintError: The schema was made for another encoder.
        StoreError: The store failed, or keeps no metadata.
    """
    return create_in(store_of(client), name, encoder, schema, options)


def create_in(
    store: Store, name: str, encoder: Encoder, schema: CollectionSchema | None, options: Mapping[str, Any]
) -> Collection:
    """`create_collection` in a store."""
    if schema is not None and options:
        raise OptionError(f"give a schema or options, not both: {', '.join(sorted(options))}")
    schema = schema or collection_schema(encoder, **options)
    check_fingerprint(check_name(name), schema.layout, encoder)
    if store.exists(name):
        raise CollectionError(
            f"collection {name!r} exists already in {store.where}; open it with open_collection, or take another name"
        )
    store.create(name, schema)
    return Collection(store, name, encoder, schema.layout)


def open_collection(client: Any, name: str, encoder: Encoder, *, adopt: bool = False) -> Collection:
    """Open a collection, if this encoder is the one that made its vectors.

    Args:
        client: A `QdrantClient` (server, cluster, local mode) or an `EdgeClient`.
        name: Of the collection.
        encoder: To be checked against the fingerprint in the collection's metadata.
        adopt: Take over a collection that is empty and was made by other means, by writing the fingerprint into
            its metadata.

    Raises:
        FingerprintError: Another model, revision, dim, prompt, spelling, … made its vectors; nothing is written.
        CollectionError: It does not exist, was not made by harakat, or no longer matches its own metadata.
        DimError: Under ``adopt``: none of its vectors has the encoder's dim.
        StoreError: The store failed.
    """
    return open_in(store_of(client), name, encoder, adopt)


def open_in(store: Store, name: str, encoder: Encoder, adopt: bool) -> Collection:
    """`open_collection` in a store."""
    check_precision(encoder)
    if not store.exists(check_name(name)):
        raise CollectionError(f"collection {name!r} does not exist in {store.where}; make it with create_collection")
    description = store.describe(name)
    layout = layout_from_metadata(name, description.metadata)
    if layout is None:
        if not adopt:
            raise CollectionError(
                f"collection {name!r} has no harakat fingerprint, so nothing says which encoder made its vectors; "
                f"make another one with create_collection, or, while it is empty, open it with adopt=True"
            )
        layout = _adopted(store, name, encoder, description)
    check_fingerprint(name, layout, encoder)
    _check_schema(name, layout, description)
    return Collection(store, name, encoder, layout)


def _adopted(store: Store, name: str, encoder: Encoder, description: Description) -> Layout:
    check_stamp(encoder, description.metadata, name)
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
    store.mark(name, layout.metadata())
    return layout


def _check_schema(name: str, layout: Layout, description: Description) -> None:
    """The vectors that the metadata names must be there as it says."""
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
