"""Records are checked before anything is written; ids are deterministic."""

from __future__ import annotations

import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from harakat.adapters.ingestion import prepare
from harakat.errors import RecordError, TextError, TextTypeError
from qdrant_harakat import Record, create_collection, point_id
from qdrant_harakat.backends import backend_of
from qdrant_harakat.layout import Layout
from qdrant_harakat.records import prepare_record, stored_payload
from qdrant_harakat.store import QdrantStore

UUID = uuid.UUID("3f0e8c52-3c5c-4b62-9d3a-5a3f1c2b7e10")

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda t: t.strip())
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def one(record):
    return prepare_record(record)


@pytest.fixture
def collection(encoder):
    return create_collection(QdrantClient(":memory:"), "verses", encoder, dims=[64])


@pytest.mark.parametrize("number", [0, 7, 2**64 - 1])
def test_numbers_are_kept(number):
    assert point_id(number) == number


@pytest.mark.parametrize("given_id", [UUID, str(UUID), str(UUID).upper()])
def test_uuids_are_kept_in_canonical_spelling(given_id):
    assert point_id(given_id) == str(UUID)


def test_verse_keys_become_the_same_uuid5_everywhere():
    made = uuid.UUID(str(point_id("2:255")))
    assert made.version == 5
    assert str(made) == "3436f947-1978-5165-b371-7f5bbaeffe0f"


@given(texts, texts)
def test_free_strings_are_mapped_one_to_one(a, b):
    assert (point_id(a) == point_id(b)) == (a == b)


def test_a_uuid_without_dashes_is_a_free_string():
    assert point_id(UUID.hex) != str(UUID)
    assert point_id(f"{{{UUID}}}") != str(UUID)


@pytest.mark.parametrize("bad", [-1, 2**64, True, 1.0, None, "", "  ", b"2:255", ("2", "255"), "\ud800"])
def test_other_ids_are_refused(bad):
    with pytest.raises(RecordError, match="id="):
        point_id(bad)


@given(texts, st.dictionaries(texts.filter(lambda k: k not in ("id", "text")), json_values, max_size=4))
def test_text_and_payload_are_kept_to_the_last_byte(text, payload):
    made = one(Record("2:255", text, payload))
    assert stored_payload(made.record) == {**payload, "text": text, "id": "2:255"}
    assert stored_payload(made.record)["text"].encode() == text.encode()


def test_mappings_are_records_too():
    made = one({"id": 5, "text": "نور", "sura": 24})
    assert (made.key, stored_payload(made.record)) == (5, {"sura": 24, "text": "نور", "id": 5})


def test_tuples_are_records_too():
    assert one(("1:1", "نور")) == one(("1:1", "نور", None)) == one(Record("1:1", "نور"))
    assert one(("1:1", "نور", {"sura": 1})) == one(Record("1:1", "نور", {"sura": 1}))


def test_a_prepared_record_is_not_checked_again():
    made = one(Record("1:1", "نور"))
    assert one(made) is made


def test_the_original_id_is_in_the_payload():
    assert stored_payload(one(Record(UUID, "نور")).record)["id"] == str(UUID)
    assert stored_payload(one(Record("24:35", "نور")).record)["id"] == "24:35"


@pytest.mark.parametrize(("a", "b"), [("1:1", "1:1"), (5, 5), (UUID, str(UUID)), (str(UUID), str(UUID).upper())])
def test_an_id_given_twice_is_refused_with_both_places(collection, a, b):
    with pytest.raises(RecordError, match=r"record 2: id .* by record 0"):
        collection.ingest([Record(a, "نور"), Record("9:9", "علم"), Record(b, "قلم")])
    assert collection.count() == 0


def test_a_number_and_its_digits_are_two_ids(collection):
    assert collection.ingest([Record(5, "نور"), Record("5", "نور")]).written == 2


@pytest.mark.parametrize("bad", [None, 5, b"text", ["text"], float("nan")])
def test_texts_that_are_none_are_refused_by_name(bad):
    with pytest.raises(TextTypeError, match=r"record 0 \(id '1:1'\)"):
        one(Record("1:1", bad))


def test_lone_surrogates_are_refused():
    with pytest.raises(TextError, match=r"id '1:1'.*U\+D800"):
        one(Record("1:1", "نور\ud800"))


@pytest.mark.parametrize("empty", ["", " ", "\n\t", "\u00a0\u2003"])
def test_empty_texts_are_refused(empty):
    with pytest.raises(RecordError, match="empty text"):
        one(Record("1:1", empty))


@pytest.mark.parametrize(
    "value",
    [
        2**64,
        -(2**63) - 1,
        float("nan"),
        float("inf"),
        b"x",
        (1, 2),
        {1, 2},
        np.float32(1),
        np.int64(1),
        "\udc00",
        object(),
        {"deep": [{"deeper": {1: 2}}]},
    ],
)
def test_payload_that_would_not_come_back_is_refused(value):
    with pytest.raises(RecordError, match="page"):
        one(Record("1:1", "نور", {"page": value}))


@pytest.mark.parametrize("field", ["text", "id"])
def test_taken_payload_fields_are_refused(field):
    with pytest.raises(RecordError, match=f"'{field}' is taken"):
        one(Record("1:1", "نور", {field: "x"}))


def test_payload_keys_are_strings():
    with pytest.raises(RecordError, match="not a string"):
        one(Record("1:1", "نور", {1: "x"}))


@pytest.mark.parametrize("bad", ["text", b"x", None, 5, {"id": 1, "text": "x"}, Record(1, "x")])
def test_what_holds_no_records_is_refused(collection, bad):
    for call in (collection.ingest, collection.compare):
        with pytest.raises(RecordError, match="list"):
            call(bad)


@pytest.mark.parametrize("bad", ["text", None, 5, ("1:1",), ("1:1", "text", {}, 5)])
def test_what_is_no_record_is_refused(bad):
    with pytest.raises(RecordError, match="record 0"):
        one(bad)


def test_missing_fields_are_named():
    with pytest.raises(RecordError, match=r"'text'.*\['id', 'verse'\]"):
        one({"id": 1, "verse": "نور"})


def test_a_payload_is_a_mapping():
    with pytest.raises(RecordError, match="payload is a list"):
        one(Record(1, "نور", [("a", 1)]))


def test_checking_is_lazy(encoder):
    def endless():
        number = 0
        while True:
            yield Record(number, "نور")
            number += 1

    stream = prepare(
        QdrantStore(backend_of(QdrantClient(":memory:")), "verses", Layout("", {}, {64: "v"}), encoder), endless()
    )
    assert [next(stream).key for _ in range(3)] == [0, 1, 2]
