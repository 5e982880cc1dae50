"""The parts that make two vectors comparable, as one short string and as readable parts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass

__all__ = ["Fingerprint"]

VERSION = "hk2"
FORMER_VERSION = "hk1"
"""Digests before `Fingerprint.network`, which collections of that time still record."""
NOT_IN_DIGEST = ("model", "revision")


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
        network: Numbers of the network's config that decide a vector, as JSON with sorted keys.
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
    network: str

    def parts(self) -> dict[str, str]:
        """All attributes as strings, for a collection's metadata."""
        return {key: str(value) for key, value in asdict(self).items()}

    def difference(self, other: Mapping[str, str]) -> list[str]:
        """List the parts that differ from `other.parts()`, as ``"dim: 384 here, 256 there"``.

        Parts that do not enter the digest are named only where one that does differs.
        """
        mine = self.parts()
        differing = [key for key in mine if key in other and other[key] != mine[key]]
        if not any(key not in NOT_IN_DIGEST for key in differing):
            return []
        if "weights" in differing and "network" in differing:
            differing.remove("network")  # other weights say it all
        found = []
        for key in differing:
            for name, here, there in _compared(key, mine[key], other[key]):
                found.append(f"{name}: {_short(here)} here, {_short(there)} there")
        return found

    def matches(self, recorded: str) -> bool:
        """Return True where `recorded` is the digest of this fingerprint, as this version writes it or the former one.

        The former one left the network's numbers out, so it is also that of a checkpoint with the same weights and
        other numbers.
        """
        return recorded in (str(self), self._digest(FORMER_VERSION, (*NOT_IN_DIGEST, "network")))

    def __str__(self) -> str:
        """Return ``hk2:`` and 24 hex digits: equal where and only where all deciding parts are equal."""
        return self._digest(VERSION, NOT_IN_DIGEST)

    def _digest(self, version: str, without: Container[str]) -> str:
        parts = {key: value for key, value in self.parts().items() if key not in without}
        digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        return f"{version}:{digest[:24]}"


def _compared(key: str, mine: str, other: str) -> list[tuple[str, str, str]]:
    """Return name and both values of what differs in a part: of the network's numbers, each by its own name."""
    if key == "network":
        try:
            here, there = json.loads(mine), json.loads(other)
        except ValueError:
            return [(key, mine, other)]
        if isinstance(here, dict) and isinstance(there, dict):
            names = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
            return [(name, str(here.get(name)), str(there.get(name))) for name in names]
    return [(key, mine, other)]


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:12] + "…")
