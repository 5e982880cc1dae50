"""Clitic segmentation through fast-disambig, and the data that it needs.

The data is not ours to ship (calima-msa-r13: 40 MB and 89 MB, GPL v2): it lies in a folder that the environment
names, and `fetch_data` brings it there when a person asks for it. Nothing here opens a connection by itself:
left alone, fast-disambig would download missing data on first use, so it is only ever given files that exist.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from harakat._support.locks import ForkSafeLock
from harakat.errors import MissingExtraError, MorphologyDataError

__all__ = [
    "DATA_VARIABLES",
    "DEFAULT_DATA",
    "MorphologyData",
    "Segmenter",
    "VerifiedFile",
    "data_folder",
    "data_identity",
    "fetch_data",
    "locate_data",
    "verify_data",
]

DEFAULT_DATA = "calima-msa-r13"
"""The catalogue name of the data that NeoAraBERT was trained with."""

DATA_VARIABLES = ("FAST_DISAMBIG_DATA_DIR", "CAMELTOOLS_DATA")
"""Environment variables that say where the data lives; the first one that is set wins."""

_DATABASE = "morphology.db"
_MODEL = "model.json"
# Where CAMeL's catalogue 1.5 puts the two parts of a data set, below the data folder.
_COMPONENTS = {"MorphologyDB": "morphology_db", "DisambigMLE": "disambig_mle"}
_DROPPED = dict.fromkeys(map(ord, "\u0640\u200b\u200c\u200d\u200e\u200f\ufeff"))  # before words are told apart
_ANALYSES = 20_000  # words whose analysis fast-disambig keeps, about 2 KB each


@dataclass(frozen=True)
class MorphologyData:
    """Paths of the two files of one data set."""

    name: str
    """As asked for: a catalogue name, or a folder."""
    database: Path
    """Morphological database in CALIMA text format."""
    model: Path
    """Most likely analysis of frequent words, JSON."""


class VerifiedFile(NamedTuple):
    """File of a data set, as `verify_data` found it."""

    path: Path
    size: int
    """Bytes."""
    sha256: str
    listed: bool
    """True where the catalogue lists the file with this digest."""


def data_folder() -> Path:
    """Return the data folder of fast-disambig: the first of `DATA_VARIABLES` that is set, or ~/.camel_tools/data."""
    for variable in DATA_VARIABLES:
        value = os.environ.get(variable)
        if value is not None:
            return Path(value)
    return Path.home() / ".camel_tools" / "data"


def locate_data(name: str | Path | None = None) -> MorphologyData:
    """Find a data set on this machine. Never downloads.

    Args:
        name: A folder that holds `morphology.db` and `model.json`, or a catalogue name, looked for below
            `data_folder`. None: `DEFAULT_DATA`.

    Returns:
        Its two files, which exist.

    Raises:
        MorphologyDataError: They are not there; the message says where they were looked for, which environment
            variable moves the place, and which command fetches them.
    """
    wanted = str(name) if name is not None else DEFAULT_DATA
    folder = data_folder()
    candidates = [(path / _DATABASE, path / _MODEL) for path in (Path(wanted), folder / wanted)]
    parts = _catalogue_paths(folder, wanted)
    candidates.append((parts["MorphologyDB"] / _DATABASE, parts["DisambigMLE"] / _MODEL))
    for database, model in candidates:
        if database.is_file() and model.is_file():
            return MorphologyData(wanted, database.resolve(), model.resolve())
    looked = ", ".join(
        str(path) for pair in (candidates[:1] if Path(wanted).is_dir() else candidates[-1:]) for path in pair
    )
    raise MorphologyDataError(
        f"the morphology data {wanted!r} that clitic segmentation needs is not on this machine (looked for "
        f"{looked}). Fetch it with `harakat fetch morphology`, or point the environment variable "
        f"{DATA_VARIABLES[0]} at a folder that has it, or switch segmentation off (which changes the ids)."
    )


def _catalogue_paths(folder: Path, name: str) -> dict[str, Path]:
    """Return the paths that the catalogue lists for a data set, or the usual paths where there is no catalogue."""
    paths = {component: folder / usual / name for component, usual in _COMPONENTS.items()}
    for component, entry in _datasets(_catalogue(folder), name).items():
        place = Path(entry)
        # A catalogue is a downloaded file: it may not point out of its folder.
        if not place.is_absolute() and ".." not in place.parts:
            paths[component] = folder / place
    return paths


def _catalogue(folder: Path) -> dict[str, Any]:
    try:
        content = json.loads((folder / "catalogue.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise MorphologyDataError(
            f"{folder / 'catalogue.json'} cannot be read ({error}); delete it and run `harakat fetch morphology`"
        ) from error
    return content if isinstance(content, dict) else {}


def _datasets(catalogue: dict[str, Any], name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for component in _COMPONENTS:
        entry: Any = catalogue
        for key in ("components", component, "datasets", name, "path"):
            entry = entry.get(key) if isinstance(entry, dict) else None
        if isinstance(entry, str):
            found[component] = entry
    return found


def data_identity(data: MorphologyData) -> str:
    """Return the SHA-256 (hex) of both files: data sets with the same identity segment alike.

    Args:
        data: From `locate_data`.

    Raises:
        MorphologyDataError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for path in (data.database, data.model):
        digest.update(_file_digest(path))
    return digest.hexdigest()


