"""Judging data: a local file or folder, or a data set of the hub at one commit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harakat._support.extras import require
from harakat.data.hub import open_hub
from harakat.data.readers import Row, file_rows
from harakat.data.source import Source
from harakat.errors import DataUnavailableError, OptionError, RecordError

__all__ = ["JudgingSet", "open_rows"]

FILE = re.compile(r"\.(jsonl|ndjson|csv|tsv|parquet)(\.gz|\.xz)?$")
"""Names of files; any other name that is neither a file nor a folder is taken for a hub id."""


@dataclass(frozen=True)
class JudgingSet:
    """A data set of the hub that models are judged on and never trained on.

    Attributes:
        name: For tables and messages; lower-case letters and digits.
        hub: Its hub id.
        config: Its configuration there, such as a language.
        split: Its split.
        revision: The commit that published figures were measured at; None where none is known, and then the newest
            commit is read and recorded.
        rows: Its number of rows; None where not known.
    """

    name: str
    hub: str
    config: str | None = None
    split: str = "test"
    revision: str | None = None
    rows: int | None = None


def open_rows(
    wanted: JudgingSet, source: str | None = None, *, revision: str | None = None, offline: bool = False
) -> tuple[Iterator[Row], dict[str, Any]]:
    """Open the rows of a judging set.

    Args:
        wanted: The set.
        source: A local file (.jsonl, .csv, .tsv, also .gz or .xz; .parquet), a folder that `datasets` reads, or
            another hub id; None for the set's own.
        revision: Branch, tag or commit on the hub; None for the set's own where it has one, else the newest. The
            commit that it stood for is in the facts.
        offline: Never ask the hub: only what its cache has.

    Returns:
        Rows with their place, and their origin for a report.

    Raises:
        DataUnavailableError: It is not here and cannot be fetched.
        MissingExtraError: `datasets` is not installed, and the source is no plain file.
        RecordError: A file that cannot be read.
        OptionError: A revision of something that is not on the hub, or a configuration that it does not have.
    """
    path = Path(source).expanduser() if source else None
    if path is not None and path.exists() and revision is not None:
        raise OptionError(f"revision={revision!r}: {source} is on this machine and has no revisions; leave it out")
    if path is not None and path.is_file():
        facts = {"file": path.name, "sha256": _digest(path)}
        return (_parquet_rows(path) if path.suffix == ".parquet" else file_rows(path)), facts
    if path is not None and FILE.search(path.name) and not path.exists():
        raise DataUnavailableError(f"{source}: there is no such file")
    local = path is not None and path.is_dir()
    require("datasets", "eval")
    asked = Source(
        name=wanted.name,
        hub=source or wanted.hub,
        config=None if local else wanted.config,
        split=wanted.split,
        revision=revision or (wanted.revision if source in (None, wanted.hub) else None),
    )
    try:
        data = open_hub(asked, offline=offline)
    except DataUnavailableError as error:
        raise DataUnavailableError(
            f"{asked.hub} ({asked.config or 'default'}) is not on this machine and cannot be fetched now; give a "
            f"local copy of it (a file or a folder) instead. The reason: {error.__cause__ or error}"
        ) from error
    if local:
        return data.rows(), {"folder": path.name if path else "", "rows": len(data)}
    return data.rows(), {"hub": asked.hub, "config": asked.config, "split": asked.split, "revision": data.commit}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()[:16]


def _parquet_rows(path: Path) -> Iterator[Row]:
    parquet = require("pyarrow.parquet", "eval")
    faults = (require("pyarrow", "eval").ArrowException, OSError)
    try:
        yield from enumerate(parquet.read_table(path).to_pylist())
    except faults as error:
        raise RecordError(f"{path} cannot be read as parquet: {error}") from error
