"""Where records are kept: the address a person writes, and the store behind it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from harakat._support.extras import require
from harakat.errors import CollectionError, ModelUnavailableError, OptionError, StoreError, UnknownModelError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

    from chroma_harakat import Hit, IngestReport
    from harakat import Encoder

__all__ = ["Address", "ChromaStore", "Differences", "open_store", "parse_address"]

DEFAULT_COLLECTION = "harakat"
LOCK_FILE = ".harakat-writer.lock"
RUNS_HERE = ("device", "dtype", "batch_tokens", "attention", "compile", "workers", "offline", "cache_dir")
"""Recorded options that belong to the machine that made the collection, not to its vectors."""


class Address(NamedTuple):
    """Where a collection is."""

    place: str
    """A folder, or the address of a server."""
    collection: str | None
    """Its name; None where the address names none."""

    @property
    def served(self) -> bool:
        """Whether it is a server's address."""
        return self.place.startswith(("http://", "https://"))

    def __str__(self) -> str:
        return f"chroma:{self.place}" + (f"#{self.collection}" if self.collection else "")


def parse_address(text: str) -> Address:
    """Read ``chroma:FOLDER``, ``chroma:FOLDER#COLLECTION`` or ``chroma:http://HOST:PORT#COLLECTION``.

    Raises:
        OptionError: Something else.
    """
    kind, colon, rest = text.partition(":")
    place, _, collection = rest.partition("#")
    if kind != "chroma" or not colon or not place or (not collection and "#" in rest):
        raise OptionError(
            f"the store {text!r} is not of the form chroma:FOLDER or chroma:FOLDER#COLLECTION (or "
            f"chroma:http://HOST:PORT#COLLECTION for a server), for example chroma:./index#poems"
        )
    return Address(place, collection or None)


@dataclass(frozen=True)
class Differences:
    """How a batch compares with what is stored."""

    new: int
    changes: Sequence[tuple[str, str]]
    """Ids stored with something else, each with a sentence about it."""


@contextmanager
def open_store(address: Address, *, write: bool) -> Iterator[ChromaStore]:
    """Open a store, and close it in the end.

    Args:
        address: Where it is.
        write: Make the folder where it is missing, and keep other harakat processes from writing meanwhile.

    Raises:
        CollectionError: There is nothing there to read.
        StoreError: The store cannot be opened, or another process is writing to it.
        MissingExtraError: chromadb is not installed.
    """
    require("chromadb", "chroma")
    if address.served:
        with _client(address) as client:
            yield ChromaStore(client, address)
        return
    folder = Path(address.place).expanduser()
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file; give a folder")
    if not write:
        if not (folder / "chroma.sqlite3").is_file():
            raise CollectionError(
                f"there is no Chroma store in {folder}; make one with `harakat index SOURCE {address}`"
            )
        with _client(address) as client:
            yield ChromaStore(client, address)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder {folder} cannot be made: {error.strerror}") from error
    with _only_writer(folder), _client(address) as client:
        yield ChromaStore(client, address)


