"""The face that Chroma's collections share with Qdrant's: filters, pages, records by id, comparisons."""

from __future__ import annotations

from typing import Any

import pytest
from chromadb.api import ClientAPI
from chromadb.api.models.Collection import Collection as RawCollection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chroma_harakat import (
    Collection,
    IngestReport,
    Record,
    create_collection,
    open_collection,
    prepare_record,
    recorded_options,
)
from chroma_harakat import records as rules
from chroma_harakat.filters import where_clause
from harakat import Encoder
from harakat.errors import FingerprintError, OptionError, RecordError, StoreError, TextTypeError
from support.numbered import numbered

pytestmark = pytest.mark.disable_socket

RECORDS = [
    Record(f"r{n}", numbered(n), {"n": n, "half": n / 2, "odd": bool(n % 2), "kind": "زوج" if n % 2 == 0 else "فرد"})
    for n in range(10)
]

CASES: list[tuple[Any, set[int]]] = [
    ({}, set(range(10))),
    ({"n": 3}, {3}),
    ({"n": [3, 5, 99]}, {3, 5}),
    ({"odd": True}, {1, 3, 5, 7, 9}),
    ({"kind": "زوج"}, {0, 2, 4, 6, 8}),
    ({"kind": ["زوج", "فرد"], "n": 4}, {4}),
    ({"n": {"gte": 3, "lt": 5}}, {3, 4}),
    ({"n": {"gt": 3, "lte": 5}, "odd": True}, {5}),
    ({"half": 1.5}, {3}),
    ({"half": {"gte": 4}}, {8, 9}),
    ({"absent": 1}, set()),
    ({"n": {"$ne": 3}}, set(range(10)) - {3}),
    ({"$or": [{"n": 1}, {"n": 2}]}, {1, 2}),
    ({"$or": [{"n": 1}, {"n": 2}], "odd": True}, {1}),
]


@pytest.fixture
def poems(client: ClientAPI, encoder: Encoder) -> Collection:
    made = create_collection(client, "poems", encoder)
    made.ingest(RECORDS)
    return made


def test_filters_mean_what_they_mean_in_qdrant(poems: Collection):
    for given_filter, wanted in CASES:
        assert poems.count(given_filter) == len(wanted), given_filter
        hits = poems.search("نص", limit=10, filter=given_filter)
        assert {hit.payload["n"] for hit in hits} == wanted, given_filter
    assert poems.count() == 10


@pytest.mark.parametrize(
    "bad", [{"n": None}, {"n": []}, {"n": [1, "a"]}, {"n": {"between": 1}}, {"": 1}, {"n": 2**63}, {1: 1}, "n=1", 5]
)
def test_what_is_no_filter_is_refused(poems: Collection, bad: Any):
    for call in (poems.count, lambda given_filter: poems.search("نص", filter=given_filter)):
        with pytest.raises(OptionError, match="filter"):
            call(bad)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
conditions = st.dictionaries(
    st.text(max_size=6),
    st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte", "x"]), inner, max_size=2)
        ),
        max_leaves=3,
    ),
    max_size=3,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_filter=conditions)
def test_any_filter_is_counted_or_refused(poems: Collection, given_filter: Any):
    try:
        where = where_clause(given_filter)
    except OptionError:
        with pytest.raises(OptionError, match="filter"):
            poems.count(given_filter)
        return
    own = any(key.startswith(("$", "#")) for key in given_filter)
    try:
        assert 0 <= poems.count(given_filter) <= 10
    except StoreError:
        assert own, where


def test_pages_and_thresholds(poems: Collection):
    whole = poems.search("نص", limit=10)
    assert [*poems.search("نص", limit=4), *poems.search("نص", limit=6, offset=4)] == whole
    least = whole[5].score
    assert poems.search("نص", score_threshold=least) == [hit for hit in whole if hit.score >= least]
    assert poems.search("نص", offset=10) == []
    for options in ({"limit": True}, {"offset": -1}, {"score_threshold": "x"}, {"score_threshold": float("nan")}):
        with pytest.raises(OptionError, match=next(iter(options))):
            poems.search("نص", **options)  # type: ignore[arg-type]
    for bad in (None, ["نص"], b"x"):
        with pytest.raises(TextTypeError):
            poems.search(bad)  # type: ignore[arg-type]


def test_records_come_back_and_go(poems: Collection):
    assert poems.get(["r3", "none", "r1", "r3"]) == [RECORDS[3], None, RECORDS[1], RECORDS[3]]
    assert poems.get([]) == []
    poems.delete(["r3", "none", "r3"])
    poems.delete([])
    assert poems.get(["r3"]) == [None] and poems.count() == 9
    for call in (poems.get, poems.delete):
        with pytest.raises(RecordError, match="id"):
            call([5])


def test_a_comparison_encodes_nothing_and_is_taken_as_it_is(
    poems: Collection, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
):
    changed = Record("r1", RECORDS[1].text, {"n": 99})
    added = Record("new", "نص", {"n": 1})
    with monkeypatch.context() as patch:
        patch.setattr(type(encoder), "encode_stream", None)  # would fail if anything were encoded
        found = poems.compare([*RECORDS[:3], changed, added])
    assert ([item.record for item in found.new], found.unchanged) == ([added], 3)
    (change,) = found.changed
    assert (change.given.record, change.stored) == (changed, RECORDS[1])
    assert change.message.startswith("the id 'r1' is stored with the payload {'n': 1, 'half'")
    with pytest.raises(RecordError, match="is stored with the payload"):
        poems.ingest(found)
    with monkeypatch.context() as patch:
        patch.setattr(RawCollection, "get", None)  # would fail if anything were looked up again
        assert poems.ingest(found, on_change="update") == IngestReport(written=1, updated=1, skipped=3)
    assert poems.get(["r1", "new"]) == [changed, added]


def test_prepared_records_are_not_checked_again(poems: Collection, monkeypatch: pytest.MonkeyPatch):
    ready = [prepare_record(("p1", "نص")), prepare_record({"id": "p2", "text": "نص", "n": 2})]
    monkeypatch.setattr(rules, "check_record_text", None)  # would fail if anything were checked again
    assert len(poems.compare(ready).new) == 2
    assert poems.ingest(ready).written == 2


def test_a_bad_record_late_in_a_list_stops_everything(poems: Collection):
    many = [Record(f"m{n}", numbered(n)) for n in range(1200)]
    with pytest.raises(RecordError, match="record 1200"):
        poems.ingest([*many, ("bad", None)], batch_size=10)  # type: ignore[list-item]
    assert poems.count() == 10


def test_one_search_opens_its_collection_once(
    client: ClientAPI, poems: Collection, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []
    get = type(client).get_collection

    def counted(self: Any, name: str, *args: Any, **options: Any) -> Any:
        asked.append(name)
        return get(self, name, *args, **options)

    monkeypatch.setattr(type(client), "get_collection", counted)
    opened = open_collection(client, "poems", lambda recorded: Encoder(**recorded))
    assert opened.encoder.fingerprint == encoder.fingerprint
    assert opened.search(numbered(7), limit=1)[0].id == "r7"
    assert asked == ["poems"]
    assert Encoder(**recorded_options(client, "poems")).fingerprint == encoder.fingerprint
    with pytest.raises(FingerprintError, match="dim"):
        open_collection(client, "poems", lambda recorded: Encoder(**{**recorded, "dim": 32}))
