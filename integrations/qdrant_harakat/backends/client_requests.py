"""Between this package's types and qdrant-client's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harakat.adapters.filters import Condition
from harakat.errors import OptionError
from qdrant_harakat.backend import Description, Point, Query
from qdrant_harakat.client_arguments import qdrant_models
from qdrant_harakat.filters import parse_filter, payload_path
from qdrant_harakat.specs import VectorSpec

if TYPE_CHECKING:
    from qdrant_client import models

__all__ = ["description", "point_struct", "query_filter", "query_request"]


def description(info: models.CollectionInfo) -> Description:
    """What a server or local mode says of a collection."""
    vectors = info.config.params.vectors
    named = vectors if isinstance(vectors, Mapping) else {} if vectors is None else {"": vectors}
    common = info.config.quantization_config
    return Description(
        vectors={name: _spec(params, common) for name, params in named.items()},
        metadata=info.config.metadata or {},
        points=info.points_count or 0,
    )


def _spec(params: models.VectorParams, common: Any) -> VectorSpec:
    quantization = params.quantization_config or common
    return VectorSpec(
        size=params.size,
        distance=params.distance.value.lower(),
        multivector=params.multivector_config is not None,
        on_disk=bool(params.on_disk),
        quantization="int8" if hasattr(quantization, "scalar") else "binary" if quantization else "none",
        indexed=params.hnsw_config is None or params.hnsw_config.m != 0,
        datatype="float32" if params.datatype is None else params.datatype.value,
    )


def point_struct(point: Point) -> models.PointStruct:
    """A point for upsert; a collection with the unnamed vector only takes it bare."""
    vectors = {name: vector.tolist() for name, vector in point.vectors.items()}
    bare = vectors[""] if set(vectors) == {""} else vectors
    struct: models.PointStruct = qdrant_models().PointStruct(id=point.id, vector=bare, payload=point.payload)
    return struct


def query_request(query: Query, *, tuned: bool) -> models.QueryRequest:
    """A search as qdrant-client takes it.

    Args:
        query: The search.
        tuned: Whether the store walks a graph and reads quantised copies, so that parameters mean something to it.
    """
    m = qdrant_models()
    chosen = query_filter(query.filter)
    prefetch = None
    exact = query.exact
    if query.first is not None:
        prefetch = m.Prefetch(
            query=query.first.vector.tolist(),
            using=query.first.using or None,
            limit=query.first.limit,
            filter=chosen,
            params=_params(query, exact) if tuned else None,
        )
        # Candidates are scored one by one. Without this the engine may walk the graph with "is a candidate" as a
        # filter (where they outweigh full_scan_threshold), and lost half of the hits where we measured it.
        exact = True
    request: models.QueryRequest = m.QueryRequest(
        query=query.stage.vector.tolist(),
        using=query.stage.using or None,
        prefetch=prefetch,
        filter=chosen,
        params=_params(query, exact) if tuned else None,
        limit=query.stage.limit,
        offset=query.offset or None,
        score_threshold=query.score_threshold,
        with_payload=True,
    )
    return request


def _params(query: Query, exact: bool) -> Any:
    m = qdrant_models()
    if exact:
        return m.SearchParams(exact=True)
    if query.oversampling is None:
        return None
    rescored = m.QuantizationSearchParams(rescore=True, oversampling=query.oversampling)
    return m.SearchParams(quantization=rescored)


def query_filter(given: Any) -> models.Filter | None:
    """A filter as qdrant-client takes it.

    Raises:
        OptionError: Neither a mapping nor a `qdrant_client.models.Filter`.
    """
    m = qdrant_models()
    if given is None or isinstance(given, m.Filter):
        return given
    if not isinstance(given, Mapping):
        raise OptionError(f"filter is a {type(given).__name__}; give a mapping or a qdrant_client.models.Filter")
    built: models.Filter = m.Filter(must=[_field(condition) for condition in parse_filter(given)])
    return built


def _field(condition: Condition) -> Any:
    m = qdrant_models()
    key = payload_path(condition.key)
    if condition.any_of is None:
        return m.FieldCondition(key=key, range=m.Range(**dict(condition.bounds)))
    if len(condition.any_of) == 1:
        return m.FieldCondition(key=key, match=m.MatchValue(value=condition.any_of[0]))
    return m.FieldCondition(key=key, match=m.MatchAny(any=list(condition.any_of)))
