"""Rows of text files: what was written comes back with its line, and whoever reads names the faults."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.data.rows import decoded_lines, object_rows, shortened, table_rows
from harakat.errors import RecordError

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0"), max_size=20)


def fault(line: int, what: str) -> RecordError:
    return RecordError(f"here, {line}: {what}")


@given(st.lists(TEXT, min_size=1, max_size=8), st.booleans())
def test_lines_come_back_without_the_byte_order_mark(lines: list[str], marked: bool):
    lines[0] = lines[0].lstrip("\ufeff")
    content = ("\ufeff" if marked else "") + "".join(f"{line}\n" for line in lines)
    found = list(decoded_lines(io.BytesIO(content.encode()), 1000, fault))
    assert found == [(number, f"{line}\n") for number, line in enumerate(lines, 1)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"ab\n" + b"c" * 11 + b"\n", "here, 2: longer than 10 bytes"),
        ("نص".encode("utf-16"), "here, 1: the file is UTF-16"),
        (b"a\nb\xffc\n", "here, 2: not UTF-8 (byte 0xFF at place 2 of the line)"),
    ],
)
def test_lines_that_cannot_be_taken(content: bytes, said: str):
    with pytest.raises(RecordError) as error:
        list(decoded_lines(io.BytesIO(content), 10, fault))
    assert said in str(error.value)


@given(st.lists(st.dictionaries(TEXT, TEXT, max_size=3), max_size=6))
def test_objects(rows: list[dict[str, str]]):
    lines = [(2 * n + 1, json.dumps(row) + "\n") for n, row in enumerate(rows)] + [(99, " \n")]
    assert list(object_rows(lines, fault)) == [(2 * n + 1, row) for n, row in enumerate(rows)]


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=6), st.sampled_from(",\t"))
def test_tables(rows: list[tuple[str, str]], delimiter: str):
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=delimiter).writerows([("one", "two"), *rows])
    lines = list(enumerate(io.StringIO(written.getvalue(), newline="\n"), 1))
    found = list(table_rows(lines, delimiter, 1000, fault))
    assert [tuple(row.values()) for _, row in found] == rows and [line for line, _ in found] == list(
        range(2, len(rows) + 2)
    )


def test_a_field_may_be_as_long_as_a_line():
    (found,) = table_rows([(1, "a\n"), (2, "x" * 200_000 + "\n")], ",", 300_000, fault)
    assert len(found[1]["a"]) == 200_000


def test_values_are_shortened():
    assert shortened("ab") == "'ab'" and len(shortened("x" * 100)) == 58
