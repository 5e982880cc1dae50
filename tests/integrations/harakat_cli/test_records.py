from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harakat.errors import OptionError, RecordError
from harakat_cli.records import Fields, FileSource, open_file

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
lines = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30)
anything = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)


def rows(path: Path, content: str | bytes, **fields: Any) -> list[tuple[str, str, dict[str, Any], int]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(r.id, r.text, dict(r.payload), r.line) for r in open_file(path, None, Fields(**fields)).records()]


@FEW
@given(texts=st.lists(lines, max_size=8), ending=st.sampled_from(["\n", "\r\n"]), last=st.booleans())
def test_a_text_file_is_a_record_a_line_byte_for_byte(tmp_path: Path, texts: list[str], ending: str, last: bool):
    if texts and texts[0].startswith("\ufeff"):
        texts[0] = "a" + texts[0]
    content = ending.join(texts) + (ending if last and texts else "")
    found = rows(tmp_path / "poems.txt", content)
    assert found == [(f"poems.txt:{n}", t, {}, n) for n, t in enumerate(texts, 1) if t.strip()]
    source = open_file(tmp_path / "poems.txt", None, Fields())
    # A last line that is empty and not ended is no line.
    assert list(source.texts()) == (texts if last or not texts or texts[-1] else texts[:-1])


@FEW
@given(table=st.lists(st.tuples(anything, anything, anything), max_size=6), kind=st.sampled_from(["csv", "tsv"]))
def test_csv_comes_back_as_it_was_written(tmp_path: Path, table: list[tuple[str, str, str]], kind: str):
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter="," if kind == "csv" else "\t", quoting=csv.QUOTE_ALL)
    writer.writerow(["number", "verse", "poet"])
    table = [(f"{n}-{a}", "x" + b, c) for n, (a, b, c) in enumerate(table)]
    writer.writerows(table)
    found = rows(tmp_path / f"poems.{kind}", buffer.getvalue(), text="verse", id="number")
    assert [(key, text, payload["poet"]) for key, text, payload, _ in found] == table


@FEW
@given(table=st.lists(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers() | anything), max_size=6))
def test_json_lines_come_back_as_they_were_written(tmp_path: Path, table: list[dict[str, Any]]):
    content = "".join(json.dumps({**row, "text": f"نص {n}"}) + "\n\n" for n, row in enumerate(table))
    found = rows(tmp_path / "poems.jsonl", content)
    assert found == [(f"poems.jsonl:{2 * n + 1}", f"نص {n}", row, 2 * n + 1) for n, row in enumerate(table)]


def test_the_line_is_where_a_record_begins(tmp_path: Path):
    found = rows(tmp_path / "a.csv", 'id,text\r\n1,"two\nlines"\r\n\r\n2,one\r\n')
    assert [(key, text, line) for key, text, _, line in found] == [("1", "two\nlines", 2), ("2", "one", 5)]


def test_ids_are_the_field_id_where_there_is_one(tmp_path: Path):
    assert rows(tmp_path / "a.jsonl", '{"id": 7, "text": "x"}\n{"id": "b", "text": "y"}')[0][0] == "7"
    assert rows(tmp_path / "a.jsonl", '{"n": 7, "text": "x"}')[0][0] == "a.jsonl:1"
    assert rows(tmp_path / "a.jsonl", '{"n": 7, "text": "x"}', id="n")[0][0] == "7"


def test_payload_keeps_every_other_field_or_the_named_ones(tmp_path: Path):
    line = '{"id": "a", "text": "x", "n": 1, "f": 1.5, "t": true, "none": null, "list": [1, "ب"], "deep": {"k": 1}}'
    payload = rows(tmp_path / "a.jsonl", line)[0][2]
    assert payload == {"n": 1, "f": 1.5, "t": True, "list": '[1, "ب"]', "deep": '{"k": 1}'}
    assert rows(tmp_path / "a.jsonl", line, payload=("n",))[0][2] == {"n": 1}
    assert rows(tmp_path / "a.jsonl", line, payload=())[0][2] == {}


