"""Local files give back what was written, and every fault has its line."""

from __future__ import annotations

import csv
import gzip
import json
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.data.readers import file_rows, text_field
from harakat.errors import OptionError, RecordError

FIELDS = ("anchor", "positive")
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20)
ROWS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8)


@given(ROWS, st.sampled_from([".jsonl", ".ndjson.gz", ".jsonl.xz"]))
def test_json_lines_round_trip(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str) -> None:
    path = tmp_path_factory.mktemp("rows") / f"data{end}"
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "wt", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(dict(zip(FIELDS, row, strict=True)), ensure_ascii=False) + "\n")
    found = list(file_rows(path))
    assert [tuple(row.values()) for _, row in found] == rows
    assert [line for line, _ in found] == list(range(1, len(rows) + 1))


@given(ROWS, st.sampled_from([".csv", ".tsv", ".csv.gz"]))
def test_tables_round_trip(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str) -> None:
    # A bare carriage return ends a line for every CSV reader; quoted, the writer keeps it.
    rows = [tuple(text.replace("\r", " ").replace("\0", "") or "x" for text in row) for row in rows]
    path = tmp_path_factory.mktemp("rows") / f"data{end}"
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t" if end == ".tsv" else ",")
        writer.writerow(FIELDS)
        writer.writerows(rows)
    assert [tuple(row.values()) for _, row in file_rows(path)] == rows


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"anchor": "x"}\n{"anchor": ', "a.jsonl, line 2: not JSON"),
        ("a.jsonl", b"[1]\n", "a.jsonl, line 1: a JSON list"),
        ("a.jsonl", b'\n{"a": "\xff"}\n', "a.jsonl, line 2: not UTF-8 (byte 0xFF at place 8 of the line)"),
        ("a.csv", b"anchor,positive\nx\n", "a.csv, line 2: 1 fields, but the header names 2"),
        ("a.csv", b'anchor,positive\nx,"y\n', "a.csv, line 2: not CSV"),
        ("a.csv", b"anchor,anchor\nx,y\n", "two columns have the name 'anchor'"),
        ("a.jsonl.gz", b"no gzip", "cannot be read"),
        ("a.jsonl.gz", gzip.compress(b'{"a": "b"}\n' * 100, mtime=0)[:-12], "cannot be read"),
        ("a.jsonl.xz", b"no xz", "cannot be read"),
    ],
)
def test_faults_have_a_place(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RecordError) as error:
        list(file_rows(path))
    assert said in str(error.value)


def test_unknown_suffix_and_missing_file(tmp_path: Path) -> None:
    for name in ("a", "a.txt", "a.gz", "a.parquet"):
        with pytest.raises(OptionError, match=r"\.jsonl"):
            list(file_rows(tmp_path / name))
    with pytest.raises(RecordError, match="is no file"):
        list(file_rows(tmp_path / "a.jsonl"))


def test_a_byte_order_mark_is_no_letter(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfanchor,positive\nx,y\n")
    assert [row for _, row in file_rows(path)] == [{"anchor": "x", "positive": "y"}]


@pytest.mark.parametrize(
    ("value", "said"),
    [(None, "NoneType"), (3, "the field 'anchor' is 3, a int"), ("", "empty"), (" \n", "empty"), ("a\ud800", "lone")],
)
def test_fields(value: object, said: str) -> None:
    with pytest.raises(RecordError, match=f"here.*{said}"):
        text_field({"anchor": value}, "anchor", "here")
    with pytest.raises(RecordError, match=r"no field 'query' \(there are: 'anchor'\)"):
        text_field({"anchor": value}, "query", "here")
