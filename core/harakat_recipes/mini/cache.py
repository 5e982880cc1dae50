"""Files that are computed once: named by a hash of their inputs, and written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor

from harakat._support.files import write_whole as whole

__all__ = ["digest_of_file", "digest_of_weights", "keyed", "write_whole"]


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def digest_of_weights(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of tensors with their names, shapes and dtypes, in hexadecimal."""
    found = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        found.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        found.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def keyed(folder: Path, name: str, suffix: str, facts: Mapping[str, Any]) -> Path:
    """Return the path of a cache that `facts` decide: ``name-hash.suffix`` in `folder`.

    Args:
        folder: Folder of the caches.
        name: Kind of content.
        suffix: Suffix of the file, with its dot.
        facts: Settings and digests of inputs, whatever JSON can hold.
    """
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return folder / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:16]}{suffix}"


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside `path` and move it there once it is complete.

    Args:
        path: File to write; its folder is made if need be.
        write: Function that writes the content into an open file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as file:
        write(file)
