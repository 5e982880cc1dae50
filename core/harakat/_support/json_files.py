"""JSON files, read with errors that name file and field."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harakat._support.checks import is_whole
from harakat.errors import CheckpointError, HarakatError

__all__ = ["positive_int", "present", "read_json", "read_text"]


LARGEST = 24 << 20
"""Bytes of the largest JSON file that is read; once read it takes several times as much."""


def present(path: Path) -> bool:
    """Return True where something has this name, a link to nowhere included."""
    return os.path.lexists(path)


def read_text(path: Path) -> str:
    """Read a text file (UTF-8) of at most `LARGEST` bytes.

    Raises:
        OSError: It cannot be read, is no regular file (a device or pipe may never end), or is larger.
        UnicodeDecodeError: It is not UTF-8.
    """
    state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        raise OSError("it is no regular file")
    if state.st_size > LARGEST:
        raise OSError(f"it has {state.st_size:,} bytes, over the {LARGEST:,} that are read")
    return path.read_text(encoding="utf-8")


def read_json(path: Path, error: type[HarakatError] = CheckpointError, *, holds: str = "") -> dict[str, Any]:
    """Read a JSON object from a file (UTF-8).

    Args:
        path: By default of a checkpoint.
        error: The class to raise.
        holds: What such an object has, for the message.

    Raises:
        HarakatError: An `error`: the file is missing, unreadable, or holds something else than an object.
    """
    try:
        data = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError) as fault:
        if isinstance(fault, FileNotFoundError) and error is CheckpointError:
            raise CheckpointError(
                f"{path} is missing; a checkpoint folder holds config.json, tokenizer.json and *.safetensors"
            ) from fault
        raise error(f"{path} cannot be read as JSON: {fault}") from fault
    if not isinstance(data, dict):
        raise error(f"{path} holds a JSON {type(data).__name__}, not an object" + (f" with {holds}" if holds else ""))
    return data


def positive_int(data: Mapping[str, Any], key: str, path: Path) -> int:
    """Return the whole number above 0 under `key`.

    Raises:
        CheckpointError: It is absent or something else.
    """
    value = data.get(key)
    if not is_whole(value, 1):
        raise CheckpointError(f"{path}: {key}={value!r}, but a whole number above 0 is needed")
    return value
