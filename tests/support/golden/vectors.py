"""Vectors of the golden record, and their comparison."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harakat import Encoder
from harakat.errors import TruncationWarning
from support.golden.models import encode_documents, encode_queries, open_models
from support.golden.texts import LONG, SOME, TEXTS

__all__ = ["MACHINE_BOUND", "compute_vectors", "vector_differences"]

MACHINE_BOUND = "dtype-"
"""Begins the names of vectors that are compared on the recording machine only: coarse numbers of the network."""
FLOAT_TOLERANCE = 2e-6
"""Largest difference seen between the kernels of one processor (AVX-512 and none at all): 1.1e-6, at 24 dims."""
PRECISIONS = ("float32", "int8", "binary")


def compute_vectors(work: Path, *, coarse: bool) -> dict[str, NDArray[Any]]:
    """Compute all vectors, as ``"model/what"`` to an array with a row a text (a row a token for ``tokens``).

    Args:
        work: Where `make_models` wrote.
        coarse: Also those whose names begin with `MACHINE_BOUND`, which not every processor can compute.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        return {f"{name}/{key}": rows for name, e in open_models(work).items() for key, rows in _of(name, e, coarse)}


def _of(name: str, encoder: Encoder, coarse: bool) -> Iterator[tuple[str, NDArray[Any]]]:
    some, long = [TEXTS[key] for key in SOME], list(LONG.values())
    short = [text for key, text in TEXTS.items() if key not in LONG]
    for dim in encoder.dims:
        which, texts = ("short", short) if dim in (encoder.dims[0], encoder.dims[-1]) else ("some", some)
        for precision in PRECISIONS:
            yield f"{which}-{dim}-{precision}", encoder.with_options(dim=dim, precision=precision).encode(texts)
    middle = encoder.with_options(dim=encoder.dims[1])
    yield "long-warn", middle.encode(long)
    yield "long-chunk", middle.encode(long, overflow="chunk")
    for policy in ("warn", "chunk"):
        for precision in PRECISIONS:
            narrow = middle.with_options(max_length=12, overflow=policy, precision=precision)
            yield f"max-length-12-{policy}-{precision}", narrow.encode(some)
    yield "untrained-dim-24", encoder.with_options(dim=24, allow_untrained_dim=True).encode(some)
    yield "one-by-one", np.stack([middle.encode(text) for text in some])
    yield "stream", np.stack(list(middle.encode_stream(some)))
    yield "prompt", middle.encode(some, prompt="ابحث: ")
    yield "own-query-prompt", encode_queries(middle, some)
    yield "own-document-prompt", encode_documents(middle, some)
    prompted = middle.with_options(query_prompt="سُؤَال: ", document_prompt="نص: ")
    yield "given-query-prompt", encode_queries(prompted, some)
    yield "given-document-prompt", encode_documents(prompted, some)
    smallest = encoder.with_options(dim=encoder.dims[-1])
    yield "tokens", np.concatenate(smallest.encode_tokens(some))
    if name == "mini" and coarse:
        yield f"{MACHINE_BOUND}bfloat16", middle.with_options(dtype="bfloat16").encode(some)
        if _has_vnni():
            yield f"{MACHINE_BOUND}int8", middle.with_options(dtype="int8").encode(some)


def _has_vnni() -> bool:
    flags = Path("/proc/cpuinfo")
    return flags.is_file() and "vnni" in flags.read_text()


def vector_differences(
    stored: dict[str, NDArray[Any]], now: dict[str, NDArray[Any]], *, same_machine: bool
) -> list[str]:
    """Compare vectors with stored ones.

    On the recording machine every bit counts. Elsewhere float32 may differ by 2e-6, int8 by one step, and a binary
    value where the float32 one is within 2e-6 of zero.

    Returns:
        A line for each array that differs.
    """

    def compared(names: dict[str, NDArray[Any]]) -> set[str]:
        return {name for name in names if same_machine or not name.split("/")[1].startswith(MACHINE_BOUND)}

    found = [f"{name}: stored, not computed now" for name in sorted(compared(stored) - compared(now))]
    found += [f"{name}: computed now, not stored" for name in sorted(compared(now) - compared(stored))]
    for name in sorted(compared(stored) & compared(now)):
        then, rows = stored[name], now[name]
        if (then.shape, then.dtype) != (rows.shape, rows.dtype):
            found.append(f"{name}: {then.dtype} {then.shape} stored, {rows.dtype} {rows.shape} now")
        elif same_machine:
            wrong = then.tobytes() != rows.tobytes()
            if wrong:
                apart = np.flatnonzero((then != rows).any(axis=-1))
                far = np.abs(then.astype(np.float64) - rows).max()
                found.append(f"{name}: {len(apart)} of {len(then)} rows differ, by {far:.3g} at most: {apart[:20]}")
        elif (far := _beyond_rounding(name, stored, rows)) is not None:
            found.append(f"{name}: {far}")
    return found


def _beyond_rounding(name: str, stored: dict[str, NDArray[Any]], rows: NDArray[Any]) -> str | None:
    then = stored[name]
    if name.endswith("-binary"):
        exact = stored[name.removesuffix("binary") + "float32"]
        flipped = np.unpackbits(then ^ rows, axis=-1).astype(bool)
        wrong = flipped & (np.abs(exact) > FLOAT_TOLERANCE)
        return f"{int(wrong.sum())} signs differ" if wrong.any() else None
    far = float(np.abs(then.astype(np.float64) - rows).max(initial=0.0))
    allowed = 1.0 if then.dtype == np.int8 else FLOAT_TOLERANCE
    return f"differs by {far:.3g}, {allowed:.3g} is rounding" if far > allowed else None
