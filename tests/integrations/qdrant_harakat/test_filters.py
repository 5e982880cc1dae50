"""The small filter language means the same in every store."""

from __future__ import annotations

import pytest
import qdrant_edge
from qdrant_client import QdrantClient, models

from harakat.errors import OptionError
from qdrant_harakat import EdgeClient, Record, create_collection

RECORDS = [
    Record(n, f"نص رقم {n}", {"n": n, "half": n / 2, "odd": bool(n % 2), "kind": "زوج" if n % 2 == 0 else "فرد",
                             "سورة": n % 3, "book": {"page": n}, "tags": ["a", f"t{n}"]})
    for n in range(10)
]  # fmt: skip

CASES = [
    ({}, set(range(10))),
    ({"n": 3}, {3}),
    ({"n": [3, 5, 99]}, {3, 5}),
    ({"odd": True}, {1, 3, 5, 7, 9}),
    ({"kind": "زوج"}, {0, 2, 4, 6, 8}),
    ({"kind": ["زوج", "فرد"], "n": 4}, {4}),
    ({"n": {"gte": 3, "lt": 5}}, {3, 4}),
    ({"n": {"gt": 3, "lte": 5}}, {4, 5}),
    ({"half": 1.5}, {3}),
    ({"سورة": 2}, {2, 5, 8}),
    ({"book.page": 7}, {7}),
    ({"tags": "t6"}, {6}),
    ({"id": 8}, {8}),
    ({"absent": 1}, set()),
]


@pytest.fixture
def collection(client, name, encoder):
    made = create_collection(client, name, encoder, dims=[64, 16], tokens=True)
    made.ingest(RECORDS)
    return made


def test_every_kind_of_condition_in_every_search(collection):
    for given, wanted in CASES:
        assert collection.count(given) == len(wanted), given
        for search in (collection.search, collection.search_two_stage, collection.search_tokens):
            assert {hit.id for hit in search("نص رقم", limit=10, filter=given)} == wanted, (search, given)


def test_stores_own_filters_pass_through(collection, client):
    if isinstance(client, EdgeClient):
        q = qdrant_edge
        own = q.Filter(must_not=[q.FieldCondition("n", match=q.MatchAny([1, 2]))])
        alien = models.Filter(must=[])
    else:
        m = models
        own = m.Filter(must_not=[m.FieldCondition(key="n", match=m.MatchAny(any=[1, 2]))])
        alien = qdrant_edge.Filter(must=[])
    assert collection.count(own) == 8
    with pytest.raises(OptionError, match="filter"):
        collection.count(alien)


@pytest.mark.parametrize(
    "bad",
    [
        {"n": None},
        {"n": []},
        {"n": [1, "a"]},
        {"n": [1.5]},
        {"n": [True, 1]},
        {"n": {}},
        {"n": {"between": 1}},
        {"n": {"gte": "a"}},
        {"n": {"gte": float("nan")}},
        {"n": {"gte": True}},
        {"n": float("inf")},
        {"n": object()},
        {"": 1},
        {'a"b': 1},
        {"a\\b": 1},
        {"n": 2**63},
        {"n": {"gte": 10**400}},
        {"n": "\ud800"},
        {1: 1},
        "n=1",
        5,
    ],
)
def test_what_is_no_condition_is_refused_before_the_store_sees_it(encoder, bad):
    client = QdrantClient(":memory:")
    made = create_collection(client, "verses", encoder)
    client.close()
    with pytest.raises(OptionError, match="filter"):
        made.count(bad)
    with pytest.raises(OptionError, match="filter"):
        made.search("نص", filter=bad)
