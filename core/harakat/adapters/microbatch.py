"""Coroutines that share an encoder: their calls are joined into batches, off the event loop.

Two lanes serve each encoder, with one worker thread each. Short calls (a query, a handful of passages) wait a moment
for one another and go through the network together. A long call (a corpus) runs by itself in the other lane, so no
query waits for it to end.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harakat._support.locks import ForkSafeLock
from harakat._support.texts import check_text, refuse_container, text_list
from harakat.errors import HarakatError

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["vectors"]

Rows = list[list[float]]

WAIT_SECONDS = 0.002
"""Time that an idle lane waits for others after the first call."""
SHORT_TEXTS = 64
"""A call with more texts than this is long."""
SHORT_CHARACTERS = 20_000
"""A call with more characters than this is long."""
ROUND_TEXTS = 512
"""Texts of short calls that are encoded together."""
ROUND_CHARACTERS = 100_000
"""The same in characters; bounds how long a newcomer waits for the round before it."""


async def vectors(
    encoder: Encoder, texts: Iterable[str], *, prompt: str = "", show_progress: bool | None = False
) -> Rows:
    """Encode texts without holding the event loop; concurrent calls are encoded together.

    The result is that of `encoder.encode` to within float rounding, whatever else runs at the time. A bad text fails
    its own call only. A cancelled call is dropped before it is encoded, or, where it is long, soon after. Any number
    of event loops and threads may call at once.

    Args:
        encoder: Calls are joined with others on the same encoder.
        texts: A run of texts, as in `Encoder.encode`.
        prompt: Text put before each of them.
        show_progress: For a long call, as in `Encoder.encode`.

    Returns:
        One list of Python numbers a text, in order; ready-made, so that the loop does not convert them.

    Raises:
        TextTypeError, TextError, TextTooLongError: As `Encoder.encode`.

    Example:
        >>> import asyncio
        >>> from harakat import Encoder
        >>> async def search(encoder, queries):
        ...     return await asyncio.gather(*(vectors(encoder, [query]) for query in queries))
        >>> found = asyncio.run(search(Encoder.cached(dim=64), ["عِلْم", "نُور"]))
        >>> [len(rows[0]) for rows in found]
        [64, 64]
    """
    refuse_container(texts)
    items = list(texts)
    if not items:
        return []
    lanes = _lanes_of(encoder)
    if len(items) <= SHORT_TEXTS:
        items = [prompt + check_text(text, index) for index, text in enumerate(items)]
        if sum(map(len, items)) <= SHORT_CHARACTERS:
            return await asyncio.wrap_future(lanes.join(_Call(encoder, items)))
        prompt = ""
    stop = threading.Event()
    running = lanes.long.submit(_stream, encoder, items, prompt, show_progress, stop)
    try:
        return await asyncio.wrap_future(running)
    except asyncio.CancelledError:
        stop.set()
        raise


def _stream(encoder: Encoder, texts: list[str], prompt: str, show_progress: bool | None, stop: threading.Event) -> Rows:
    """Encode a long call; ends early, with the rows so far, once nobody waits for them."""
    rows: Rows = []
    for row in encoder.encode_stream(text_list(texts), prompt=prompt, show_progress=show_progress):
        rows.append(row.tolist())
        if stop.is_set():
            break
    return rows


@dataclass(eq=False)
class _Call:
    """A short call, waiting for its rows."""

    encoder: Encoder
    texts: list[str]
    rows: Future[Rows] = field(default_factory=Future)

    @property
    def characters(self) -> int:
        return sum(map(len, self.texts))


class _Lanes:
    """The two worker threads of an encoder; they start when first needed."""

    def __init__(self) -> None:
        self.long = ThreadPoolExecutor(1, thread_name_prefix="harakat-long")
        self._short = ThreadPoolExecutor(1, thread_name_prefix="harakat-short")
        self._lock = ForkSafeLock()
        self._waiting: deque[_Call] = deque()
        self._taken: list[_Call] = []
        self._awake = False

    def join(self, call: _Call) -> Future[Rows]:
        """Put a short call in the queue."""
        with self._lock:
            job = None if self._awake else self._short.submit(self._drain)
            self._awake = True
            self._waiting.append(call)
        if job is not None:
            job.add_done_callback(self._drained)
        return call.rows

    def _drain(self) -> None:
        # Calls of one moment, such as those of one `asyncio.gather`, arrive within this time of one another.
        time.sleep(WAIT_SECONDS)
        while self._take():
            live = [call for call in self._taken if call.rows.set_running_or_notify_cancel()]
            if live:
                _encode(live)

    def _take(self) -> list[_Call]:
        """Take the calls of the next round; without any, the lane goes to sleep."""
        with self._lock:
            self._taken = []
            texts = characters = 0
            while self._waiting and texts < ROUND_TEXTS and characters < ROUND_CHARACTERS:
                call = self._waiting.popleft()
                self._taken.append(call)
                texts += len(call.texts)
                characters += call.characters
            self._awake = bool(self._taken)
            return self._taken

    def _drained(self, job: Future[None]) -> None:
        """Hand a fault that is no caller's own (out of memory, say) to the round it struck, and go on with the rest."""
        error = job.exception()
        if error is None:
            return
        for call in self._taken:
            if not call.rows.done():
                call.rows.set_exception(error)
        with self._lock:
            self._awake = bool(self._waiting)
            job_again = self._short.submit(self._drain) if self._awake else None
        if job_again is not None:
            job_again.add_done_callback(self._drained)


def _encode(calls: list[_Call]) -> None:
    """Encode calls together; where a text is refused, each by itself, so that only its own call fails."""
    texts = [text for call in calls for text in call.texts]
    try:
        rows: Rows = calls[0].encoder.encode(texts, show_progress=False).tolist()
    except HarakatError as error:
        if len(calls) == 1:
            calls[0].rows.set_exception(error)
            return
        for call in calls:
            _encode([call])
        return
    start = 0
    for call in calls:
        call.rows.set_result(rows[start : start + len(call.texts)])
        start += len(call.texts)


_lanes: weakref.WeakKeyDictionary[Encoder, _Lanes] = weakref.WeakKeyDictionary()
_lanes_lock = ForkSafeLock()


def _lanes_of(encoder: Encoder) -> _Lanes:
    with _lanes_lock:
        lanes = _lanes.get(encoder)
        if lanes is None:
            lanes = _lanes[encoder] = _Lanes()
        return lanes


def _after_fork() -> None:
    """Drop the lanes in a forked child, which their threads do not come along to."""
    global _lanes
    _lanes = weakref.WeakKeyDictionary()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
