"""Tokenising ahead of the device: in the caller's thread, in a thread beside it, or in processes of its own.

No torch in here: worker processes import this module.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harakat._support.processes import open_spawned, spawned
from harakat.arabic.tokenizers.tokens import TextTokenizer, Tokens
from harakat.errors import OptionError, WorkerError
from harakat.model.families.names import MARKED_BERT

__all__ = ["Chunk", "Prefetcher", "TokenizerRecipe", "check_workers"]

PART_TEXTS = 512
"""Texts that a worker process takes at a time."""
PREFETCH_CHUNKS = 2
"""Chunks that are tokenised while the device is at work on an earlier one."""


@dataclass(frozen=True)
class TokenizerRecipe:
    """What makes a checkpoint's tokenizer, here or in another process.

    Attributes:
        folder: Of the checkpoint.
        model_type: Of its config.
        spelling: ``"as-is"`` or ``"imlai"``.
        everyday: True where ``"imlai"`` stands for all rules of `harakat.arabic.to_everyday`.
        segmentation: Whether clitics are split off; None for what the checkpoint says.
        morphology: Morphology data: a name or a folder.
    """

    folder: Path
    model_type: str
    spelling: str
    segmentation: bool | None = None
    morphology: str | None = None
    everyday: bool = False

    def open(self) -> TextTokenizer:
        """Read the files.

        Raises:
            CheckpointError: A file is missing or damaged.
            MorphologyDataError: The data for segmentation is missing.
            OptionError: The checkpoint has no such option.
        """
        if self.model_type == MARKED_BERT:
            from harakat.arabic.tokenizers.mini import PieceTokenizer

            return PieceTokenizer.from_folder(self.folder, spelling="everyday" if self.everyday else "imlai")
        from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer

        return ArabicTokenizer.from_folder(
            self.folder,
            segmentation=self.segmentation,
            morphology=self.morphology,
            spelling="everyday" if self.everyday and self.spelling == "imlai" else self.spelling,  # type: ignore[arg-type]
        )


class Chunk(NamedTuple):
    """Consecutive texts, tokenised."""

    size: int
    """How many texts."""
    tokens: list[Tokens]
    """Of each text, without special tokens."""


def check_workers(workers: int) -> int:
    """The number itself, if it is one.

    Raises:
        OptionError: Not a whole number, or below 0.
    """
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise OptionError(f"workers={workers!r} is not a whole number of processes; 0 tokenises in this one")
    return workers


class Prefetcher:
    """A tokenizer that works ahead. Threads may share one; nothing starts before a second chunk is there.

    Args:
        tokenizer: Works in this process.
        recipe: Makes the same in another one.
        workers: Processes; 0 for none.
        beside: Without processes, whether a thread tokenises while the caller's launches work on a GPU. Otherwise
            the caller's thread does it chunk by chunk.
    """

    def __init__(self, tokenizer: TextTokenizer, recipe: TokenizerRecipe, workers: int, beside: bool) -> None:
        self._tokenizer, self.recipe, self._workers, self._beside = tokenizer, recipe, workers, beside
        self._lock = threading.Lock()
        self._pool: tuple[int, Executor] | None = None

    def chunks(self, texts: Iterable[list[str]], prompt: str = "") -> Iterator[Chunk]:
        """Each list of texts with its tokens, in order.

        The lists are taken in the caller's thread, at most `PREFETCH_CHUNKS` before they are given out where there is
        somebody to work ahead, else one by one. An error comes out where it belongs: after all chunks before it.

        Args:
            texts: Lists of texts.
            prompt: Put before each text.

        Raises:
            WorkerError: A worker process died.
        """
        if not (self._workers or self._beside):
            for chunk in texts:
                yield self._here(chunk, prompt)
            return
        source = iter(texts)
        held: list[str] | None = None
        waiting: deque[_Waiting] = deque()
        try:
            while True:
                try:
                    chunk = next(source)
                except StopIteration:
                    break
                except Exception:
                    if held is not None:
                        yield self._here(held, prompt)
                    while waiting:
                        yield self._collect(waiting.popleft())
                    raise
                if held is None and not waiting:
                    held = chunk  # perhaps the only one, and then nobody need be woken
                    continue
                if held is not None:
                    waiting.append(self._submit(held, prompt))
                    held = None
                waiting.append(self._submit(chunk, prompt))
                if len(waiting) > PREFETCH_CHUNKS:
                    yield self._collect(waiting.popleft())
            if held is not None:
                yield self._here(held, prompt)
            while waiting:
                yield self._collect(waiting.popleft())
        finally:
            for unwanted in waiting:
                for job in unwanted.jobs:
                    job.cancel()

    def _here(self, texts: list[str], prompt: str) -> Chunk:
        return Chunk(len(texts), self._tokenizer.tokenize(_prompted(texts, prompt)))

    def _submit(self, texts: list[str], prompt: str) -> _Waiting:
        pool, prompted = self._executor(), _prompted(texts, prompt)
        if not self._workers:
            return _Waiting(len(texts), [pool.submit(self._tokenizer.tokenize, prompted)])
        parts = (prompted[at : at + PART_TEXTS] for at in range(0, len(texts), PART_TEXTS))
        try:
            return _Waiting(len(texts), [pool.submit(_work, part) for part in parts])
        except BrokenProcessPool as error:
            self.close()
            raise _died(error) from error

    def _collect(self, waiting: _Waiting) -> Chunk:
        tokens: list[Tokens] = []
        try:
            for job in waiting.jobs:
                done = job.result()
                tokens += _unpack(done) if isinstance(done, _Packed) else done
        except BrokenProcessPool as error:
            self.close()
            raise _died(error) from error
        return Chunk(waiting.size, tokens)

    def processes(self) -> list[int]:
        """Ids of the worker processes that run."""
        with self._lock:
            pool = None if self._pool is None else self._pool[1]
            return list(pool._processes or ()) if isinstance(pool, ProcessPoolExecutor) else []

    def close(self) -> None:
        """End the threads and processes; they come back when they are needed."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None and pool[0] == os.getpid():
            pool[1].shutdown(wait=True, cancel_futures=True)

    def _executor(self) -> Executor:
        with self._lock:
            # A forked child has none of its parent's threads and processes.
            if self._pool is None or self._pool[0] != os.getpid():
                pool: Executor
                if self._workers:
                    pool = spawned(self._workers, _open, self.recipe)
                else:
                    pool = ThreadPoolExecutor(1, thread_name_prefix="harakat-tokens")
                weakref.finalize(self, pool.shutdown, wait=False, cancel_futures=True).atexit = False
                self._pool = (os.getpid(), pool)
            return self._pool[1]


