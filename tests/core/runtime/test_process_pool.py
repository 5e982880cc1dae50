"""Two processes encode as one: the same vectors in order, errors that come back, and nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import pytest

from harakat import Encoder
from harakat.errors import DeviceError, OptionError, TextError, TextTooLongError, TruncationWarning, WorkerError
from support import quran
from support.numbered import numbered

VERSES = list(quran.VERSES.values())
LONG = " ".join(VERSES)
MANY = [numbered(number) for number in range(1200)]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough chunks for two processes out of few texts."""
    monkeypatch.setattr("harakat.encoder.CHUNK_TEXTS", 100)
    monkeypatch.setattr("harakat.encoder.STREAM_TEXTS", 100)


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder, dim=32)


@pytest.fixture(scope="module")
def both(encoder: Encoder) -> Iterator[Encoder]:
    with encoder.on_devices(["cpu", "cpu"]) as many:
        yield many


def processes(encoder: Encoder) -> list[int]:
    assert encoder._process_pool is not None
    return [member.process.pid or 0 for member in encoder._process_pool._members]


def gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_the_vectors_of_one_in_order(encoder: Encoder, both: Encoder) -> None:
    np.testing.assert_allclose(both.encode(MANY), encoder.encode(MANY), atol=1e-6)
    np.testing.assert_allclose(both.encode(VERSES[0]), encoder.encode(VERSES[0]), atol=1e-6)
    assert both.encode([]).shape == (0, 32)
    rows = np.stack(list(both.encode_stream(iter(MANY), prompt="نص: ")))
    np.testing.assert_allclose(rows, encoder.encode(MANY, prompt="نص: "), atol=1e-6)


def test_both_work(both: Encoder) -> None:
    assert both._process_pool is not None
    before = [_cpu_ticks(process) for process in processes(both)]
    both.encode(MANY)
    assert all(_cpu_ticks(process) > ticks for process, ticks in zip(processes(both), before, strict=True))


def _cpu_ticks(process: int) -> int:
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_what_was_cut_is_counted_once(both: Encoder) -> None:
    with pytest.warns(TruncationWarning, match=r"2 of 1,202 texts") as caught:
        both.encode([LONG, *MANY, LONG])
    assert len(caught) == 1


def test_errors_come_back_and_the_next_call_goes_on(encoder: Encoder, both: Encoder) -> None:
    with pytest.raises(TextTooLongError, match="text 950 has"):
        both.encode([*MANY[:950], LONG, *MANY], overflow="error")
    stream = both.encode_stream([*MANY[:1050], "\udc00"])
    assert len(list(islice(stream, 1000))) == 1000
    with pytest.raises(TextError, match="text 1050"):
        next(stream)
    np.testing.assert_allclose(both.encode(VERSES), encoder.encode(VERSES), atol=1e-6)


def test_an_endless_stream_may_be_left(encoder: Encoder, both: Encoder) -> None:
    stream = both.encode_stream(numbered(number) for number in count())
    rows = list(islice(stream, 900))
    with pytest.raises(DeviceError, match="at work on another call"):
        both.encode(VERSES)
    stream.close()  # type: ignore[attr-defined]
    np.testing.assert_allclose(rows, encoder.encode(MANY[:900]), atol=1e-6)
    np.testing.assert_allclose(both.encode(VERSES), encoder.encode(VERSES), atol=1e-6)


def test_devices_that_cannot_be_had(encoder: Encoder) -> None:
    for devices in ("cpu", [], ["cpu", 0]):
        with pytest.raises(OptionError, match="no list of devices"), encoder.on_devices(devices):  # type: ignore[arg-type]
            pass
    with pytest.raises(DeviceError, match="tpu"), encoder.on_devices(["tpu9"]):
        pass


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_process_that_dies_is_named_and_nobody_is_left(encoder: Encoder) -> None:
    with encoder.on_devices(["cpu", "cpu"]) as many:
        kept, started = many, processes(many)
        stream = many.encode_stream(numbered(number) for number in count())
        next(stream)
        os.kill(started[1], signal.SIGKILL)
        with pytest.raises(WorkerError, match="the process on cpu ended with exit code -9"):
            list(stream)
    assert all(gone(process) for process in started)
    with pytest.raises(WorkerError, match="given back"):
        kept.encode(VERSES)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_processes_end_with_the_one_that_started_them(tiny_folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time\n"
        "from harakat import Encoder\n"
        "if __name__ == '__main__':\n"
        "    with Encoder(sys.argv[1]).on_devices(['cpu']) as many:\n"
        "        print(*[m.process.pid for m in many._process_pool._members], flush=True)\n"
        "        time.sleep(60)\n",
        encoding="utf-8",
    )
    parent = subprocess.Popen([sys.executable, str(script), str(tiny_folder)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert not gone(child)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 120
    while not gone(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)
