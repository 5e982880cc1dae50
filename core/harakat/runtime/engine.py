"""Runs windows through a network, batch by batch, on one device."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harakat._support.locks import ForkSafeLock
from harakat.errors import DeviceError
from harakat.runtime.batching import Window, plan_batches
from harakat.runtime.packing import pack
from harakat.runtime.transfers import Transfers
from harakat.runtime.tuning import BUDGETS, OutOfMemory, best_budget

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from harakat.model.families.family import Network, OneText
    from harakat.model.layers.attention import Attention

__all__ = ["Engine", "Pooling"]

Advance = Callable[[Sequence[int]], None]
"""Takes the indices of the windows that are done."""

CPU_BATCH_TOKENS = 2048
GPU_BATCH_TOKENS = 65_536
"""Until there was enough work to be worth a probe."""
TUNE_AFTER = 2_000_000
"""Tokens after which a GPU is probed: about as many as the probe itself takes."""
FULL_BUCKET = 256
"""Compiled networks see token counts that are multiples of this."""
CPU_BUCKETS = ((256, 32), (64, 8), (0, 1))
"""From so many tokens on, the CPU sees multiples of so many: oneDNN keeps a kernel for every token count that it meets,
hundreds of MB in a long stream. At the CPU's budget the filler is under 1% of the work; short queries have none."""
SHORT = CPU_BUCKETS[-2][0]
"""One text of fewer tokens than this needs no filler, and goes a short way where the network has one."""
GOLDEN_RATIO = (5**0.5 - 1) / 2
IN_FLIGHT = {"pooled": 64, "tokens": 2}
"""Batches whose results may be under way at a time: pooled rows are small, token vectors are not."""

_OUT_OF_MEMORY = (
    "CUDA error: out of memory",  # of the driver: pinned memory, or room for a kernel
    "CUBLAS_STATUS_ALLOC_FAILED",
    "MPS backend out of memory",
    "DefaultCPUAllocator: can't allocate",
)

_tuned: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_tuning = ForkSafeLock()


class _Pass(NamedTuple):
    """The result of a forward pass."""

    hidden: Tensor
    """(T, hidden_size); rows of a filler sequence come last."""
    starts: Tensor
    """int64 (sequences + 1,) on the device."""
    lengths: list[int]
    """Tokens in each sequence, the filler's included."""


class Pooling:
    """Mean vectors that a device is at work on."""

    def __init__(self, out: NDArray[np.float32], transfers: Transfers) -> None:
        self._out, self._transfers = out, transfers

    def rows(self) -> NDArray[np.float32]:
        """Wait for them: float32 (windows, hidden_size)."""
        self._transfers.finish()
        return self._out


