"""Facts that a measured figure depends on: the versions of libraries, and the commit of a source tree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["installed", "short_commit"]


def installed(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of those libraries that are installed, in order."""
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def short_commit(folder: Path) -> str | None:
    """Return the abbreviated commit of the clone that a folder lies in; None outside a clone, or without git."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    except OSError:
        return None
    return said.stdout.strip() or None
