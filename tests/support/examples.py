"""Runs example scripts as their reader would, in this process."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

import harakat.model

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = (Path(harakat.model.__file__).parent / "bundled" / "config.json").is_file()

needs_bundled_model = pytest.mark.skipif(not BUNDLED, reason="harakat-mini is not bundled in this tree yet")


def run_example(path: str, *arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``python path arguments`` prints.

    Args:
        path: From the root of the repository.
        *arguments: Of the command line.
        monkeypatch: The test's.
        capsys: The test's.
    """
    monkeypatch.setattr(sys, "argv", [path, *arguments])
    capsys.readouterr()
    runpy.run_path(str(ROOT / path), run_name="__main__")
    return capsys.readouterr().out.strip()
