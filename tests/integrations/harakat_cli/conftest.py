"""The command run in this process, and as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb
import pytest
from chromadb.config import Settings
from typer.testing import CliRunner, Result

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `harakat …` in this process, in an empty folder."""
    from harakat_cli.main import app

    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, stdin: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin, catch_exceptions=False)
        assert isinstance(result, Result)
        return result

    return call


@pytest.fixture
def environment() -> dict[str, str]:
    """For processes of their own: one thread, and no network."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts `harakat …` as a process in an empty folder."""

    def begin(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "harakat_cli.main", *(str(a) for a in arguments)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(command, cwd=tmp_path, env=environment, **pipes)

    return begin


@pytest.fixture
def stored() -> Callable[..., dict[str, Any]]:
    """Everything that a collection in a folder holds, by id: text, payload, vector."""

    def read(folder: Path, name: str = "harakat") -> dict[str, Any]:
        client = chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))
        try:
            got = client.get_collection(name, embedding_function=None).get(
                include=["documents", "metadatas", "embeddings"]
            )
        finally:
            client.close()
        rows = zip(got["ids"], got["documents"], got["metadatas"], got["embeddings"], strict=True)
        return {key: (text, payload, vector) for key, text, payload, vector in rows}

    return read
