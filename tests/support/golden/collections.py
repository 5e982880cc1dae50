"""Miniature collections of each kind of store, made by one version of the tree to be opened by later ones."""

from __future__ import annotations

import io
import json
import lzma
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import chromadb
from chromadb.config import Settings

import chroma_harakat
import qdrant_harakat
from harakat import Encoder
from support.golden.commands import in_folder, run
from support.golden.texts import RECORDS

__all__ = ["KINDS", "NAME", "QUERIES", "Opened", "make", "opened", "pack", "unpack"]

KINDS = ("chroma", "qdrant-local", "qdrant-edge", "command-line")
"""Stores; the last one is Chroma's, as `harakat index` makes it."""
NAME = "golden"
DIM = 64
UNUSED = "data_level0.bin"
"""Room for vectors in Chroma's index, which it fills from its log when there are a thousand; until then whatever lay
there in memory."""
QUERIES = {
    "sea": "السباحة في البحر",
    "bread": "الخُبْزُ والفرن",
    "book": "كتب التاريخ",
    "rain": "مطر الليل",
    "verse": "قل هو الله أحد",
}
"""The id of the record that is to be found first, and the text that is asked for."""


class Opened:
    """A collection of one kind, opened with the encoder that made it.

    Args:
        kind: One of `KINDS`.
        client: A client of its store.
        make: Make the collection instead of opening one.
    """

    def __init__(self, kind: str, client: Any, *, make: bool = False) -> None:
        self.encoder = Encoder(dim=DIM, device="cpu")
        self._chroma = kind == "chroma"
        self.client = client
        library: Any = chroma_harakat if self._chroma else qdrant_harakat
        act = library.create_collection if make else library.open_collection
        self.collection = act(client, NAME, self.encoder)

    def ingest(self) -> tuple[int, int]:
        """Ingest the records.

        Returns:
            How many were written, and how many were there.
        """
        report = self.collection.ingest(RECORDS, show_progress=False)
        return report.written, report.skipped

    def search(self) -> dict[str, Any]:
        """Search for every query.

        Returns:
            For each the hits, best first: id, score, text and payload.
        """
        return {key: [_hit(hit) for hit in self.collection.search(text)] for key, text in QUERIES.items()}

    def metadata(self) -> Any:
        """Read what the collection keeps about its encoder."""
        return self.collection.raw.metadata if self._chroma else self.collection.layout.metadata()


def _hit(hit: Any) -> dict[str, Any]:
    payload = hit.payload if hasattr(hit, "payload") else hit.metadata
    return {"id": hit.id, "score": hit.score, "text": hit.text, "payload": dict(payload)}


@contextmanager
def opened(kind: str, folder: Path, *, make: bool = False) -> Iterator[Opened]:
    """Open the collection of a folder by the present tree, or make it; its client is closed in the end."""
    client: Any
    if kind == "chroma":
        client = chromadb.PersistentClient(folder, settings=Settings(anonymized_telemetry=False))
    elif kind == "qdrant-local":
        client = qdrant_harakat.local_client(folder)
    else:
        client = qdrant_harakat.EdgeClient(folder)
    try:
        yield Opened(kind, client, make=make)
    finally:
        client.close()


def make(kind: str, work: Path) -> Any:
    """Make a collection below a folder where the inputs were written, and search it.

    Returns:
        What the searches found, and the collection's metadata where the command line did not make it.
    """
    if kind == "command-line":
        with in_folder(work):
            address = f"chroma:{kind}#{NAME}"
            made = run("index", "records.jsonl", address, "--dim", str(DIM), "--json")
            if made["exit_code"]:
                raise RuntimeError(f"harakat index failed: {made['stderr']}")
            return {key: run("search", text, address, "--json")["stdout"] for key, text in QUERIES.items()}
    with opened(kind, work / kind, make=True) as collection:
        collection.ingest()
        return {"hits": collection.search(), "metadata": json.loads(json.dumps(collection.metadata()))}


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder: without times and owners, and without locks, which nobody holds any more.

    `UNUSED` goes in as zeros, or the archive would hold pieces of this process's memory.
    """
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            if path.name.endswith(".lock"):
                continue
            entry = tar.gettarinfo(path, path.relative_to(folder).as_posix())
            entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = 0, 0, 0, "", ""
            if entry.isfile():
                content = path.read_bytes()
                tar.addfile(entry, io.BytesIO(bytes(len(content)) if path.name == UNUSED else content))
            else:
                tar.addfile(entry)
    archive.parent.mkdir(exist_ok=True)
    archive.write_bytes(lzma.compress(plain.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive into a new folder.

    Returns:
        The folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with tarfile.open(archive, "r:xz") as tar:
        tar.extractall(folder, filter="data")
    return folder
