"""Folders of stores: which store lies in one, and the lock of its only writer."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harakat.errors import CollectionError, StoreError
from harakat_cli.stores.address import Address

__all__ = ["check_folder", "make_folder", "only_writer"]

LOCK_FILE = ".harakat-writer.lock"
NAMES = {"chroma": "Chroma", "qdrant": "Qdrant", "qdrant-edge": "embedded Qdrant"}


def check_folder(address: Address, *, write: bool) -> bool:
    """Return whether an address's folder holds a store of its kind.

    Raises:
        CollectionError: It holds none, and is to be read.
        StoreError: It is a file, or holds a store of another kind.
    """
    folder = address.folder
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file; give a folder")
    kind = _kind_in(folder)
    if kind == address.kind:
        return True
    if kind is not None:
        there = Address(kind, address.place, address.collection)
        raise StoreError(
            f"{folder} holds a store of another kind ({NAMES[kind]}, not {NAMES[address.kind]}); write {there}, or "
            f"choose another folder"
        )
    if not write:
        raise CollectionError(
            f"there is no {NAMES[address.kind]} store in {folder}; make one with `harakat index SOURCE {address}`"
        )
    return False


def _kind_in(folder: Path) -> str | None:
    if (folder / "chroma.sqlite3").is_file():
        return "chroma"
    if (folder / "meta.json").is_file() and (folder / "collection").is_dir():
        return "qdrant"
    return "qdrant-edge" if any(folder.glob("*/harakat.json")) else None


def make_folder(folder: Path) -> None:
    """Make a folder where it is missing.

    Raises:
        StoreError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {folder} cannot be made: {error.strerror}") from error


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold a folder's lock: an embedded Chroma takes one writing process. The system drops it with the process.

    Raises:
        StoreError: Another process holds it.
    """
    try:
        opened = (folder / LOCK_FILE).open("a+b")
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from error
    with opened as file:
        try:
            _lock(file.fileno())
        except OSError as error:
            raise StoreError(
                f"another harakat process is writing to {folder}; wait for it, or run a Chroma server for several "
                f"writers (chroma run --path {folder}) and name it: chroma:http://localhost:8000"
            ) from error
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
