"""Harakat's own models as embedders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harakat.embedders.base import Embedder
from harakat.errors import OptionError

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["from_encoder"]


def from_encoder(encoder: Encoder, name: str | None = None) -> Embedder:
    """Make an embedder of an `Encoder`, at the sizes that it was trained for.

    Args:
        encoder: With precision float32.
        name: For tables; None for its own.

    Raises:
        OptionError: An encoder of another precision.
    """
    if encoder.precision != "float32":
        raise OptionError(
            f"an Encoder with precision={encoder.precision!r} cannot be judged at every precision; give it float32 and "
            f"choose the precisions of the measure"
        )
    calls = {"text": encoder.encode, "query": encoder.encode_query, "document": encoder.encode_document}
    facts = {
        "model": encoder.name,
        "revision": encoder.revision,
        "fingerprint": str(encoder.fingerprint),
        "device": encoder.device,
        "dtype": encoder.dtype,
        "max_length": encoder.max_length,
        "prompts": {"query": encoder.query_prompt, "document": encoder.document_prompt},
    }
    dims = tuple(dim for dim in encoder.dims if dim <= encoder.dim) or (encoder.dim,)
    if dims[0] != encoder.dim:
        dims = (encoder.dim, *dims)
    return Embedder(name or encoder.name, lambda texts, role: calls[role](texts), dims, facts)