def _file_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    except OSError as error:
        raise MorphologyDataError(f"{path} cannot be read: {error}") from error
    return digest.digest()


def fetch_data(name: str | None = None) -> MorphologyData:
    """Download a data set of CAMeL's catalogue into `data_folder` with fast-disambig's own downloader.

    The downloader compares every archive and file with the catalogue's SHA-256 and prints its progress to
    standard output. What is there already is kept.

    Args:
        name: A catalogue name. None: `DEFAULT_DATA`.

    Returns:
        The files, loaded once to see that they work.

    Raises:
        MorphologyDataError: The catalogue or the data cannot be reached, or does not work.
    """
    wanted = DEFAULT_DATA if name is None else name
    library = _library()
    away = (
        f"On a machine without a connection, copy {data_folder()} from one where `harakat fetch morphology` worked, "
        f"and set {DATA_VARIABLES[0]} to it."
    )
    with _library_errors(f"the morphology data {wanted!r} cannot be fetched into {data_folder()}", away):
        library.Stemmer(wanted)
    return locate_data(wanted)


def verify_data(data: MorphologyData) -> list[VerifiedFile]:
    """Compare a data set with the digests of the catalogue beside it.

    Args:
        data: From `locate_data`.

    Returns:
        Both files with their digests; `listed` says whether the catalogue lists the file, with that digest.

    Raises:
        MorphologyDataError: A file cannot be read, or its digest is not the catalogue's.
    """
    folder = data_folder()
    listed = _listed_digests(folder)
    verified = []
    for path in (data.database, data.model):
        digest = _file_digest(path).hex()
        expected = listed.get(path)
        if expected not in (None, digest):
            raise MorphologyDataError(
                f"{path} has SHA-256 {digest}, but {folder / 'catalogue.json'} says {expected}: delete it and run "
                "`harakat fetch morphology`"
            )
        verified.append(VerifiedFile(path, path.stat().st_size, digest, expected is not None))
    return verified


def _listed_digests(folder: Path) -> dict[Path, str]:
    packages = _catalogue(folder).get("packages")
    digests: dict[Path, str] = {}
    for package in packages.values() if isinstance(packages, dict) else ():
        place, files = (package.get("destination"), package.get("files")) if isinstance(package, dict) else (None, None)
        if isinstance(place, str) and isinstance(files, list):
            digests |= {(folder / place / str(file["path"])).resolve(): str(file["sha256"]) for file in files}
    return digests


