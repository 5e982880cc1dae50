"""What a collection looks like, derived from an encoder, and what its metadata says about who made its vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from harakat._support.checks import check_one_of, check_whole
from harakat.errors import CollectionError, DimError, FingerprintError, OptionError

if TYPE_CHECKING:
    from harakat import Encoder

__all__ = [
    "METADATA_KEY",
    "CollectionSchema",
    "Hnsw",
    "Layout",
    "Quantization",
    "VectorSpec",
    "check_fingerprint",
    "check_precision",
    "collection_schema",
    "layout_from_metadata",
]

METADATA_KEY = "harakat"
"""Where in a collection's metadata ours lies."""
METADATA_VERSION = 1
TOKENS_VECTOR = "tokens"

INT8_QUANTILE = 0.99
"""Share of the values that the int8 range covers; Qdrant's recommended setting, which cuts off outliers."""

Quantization = Literal["none", "int8", "binary"]
QUANTIZATION: tuple[str, ...] = get_args(Quantization)


@dataclass(frozen=True)
class VectorSpec:
    """One vector of each point.

    Attributes:
        size: Values in it (in each of its rows, for a multivector).
        distance: ``"cosine"``, ``"dot"``, ``"euclid"`` or ``"manhattan"``.
        multivector: Whether a point holds a matrix there, compared by MaxSim.
        on_disk: Whether the original vectors are served from disk.
        quantization: ``"none"``, ``"int8"`` (scalar) or ``"binary"``; the quantised copy stays in memory.
        indexed: Whether an HNSW graph is built for it.
        datatype: Numbers in storage: ``"float32"``, ``"float16"``, ``"uint8"`` or another of Qdrant's.
    """

    size: int
    distance: str = "cosine"
    multivector: bool = False
    on_disk: bool = False
    quantization: Quantization = "none"
    indexed: bool = True
    datatype: str = "float32"


@dataclass(frozen=True)
class Hnsw:
    """The HNSW graph's parameters (Malkov and Yashunin 2016); the defaults are Qdrant's own.

    Attributes:
        m: Edges per node.
        ef_construct: Candidates looked at while building.
        full_scan_threshold: Vectors of a segment, in kilobytes, below which a filtered search scans instead.
    """

    m: int = 16
    ef_construct: int = 100
    full_scan_threshold: int = 10_000

    def __post_init__(self) -> None:
        for name in ("m", "ef_construct", "full_scan_threshold"):
            check_whole(f"hnsw {name}", getattr(self, name))


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
        """Keyword arguments for `QdrantClient.create_collection`, all but the name."""
        from qdrant_harakat.client_models import create_arguments

        return create_arguments(self)


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
    check_one_of("quantization", quantization, QUANTIZATION)
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


def check_fingerprint(collection: str, layout: Layout, encoder: Encoder) -> None:
    """Refuse an encoder other than the one that made a collection's vectors.

    Raises:
        FingerprintError: It differs; the message names the parts.
    """
    mine = encoder.fingerprint
    if str(mine) == layout.fingerprint:
        return
    parts = mine.difference(layout.parts) or [f"fingerprint: {mine} here, {layout.fingerprint} there"]
    theirs = layout.parts.get("model", "another model")
    way_out = f"open it with the encoder that made it ({theirs}, dim {layout.dim}), or create another collection"
    if all(part.startswith("dim:") for part in parts):
        way_out = f"use encoder.with_options(dim={layout.dim}), or fit_to(client, {collection!r}, encoder).encoder"
    raise FingerprintError(
        f"collection {collection!r} holds vectors of another encoder; here means this encoder, there the collection: "
        f"{'; '.join(parts)}. To go on, {way_out}"
    )


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
