"""Counting passages a term over large corpora, for the idf table."""

from __future__ import annotations

import argparse
import json
import lzma
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harakat.errors import RecordError
from harakat.search.fields import ANALYSIS_VERSION, FIELD_BITS, Field, text_terms
from harakat.search.idf import IdfTable

__all__ = ["FEWEST", "count_passages", "frequent", "main", "passages_of", "read_texts"]

FEWEST: dict[Field, int] = {Field.WORD: 3, Field.STEM: 3, Field.GRAM: 3, Field.MARKED: 4, Field.PAIR: 24}
"""Passages that a term must stand in to be kept; rarer ones count as never seen."""

_PASSAGE_WORDS = 80
_BATCH = 20_000

_Counts = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]


def passages_of(texts: Iterable[str], words: int = _PASSAGE_WORDS) -> Iterator[str]:
    """Yield the passages of texts: runs of so many words, the last of a text shorter."""
    for text in texts:
        tokens = text.split()
        for at in range(0, len(tokens), words):
            yield " ".join(tokens[at : at + words])


def count_passages(passages: Iterable[str]) -> _Counts:
    """Count for each term the passages that hold it.

    Args:
        passages: Texts; each counts once a term.

    Returns:
        Term numbers, ascending, uint32, and their counts, int64.
    """
    total: _Counts = (np.empty(0, np.uint32), np.empty(0, np.int64))
    source = iter(passages)
    while batch := list(islice(source, _BATCH)):
        each = [np.unique(np.concatenate(text_terms(passage))) for passage in batch]
        total = _added(total, np.unique(np.concatenate(each), return_counts=True))
    return total


def frequent(counted: _Counts, fewest: Mapping[Field, int] = FEWEST) -> _Counts:
    """Return the counts of the terms that stand in enough passages.

    Args:
        counted: Term numbers and counts, as `count_passages` gives them.
        fewest: Passages a term of each field must stand in.
    """
    terms, counts = counted
    keep = counts >= np.array([fewest[field] for field in Field])[terms >> np.uint32(FIELD_BITS)]
    return terms[keep], counts[keep]


def _added(first: _Counts, second: tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]) -> _Counts:
    terms, places = np.unique(np.concatenate([first[0], second[0]]), return_inverse=True)
    sums = np.bincount(places, weights=np.concatenate([first[1], second[1]]), minlength=len(terms))
    return terms, sums.astype(np.int64)


def read_texts(path: Path) -> Iterator[str]:
    """Yield the texts of a file: `.txt` a line each, `.jsonl` the field `text` of each row; either also as `.xz`.

    Raises:
        RecordError: A row without such a field, or a file of another kind.
    """
    kinds = [suffix for suffix in path.suffixes if suffix in (".txt", ".jsonl", ".xz")]
    if kinds[:1] not in ([".txt"], [".jsonl"]):
        raise RecordError(f"{path} is neither .txt nor .jsonl (nor either with .xz); convert it to one of them")
    with lzma.open(path, "rt", encoding="utf-8") if kinds[-1] == ".xz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if kinds[0] == ".txt":
                yield line
                continue
            try:
                row = json.loads(line)
                text = row["text"]
            except (ValueError, KeyError, TypeError) as error:
                raise RecordError(f"{path}, line {number}: no JSON object with a field text ({error!r})") from error
            if not isinstance(text, str):
                raise RecordError(f"{path}, line {number}: text is a {type(text).__name__}; give a str")
            yield text


def main(arguments: Sequence[str] | None = None) -> None:
    """Count the sources that the command line names and write the table."""
    parser = argparse.ArgumentParser(
        prog="python -m harakat.search.counting",
        description="Count in how many passages each term stands, for an idf table.",
    )
    parser.add_argument(
        "--source",
        nargs=3,
        action="append",
        required=True,
        metavar=("NAME", "LICENCE", "FILE"),
        help="a corpus: its name and licence for the header, and a .txt or .jsonl file (also .xz)",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="file to write")
    parser.add_argument("--passage-words", type=_positive, default=_PASSAGE_WORDS, help="words a passage (default 80)")
    given = parser.parse_args(arguments)
    total: _Counts = (np.empty(0, np.uint32), np.empty(0, np.int64))
    sources, passages = [], 0
    for name, licence, file in given.source:
        seen = [0]
        counted = count_passages(_tallied(passages_of(read_texts(Path(file)), given.passage_words), seen))
        total = _added(total, counted)
        sources.append({"name": name, "licence": licence, "passages": seen[0]})
        passages += seen[0]
    terms, counts = frequent(total)
    about = {"analysis": ANALYSIS_VERSION, "passage_words": given.passage_words, "sources": sources}
    IdfTable.from_counts(terms, counts, passages, about).save(given.output)
    print(f"{given.output}: {len(terms):,} terms over {passages:,} passages")  # noqa: T201


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _tallied(passages: Iterable[str], seen: list[int]) -> Iterator[str]:
    for passage in passages:
        seen[0] += 1
        yield passage


if __name__ == "__main__":
    main()
