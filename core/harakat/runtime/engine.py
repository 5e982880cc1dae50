"""Runs windows through a network, batch by batch, on one device."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harakat.errors import DeviceError
from harakat.runtime.batching import Window, plan_batches

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from harakat.model.attention import Group
    from harakat.model.checkpoint import Network

__all__ = ["Engine"]

Advance = Callable[[Sequence[int]], None]
"""Told the indices of the windows that are done."""


class Engine:
    """A network on a device, fed with windows.

    Holds nothing that a call changes, so threads may share one.

    Args:
        network: In eval mode, on `device`.
        prefix: Special ids before each window's content.
        suffix: Special ids after it.
        device: Where the network is.
        batch_tokens: Most tokens in one forward pass (a longer window still runs, alone).
    """

    def __init__(
        self,
        network: Network,
        prefix: Sequence[int],
        suffix: Sequence[int],
        device: torch.device,
        batch_tokens: int,
    ) -> None:
        self.network, self.device, self.batch_tokens = network, device, batch_tokens
        self.prefix, self.suffix = tuple(prefix), tuple(suffix)
        self._pid = os.getpid()

    @property
    def specials(self) -> int:
        """Special tokens added to each window."""
        return len(self.prefix) + len(self.suffix)

    def pooled(self, windows: Sequence[Window], advance: Advance | None = None) -> NDArray[np.float32]:
        """Mean token vector of each window, special tokens included: float32 (windows, hidden_size)."""
        from harakat.model.pooling import mean_pool

        out = np.empty((len(windows), self.network.hidden_size), dtype=np.float32)

        def keep(batch: Sequence[int], hidden: Tensor, groups: Sequence[Group]) -> None:
            out[batch] = mean_pool(hidden, groups).cpu().numpy()

        self._run(windows, keep, advance)
        return out

    def token_vectors(self, windows: Sequence[Window], advance: Advance | None = None) -> list[NDArray[np.float32]]:
        """Vectors of each window's tokens, special tokens included: float32 (tokens, hidden_size) each."""
        out: list[Any] = [None] * len(windows)

        def keep(batch: Sequence[int], hidden: Tensor, groups: Sequence[Group]) -> None:
            rows = hidden.float().cpu().numpy()
            ends = np.cumsum([g.length for g in groups for _ in range(g.sequences)])
            for index, row in zip(batch, np.split(rows, ends[:-1]), strict=True):
                out[index] = row

        self._run(windows, keep, advance)
        return out

    def _run(
        self,
        windows: Sequence[Window],
        keep: Callable[[Sequence[int], Tensor, Sequence[Group]], None],
        advance: Advance | None,
    ) -> None:
        import torch

        self._after_fork()
        waiting = plan_batches([w.size + self.specials for w in windows], self.batch_tokens)[::-1]
        with torch.inference_mode():
            while waiting:
                batch = waiting.pop()
                try:
                    hidden, groups = self._forward([windows[i] for i in batch])
                except torch.OutOfMemoryError:
                    if len(batch) == 1:
                        raise
                    # Too large for the device: the halves run on their own, and nothing is lost.
                    torch.cuda.empty_cache()
                    half = len(batch) // 2
                    waiting += [batch[half:], batch[:half]]
                    continue
                keep(batch, hidden, groups)
                if advance:
                    advance(batch)

    def _forward(self, windows: Sequence[Window]) -> tuple[Tensor, list[Group]]:
        import torch

        from harakat.model.attention import PackedAttention, equal_length_groups

        groups = equal_length_groups([w.size + self.specials for w in windows])
        ids, positions, marks = self._flatten(windows, groups)
        moved = [
            None if x is None else torch.from_numpy(x).to(self.device, non_blocking=True)
            for x in (ids, positions, marks)
        ]
        hidden = self.network(moved[0], moved[1], PackedAttention(groups), moved[2])  # type: ignore[arg-type]
        return hidden, groups

    def _flatten(
        self, windows: Sequence[Window], groups: Sequence[Group]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64] | None]:
        total = groups[-1].stop
        ids = np.empty(total, dtype=np.int64)
        positions = np.empty(total, dtype=np.int64)
        marked = windows[0].tokens.marks is not None
        marks = np.zeros(total, dtype=np.int64) if marked else None
        head, tail = len(self.prefix), len(self.suffix)
        following = iter(windows)
        for g in groups:
            block = ids[g.start : g.stop].reshape(g.sequences, g.length)
            block[:, :head] = self.prefix
            block[:, g.length - tail :] = self.suffix
            positions[g.start : g.stop] = np.tile(np.arange(g.length), g.sequences)
            mark_block = None if marks is None else marks[g.start : g.stop].reshape(g.sequences, g.length)
            for row in range(g.sequences):
                window = next(following)
                content = slice(head, g.length - tail)
                block[row, content] = window.tokens.ids[window.start : window.stop]
                if mark_block is not None and window.tokens.marks is not None:
                    mark_block[row, content] = window.tokens.marks[window.start : window.stop]
        return ids, positions, marks

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
