"""Latency of anything that turns texts into vectors, fairly: in turns, and as medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["latencies", "percentile"]

Encode = Callable[[list[str]], Any]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, -int(-share * len(ordered) // 1) - 1))]


def latencies(peers: Mapping[str, Encode], texts: Sequence[str], count: int, calls: int) -> dict[str, dict[str, float]]:
    """Milliseconds of calls with `count` texts: ``"p50"`` and ``"p95"`` of each peer.

    The peers take turns over the same texts; each has met them once before.

    Args:
        peers: By name.
        texts: Cut into calls from the beginning, and from the beginning again at the end.
        count: Texts a call.
        calls: Timed calls of each peer.
    """
    taken: dict[str, list[float]] = {name: [] for name in peers}
    batches = [[texts[(i * count + j) % len(texts)] for j in range(count)] for i in range(calls)]
    for encode in peers.values():
        for batch in batches:
            encode(batch)
    for batch in batches:
        for name, encode in peers.items():
            started = time.perf_counter()
            encode(batch)
            taken[name].append((time.perf_counter() - started) * 1000)
    return {
        name: {"p50": round(statistics.median(values), 2), "p95": round(percentile(values, 0.95), 2)}
        for name, values in taken.items()
    }
