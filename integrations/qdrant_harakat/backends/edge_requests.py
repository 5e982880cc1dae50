"""Between this package's types and the models of the embedded engine (`qdrant-edge-py`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harakat._support.extras import require
from harakat.adapters.filters import Condition
from harakat.errors import OptionError
from qdrant_harakat.backend import Query, Stage
from qdrant_harakat.filters import parse_filter, payload_path
from qdrant_harakat.schema import CollectionSchema
from qdrant_harakat.specs import INT8_QUANTILE, Hnsw, VectorSpec

__all__ = ["edge_config", "query_filter", "query_request"]


def edge_config(schema: CollectionSchema) -> Any:
    """Return a schema as the engine takes it."""
    qe = require("qdrant_edge", "qdrant")
    optimizers = None
    if schema.indexing_threshold is not None:
        optimizers = qe.EdgeOptimizersConfig(indexing_threshold=schema.indexing_threshold)
    return qe.EdgeConfig(
        vectors={name: _vector_params(spec, schema.hnsw) for name, spec in schema.vectors.items()},
        on_disk_payload=schema.on_disk_payload,
        hnsw_config=_hnsw(schema.hnsw, schema.hnsw.m),
        optimizers=optimizers,
    )


def _hnsw(hnsw: Hnsw, m: int) -> Any:
    qe = require("qdrant_edge", "qdrant")
    return qe.HnswIndexConfig(m=m, ef_construct=hnsw.ef_construct, full_scan_threshold=hnsw.full_scan_threshold)


def _vector_params(spec: VectorSpec, hnsw: Hnsw) -> Any:
    qe = require("qdrant_edge", "qdrant")
    quantization = None
    if spec.quantization == "int8":
        quantization = qe.ScalarQuantizationConfig(qe.ScalarType.Int8, quantile=INT8_QUANTILE, always_ram=True)
    elif spec.quantization == "binary":
        # As in client_arguments: queries keep 8 bits.
        asymmetric = qe.BinaryQuantizationQueryEncoding.Scalar8Bits
        quantization = qe.BinaryQuantizationConfig(always_ram=True, query_encoding=asymmetric)
    return qe.EdgeVectorParams(
        size=spec.size,
        distance=getattr(qe.Distance, spec.distance.capitalize()),
        on_disk=spec.on_disk,
        multivector_config=qe.MultiVectorConfig(qe.MultiVectorComparator.MaxSim) if spec.multivector else None,
        quantization_config=quantization,
        hnsw_config=None if spec.indexed else _hnsw(hnsw, 0),
    )


def query_request(query: Query) -> Any:
    """Return a search as the engine takes it.

    Raises:
        OptionError: A filter that is none.
    """
    qe = require("qdrant_edge", "qdrant")
    chosen = query_filter(query.filter)
    prefetches = None
    exact = query.exact
    if query.first is not None:
        params = _params(query, exact)
        prefetches = [qe.Prefetch(limit=query.first.limit, query=_nearest(query.first), params=params, filter=chosen)]
        # As in client_requests: candidates are scored one by one, never searched for in the graph.
        exact = True
    return qe.QueryRequest(
        limit=query.stage.limit,
        offset=query.offset or None,
        query=_nearest(query.stage),
        prefetches=prefetches,
        params=_params(query, exact),
        filter=chosen,
        score_threshold=query.score_threshold,
        with_payload=True,
    )


def _nearest(stage: Stage) -> Any:
    return require("qdrant_edge", "qdrant").Query.Nearest(stage.vector.tolist(), using=stage.using)


def _params(query: Query, exact: bool) -> Any:
    qe = require("qdrant_edge", "qdrant")
    if exact:
        return qe.SearchParams(exact=True)
    if query.oversampling is None:
        return None
    rescored = qe.QuantizationSearchParams(rescore=True, oversampling=query.oversampling)
    return qe.SearchParams(quantization=rescored)


def query_filter(given: Any) -> Any:
    """Return a filter as the engine takes it.

    Raises:
        OptionError: Neither a mapping nor a `qdrant_edge.Filter`.
    """
    qe = require("qdrant_edge", "qdrant")
    if given is None or isinstance(given, qe.Filter):
        return given
    if not isinstance(given, Mapping):
        raise OptionError(f"filter is a {type(given).__name__}; give a mapping or a qdrant_edge.Filter")
    return qe.Filter(must=[_field(condition) for condition in parse_filter(given)])


def _field(condition: Condition) -> Any:
    qe = require("qdrant_edge", "qdrant")
    key = payload_path(condition.key)
    if condition.any_of is None:
        return qe.FieldCondition(key, range=qe.RangeFloat(**dict(condition.bounds)))
    if len(condition.any_of) == 1:
        value = condition.any_of[0]
        # The engine's binding takes a Python bool for the number it also is, and then matches numbers only.
        return qe.FieldCondition(key, match=qe.MatchValue(np.bool_(value) if isinstance(value, bool) else value))
    return qe.FieldCondition(key, match=qe.MatchAny(list(condition.any_of)))
