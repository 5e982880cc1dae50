"""Data sets by name: where the rows are, which columns hold the texts, how many rows to take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from harakat._support.option_checks import refuse_unknown
from harakat._support.setting_checks import check_flag, check_one_of, check_text, check_whole
from harakat.errors import OptionError

__all__ = ["FORMATS", "NAME", "Source"]

FORMATS: dict[str, tuple[str, ...]] = {
    "triplets": ("anchor", "positive", "negative"),
    "pairs": ("anchor", "positive"),
    "muradif": ("context", "anchor_word", "syn_word", "irrelevant_word"),
}
"""The columns that each format is read from."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
"""Names of sources and of recipes."""


@dataclass(frozen=True)
class Source:
    """One data set of a recipe.

    Attributes:
        name: Its name in the recipe; lower-case letters, digits and hyphens.
        description: For people.
        format: ``"triplets"``, ``"pairs"``, or ``"muradif"`` (contexts with a gap; only anchors outside the
            held-out part are ever read).
        path: A local file: .jsonl, .csv or .tsv, also compressed as .gz or .xz.
        hub: Instead of `path`, a data set's hub id, or a folder that `datasets.load_dataset` reads.
        config: The hub data set's configuration, where it has several.
        split: Its split.
        revision: Branch, tag or commit. None takes the newest commit at the first run, which is recorded in
            ``run.json``.
        columns: The data's own names of the columns, where they differ from the format's.
        rows: Largest number of rows to take, drawn at random with the recipe's seed; None for all, 0 to leave the
            source out.
        skip_bad: Leave out rows that cannot be taken, and count them, instead of refusing them.

    Raises:
        OptionError: An impossible value; names the field.
    """

    name: str
    format: str = "triplets"
    description: str = ""
    path: str | None = None
    hub: str | None = None
    config: str | None = None
    split: str = "train"
    revision: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: int | None = None
    skip_bad: bool = False

    def __post_init__(self) -> None:
        where = f"data.{self.name}"
        if not isinstance(self.name, str) or not NAME.fullmatch(self.name):
            raise OptionError(f"data: name={self.name!r} is not made of lower-case letters, digits and hyphens")
        check_one_of(where, "format", self.format, tuple(FORMATS))
        for name in ("description", "split"):
            check_text(where, name, getattr(self, name))
        for name in ("path", "hub", "config", "revision"):
            if getattr(self, name) is not None:
                check_text(where, name, getattr(self, name))
        if self.path is not None and self.hub is not None:
            raise OptionError(
                f"{where}: path={self.path!r} and hub={self.hub!r}; give one of them (set the other null)"
            )
        if self.rows is not None:
            check_whole(where, "rows", self.rows, least=0)
        check_flag(where, "skip_bad", self.skip_bad)
        if not isinstance(self.columns, Mapping) or not all(isinstance(v, str) for v in self.columns.values()):
            raise OptionError(f"{where}: columns={self.columns!r} does not map column names to column names")
        refuse_unknown(self.columns, FORMATS[self.format], f"{where}.columns ({self.format})")

    def column(self, name: str) -> str:
        """Return the data's own name of a column."""
        return self.columns.get(name, name)