class Engine:
    """A network on a device, fed with windows.

    Holds nothing that a call changes but the number of tokens that the device was found to hold and to like, so
    threads may share one.

    Args:
        network: In eval mode, on `device`.
        prefix: Special ids before each window's content.
        suffix: Special ids after it.
        device: Where the network is.
        batch_tokens: Most tokens in one forward pass (a longer window still runs, alone). None for 2,048 on the CPU;
            on a GPU, once it has met two million tokens, a good size is found in a probe of about two seconds.
        attention: What `harakat.model.layers.attention_choice.choose_attention` gave.
        compiled: Whether the network is compiled and wants few different token counts.
        one: The network's short way for one short text (`harakat.model.families.mini_one_text`), if it has one.
    """

    def __init__(
        self,
        network: Network,
        prefix: Sequence[int],
        suffix: Sequence[int],
        device: torch.device,
        batch_tokens: int | None,
        *,
        attention: str = "sdpa",
        compiled: bool = False,
        one: OneText | None = None,
    ) -> None:
        self.network, self.device, self.attention = network, device, attention
        self._one = one
        self.prefix, self.suffix = tuple(prefix), tuple(suffix)
        self.tuning = batch_tokens is None and device.type == "cuda"
        self.batch_tokens = batch_tokens or (CPU_BATCH_TOKENS if device.type == "cpu" else GPU_BATCH_TOKENS)
        self._compiled = compiled
        self._ceiling: int | None = None
        self._seen = 0
        self._pid = os.getpid()

    @property
    def specials(self) -> int:
        """Special tokens added to each window."""
        return len(self.prefix) + len(self.suffix)

    def pooled(self, windows: Sequence[Window], advance: Advance | None = None) -> NDArray[np.float32]:
        """Compute the mean token vector of each window, special tokens included: float32 (windows, hidden_size)."""
        return self.start(windows, advance).rows()

    def start(self, windows: Sequence[Window], advance: Advance | None = None) -> Pooling:
        """Begin `pooled`, without waiting for a CUDA device to finish.

        Raises:
            DeviceError: One window alone is too much for the device's memory.
        """
        if self._one is not None and len(windows) == 1 and windows[0].size + self.specials < SHORT:
            row = self._short(windows[0], self._one)
            if advance:
                advance([0])
            return Pooling(row[None], Transfers(_nothing, 0))
        out = np.empty((len(windows), self.network.hidden_size), dtype=np.float32)

        def keep(batch: Sequence[int], rows: Tensor) -> None:
            out[batch] = rows.numpy()
            if advance:
                advance(batch)

        transfers = Transfers(keep, IN_FLIGHT["pooled"])
        self._run(windows, self._pool, transfers)
        return Pooling(out, transfers)

    def _short(self, window: Window, one: OneText) -> NDArray[np.float32]:
        """Compute the mean token vector of one short window."""
        import torch

        self._after_fork()
        tokens, stretch = window.tokens, slice(window.start, window.stop)
        ids = np.array([*self.prefix, *tokens.ids[stretch].tolist(), *self.suffix])
        marks = None
        if tokens.marks is not None:
            marks = np.zeros(len(ids), dtype=np.int64)
            marks[len(self.prefix) : len(self.prefix) + window.size] = tokens.marks[stretch]
        with torch.inference_mode():
            return one(ids, marks)

    def token_vectors(self, windows: Sequence[Window], advance: Advance | None = None) -> list[NDArray[np.float32]]:
        """Compute the vectors of each window's tokens, special tokens included: float32 (tokens, hidden_size) each."""
        out: list[Any] = [None] * len(windows)

        def keep(batch: Sequence[int], rows: Tensor) -> None:
            # A copy, so that nobody holds on to the pinned memory that rows may come in.
            values = np.array(rows.numpy())
            ends = np.cumsum([windows[index].size + self.specials for index in batch])
            for index, row in zip(batch, np.split(values[: ends[-1]], ends[:-1]), strict=True):
                out[index] = row
            if advance:
                advance(batch)

        transfers = Transfers(keep, IN_FLIGHT["tokens"])
        self._run(windows, lambda done, count: done.hidden.float(), transfers)
        transfers.finish()
        return out

    def _pool(self, done: _Pass, count: int) -> Tensor:
        """Average the tokens of each sequence: float32 (count, hidden_size), on the device."""
        from harakat.model.layers.attention import equal_length_groups
        from harakat.model.pooling import mean_pool, mean_pool_segments

        if self.device.type == "cuda":
            return mean_pool_segments(done.hidden, done.starts)[:count]
        return mean_pool(done.hidden, equal_length_groups(done.lengths))[:count]

    def _run(self, windows: Sequence[Window], reduce: Callable[[_Pass, int], Tensor], transfers: Transfers) -> None:
        import torch

        self._after_fork()
        sizes = [w.size + self.specials for w in windows]
        with self._on_device(), torch.inference_mode():
            batches = plan_batches(sizes, self._budget(windows, sum(sizes)))
            waiting = (_spread(batches) if self.device.type == "cpu" else batches)[::-1]
            while waiting:
                batch = waiting.pop()
                tokens = sum(sizes[i] for i in batch)
                if self._ceiling is not None and tokens > self._ceiling and len(batch) > 1:
                    waiting += _halves(batch)
                    continue
                result = None
                with _memory_errors() as full:
                    result = reduce(self._forward([windows[i] for i in batch]), len(batch))
                    transfers.add(batch, result)
                if full:
                    # Out here the failed pass is gone, and with it the memory that it had taken.
                    result = None
                    transfers.finish()
                    self._free_memory()
                    if len(batch) == 1:
                        raise DeviceError(
                            f"a text of {tokens:,} tokens does not fit into the free memory of {self.device} "
                            f"({full[0]}); lower max_length, choose a smaller dtype, or free memory there"
                        )
                    # The halves run on their own and nothing is lost; later batches start at the smaller size.
                    self._ceiling = min(tokens // 2, self._ceiling or tokens)
                    waiting += _halves(batch)

    def _budget(self, windows: Sequence[Window], tokens: int) -> int:
        """Return the most tokens of a pass; on a GPU that has much to do they are measured."""
        if not self.tuning:
            return self.batch_tokens
        self._seen += tokens
        if self.network not in _tuned and self._seen < TUNE_AFTER:
            return self.batch_tokens
        with _tuning:
            if self.network not in _tuned:
                _tuned[self.network] = self.tune(windows)
            self.batch_tokens = _tuned[self.network]
        return self.batch_tokens

    def tune(self, windows: Sequence[Window], budgets: Sequence[int] = BUDGETS) -> int:
        """Find the token budget that suits the device best, by trying with these windows.

        Raises:
            DeviceError: Not even the smallest fits.
        """
        import torch

        def seconds(budget: int) -> float:
            batch: list[Window] = []
            tokens = 0
            for window in cycle(windows):
                batch.append(window)
                tokens += window.size + self.specials
                if tokens >= budget:
                    break
            batch.sort(key=lambda w: -w.size)
            with _memory_errors() as full:
                self._forward(batch)
                self._synchronise()
                began = time.perf_counter()
                for _ in range(2):
                    self._forward(batch)
                self._synchronise()
                took = (time.perf_counter() - began) / 2
            if full:
                self._free_memory()
                raise OutOfMemory(full[0])
            return took * budget / tokens

        try:
            with self._on_device(), torch.inference_mode():
                # The first pass of all starts the device's libraries, and the compiler where asked for: from seconds
                # to a minute, which must not count as the time of the smallest budget nor use up the probe's.
                seconds(budgets[0])
                return best_budget(seconds, budgets)
        except OutOfMemory as error:
            raise DeviceError(
                f"{budgets[0]:,} tokens do not fit into the free memory of {self.device} ({error}); free memory "
                f"there, or give a smaller batch_tokens"
            ) from None

    def _forward(self, windows: Sequence[Window]) -> _Pass:
        import torch

        flat = pack(windows, self.prefix, self.suffix, self._multiple(windows))
        values = torch.from_numpy(flat.values)
        if self.device.type == "cuda":
            values = values.pin_memory()
        values = values.to(self.device, non_blocking=True)
        total = flat.tokens
        ids, positions = values[:total], values[total : 2 * total]
        marks = values[2 * total : 3 * total] if flat.marked else None
        starts = values[-len(flat.lengths) - 1 :]
        hidden = self.network(ids, positions, self._attention(flat.lengths, starts), marks)
        return _Pass(hidden, starts, flat.lengths)

    def _multiple(self, windows: Sequence[Window]) -> int:
        """Return the number that the token count of a pass is made a multiple of."""
        if self._compiled:
            return FULL_BUCKET
        if self.device.type != "cpu":
            return 1
        tokens = sum(w.size for w in windows) + len(windows) * self.specials
        return next(multiple for least, multiple in CPU_BUCKETS if tokens >= least)

    def _attention(self, lengths: list[int], starts: Tensor) -> Attention:
        import torch

        from harakat.model.layers.attention_choice import packed_attention

        return packed_attention(self.attention, lengths, starts.to(torch.int32))

    @contextmanager
    def _on_device(self) -> Iterator[None]:
        """Make the device the current one: events, pinned memory and kernels of extensions go by it."""
        if self.device.type != "cuda":
            yield
            return
        import torch

        with torch.cuda.device(self.device):
            yield

    def _synchronise(self) -> None:
        if self.device.type == "cuda":
            import torch

            torch.cuda.synchronize(self.device)

    def _free_memory(self) -> None:
        if self.device.type == "cuda":
            import torch

            torch.cuda.empty_cache()

    def _after_fork(self) -> None:
        """Make a forked child safe: its copies of the parent's worker threads and GPU contexts are dead."""
        if os.getpid() == self._pid:
            return
        if self.device.type == "cuda":
            raise DeviceError(
                f"this encoder was made on {self.device} before the process forked, and a GPU context does not "
                f"survive a fork: start workers with the 'spawn' method, or make the encoder in each of them"
            )
        import torch

        # OpenMP's thread pool did not come along; a parallel region would wait for it forever.
        torch.set_num_threads(1)
        self._pid = os.getpid()


def _spread(batches: list[list[int]]) -> list[list[int]]:
    """Reorder batches so that every stretch of them has its share of long texts, and time left can be estimated.

    Multiples of the golden ratio, modulo 1, are spread evenly at any number of them.
    """
    order = sorted(range(len(batches)), key=lambda place: place * GOLDEN_RATIO % 1)
    return [batches[place] for place in order]


def _halves(batch: list[int]) -> list[list[int]]:
    """Return both halves of a batch, the first one last: the list of waiting batches is taken from its end."""
    half = len(batch) // 2
    return [batch[half:], batch[:half]]


@contextmanager
def _memory_errors() -> Iterator[list[str]]:
    """Collects the first line of an out-of-memory error, which ends the block; others pass."""
    import torch

    full: list[str] = []
    try:
        yield full
    except torch.OutOfMemoryError as error:
        full.append(_first_line(error))
    except RuntimeError as error:
        if not any(sign in str(error) for sign in _OUT_OF_MEMORY):
            raise
        full.append(_first_line(error))


def _nothing(batch: Sequence[int], rows: Tensor) -> None:
    """Do nothing, when nothing is under way."""


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["out of memory"])[0][:200]
