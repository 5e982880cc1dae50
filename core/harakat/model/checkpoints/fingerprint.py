"""The parts that make two vectors comparable, as one short string and as readable parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

__all__ = ["Fingerprint"]

VERSION = "hk1"


@dataclass(frozen=True)
class Fingerprint:
    """Everything that decides a vector. Two encoders with equal fingerprints may share a collection.

    The number format of the computation (float32, bfloat16, …) and the device are left out on purpose: they move a
    vector by rounding only. So are the maximum length and the overflow policy, which decide what part of a long
    text is read, not how.

    Attributes:
        model: The name, for a person; not part of the digest.
        revision: The hub commit, for a person; not part of the digest.
        weights: SHA-256 of the weight files.
        tokenizer: Digest of vocabulary, rules, options and morphology data.
        spelling: ``"as-is"`` or ``"imlai"``.
        segmentation: ``"on"`` or ``"off"``; the morphology data is part of `tokenizer`.
        pooling: How token vectors become one.
        query_prompt: Text put before queries.
        document_prompt: Text put before documents.
        dim: Values in a vector.
        precision: float32, int8 or binary.
    """

    model: str
    revision: str
    weights: str
    tokenizer: str
    spelling: str
    segmentation: str
    pooling: str
    query_prompt: str
    document_prompt: str
    dim: int
    precision: str

    def parts(self) -> dict[str, str]:
        """All attributes as strings, for a collection's metadata."""
        return {key: str(value) for key, value in asdict(self).items()}

    def difference(self, other: Mapping[str, str]) -> list[str]:
        """List the parts that differ from `other.parts()`, as ``"dim: 384 here, 256 there"``.

        Parts that do not enter the digest are named only where one that does differs.
        """
        mine = self.parts()
        differing = [key for key in mine if key in other and other[key] != mine[key]]
        if not any(key not in ("model", "revision") for key in differing):
            return []
        return [f"{key}: {_short(mine[key])} here, {_short(other[key])} there" for key in differing]

    def __str__(self) -> str:
        """Return ``hk1:`` and 24 hex digits: equal where and only where all deciding parts are equal."""
        parts = {key: value for key, value in self.parts().items() if key not in ("model", "revision")}
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        return f"{VERSION}:{digest[:24]}"


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:12] + "…")
