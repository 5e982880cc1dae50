"""Worker processes: spawned, never forked, and gone when the process that started them is."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import Any

__all__ = ["open_spawned", "spawned"]


def spawned(count: int, start: Callable[..., object] | None = None, *arguments: Any) -> ProcessPoolExecutor:
    """Return an executor of processes that are started fresh: no thread, lock or GPU context is copied half alive.

    Args:
        count: Processes.
        start: Called first in each of them; it should call `open_spawned`.
        *arguments: Its arguments.
    """
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=start, initargs=arguments)


def open_spawned() -> None:
    """End this worker when its parent ends, however that comes about.

    A parent that is killed says nothing, and a worker that waits for work would wait for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="harakat-parent", daemon=True).start()
