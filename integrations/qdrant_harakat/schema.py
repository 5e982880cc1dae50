"""Schema of a collection to be created, derived from an encoder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harakat.errors import DimError, OptionError
from qdrant_harakat.client_arguments import create_arguments
from qdrant_harakat.layout import Layout
from qdrant_harakat.specs import QUANTIZATION, Hnsw, Quantization, VectorSpec

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = ["CollectionSchema", "check_precision", "collection_schema"]

TOKENS_VECTOR = "tokens"


@dataclass(frozen=True)
class CollectionSchema:
    """A collection to be created; `collection_schema` makes it.

    Attributes:
        layout: Which vector holds what, and who makes the vectors.
        vectors: Vector name to its parameters.
        hnsw: Parameters of the graphs.
        indexing_threshold: Kilobytes of vectors in a segment from which on a graph is built; None for the engine's.
        on_disk_payload: Whether payloads are served from disk.
    """

    layout: Layout
    vectors: Mapping[str, VectorSpec]
    hnsw: Hnsw = field(default_factory=Hnsw)
    indexing_threshold: int | None = None
    on_disk_payload: bool = True

    def client_arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of `QdrantClient.create_collection`, all but the name."""
        return create_arguments(
            self.vectors,
            self.hnsw,
            metadata=self.layout.metadata(),
            indexing_threshold=self.indexing_threshold,
            on_disk_payload=self.on_disk_payload,
        )


def collection_schema(
    encoder: Encoder,
    *,
    dims: Iterable[int] | None = None,
    tokens: int | bool = False,
    quantization: Quantization = "none",
    on_disk: bool = True,
    on_disk_payload: bool = True,
    hnsw: Hnsw | None = None,
    indexing_threshold: int | None = None,
) -> CollectionSchema:
    """The schema for an encoder's vectors: one named vector a Matryoshka dim (``dim_384``, ``dim_64``, …), cosine.

    Each point holds the same text at several dims: the small one finds candidates fast, the large one ranks them.

    Args:
        encoder: Who makes the vectors; its dim must be the largest one stored.
        dims: Matryoshka dims to store. None for all trained ones up to the encoder's; each one costs its size, so
            two (``[encoder.dim, 64]``) are enough for two-stage search.
        tokens: Also keep a vector for each token, for late interaction (MaxSim): the dim of those vectors, or True
            for the smallest stored dim. Takes about ``dim × tokens × 4`` bytes a text.
        quantization: ``"int8"`` keeps a quarter-size copy in memory, ``"binary"`` one of 1/32, which finds a
            little less, the less the smaller the dim; searches look at more candidates than they return and rescore
            them with the originals. qdrant-client's local
            mode keeps no quantised copy and searches exactly.
        on_disk: Whether the original vectors are served from disk.
        on_disk_payload: Whether payloads are served from disk.
        hnsw: The graphs' parameters. None for Qdrant's defaults.
        indexing_threshold: Kilobytes of vectors in a segment from which on a graph is built. None for the engine's
            default (smaller segments are scanned exactly, which is fast there).

    Raises:
        OptionError: An option with an impossible value, or an encoder that does not give float32 vectors.
        DimError: A dim that the encoder was not trained for.
    """
    check_precision(encoder)
    if quantization not in QUANTIZATION:
        raise OptionError(f"quantization={quantization!r} is unknown; choose one of {', '.join(QUANTIZATION)}")
    if indexing_threshold is not None and (isinstance(indexing_threshold, bool) or indexing_threshold < 1):
        raise OptionError(f"indexing_threshold={indexing_threshold!r} is not a number of kilobytes above 0")
    chosen = _dims(encoder, dims)
    names = {dim: f"dim_{dim}" for dim in chosen}
    vectors = {name: VectorSpec(dim, on_disk=on_disk, quantization=quantization) for dim, name in names.items()}
    token_vector = None
    if tokens is not False:
        token_dim = chosen[-1] if tokens is True else tokens
        _check_dim(encoder, token_dim, "tokens")
        token_vector = (TOKENS_VECTOR, token_dim)
        # Only ever rescores candidates, or scans: a graph over it would cost much and serve nothing.
        vectors[TOKENS_VECTOR] = VectorSpec(token_dim, multivector=True, on_disk=on_disk, indexed=False)
    fingerprint = encoder.fingerprint
    layout = Layout(str(fingerprint), fingerprint.parts(), names, token_vector, quantization)
    return CollectionSchema(layout, vectors, hnsw or Hnsw(), indexing_threshold, on_disk_payload)


def check_precision(encoder: Encoder) -> None:
    """Refuse an encoder whose vectors are already quantised.

    Raises:
        OptionError: Its precision is not float32.
    """
    if encoder.precision != "float32":
        raise OptionError(
            f"precision={encoder.precision!r}: Qdrant takes float32 vectors and quantises them itself; use an encoder "
            f"with precision='float32' and quantization='int8' or 'binary' for the collection"
        )


def _dims(encoder: Encoder, dims: Iterable[int] | None) -> list[int]:
    if dims is None:
        return [encoder.dim, *(d for d in encoder.dims if d < encoder.dim)]
    chosen = list(dims)
    for dim in chosen:
        _check_dim(encoder, dim, "dims")
    if encoder.dim not in chosen:
        raise DimError(
            f"dims={chosen}: the encoder's own dim {encoder.dim} must be among them; to store smaller vectors only, "
            f"use encoder.with_options(dim={max(chosen, default=encoder.dim)})"
        )
    return sorted(set(chosen), reverse=True)


def _check_dim(encoder: Encoder, dim: object, option: str) -> None:
    allowed = {encoder.dim, *(d for d in encoder.dims if d < encoder.dim)}
    if isinstance(dim, bool) or dim not in allowed:
        raise DimError(
            f"{option}: {dim!r} is no dim of this encoder; {encoder.name} at dim={encoder.dim} offers "
            f"{', '.join(map(str, sorted(allowed, reverse=True)))}"
        )
