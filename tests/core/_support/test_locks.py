"""Locks that survive `os.fork`."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from harakat import Encoder
from harakat import encoder as encoder_module
from harakat._support.locks import ForkSafeLock, ForkSafeRLock
from harakat.runtime import load

KINDS = [ForkSafeLock, ForkSafeRLock]
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


@contextmanager
def held_elsewhere(*locks: ForkSafeLock) -> Iterator[None]:
    """Hold locks in another thread."""
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        holding.set()
        done.wait(30)
        for lock in locks:
            lock.release()

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(10)
    try:
        yield
    finally:
        done.set()
        holder.join()


def forked(work: Callable[[], bool]) -> bool:
    """Return what `work` gives in a forked child; False too where it has not ended after 20 seconds."""
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        good = False
        try:
            good = work()
        finally:
            os._exit(0 if good else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_one_thread_at_a_time(kind: type[ForkSafeLock]) -> None:
    lock = kind()
    inside = 0
    most = []

    def work(_: int) -> None:
        nonlocal inside
        for _ in range(200):
            with lock:
                inside += 1
                most.append(inside)
                inside -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert max(most) == 1
    with held_elsewhere(lock):
        assert not lock.acquire(blocking=False)
    assert lock.acquire(blocking=False)
    lock.release()


def test_only_one_of_them_can_be_taken_twice() -> None:
    once, again = ForkSafeLock(), ForkSafeRLock()
    with once:
        assert not once.acquire(blocking=False)
    with again, again:
        pass
    with held_elsewhere(again):
        assert not again.acquire(blocking=False)


@forks
@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_that_another_thread_holds_is_free_in_the_child(kind: type[ForkSafeLock]) -> None:
    lock = kind()
    with held_elsewhere(lock):
        assert forked(lambda: lock.acquire(blocking=False))
        assert not lock.acquire(blocking=False)  # and here as it was


@forks
@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_of_the_forking_thread_stays_held_and_can_be_released(kind: type[ForkSafeLock]) -> None:
    lock = kind()

    def work() -> bool:
        with ThreadPoolExecutor(1) as pool:
            before = pool.submit(lock.acquire, blocking=False).result()
            lock.release()
            after = pool.submit(lock.acquire, blocking=False).result()
        return not before and after

    with lock:
        assert forked(work)


@forks
def test_an_encoder_works_in_a_child_forked_while_its_locks_are_held(tiny_folder: Path) -> None:
    encoder = Encoder.cached(model=str(tiny_folder))
    locks = (encoder_module._cached._lock, load._networks_lock, encoder.checkpoint.prefetcher._lock)
    with held_elsewhere(*locks):
        assert forked(
            lambda: (
                Encoder.cached(model=str(tiny_folder)) is encoder
                and Encoder(tiny_folder, dim=16).encode("عِلْم").shape == (16,)
                and encoder.encode(["قال"] * 40).shape == (40, 64)
            )
        )