def test_a_byte_order_mark_is_no_text(tmp_path: Path):
    assert rows(tmp_path / "a.txt", b"\xef\xbb\xbfnos")[0][1] == "nos"
    assert rows(tmp_path / "a.csv", b"\xef\xbb\xbftext\nx\n")[0][1] == "x"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "سطر\n".encode() + b"\xd8\n", r"a.txt, line 2: not UTF-8 .byte 0xD8 at place 1"),
        ("a.txt", "سطر".encode("utf-16"), "a.txt, line 1: the file is UTF-16"),
        ("a.csv", "text,n\n", None),
        ("a.csv", "verse,n\nx,1\n", r"line 2: no field 'text' .there are: 'verse', 'n'.; name the one with --text-fi"),
        ("a.csv", "text,n\nx,1\ny\n", "line 3: 1 fields, but the header names 2"),
        ("a.csv", 'text,n\nx,1\n"y,2\n', "line 3: not CSV .*quotation mark"),
        ("a.csv", "text,text\nx,1\n", "line 1: two columns have the name 'text'"),
        ("a.csv", "text,n\nx,1\n ,1\n", "line 3: the field 'text' is empty"),
        ("a.csv", "text,id\nx,\n", "line 2: the id 'id' is ''"),
        ("a.jsonl", '{"text": "x"}\n{"text": "y', "line 2: not JSON .*; the file ends here, perhaps it was cut short"),
        ("a.jsonl", '{"text": "x"}\n{text}\n', r"line 2: not JSON \((?!.*cut short)"),
        ("a.jsonl", "[" * 100_000 + "\n", "line 1: not JSON"),
        ("a.jsonl", "[1]\n", "line 1: a JSON list, not an object"),
        ("a.jsonl", '{"text": 5}\n', "line 1: the field 'text' is 5, a int"),
        ("a.jsonl", '{"text": null}\n', "line 1: the field 'text' is empty"),
        ("a.jsonl", '{"id": 1, "text": "x"}\n{"text": "y"}\n', "line 2: no field 'id'"),
        ("a.jsonl", '{"id": true, "text": "x"}\n', "line 1: the id 'id' is True"),
        ("a.jsonl", '{"id": 1.5, "text": "x"}\n', "line 1: the id 'id' is 1.5"),
    ],
)
def test_a_faulty_line_is_named(tmp_path: Path, name: str, content: str | bytes, message: str | None):
    if message is None:
        assert rows(tmp_path / name, content) == []
        return
    with pytest.raises(RecordError, match=message):
        rows(tmp_path / name, content)


def test_a_missing_payload_field_is_named(tmp_path: Path):
    with pytest.raises(RecordError, match="line 1: no field 'poet' for --payload"):
        rows(tmp_path / "a.jsonl", '{"text": "x"}', payload=("poet",))


def test_empty_texts_can_be_left_out(tmp_path: Path):
    found = rows(tmp_path / "a.csv", "text,n\nx,1\n,2\ny,3\n", skip_empty=True)
    assert [(key, text) for key, text, _, _ in found] == [("a.csv:2", "x"), ("a.csv:4", "y")]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("harakat_cli.records.LONGEST_LINE", 1000)
    with pytest.raises(RecordError, match="line 2: longer than 1,000 bytes"):
        rows(tmp_path / "a.txt", b"x\n" + b"\0" * 5000)


@pytest.mark.parametrize("name", ["nowhere.txt", "."])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str):
    with pytest.raises(RecordError, match="give a"):
        open_file(tmp_path / name, None, Fields())


def test_an_unknown_format_is_refused(tmp_path: Path):
    (tmp_path / "a.xml").write_text("x")
    with pytest.raises(OptionError, match=r"a.xml: the suffix '.xml' says no format; add --format txt|csv"):
        open_file(tmp_path / "a.xml", None, Fields())
    with pytest.raises(OptionError, match="--format 'xml' is unknown"):
        open_file(tmp_path / "a.xml", "xml", Fields())
    assert open_file(tmp_path / "a.xml", "txt", Fields()).kind == "txt"
    with pytest.raises(OptionError, match="plain text"):
        FileSource(tmp_path / "a.txt", "txt", Fields(text="verse"))
