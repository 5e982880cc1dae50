"""Files that have their name only when they are whole."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from harakat.errors import HarakatError, StoreError

__all__ = ["file_errors", "write_json", "write_text", "write_whole"]


@contextmanager
def file_errors(path: Path, error: type[HarakatError] = StoreError) -> Iterator[None]:
    """Turn an `OSError` of the block into one of harakat's errors that names file and cause.

    Args:
        path: The file that the block writes.
        error: The class to raise.

    Raises:
        HarakatError: An `error`; one that the block itself raises passes as it is.
    """
    try:
        yield
    except HarakatError:
        raise
    except OSError as fault:
        raise error(f"{path} cannot be written: {fault.strerror or fault}") from fault


@contextmanager
def write_whole(path: Path, error: type[HarakatError] = StoreError) -> Iterator[BinaryIO]:
    """Open a file that gets its name when the block ends well.

    Until then it has a name of its own beside `path`, ending in ``.part``, which two writers never share. After an
    error it is gone and `path` is what it was before; only a killed process leaves its part behind.

    Args:
        path: Replaced if it exists; its folder must exist.
        error: The class to raise.

    Raises:
        HarakatError: An `error`: the file system refuses to open, complete or rename the file. An `OSError` of the
            block itself passes as it is, as it may be of another file.
    """
    # Of a long name only the beginning, so that the part's name is not too long where the file's is not.
    part = path.with_name(f"{path.name[:40]}.{os.getpid()}-{secrets.token_hex(4)}.part")
    with file_errors(path, error):
        file = part.open("x+b")
    try:
        yield file
        with file_errors(path, error):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            part.replace(path)
    finally:
        # After a failed write, closing tries to write again, and fails again.
        with suppress(OSError):
            file.close()
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str, error: type[HarakatError] = StoreError) -> None:
    """Write a text file (UTF-8) as `write_whole` does.

    Raises:
        HarakatError: An `error`: the file cannot be written.
    """
    with write_whole(path, error) as file, file_errors(path, error):
        file.write(text.encode("utf-8"))


def write_json(path: Path, value: Any, *, indent: int = 2) -> None:
    """Write a JSON file, its letters as they are, as `write_whole` does.

    Raises:
        StoreError: The file cannot be written.
    """
    write_text(path, json.dumps(value, ensure_ascii=False, indent=indent) + "\n")
