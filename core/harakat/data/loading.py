"""Rows of a source, read, drawn and checked, and never the held-out part of Muradif."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harakat.data import muradif
from harakat.data.hub import open_hub
from harakat.data.readers import Row, file_rows, text_field
from harakat.data.source import FORMATS, Source
from harakat.errors import OptionError, RecordError

__all__ = ["LoadedSource", "read_source"]

COLUMNS = {"pairs": FORMATS["pairs"], "triplets": FORMATS["triplets"], "muradif": FORMATS["triplets"]}
"""The columns of the rows that each format gives."""


@dataclass(frozen=True)
class LoadedSource:
    """Texts of one data set, checked.

    Attributes:
        name: The source's name.
        columns: Names of a row's texts: anchor, positive and, for triplets, negative.
        rows: The texts.
        skipped: Number of rows left out under ``skip_bad``.
        commit: Of a hub data set, where known.
        held_out: For Muradif, rule and digest of the held-out anchors; else None.
        touching: For Muradif, number of training rows (before a cap) in which a held-out anchor is the synonym or
            the irrelevant word. The published split, by anchor alone, has such rows too.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    skipped: int = 0
    commit: str | None = None
    held_out: str | None = None
    touching: int | None = None

    def facts(self) -> dict[str, Any]:
        """Return what a run's files record of it: enough to tell whether it is still the same."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(json.dumps(row, ensure_ascii=False).encode("utf-8") + b"\n")
        facts = {"name": self.name, "rows": len(self.rows), "skipped": self.skipped, "sha256": digest.hexdigest()}
        optional = {"commit": self.commit, "held_out": self.held_out, "touching_held_out": self.touching}
        return facts | {key: value for key, value in optional.items() if value is not None}


def read_source(source: Source, seed: int, given: Sequence[Mapping[str, Any]] | None = None) -> LoadedSource:
    """Read and check one data set.

    Args:
        source: The data set.
        seed: For drawing `rows` out of more.
        given: The rows themselves, where they are in memory already; then no file is read.

    Raises:
        OptionError: It names neither file nor hub id, or would read Muradif without its split.
        RecordError: A row that cannot be taken, or none that can.
        DataUnavailableError: A hub data set that is not here and cannot be fetched.
    """
    if source.path is None and source.hub is None:
        raise OptionError(
            f"data.{source.name}: neither path nor hub is given; name a file (data.{source.name}.path=…) or a data set "
            f"(data.{source.name}.hub=…), or leave it out (data.{source.name}.rows=0)"
        )
    if source.hub == muradif.HUB_ID and source.format != "muradif":
        raise OptionError(
            f"data.{source.name}: format={source.format!r} would read {source.hub} with the anchors that are held out "
            f"for evaluation; set format='muradif'"
        )
    reader = _Reader(source, seed, given)
    loaded = reader.muradif() if source.format == "muradif" else reader.tuples()
    if not loaded.rows:
        raise RecordError(f"data.{source.name}: no rows are left ({loaded.skipped:,} were skipped); check the file")
    return loaded


class _Reader:
    """Reader of one source that skips or refuses bad rows."""

    def __init__(self, source: Source, seed: int, given: Sequence[Mapping[str, Any]] | None) -> None:
        self.source = source
        self.given = given
        self.chance = random.Random(f"{seed}:{source.name}")
        self.skipped = 0
        self.commit: str | None = None

    def tuples(self) -> LoadedSource:
        """Read pairs or triplets."""
        columns = COLUMNS[self.source.format]
        # A hub data set knows its size, so only the rows that are drawn need to be read and checked.
        rows = list(self._checked(self._texts, drawn=True))
        return LoadedSource(self.source.name, columns, tuple(self._draw(rows)), self.skipped, self.commit)

    def muradif(self) -> LoadedSource:
        """Read the texts of Muradif's training half."""
        columns = self.source.columns
        split = muradif.split_by_anchor(self._checked(lambda row, where: muradif.muradif_triplet(row, where, columns)))
        keys = {muradif.anchor_key(row.anchor) for row in split.held_out.rows}
        digest = hashlib.sha256("\n".join(sorted(keys)).encode("utf-8")).hexdigest()
        crossed = keys & {muradif.anchor_key(row.anchor) for row in split.train}
        if crossed:
            raise RecordError(f"data.{self.source.name}: held-out anchors among the training rows: {sorted(crossed)}")
        rows = [row.texts() for row in self._draw(list(split.train))]
        return LoadedSource(
            self.source.name,
            COLUMNS["muradif"],
            tuple(rows),
            self.skipped,
            self.commit,
            f"{muradif.SPLIT_RULE}:{digest[:16]}",
            sum(muradif.has_anchor_of(row, keys) for row in split.train),
        )

    def _texts(self, row: Mapping[str, Any], where: str) -> tuple[str, ...]:
        if "anchor_word" in row and "context" in row:
            raise OptionError(
                f"{where}: these are Muradif's columns; format={self.source.format!r} would train on the anchors that "
                f"are held out for evaluation. Set data.{self.source.name}.format=muradif"
            )
        return tuple(text_field(row, self.source.column(name), where) for name in COLUMNS[self.source.format])

    def _checked(self, take: Callable[[Mapping[str, Any], str], Any], *, drawn: bool = False) -> Iterator[Any]:
        for where, row in self._rows(drawn):
            try:
                yield take(row, where)
            except RecordError:
                if not self.source.skip_bad:
                    raise
                self.skipped += 1

    def _rows(self, drawn: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
        found: Iterator[Row]
        if self.given is not None:
            for index, row in enumerate(self.given):
                yield f"the data, row {index:,}", row
            return
        if self.source.path is not None:
            name, found = self.source.path, file_rows(self.source.path)
            for line, row in found:
                yield f"{name}, line {line:,}", row
            return
        opened = open_hub(self.source)
        self.commit = opened.commit
        wanted = self.source.rows
        chosen = None
        if drawn and wanted is not None and wanted < len(opened):
            chosen = sorted(self.chance.sample(range(len(opened)), wanted))
        for index, row in opened.rows(chosen):
            yield f"{self.source.hub} ({self.source.split}), row {index:,}", row

    def _draw(self, rows: list[Any]) -> list[Any]:
        wanted = self.source.rows
        if wanted is None or wanted >= len(rows):
            return rows
        return [rows[place] for place in sorted(self.chance.sample(range(len(rows)), wanted))]
