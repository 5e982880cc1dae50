"""Real Chroma clients for the tests: in memory, on disk, and behind a `chroma run` server."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import chromadb
import pytest
from chromadb.api import ClientAPI
from chromadb.config import Settings

from harakat import Encoder

TEXTS = [
    "الْعِلْمُ نُورٌ",
    "رَفَعَ الْجُنْدِيُّ الْعَلَمَ",
    "كتب الطالب الدرس",
    "ٱلۡحَمۡدُ لِلَّهِ رَبِّ ٱلۡعَٰلَمِينَ",
    "قال الشاعر: وما نيل المطالب بالتمني!",
    "hello world 123",
    "",
    "كتب الطالب الدرس",
]


@pytest.fixture(scope="session")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder)


@pytest.fixture(scope="session")
def other(other_folder: Path) -> Encoder:
    """Another model of the same size."""
    return Encoder(other_folder)


@pytest.fixture
def open_client(tmp_path: Path) -> Iterator[Callable[[], ClientAPI]]:
    """Opens clients over one folder; those still open at the end are closed."""
    made: list[ClientAPI] = []

    def make() -> ClientAPI:
        made.append(chromadb.PersistentClient(tmp_path / "store", settings=Settings(anonymized_telemetry=False)))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(open_client: Callable[[], ClientAPI]) -> ClientAPI:
    return open_client()


class Server:
    """A `chroma run` process on a free port of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = Path(sys.executable).with_name("chroma")
        command = [program, "run", "--path", self.folder, "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the server ended"
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def client(self) -> ClientAPI:
        return chromadb.HttpClient("127.0.0.1", self.port, settings=Settings(anonymized_telemetry=False))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "served")
    made.start()
    yield made
    made.kill()
