"""Records in all their forms, and payloads compared as stores keep them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.adapters import IngestReport, Record
from harakat.adapters.record import check_record_text, check_string, read_record, read_records, same_value
from harakat.errors import RecordError, TextError, TextTypeError

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
payloads = st.dictionaries(texts.filter(lambda key: key not in ("id", "text")), values, max_size=3)


@given(texts, texts, payloads)
def test_every_form_is_the_same_record(identifier: str, text: str, payload: dict[str, Any]) -> None:
    record = Record(identifier, text, payload)
    forms = [record, (identifier, text, payload), {"id": identifier, "text": text, **payload}]
    assert list(read_records(forms)) == [record] * 3
    assert read_record((identifier, text), 0) == read_record((identifier, text, None), 0) == Record(identifier, text)
    assert check_record_text(record, 0) is text


@pytest.mark.parametrize("bad", ["r1", None, 5, ("a",), ("a", "b", {}, 1), {"id": 1}, ("a", "b", [1])])
def test_what_is_no_record_is_named_by_its_place(bad: Any) -> None:
    with pytest.raises(RecordError, match="record 7"):
        read_record(bad, 7)


def test_bad_texts_are_named_by_record() -> None:
    with pytest.raises(TextTypeError, match=r"record 3 \(id 'a'\)"):
        check_record_text(Record("a", None), 3)  # type: ignore[arg-type]
    with pytest.raises(TextError, match=r"record 3 \(id 'a'\).*U\+D800"):
        check_record_text(Record("a", "نور\ud800"), 3)
    with pytest.raises(RecordError, match="key.*lone surrogate"):
        check_string("\udc00", "key")


@given(values, values)
def test_values_are_equal_where_python_says_so(one: Any, other: Any) -> None:
    assert same_value(one, one, rel_tol=1e-14)
    if not same_value(one, other, rel_tol=0.0):
        assert one != other


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_a_last_bit_is_forgiven_and_no_more(number: float) -> None:
    stored = {"deep": [{"n": math.nextafter(number, math.inf)}]}
    assert same_value(stored, {"deep": [{"n": number}]}, rel_tol=1e-14)
    assert not same_value(stored, {"deep": [{"n": number * (1 + 1e-9)}]}, rel_tol=1e-14)
    assert not same_value(stored, {"deep": [{"n": number}], "more": 1}, rel_tol=1e-14)


def test_a_report_adds_up() -> None:
    assert IngestReport(written=3, updated=2, skipped=1).total == 6
