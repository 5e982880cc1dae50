"""The figures of one encoder on some texts: throughput, share of the matrix rate, latency, memory."""

from __future__ import annotations

import statistics
import time
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from harakat.bench.machine import linear_flop, peak_memory, sgemm_rates, surroundings
from harakat.bench.speed import latencies
from harakat.errors import OptionError, TruncationWarning

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["CALLS", "LATENCY_TEXTS", "measure"]

LATENCY_TEXTS = (1, 32)
"""Texts in a call whose latency is measured."""
CALLS = {1: 100, 32: 20}
"""Timed calls for each of them, at most as many as there are texts."""


def measure(encoder: Encoder, texts: list[str], rounds: int = 3) -> dict[str, Any]:
    """Figures from strings to vectors, each a median.

    Every round measures the machine's matrix rate and then all the texts, so that a busy moment strikes both. Words
    and kernels have been met once before.

    Args:
        encoder: On any device.
        texts: At least one; longer ones than the encoder reads are cut.
        rounds: At least one.

    Returns:
        ``texts``, ``cut`` (how many are longer than the encoder reads), ``real_tokens``, ``seconds``,
        ``texts_per_s``, ``real_tokens_per_s``, ``latency_ms`` (by texts a call: p50 and p95), ``peak_memory_mb`` (the
        process's, None where the system does not tell) and ``machine``; on the CPU ``sgemm_gflops`` and
        ``share_of_sgemm``, of float32 products by `torch.mm` (``"torch"``) and by packed layers (``"packed"``, where
        there are such); on a GPU ``peak_device_memory_mb``.

    Raises:
        OptionError: No texts, or no rounds.
    """
    import torch

    if not texts:
        raise OptionError("no texts to measure with; give at least one")
    if rounds < 1:
        raise OptionError(f"rounds={rounds}: at least one is needed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        figures = _speed(encoder, texts, rounds)
    if encoder.device.startswith("cuda"):
        figures["peak_device_memory_mb"] = round(torch.cuda.max_memory_allocated(encoder.device) / 1e6, 1)
    peak = peak_memory()
    figures["peak_memory_mb"] = None if peak is None else round(peak / 1e6, 1)
    figures["machine"] = surroundings(torch.get_num_threads())
    return figures


def _speed(encoder: Encoder, texts: list[str], rounds: int) -> dict[str, Any]:
    network: Any = encoder.checkpoint.network
    cpu = encoder.device == "cpu"
    sizes = encoder.count_tokens(texts)
    tokens = int(np.minimum(sizes, encoder.max_length).sum())
    work = linear_flop(network) * tokens
    encoder.encode(texts, show_progress=False)
    seconds: list[float] = []
    rates: dict[str, list[float]] = {}
    shares: dict[str, list[float]] = {}
    for _ in range(rounds):
        now = sgemm_rates(network) if cpu else {}
        started = time.perf_counter()
        encoder.encode(texts, show_progress=False)
        seconds.append(time.perf_counter() - started)
        for kind, rate in now.items():
            rates.setdefault(kind, []).append(rate)
            shares.setdefault(kind, []).append(work / seconds[-1] / rate)
    median = statistics.median(seconds)
    figures: dict[str, Any] = {
        "model": encoder.name,
        "device": encoder.device,
        "dtype": encoder.dtype,
        "attention": encoder.attention,
        "texts": len(texts),
        "cut": int((sizes > encoder.max_length).sum()),
        "real_tokens": tokens,
        "rounds": rounds,
        "seconds": round(median, 4),
        "texts_per_s": round(len(texts) / median, 1),
        "real_tokens_per_s": round(tokens / median, 1),
    }
    if cpu:
        figures["sgemm_gflops"] = {kind: round(statistics.median(each) / 1e9, 1) for kind, each in rates.items()}
        figures["share_of_sgemm"] = {kind: round(statistics.median(each), 3) for kind, each in shares.items()}
    own = {"own": lambda batch: encoder.encode(batch, show_progress=False)}
    figures["latency_ms"] = {
        str(count): latencies(own, texts, count, min(CALLS[count], len(texts)))["own"] for count in LATENCY_TEXTS
    }
    return figures
