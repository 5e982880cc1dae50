"""Any text and payload come back from a real store; the adapter needs no network and loads no weights."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from harakat import Encoder
from harakat.errors import OptionError
from harakat.runtime import load as loading
from qdrant_harakat import EdgeClient, Record, create_collection, fit_to, local_client, open_collection
from qdrant_harakat.filters import parse_filter
from qdrant_harakat.opening import create_in
from qdrant_harakat.records import same
from support.tiny import write_tiny

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(lambda t: t.strip())
arabic = st.text(
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي \u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670\u06e1\u0640", min_size=1
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3), max_leaves=5)
payloads = st.dictionaries(texts.filter(lambda key: key not in ("id", "text")), values, max_size=3)
ids = st.integers(0, 2**64 - 1) | st.uuids().map(str) | texts


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(identifier=ids, text=texts | arabic.filter(str.strip), payload=payloads)
def test_records_come_back_as_they_were(filled_apart, identifier, text, payload):
    record = Record(identifier, text, payload)
    filled_apart.ingest([record], on_change="update")
    back = filled_apart.get([identifier])[0]
    assert (back.id, back.text.encode()) == (identifier, text.encode())
    assert same(back.payload, payload)
    assert filled_apart.ingest([record]).skipped == 1


@pytest.fixture(scope="module")
def filled_apart(filled, encoder):
    """A collection of its own beside the one that is searched only."""
    return create_in(filled._backend, f"harakat-test-{uuid.uuid4().hex}", encoder, None, {"dims": [64]})


bounds = st.sampled_from(["gt", "gte", "lt", "lte", "x"])
conditions = st.dictionaries(
    st.text(max_size=8) | st.text('ab.[]0"', max_size=8),
    st.recursive(
        scalars | st.text(max_size=5) | st.floats() | st.integers(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(bounds, inner, max_size=2),
        max_leaves=3,
    ),
    max_size=3,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_filter=conditions)
def test_any_filter_is_counted_or_refused(filled, given_filter):
    try:
        parsed = parse_filter(given_filter)
    except OptionError:
        with pytest.raises(OptionError, match="filter"):
            filled.count(given_filter)
    else:
        assert len(parsed) == len(given_filter)
        assert 0 <= filled.count(given_filter) <= 60


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=texts.filter(lambda key: key not in ("id", "text") and not set('"\\') & set(key)))
def test_any_field_can_be_filtered_by(filled_apart, key):
    filled_apart.ingest([Record("one", "نور", {key: 5})], on_change="update")
    assert [hit.id for hit in filled_apart.search("نور", filter={f'"{key}"': 5})] == ["one"]


@pytest.mark.parametrize("kind", ["memory", "folder", "edge"])
def test_no_network_in_the_process(kind, tmp_path, encoder, verses, socket_disabled):
    client = {
        "memory": lambda: QdrantClient(":memory:"),
        "folder": lambda: local_client(tmp_path / "local"),
        "edge": lambda: EdgeClient(tmp_path / "edge"),
    }[kind]()
    made = create_collection(client, "verses", encoder, tokens=True)
    made.ingest(verses[:5])
    assert made.search(verses[1].text)[0].id == verses[1].id
    assert open_collection(client, "verses", encoder).search_tokens(verses[2].text)[0].id == verses[2].id
    client.close()


def test_a_hundred_calls_load_the_weights_once(tmp_path, verses, monkeypatch):
    loads = []
    real = loading.load_network

    def counted(*args, **kwargs):
        loads.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(loading, "load_network", counted)
    # A folder of its own: encoders of one folder share their weights within the process.
    encoder = Encoder(write_tiny(tmp_path / "alone", seed=7), overflow="chunk")
    client = QdrantClient(":memory:")
    made = create_collection(client, "verses", encoder)
    for verse in verses[:25]:
        made.ingest([verse])
        made.search(verse.text)
        fit_to(client, "verses", encoder.with_options(dim=16))
        open_collection(client, "verses", encoder)
    assert len(loads) == 1