class ChromaStore:
    """A Chroma client and the collections of harakat in it. Use `open_store`."""

    def __init__(self, client: ClientAPI, address: Address) -> None:
        self._client, self._address = client, address

    def collections(self) -> list[str]:
        """Names of the collections that harakat made."""
        from chroma_harakat.failures import failures
        from harakat.adapters.collection_fingerprint import FINGERPRINT_KEY

        with failures(f"listing the collections of {self._address}"):
            found = self._client.list_collections()
        return sorted(c.name for c in found if FINGERPRINT_KEY in (c.metadata or {}))

    def choose(self, name: str | None) -> str:
        """The collection that is meant: the named one, ``harakat``, or the only one.

        Raises:
            CollectionError: None is named and several are there, or none.
        """
        if name is not None:
            return name
        names = self.collections()
        if DEFAULT_COLLECTION in names:
            return DEFAULT_COLLECTION
        if len(names) == 1:
            return names[0]
        if not names:
            raise CollectionError(f"{self._address} holds no collection of harakat; make one with `harakat index`")
        raise CollectionError(
            f"{self._address} holds several collections ({', '.join(names)}); name one: {self._address}#{names[0]}"
        )

    def encoder(self, name: str, options: Mapping[str, Any]) -> Encoder:
        """The encoder that made a collection, with what the person asked for instead.

        Args:
            name: The collection.
            options: Arguments of `harakat.Encoder` that were given; they win over the recorded ones.

        Raises:
            CollectionError: There is no such collection.
            FingerprintError: The options make another encoder.
            HarakatError: Whatever `harakat.Encoder` raises.
        """
        from chroma_harakat import open_collection, recorded_options
        from harakat import Encoder

        recorded = {k: v for k, v in recorded_options(self._client, name).items() if k not in RUNS_HERE}
        if options.get("model") not in (None, recorded["model"]):
            recorded = {k: v for k, v in recorded.items() if k not in ("revision", "morphology")}
        try:
            encoder = Encoder(**{**recorded, **options})
        except (UnknownModelError, ModelUnavailableError) as error:
            if "model" in options:
                raise
            raise ModelUnavailableError(
                f"the collection {name!r} was made with the model {recorded['model']!r}, which cannot be opened now "
                f"({error}); say where it is with --model"
            ) from error
        except OptionError:
            # A recorded option may not fit the model that was asked for; its own then differ, and are named below.
            if "model" not in options:
                raise
            encoder = Encoder(**options)
        open_collection(self._client, name, encoder)
        return encoder

    def create(self, name: str, encoder: Encoder) -> None:
        """Make a collection, or open the one of that name.

        Raises:
            FingerprintError: Another encoder made it.
            CollectionError: It was not made by harakat.
        """
        from chroma_harakat import create_collection

        create_collection(self._client, name, encoder, exist_ok=True)

    def exists(self, name: str) -> bool:
        """Whether there is a collection of that name, whoever made it."""
        from chroma_harakat.opening import exists

        return exists(self._client, name)

    def count(self, name: str) -> int:
        """Records in a collection."""
        from chroma_harakat.failures import failures

        with failures(f"counting the records of {name!r}"):
            return self._client.get_collection(name, embedding_function=None).count()

    def differences(self, name: str, records: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Differences:
        """Compare records with what is stored under their ids; encodes nothing.

        Raises:
            RecordError: A record that cannot be stored.
        """
        from chroma_harakat.failures import failures
        from chroma_harakat.store import ChromaStore as RawStore
        from harakat.adapters.ingestion import compare

        with failures(f"opening {name!r}"):
            collection = self._client.get_collection(name, embedding_function=None)
        found = compare(RawStore(self._client, collection), records)
        return Differences(len(found.new), [(str(change.given.key), change.message) for change in found.changed])

    def ingest(
        self,
        name: str,
        encoder: Encoder,
        records: Iterable[tuple[str, str, Mapping[str, Any]]],
        *,
        update: bool,
        progress: Callable[[int], None],
    ) -> IngestReport:
        """Write records in whole batches; see `chroma_harakat.Collection.ingest`."""
        from chroma_harakat import open_collection

        collection = open_collection(self._client, name, encoder)
        return collection.ingest(records, on_change="update" if update else "refuse", show_progress=progress)

    def search(
        self,
        name: str,
        encoder: Encoder,
        queries: Sequence[str],
        limit: int,
        where: Mapping[str, Any] | None = None,
    ) -> list[list[Hit]]:
        """The records nearest to each query; see `chroma_harakat.Collection.search`."""
        from chroma_harakat import open_collection

        return open_collection(self._client, name, encoder).search_many(queries, limit=limit, filter=where)


def check_records(records: Sequence[tuple[str, str, Mapping[str, Any]]]) -> list[Any]:
    """Refuse what a store would refuse or silently change.

    Raises:
        RecordError: Such a record.
    """
    from chroma_harakat import prepare_record

    return [prepare_record(record, index) for index, record in enumerate(records)]


@contextmanager
def _client(address: Address) -> Iterator[ClientAPI]:
    import chromadb
    from chromadb.config import Settings

    from chroma_harakat.failures import failures

    settings = Settings(anonymized_telemetry=False)
    with failures(f"opening {address}"):
        if address.served:
            url = urlsplit(address.place)
            client = chromadb.HttpClient(
                url.hostname or "", url.port or 8000, ssl=url.scheme == "https", settings=settings
            )
        else:
            client = chromadb.PersistentClient(Path(address.place).expanduser(), settings=settings)
    try:
        yield client
    finally:
        client.close()  # type: ignore[attr-defined]


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: an embedded Chroma takes one writing process. The system drops it with the process."""
    with (folder / LOCK_FILE).open("a+b") as file:
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
