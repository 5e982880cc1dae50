"""Files that have their name only when they are whole."""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from harakat.errors import HarakatError, StoreError

__all__ = [
    "Destination",
    "destination",
    "file_errors",
    "unshared_name",
    "whole_folder",
    "write_json",
    "write_text",
    "write_whole",
]

MOST_LINKS = 40
"""Links that lead from one to the next, as many as Linux follows."""
REFUSED = {stat.S_IFBLK: "a block device", stat.S_IFSOCK: "a socket"}


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


@dataclass(frozen=True)
class Destination:
    """Place where the bytes of an output go.

    Attributes:
        path: The file to replace, at the end of any links; for a stream the path as it was given.
        folder: Folder on whose file system the bytes are collected.
        stream: True for a pipe, a character device or an open descriptor: written through, never replaced.
        descriptor: Number of an open descriptor of this process, such as 1 for ``/dev/stdout``.
        mode: Permissions of the file that is replaced; None where there is none.
    """

    path: Path
    folder: Path
    stream: bool = False
    descriptor: int | None = None
    mode: int | None = None


def destination(path: Path, error: type[HarakatError] = StoreError) -> Destination:
    """Return the place where an output goes, and write nothing.

    Args:
        path: A file, which need not exist, a link to one, a FIFO, a character device, or a name of an open descriptor
            (``/dev/stdout``, ``/dev/fd/3``).
        error: The class to raise.

    Raises:
        HarakatError: An `error`: a folder, a block device, a socket, links in a circle, or no such folder.
    """
    with file_errors(path, error):
        end, number = _followed(path)
        if number is not None:
            os.fstat(number)
            return Destination(path, Path(tempfile.gettempdir()), stream=True, descriptor=number)
        try:
            found = end.stat()
        except FileNotFoundError:
            end.parent.stat()
            return Destination(end, end.parent)
        kind = stat.S_IFMT(found.st_mode)
        if kind in (stat.S_IFIFO, stat.S_IFCHR):
            return Destination(path, Path(tempfile.gettempdir()), stream=True)
        if kind == stat.S_IFDIR:
            raise error(f"{path} cannot be written: Is a directory")
        if kind != stat.S_IFREG:
            raise error(f"{path} is {REFUSED.get(kind, 'no regular file')}; give a file, a FIFO or a character device")
        return Destination(end, end.parent, mode=stat.S_IMODE(found.st_mode))


def _followed(path: Path) -> tuple[Path, int | None]:
    """Return the end of a chain of links, and the descriptor of this process that it names."""
    for _ in range(MOST_LINKS):
        # A link of /proc to a pipe leads nowhere, and one to a redirected file would have that file replaced.
        parent = os.path.realpath(path.parent)
        if re.fullmatch(rf"/dev/fd|/proc/{os.getpid()}(/task/\d+)?/fd", parent) and path.name.isdecimal():
            return path, int(path.name)
        if not path.is_symlink() or parent.startswith("/proc/"):
            return path, None
        path = Path(parent) / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def unshared_name(path: Path) -> Path:
    """Return a name beside `path` for what is not whole yet, ending in ``.part``, which two writers never share."""
    # Of a long name only the beginning, so that the part's name is not too long where the file's is not.
    return path.with_name(f"{path.name[:40]}.{os.getpid()}-{secrets.token_hex(4)}.part")


@contextmanager
def write_whole(path: Path, error: type[HarakatError] = StoreError) -> Iterator[BinaryIO]:
    """Open a file that gets its name when the block ends well.

    Until then it has a name of its own beside `path`, ending in ``.part``, which two writers never share. After an
    error it is gone and `path` is what it was before; only a killed process leaves its part behind. A symbolic link
    stays, and the file that it leads to is replaced. A stream (a FIFO, a character device, ``/dev/stdout``) gets the
    bytes when they are whole; meanwhile they lie in a temporary file.

    Args:
        path: Replaced if it exists; its folder must exist.
        error: The class to raise.

    Raises:
        HarakatError: An `error`: `path` is none of these, or the file system refuses to open, complete or rename the
            file. An `OSError` of the block itself passes as it is, as it may be of another file.
    """
    place = destination(path, error)
    with _write_through(place, error) if place.stream else _replace(place, path, error) as file:
        yield file


@contextmanager
def _replace(place: Destination, path: Path, error: type[HarakatError]) -> Iterator[BinaryIO]:
    part = unshared_name(place.path)
    with file_errors(path, error):
        file = part.open("x+b")
    try:
        yield file
        with file_errors(path, error):
            file.flush()
            os.fsync(file.fileno())
            file.close()
            if place.mode is not None:
                part.chmod(place.mode)
            part.replace(place.path)
    finally:
        # After a failed write, closing tries to write again, and fails again.
        with suppress(OSError):
            file.close()
        part.unlink(missing_ok=True)


@contextmanager
def _write_through(place: Destination, error: type[HarakatError]) -> Iterator[BinaryIO]:
    with file_errors(place.path, error):
        file = tempfile.TemporaryFile()  # noqa: SIM115  closed below, where it may fail
    try:
        yield file
        with file_errors(place.path, error):
            file.seek(0)
            flags = os.O_WRONLY | getattr(os, "O_NOCTTY", 0)
            number = os.open(place.path, flags) if place.descriptor is None else os.dup(place.descriptor)
            with os.fdopen(number, "wb", buffering=0) as stream:
                while block := file.read(1 << 20):
                    rest = memoryview(block)
                    while rest:
                        rest = rest[stream.write(rest) :]
    finally:
        with suppress(OSError):
            file.close()


@contextmanager
def whole_folder(path: Path, error: type[HarakatError] = StoreError) -> Iterator[Path]:
    """Give the name of a folder to make, which gets its own name when the block ends well.

    Args:
        path: The folder; its parent must exist, and it must not, or be empty.
        error: The class to raise.

    Yields:
        A name beside it that no other writer has, and where nothing is yet. After an error nothing is left of it.

    Raises:
        HarakatError: An `error`: another writer was first, or the file system refuses the name.
    """
    part = unshared_name(path)
    try:
        yield part
        with file_errors(path, error):
            try:
                part.replace(path)
            except OSError as fault:
                if fault.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                raise error(
                    f"{path} was made by another process meanwhile, and is left as that one wrote it"
                ) from fault
    finally:
        shutil.rmtree(part, ignore_errors=True)


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
