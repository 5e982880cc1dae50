"""Several devices at once: an encoder in a process of its own on each, and chunks of texts dealt out to them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harakat._support.processes import open_spawned
from harakat.arabic.tokenizers.tokens import Tokens
from harakat.errors import DeviceError, OptionError, WorkerError
from harakat.options import EncoderOptions, Overflow
from harakat.runtime.load import load
from harakat.runtime.pipeline import Job, PendingChunk, chunks_in_flight, launch
from harakat.runtime.prefetch import Chunk
from harakat.runtime.truncation import Truncation

__all__ = ["ProcessPool"]

DEPTH = 4
"""Chunks that a process has at a time: one on the device, one behind it, and some on their way in and out."""
CLOSE_SECONDS = 5.0
"""Time that a process gets to end by itself."""


class _Task(NamedTuple):
    """A chunk for a process."""

    call: int
    number: int
    texts: list[str]
    first: int
    prompt: str
    policy: Overflow
    max_length: int
    budget: int
    dim: int


class _Done(NamedTuple):
    """The result of a task: vectors, or an error."""

    call: int
    number: int
    vectors: NDArray[np.float32] | None
    cut: Truncation | None
    error: Exception | None


class _Member:
    """A process and its device, seen from the caller."""

    def __init__(self, options: EncoderOptions, device: str, threads: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.device = device
        self.connection, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve,
            args=(theirs, replace(options, device=device, workers=0), threads),
            name=f"harakat-{device}",
            daemon=True,
        )
        self.process.start()
        theirs.close()
        self.busy = 0

    def send(self, task: _Task) -> None:
        try:
            self.connection.send(task)
        except OSError as error:
            raise self._died() from error
        self.busy += 1

    def receive(self) -> _Done:
        try:
            done: _Done = self.connection.recv()
        except (OSError, EOFError) as error:
            raise self._died() from error
        self.busy -= 1
        return done

    def close(self) -> None:
        self.connection.close()
        self.process.join(CLOSE_SECONDS)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def _died(self) -> WorkerError:
        self.process.join(CLOSE_SECONDS)
        return WorkerError(
            f"the process on {self.device} ended with exit code {self.process.exitcode} before its work was done. "
            f"The machine may be out of memory; a script that starts processes also needs its work under "
            f"`if __name__ == '__main__':`"
        )


class ProcessPool:
    """Processes that encode together. One call at a time.

    Args:
        options: Of the encoder.
        devices: One process each; a device may stand there more than once.

    Raises:
        OptionError: No devices.
        DeviceError: A device that is not there.
        WorkerError: A process ended at its start.
    """

    def __init__(self, options: EncoderOptions, devices: Sequence[str]) -> None:
        if isinstance(devices, str) or not devices or not all(isinstance(device, str) for device in devices):
            raise OptionError(f"devices={devices!r} is no list of devices; write ['cuda:0', 'cuda:1']")
        self._call = 0
        # Never waited for, and not to be free in a forked child, which has the same pipes as its parent.
        self._at_work = threading.Lock()
        self._members: list[_Member] = []
        share = max(1, (os.cpu_count() or 1) // len(devices))
        try:
            for device in devices:
                self._members.append(_Member(options, device, share))
            for member in self._members:
                member.busy = 1
                error = member.receive().error
                if error is not None:
                    raise error
        except BaseException:
            self.close()
            raise

    def run(self, parts: Iterable[list[str]], job: Job) -> Iterator[NDArray[np.float32]]:
        """Do `harakat.runtime.pipeline.run` in the processes; results come in order.

        Raises:
            WorkerError: A process died, or they are closed.
            DeviceError: They are at work on another call.
        """
        if not self._members:
            raise WorkerError("the devices were given back when their `with` block ended; call on_devices again")
        if not self._at_work.acquire(blocking=False):
            raise DeviceError("these devices are at work on another call; wait for its end, or close its stream")
        try:
            self._call += 1
            yield from self._run(iter(parts), job, self._call)
        finally:
            self._at_work.release()

    def _run(self, source: Iterator[list[str]], job: Job, call: int) -> Iterator[NDArray[np.float32]]:
        done: dict[int, _Done] = {}
        given = taken = 0
        first = job.first
        failure: Exception | None = None
        ended = False
        while True:
            while not ended and given - taken < DEPTH * len(self._members):
                member = min(self._members, key=lambda m: m.busy)
                if member.busy >= DEPTH:
                    break
                try:
                    texts = next(source)
                except StopIteration:
                    ended = True
                    break
                except Exception as error:  # noqa: BLE001  raised below, after the chunks before it
                    failure, ended = error, True
                    break
                max_length = job.cut.max_length
                member.send(_Task(call, given, texts, first, job.prompt, job.policy, max_length, job.budget, job.dim))
                given += 1
                first += len(texts)
            while taken in done:
                result = done.pop(taken)
                taken += 1
                yield _unpacked(result, job)
            if taken == given:
                if not ended:
                    continue
                if failure is not None:
                    raise failure
                return
            if taken not in done:
                self._collect(done, call)

    def _collect(self, done: dict[int, _Done], call: int) -> None:
        """Wait for some results. Those of a call that was broken off are thrown away."""
        busy = {member.connection: member for member in self._members if member.busy}
        for connection in wait(list(busy)):
            result = busy[connection].receive()  # type: ignore[index]
            if result.call == call:
                done[result.number] = result

    def close(self) -> None:
        """End the processes."""
        members, self._members = self._members, []
        for member in members:
            member.connection.close()
        for member in members:
            member.close()

    def __enter__(self) -> ProcessPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _unpacked(result: _Done, job: Job) -> NDArray[np.float32]:
    if result.error is not None:
        raise result.error
    assert result.vectors is not None  # no error, so there they are
    assert result.cut is not None
    job.cut.add(result.cut)
    job.advance(len(result.vectors))
    return result.vectors


def _serve(connection: Connection, options: EncoderOptions, threads: int) -> None:
    """Serve as a process: load the checkpoint, say so, and answer tasks in order until the caller hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller gets it too, and closes us
    open_spawned()
    import torch

    try:
        checkpoint = load(options)
    except Exception as error:  # noqa: BLE001  raised where the process was asked for
        connection.send(_Done(0, 0, None, None, _portable(error)))
        return
    if checkpoint.engine.device.type == "cpu":
        torch.set_num_threads(threads)
    connection.send(_Done(0, 0, None, None, None))
    most = chunks_in_flight(checkpoint.engine)
    inbox: queue.SimpleQueue[tuple[_Task, Future[list[Tokens]]] | None] = queue.SimpleQueue()
    # Reads all the time, so that the caller never waits to send while this process waits to send to it.
    threading.Thread(target=_read, args=(connection, checkpoint.tokenizer, inbox), daemon=True).start()
    pending: deque[tuple[_Task, Job, PendingChunk | Exception]] = deque()
    while True:
        try:
            # With something on the device and nothing to add to it, give it out instead of waiting.
            item = inbox.get(block=not pending) if len(pending) <= most else _NOTHING
        except queue.Empty:
            item = _NOTHING
        if item is None:
            return
        if isinstance(item, tuple):
            task, tokens = item
            cut = Truncation(task.max_length)
            job = Job(task.prompt, task.policy, task.budget, task.dim, cut, _ignore)
            try:
                made: PendingChunk | Exception = launch(
                    Chunk(len(task.texts), tokens.result()), checkpoint.engine, job, task.first
                )
            except Exception as error:  # noqa: BLE001  raised in the caller's process
                made = error
            pending.append((task, job, made))
            continue
        task, job, made = pending.popleft()
        try:
            connection.send(_finished(task, job, made))
        except OSError:
            return  # the caller has hung up


class _Nothing:
    pass


_NOTHING = _Nothing()


def _read(
    connection: Connection, tokenizer: Any, inbox: queue.SimpleQueue[tuple[_Task, Future[list[Tokens]]] | None]
) -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="harakat-tokens") as pool:
        while True:
            try:
                task: _Task = connection.recv()
            except (EOFError, OSError):
                inbox.put(None)
                return
            texts = [task.prompt + text for text in task.texts] if task.prompt else task.texts
            inbox.put((task, pool.submit(tokenizer.tokenize, texts)))


def _finished(task: _Task, job: Job, made: PendingChunk | Exception) -> _Done:
    if isinstance(made, Exception):
        return _Done(task.call, task.number, None, None, _portable(made))
    try:
        return _Done(task.call, task.number, made.finish(job), job.cut, None)
    except Exception as error:  # noqa: BLE001  raised in the caller's process
        return _Done(task.call, task.number, None, None, _portable(error))


def _portable(error: Exception) -> Exception:
    """Return the error itself where it survives the way to another process, else its words."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001  whatever an error's own pickling may raise
        return WorkerError(f"{type(error).__name__}: {error}")
    return error


def _ignore(steps: int) -> None:
    """Progress is counted where the results arrive."""
