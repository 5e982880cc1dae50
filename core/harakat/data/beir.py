"""Retrieval sets in the BEIR layout: queries, corpus and qrels, in a folder or on the hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harakat._support.extras import require
from harakat.data.hub import open_hub
from harakat.data.readers import Row, file_rows, number_field, text_field
from harakat.data.source import Source
from harakat.errors import DataUnavailableError, EvaluationError, OptionError, RecordError

__all__ = ["RetrievalSet", "read_beir"]

Part = tuple[str, Iterable[Row]]
"""Name of a file or of a part of a hub data set, for messages, and its rows."""
ON_THE_HUB = {
    "corpus": (("corpus", "corpus"), ("corpus", None)),
    "queries": (("queries", "queries"), ("queries", None)),
    "qrels": (("default", None), ("qrels", None)),
}
"""Configurations and splits of each part in hub data sets of this layout; None for the split that is wanted."""


@dataclass(frozen=True)
class RetrievalSet:
    """Queries, documents, and the relevance of documents to queries.

    Attributes:
        name: For tables.
        queries: Id to text; only those with a relevant document.
        documents: Id to text.
        relevant: Query id to document id to grade, 1 and above for relevant ones.
        facts: Origin and sizes, for reports.

    Raises:
        EvaluationError: There are no queries or no documents, or a query has no relevant document.
    """

    name: str
    queries: Mapping[str, str]
    documents: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.queries or not self.documents:
            raise EvaluationError(
                f"{self.name}: {len(self.queries)} queries and {len(self.documents)} documents; no measure"
            )
        for query in self.queries:
            if not any(grade > 0 for grade in self.relevant.get(query, {}).values()):
                raise EvaluationError(f"{self.name}: query {query!r} has no relevant document; leave it out")


def read_beir(
    source: str | Path, split: str = "test", *, revision: str | None = None, offline: bool = False
) -> RetrievalSet:
    """Read ``corpus.jsonl`` (_id, title, text), ``queries.jsonl`` (_id, text) and ``qrels/SPLIT.tsv``.

    The .jsonl files may also end in .gz or .xz. On the hub the three are configurations: ``corpus``, ``queries``, and
    ``default`` or ``qrels``. A title goes before its text. Queries without a relevant document are left out and
    counted in `facts`.

    Args:
        source: A folder, or a hub id.
        split: Name of the qrels file, or of the split.
        revision: Branch, tag or commit on the hub; None for the newest. The commit is in `facts`.
        offline: Never ask the hub: only what its cache has.

    Raises:
        RecordError: A file is missing, a line is not of that form, an id comes twice, or the qrels name an id that is
            not there.
        DataUnavailableError: There is no such folder, and the hub has no such data set or cannot be asked.
        OptionError: A revision of a folder, or a hub data set of another layout.
        MissingExtraError: A hub id, and `datasets` is not installed.
        EvaluationError: Nothing is left to measure.
    """
    folder = Path(source).expanduser()
    if folder.is_dir():
        if revision is not None:
            raise OptionError(f"revision={revision!r}: {folder} is on this machine and has no revisions; leave it out")
        name = folder.resolve().name
        facts: dict[str, Any] = {"folder": name}
        qrels = folder / "qrels" / f"{split}.tsv"
        parts = {part: _file(folder, part) for part in ("corpus", "queries")} | {
            "qrels": (qrels.name, file_rows(qrels))
        }
    else:
        name, facts, parts = _on_the_hub(str(source), split, revision, offline)
    documents = _texts(*parts["corpus"], title=True)
    queries = _texts(*parts["queries"], title=False)
    relevant: dict[str, dict[str, int]] = {}
    for where, row in _placed(*parts["qrels"]):
        query, document = text_field(row, "query-id", where), text_field(row, "corpus-id", where)
        for key, there, what in ((query, queries, "queries"), (document, documents, "corpus")):
            if key not in there:
                raise RecordError(f"{where}: {key!r} is not in {parts[what][0]}")
        grade = number_field(row, "score", where)
        if grade != int(grade):
            raise RecordError(f"{where}: the score {grade} is no whole grade")
        relevant.setdefault(query, {})[document] = max(0, int(grade))
    asked = {key: text for key, text in queries.items() if any(relevant.get(key, {}).values())}
    facts |= {
        "split": split,
        "queries": len(asked),
        "queries without a relevant document": len(queries) - len(asked),
        "documents": len(documents),
    }
    return RetrievalSet(name, asked, documents, {key: relevant[key] for key in asked}, facts)


def _file(folder: Path, part: str) -> Part:
    path = next((p for end in ("", ".gz", ".xz") if (p := folder / f"{part}.jsonl{end}").is_file()), None)
    if path is None:
        raise RecordError(
            f"{folder} holds no {part}.jsonl; the BEIR layout is corpus.jsonl, queries.jsonl, qrels/*.tsv"
        )
    return path.name, file_rows(path)


def _on_the_hub(
    hub: str, split: str, revision: str | None, offline: bool
) -> tuple[str, dict[str, Any], dict[str, Part]]:
    if hub.count("/") != 1 or hub.startswith((".", "/", "~")):
        raise DataUnavailableError(f"{hub}: there is no such folder")
    require("datasets", "eval")
    parts: dict[str, Part] = {}
    commit = revision
    for part, places in ON_THE_HUB.items():
        faults = []
        for config, fixed in places:
            # After the first part the commit is known, and the others are of the same.
            asked = Source("retrieval", hub=hub, config=config, split=fixed or split, revision=commit)
            try:
                found = open_hub(asked, offline=offline)
            except OptionError as error:
                faults.append(str(error))
                continue
            commit, parts[part] = found.commit, (f"{hub} {part}", found.rows())
            break
        else:
            raise OptionError(f"{hub} has no {part} of the BEIR layout: {faults[-1]}")
    return hub.rsplit("/", 1)[-1], {"hub": hub, "revision": commit}, parts


def _texts(name: str, rows: Iterable[Row], *, title: bool) -> dict[str, str]:
    texts: dict[str, str] = {}
    for where, row in _placed(name, rows):
        key = text_field(row, "_id" if "_id" in row or "id" not in row else "id", where)
        if key in texts:
            raise RecordError(f"{where}: the id {key!r} comes twice")
        before = row.get("title") if title else None
        text = row.get("text")
        if not isinstance(text, str) or not isinstance(before, str | None):
            raise RecordError(f"{where}: 'text' is {text!r} and 'title' {before!r}; both are texts")
        texts[key] = f"{before} {text}".strip() if before else text
    return texts


def _placed(name: str, rows: Iterable[Row]) -> Iterator[tuple[str, Any]]:
    for line, row in rows:
        yield f"{name}, line {line:,}", row