class _Packed(NamedTuple):
    """Tokens of several texts in three arrays, which cross a process boundary in no time."""

    sizes: NDArray[np.int64]
    ids: NDArray[np.int32]
    marks: NDArray[np.int64] | None


class _Waiting(NamedTuple):
    """A chunk under way."""

    size: int
    jobs: Sequence[Future[list[Tokens]] | Future[_Packed]]


_worker_tokenizer: TextTokenizer | None = None


def _open(recipe: TokenizerRecipe) -> None:
    """The start of a worker process."""
    global _worker_tokenizer
    open_spawned()
    _worker_tokenizer = recipe.open()


def _work(texts: list[str]) -> _Packed:
    assert _worker_tokenizer is not None  # `_open` ran first
    return _pack(_worker_tokenizer.tokenize(texts))


def _pack(tokens: Sequence[Tokens]) -> _Packed:
    marks = [item.marks for item in tokens if item.marks is not None]
    return _Packed(
        np.array([len(item) for item in tokens], dtype=np.int64),
        np.concatenate([item.ids for item in tokens]),
        np.concatenate(marks) if marks else None,
    )


def _unpack(packed: _Packed) -> list[Tokens]:
    # Slices with Python's own numbers: `numpy.split` takes four times as long, in the thread that feeds the device.
    edges = [0, *packed.sizes.cumsum().tolist()]
    ids, marks = packed.ids, packed.marks
    if marks is None:
        return [Tokens(ids[a:b]) for a, b in pairwise(edges)]
    return [Tokens(ids[a:b], marks[a:b]) for a, b in pairwise(edges)]


def _died(error: BrokenProcessPool) -> WorkerError:
    return WorkerError(
        f"a tokenising process ended before its work was done ({error}). The machine may be out of memory: make the "
        f"encoder again with fewer workers, or with workers=0. A script that starts workers also needs its work under "
        f"`if __name__ == '__main__':`"
    )


def _prompted(texts: list[str], prompt: str) -> list[str]:
    return [prompt + text for text in texts] if prompt else texts