class Segmenter:
    """Clitic segmenter of the published tokenizer. Any number of threads may share one.

    fast-disambig analyses each word by itself and holds the GIL meanwhile; the words of one call are spread
    over the cores by its own thread pool. That pool does not survive `os.fork`, and a child would wait for it for
    ever: there, words are given to it one at a time, which needs no pool.
    """

    def __init__(self, name: str | Path | None = None, *, separator: str = "[+]") -> None:
        """Load the data.

        Args:
            name: As for `locate_data`.
            separator: What is put between the clitics.

        Raises:
            MissingExtraError: fast-disambig is not installed.
            MorphologyDataError: The data is missing or damaged.
        """
        _library()
        self.data = locate_data(name)
        self.separator = separator
        self._stemmer = _load(self.data)
        self._identity = f"{data_identity(self.data)}:d3tok:NOAN_PROP:{separator}"
        self._lock = ForkSafeLock()
        self._process = os.getpid()

    @property
    def identity(self) -> str:
        """Return the data and the scheme that decide the segmentation, as text."""
        return self._identity

    def segment(self, text: str) -> str:
        """Return a text with the separator between the clitics of each word; marks are kept.

        fast-disambig drops tatweel, zero-width characters, and every character that is neither letter, mark,
        number, punctuation, symbol nor white space (controls, private use, unassigned).

        Args:
            text: Any text without lone surrogates.
        """
        with self._lock:
            if os.getpid() != self._process:
                self._analyse_one_by_one(text)
            segmented: str = self._stemmer.stem(text, sep=self.separator, preserve_diacritics=True)
        return segmented

    def segment_lines(self, lines: Sequence[str]) -> list[str]:
        """Segment several texts in one call, which is faster.

        Args:
            lines: Texts without line feeds.

        Returns:
            The segmented texts, in order.
        """
        if not lines:
            return []
        return self.segment("\n".join(lines)).split("\n")

    def _analyse_one_by_one(self, text: str) -> None:
        """Analyse every word of a text, so that the next call finds them all cached and starts no thread."""
        words = set(_library().tokenize(text.translate(_DROPPED), mode="full"))
        if self._stemmer.cache_size + len(words) >= _ANALYSES:
            self._stemmer = _load(self.data, analyses=max(_ANALYSES, 2 * len(words)))
        for word in words:
            self._stemmer.stem(word)


def _library() -> Any:  # it has no types
    """Import fast-disambig, which has no wheels for some platforms.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return import_module("fast_disambig.camel")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != "fast_disambig":
            raise
        raise MissingExtraError(
            "clitic segmentation needs the package fast-disambig, which is not installed: it has wheels for Python "
            "3.10 to 3.13 on macOS and, with x86-64 processors, on Linux and Windows. Elsewhere `pip install "
            "fast-disambig` builds it with a Rust compiler; or use a checkpoint that needs no segmentation, such as "
            "harakat-mini, or segmentation=False, which changes the ids",
            name=error.name,
        ) from error


def _load(data: MorphologyData, analyses: int = _ANALYSES) -> Any:
    library = _library()
    with _library_errors(
        f"the morphology data {data.name!r} is damaged ({data.database}, {data.model})",
        "Delete both files and run `harakat fetch morphology`.",
    ):
        if data.database.parent == data.model.parent:
            return library.Stemmer(str(data.database.parent), cache_size=analyses)
        # The real layout keeps the two files apart, and finding them by name would go through the catalogue,
        # which fast-disambig downloads where it is missing. A folder that holds both is read from as it is.
        with tempfile.TemporaryDirectory(prefix="harakat-morphology-") as both:
            for source, name in ((data.database, _DATABASE), (data.model, _MODEL)):
                target = Path(both) / name
                try:
                    target.symlink_to(source)
                except OSError:  # Windows without the privilege, file systems without links
                    shutil.copyfile(source, target)
            return library.Stemmer(both, cache_size=analyses)


@contextmanager
def _library_errors(what: str, way_out: str) -> Iterator[None]:
    """Turn exceptions of fast-disambig into `MorphologyDataError`."""
    try:
        yield
    except RuntimeError as error:
        raise MorphologyDataError(f"{what}: {error}. {way_out}") from error
    except BaseException as error:
        # Malformed data makes the library panic, which pyo3 raises outside of Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise MorphologyDataError(f"{what}: {error}. {way_out}") from error
