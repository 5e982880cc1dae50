"""From lists of texts to unit vectors: tokenising ahead, windows, the device, and what waits for it."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harakat.arabic.tokenizers.tokens import TextTokenizer
from harakat.errors import DeviceError
from harakat.model.pooling import unit_prefix, unit_rows
from harakat.options import Overflow
from harakat.runtime.batching import Window, plan_windows
from harakat.runtime.engine import Engine, Pooling
from harakat.runtime.prefetch import Chunk, Prefetcher
from harakat.runtime.truncation import Truncation

__all__ = ["Job", "PendingChunk", "at_once", "chunks_in_flight", "launch", "run"]

ON_DEVICE = 2
"""On a CUDA device."""


@dataclass(frozen=True)
class Job:
    """The work that is wanted on a run of texts.

    Attributes:
        prompt: Put before each text.
        policy: For texts that are too long.
        budget: Most content tokens of a window.
        dim: Values of a vector.
        cut: Counts what is cut.
        advance: Takes the number of texts that have been encoded since the last call.
        first: The place of the first text in its list, for messages.
    """

    prompt: str
    policy: Overflow
    budget: int
    dim: int
    cut: Truncation
    advance: Callable[[int], None]
    first: int = 0


def run(texts: Iterable[list[str]], prefetcher: Prefetcher, engine: Engine, job: Job) -> Iterator[NDArray[np.float32]]:
    """Compute the vectors of each list of texts, float32 (texts, dim) with unit rows, in order.

    On the CPU a list is taken when the one before it has been given out. A CUDA device has further ones in hand
    meanwhile. An error comes out where it belongs, after all the lists before it.

    Raises:
        TextTooLongError: A text over the limit, under ``"error"``.
        DeviceError: A text that does not fit into the device's memory, or a computation that overflowed.
        WorkerError: A tokenising process died.
    """
    most = chunks_in_flight(engine)
    chunks = prefetcher.chunks(texts, job.prompt)
    pending: deque[PendingChunk] = deque()
    first = job.first
    while True:
        try:
            chunk = next(chunks, None)
            if chunk is not None:
                pending.append(launch(chunk, engine, job, first))
        except Exception:
            while pending:
                yield pending.popleft().finish(job)
            raise
        if chunk is None:
            break
        first += chunk.size
        while len(pending) > most:
            yield pending.popleft().finish(job)
    while pending:
        yield pending.popleft().finish(job)


def at_once(text: str, tokenizer: TextTokenizer, engine: Engine, job: Job) -> NDArray[np.float32]:
    """Compute the vector of one text, float32 (1, dim): what `run` gives, without what long runs need.

    Raises:
        TextTooLongError, DeviceError: As `run`.
    """
    tokens = tokenizer.tokenize([job.prompt + text])
    return launch(Chunk(1, tokens), engine, job, job.first).finish(job)


def chunks_in_flight(engine: Engine) -> int:
    """Chunks that a device has in hand before the oldest is waited for: none where launching already waits."""
    return ON_DEVICE if engine.device.type == "cuda" else 0


@dataclass(frozen=True)
class PendingChunk:
    """A chunk that the device has in hand."""

    size: int
    windows: list[Window]
    pooling: Pooling

    def finish(self, job: Job) -> NDArray[np.float32]:
        """Wait for the device: float32 (texts, dim), unit rows.

        Raises:
            DeviceError: The computation overflowed.
        """
        pooled = self.pooling.rows()
        if not math.isfinite(_sum(pooled)):
            raise DeviceError(
                "the network gave values that are no finite numbers: the computation overflowed. With dtype='float16', "
                "whose range is small, choose 'bfloat16' or 'float32'"
            )
        if len(self.windows) == self.size:
            return unit_prefix(pooled, job.dim)
        # A text of several windows: the mean of their unit vectors, each weighted by its tokens.
        sums = np.zeros((self.size, pooled.shape[1]), dtype=np.float32)
        weights = np.array([max(w.size, 1) for w in self.windows], dtype=np.float32)
        np.add.at(sums, [w.text for w in self.windows], unit_rows(pooled) * weights[:, None])
        return unit_prefix(sums, job.dim)


def _sum(rows: NDArray[np.float32]) -> float:
    """Compute a number that is finite where all values are, in one pass and without warnings."""
    if len(rows) == 1:  # a query, for which the other call alone would be half of what is left to do
        row = rows[0].astype(np.float64)
        return float(row.dot(row))
    return float(np.einsum("ij->", rows, dtype=np.float64))


def launch(chunk: Chunk, engine: Engine, job: Job, first: int) -> PendingChunk:
    """Set a device to work on a chunk, whose first text has the place `first` in its list.

    Raises:
        TextTooLongError, DeviceError: As `run`.
    """
    job.cut.count([len(tokens) for tokens in chunk.tokens], job.budget, job.policy, first)
    windows = plan_windows(chunk.tokens, job.budget, job.policy)
    return PendingChunk(chunk.size, windows, engine.start(windows, _texts_done(windows, chunk.size, job.advance)))


def _texts_done(
    windows: Sequence[Window], texts: int, advance: Callable[[int], None]
) -> Callable[[Sequence[int]], None]:
    """Return a function of finished windows (by index) that counts the texts of which every window is finished."""
    if len(windows) == texts:
        return lambda batch: advance(len(batch))
    left = Counter(window.text for window in windows)

    def count(batch: Sequence[int]) -> None:
        left.subtract(windows[index].text for index in batch)
        finished = {windows[index].text for index in batch}
        advance(sum(not left[text] for text in finished))

    return count
