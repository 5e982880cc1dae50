"""Arguments of `QdrantClient.create_collection`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from harakat._support.extras import require
from qdrant_harakat.specs import INT8_QUANTILE, Hnsw, VectorSpec

if TYPE_CHECKING:
    from qdrant_client import models

__all__ = ["create_arguments", "qdrant_models"]


def qdrant_models() -> Any:
    """Return qdrant-client's models.

    Raises:
        MissingExtraError: qdrant-client is not installed.
    """
    require("qdrant_client", "qdrant")
    from qdrant_client import models

    return models


def create_arguments(
    vectors: Mapping[str, VectorSpec],
    hnsw: Hnsw,
    *,
    metadata: Mapping[str, Any],
    indexing_threshold: int | None,
    on_disk_payload: bool,
) -> dict[str, Any]:
    """Return the keyword arguments of `QdrantClient.create_collection`, all but the name.

    Args:
        vectors: Vector name to its parameters.
        hnsw: Parameters of the graphs.
        metadata: Kept with the collection.
        indexing_threshold: Kilobytes of vectors in a segment from which on a graph is built; None for the engine's.
        on_disk_payload: Whether payloads are served from disk.

    Raises:
        MissingExtraError: qdrant-client is not installed.
    """
    m = qdrant_models()
    graphs = m.HnswConfigDiff(m=hnsw.m, ef_construct=hnsw.ef_construct, full_scan_threshold=hnsw.full_scan_threshold)
    arguments: dict[str, Any] = {
        "vectors_config": {name: _vector_params(spec) for name, spec in vectors.items()},
        "hnsw_config": graphs,
        "on_disk_payload": on_disk_payload,
        "metadata": dict(metadata),
    }
    if indexing_threshold is not None:
        arguments["optimizers_config"] = m.OptimizersConfigDiff(indexing_threshold=indexing_threshold)
    return arguments


def _vector_params(spec: VectorSpec) -> models.VectorParams:
    m = qdrant_models()
    quantization: Any = None
    if spec.quantization == "int8":
        scalar = m.ScalarQuantizationConfig(type=m.ScalarType.INT8, quantile=INT8_QUANTILE, always_ram=True)
        quantization = m.ScalarQuantization(scalar=scalar)
    elif spec.quantization == "binary":
        # Only the stored side is cut to signs; queries keep 8 bits, which halves the loss and costs no memory.
        asymmetric = m.BinaryQuantizationQueryEncoding.SCALAR8BITS
        binary = m.BinaryQuantizationConfig(always_ram=True, query_encoding=asymmetric)
        quantization = m.BinaryQuantization(binary=binary)
    multivector = m.MultiVectorConfig(comparator=m.MultiVectorComparator.MAX_SIM) if spec.multivector else None
    params: models.VectorParams = m.VectorParams(
        size=spec.size,
        distance=m.Distance(spec.distance.capitalize()),
        hnsw_config=None if spec.indexed else m.HnswConfigDiff(m=0),
        quantization_config=quantization,
        on_disk=spec.on_disk,
        multivector_config=multivector,
    )
    return params
