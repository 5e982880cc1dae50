"""JSON files of a checkpoint, read with errors that name file and field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harakat.errors import CheckpointError

__all__ = ["positive_int", "read_json"]


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        CheckpointError: The file is missing, unreadable, or holds something else than an object.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{path} is missing; a checkpoint folder holds config.json, tokenizer.json and *.safetensors"
        ) from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path} holds a JSON {type(data).__name__}, not an object")
    return data


def positive_int(data: Mapping[str, Any], key: str, path: Path) -> int:
    """A whole number above 0 under `key`.

    Raises:
        CheckpointError: It is absent or something else.
    """
    value = data.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise CheckpointError(f"{path}: {key}={value!r}, but a whole number above 0 is needed")
    return value
