"""Results on their way from a device to the host, in the order in which they were launched."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Transfers"]

Keep = Callable[[Sequence[int], "Tensor"], None]
"""Takes the indices of a batch and its result on the host."""


class Transfers:
    """Copies of results off a CUDA device without waiting for them; results of other devices arrive at once.

    Args:
        keep: Called once for each batch, in order, when its result has arrived.
        most: Batches under way at a time; launching another waits for the oldest.
    """

    def __init__(self, keep: Keep, most: int) -> None:
        self._keep, self._most = keep, most
        self._waiting: deque[tuple[Sequence[int], Tensor, Any]] = deque()

    def add(self, batch: Sequence[int], result: Tensor) -> None:
        """Send a result on its way."""
        if not result.is_cuda:
            self._keep(batch, result.cpu())
            return
        import torch

        # Pinned memory from torch's caching allocator: it is not given out again before the copy has ended.
        host = torch.empty(result.shape, dtype=result.dtype, pin_memory=True)
        host.copy_(result, non_blocking=True)
        arrived = torch.cuda.current_stream(result.device).record_event()
        self._waiting.append((batch, host, arrived))
        while len(self._waiting) > self._most:
            self._finish_oldest()

    def finish(self) -> None:
        """Wait for everything that is under way."""
        while self._waiting:
            self._finish_oldest()

    def _finish_oldest(self) -> None:
        batch, host, arrived = self._waiting.popleft()
        arrived.synchronize()
        self._keep(batch, host)
