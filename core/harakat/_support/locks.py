"""Locks that survive `os.fork`."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import Any
from weakref import WeakSet

__all__ = ["ForkSafeLock", "ForkSafeRLock"]


class ForkSafeLock:
    """A mutex that is free again in a forked child where a thread held it that the child does not have.

    What the forking thread itself holds stays held: the child will come to its release.
    """

    __slots__ = ("__weakref__", "_depth", "_lock", "_owner")

    def __init__(self) -> None:
        self._lock = self._new()
        self._owner: int | None = None
        self._depth = 0
        _LOCKS.add(self)

    def acquire(self, blocking: bool = True) -> bool:
        """Take the lock; without `blocking` return False at once where it is held."""
        taken = bool(self._lock.acquire(blocking))
        if taken:
            self._owner = threading.get_ident()
            self._depth += 1
        return taken

    def release(self) -> None:
        """Free the lock, which must be held."""
        self._depth -= 1
        if not self._depth:
            self._owner = None
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _new(self) -> Any:
        return threading.Lock()

    def _renew(self) -> None:
        if self._owner != threading.get_ident():
            self._lock, self._owner, self._depth = self._new(), None, 0


class ForkSafeRLock(ForkSafeLock):
    """A mutex of that kind that the thread which holds it may take again."""

    __slots__ = ()

    def _new(self) -> Any:
        return threading.RLock()


_LOCKS: WeakSet[ForkSafeLock] = WeakSet()


def _renew_all() -> None:
    for lock in list(_LOCKS):
        lock._renew()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew_all)
