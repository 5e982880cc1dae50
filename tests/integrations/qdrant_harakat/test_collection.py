"""Searches: plain, two-stage, late interaction; the same in every store, and equal to plain arithmetic."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from qdrant_client import QdrantClient

from harakat.errors import CollectionError, DimError, OptionError, StoreError, TextError, TextTypeError
from harakat.model.pooling import unit_prefix
from qdrant_harakat import Record, create_collection

QUERIES = ["قُلۡ هُوَ ٱللَّهُ أَحَدٌ", "مِن شَرِّ مَا خَلَقَ", "إذا جاء نصر الله والفتح"]


def close_to(hits):
    """The same hits, with scores equal but for rounding."""
    return [[dataclasses.replace(hit, score=pytest.approx(hit.score, abs=1e-5)) for hit in answer] for answer in hits]


def ranked(scores, limit=10):
    order = np.argsort(-scores, kind="stable")[:limit]
    return scores[order]


def test_plain_search_is_cosine_at_any_dim(filled, encoder, verses):
    documents = encoder.encode_document([v.text for v in verses[:60]])
    for dim in (64, 32, 16):
        scores = unit_prefix(documents, dim) @ unit_prefix(encoder.encode_query(QUERIES), dim).T
        for column, hits in enumerate(filled.search_many(QUERIES, dim=dim)):
            assert [hit.score for hit in hits] == pytest.approx(ranked(scores[:, column]), abs=1e-5)


def test_hits_carry_text_and_payload_byte_for_byte(filled, verses):
    hit = filled.search(verses[7].text)[0]
    assert (hit.id, hit.text, hit.payload) == (verses[7].id, verses[7].text, dict(verses[7].payload))
    assert hit.text.encode() == verses[7].text.encode()
    assert hit.score == pytest.approx(1, abs=1e-5)


def test_two_stages_rank_their_candidates_at_the_full_dim(filled, encoder, verses):
    texts = [v.text for v in verses[:60]]
    documents, query = encoder.encode_document(texts), encoder.encode_query([QUERIES[0]])[0]
    first = unit_prefix(documents, 16) @ unit_prefix(query, 16)
    kept = np.argsort(-first, kind="stable")[:20]
    wanted = ranked((documents @ query)[kept], 5)
    hits = filled.search_two_stage(QUERIES[0], limit=5, candidates=20)
    assert [hit.score for hit in hits] == pytest.approx(wanted, abs=1e-5)
    everything = filled.search_two_stage(QUERIES[0], limit=5, first_dim=32, candidates=60)
    assert [everything] == close_to([filled.search(QUERIES[0], limit=5)])


def test_late_interaction_is_maxsim(filled, encoder, verses):
    texts = [v.text for v in verses[:60]]
    query = unit_prefix(encoder.encode_tokens([QUERIES[1]])[0], 16)
    scores = np.array([(query @ unit_prefix(rows, 16).T).max(axis=1).sum() for rows in encoder.encode_tokens(texts)])
    hits = filled.search_tokens(QUERIES[1], limit=10, every_record=True)
    assert [hit.score for hit in hits] == pytest.approx(ranked(scores), rel=1e-4)
    assert close_to([filled.search_tokens(QUERIES[1], limit=10, candidates=60)]) == [hits]


def test_pages_follow_on(filled):
    for search in (filled.search, filled.search_two_stage, filled.search_tokens):
        whole = search(QUERIES[0], limit=9)
        pages = [*search(QUERIES[0], limit=3), *search(QUERIES[0], limit=6, offset=3)]
        assert [hit.score for hit in pages] == pytest.approx([hit.score for hit in whole], abs=1e-5)


def test_a_threshold_cuts(filled):
    hits = filled.search(QUERIES[0], limit=50)
    least = hits[10].score
    kept = filled.search(QUERIES[0], limit=50, score_threshold=least - 1e-5)
    assert 11 <= len(kept) < 50 and min(hit.score for hit in kept) >= least - 1e-4


def test_own_vectors_can_be_searched(filled, encoder):
    rows = encoder.encode_query(QUERIES)
    assert filled.search_vectors(rows) == close_to(filled.search_many(QUERIES))
    assert filled.search_vectors(rows.tolist(), dim=32) == close_to(filled.search_many(QUERIES, dim=32))
    small = encoder.with_options(dim=32).encode_query(QUERIES)
    for a, b in zip(filled.search_vectors(small, dim=32), filled.search_many(QUERIES, dim=32), strict=True):
        assert [hit.score for hit in a] == pytest.approx([hit.score for hit in b], abs=1e-5)


def test_no_queries_no_answers(filled):
    assert filled.search_many([]) == []
    assert filled.search_vectors([]) == []
    assert filled.search_vectors(np.empty((0, 64), dtype=np.float32)) == []


def test_an_empty_collection_has_no_hits(client, name, encoder):
    made = create_collection(client, name, encoder, tokens=True)
    assert made.search("نور") == made.search_two_stage("نور") == made.search_tokens("نور") == []
    assert made.count() == 0


def test_records_come_back_and_go(client, name, encoder, verses):
    collection = create_collection(client, name, encoder)
    collection.ingest(verses[:6])
    wanted = [verses[3].id, "no such verse", verses[1].id]
    assert collection.get(wanted) == [verses[3], None, verses[1]]
    collection.delete(wanted)
    collection.delete([])
    assert collection.get(wanted) == [None, None, None]
    assert collection.count() == 4


@pytest.mark.parametrize("made_with", [5, "3f0e8c52-3c5c-4b62-9d3a-5a3f1c2b7e10", "2:255", "آية الكرسي"])
def test_ids_come_back_as_they_were_given(client, name, encoder, made_with):
    made = create_collection(client, name, encoder, dims=[64])
    made.ingest([Record(made_with, "نور")])
    assert made.search("نور")[0].id == made_with and made.get([made_with])[0].id == made_with


# Bad input, refused before the store sees it: the client is closed, and would say so.


@pytest.fixture
def closed(encoder):
    client = QdrantClient(":memory:")
    made = create_collection(client, "verses", encoder, tokens=True)
    client.close()
    return made


@pytest.mark.parametrize("shape", [(64,), (1, 63), (1, 65), (2, 128), (1, 0), (1, 1, 64)])
def test_vectors_of_the_wrong_size(closed, shape):
    with pytest.raises(DimError, match=r"\(n, 64\)"):
        closed.search_vectors(np.ones(shape, dtype=np.float32))
    with pytest.raises(DimError, match=r"\(n, 16\) or \(n, 64\)"):
        closed.search_vectors(np.ones((1, 32), dtype=np.float32), dim=16)


@pytest.mark.parametrize("bad", [[["a"] * 64], [[1.0] * 64, [1.0]], "text", [None]])
def test_vectors_that_are_none(closed, bad):
    with pytest.raises((OptionError, DimError), match="query vectors"):
        closed.search_vectors(bad)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_vectors_that_are_not_finite(closed, bad):
    with pytest.raises(OptionError, match="finite"):
        closed.search_vectors([[bad] * 64])


@pytest.mark.parametrize("dim", [48, 128, True, "64"])
def test_dims_that_the_collection_does_not_hold(closed, dim):
    with pytest.raises(DimError, match="64, 32, 16"):
        closed.search("نور", dim=dim)
    with pytest.raises(DimError):
        closed.search_two_stage("نور", first_dim=dim)


@pytest.mark.parametrize(("dim", "first_dim"), [(64, 64), (32, 64), (32, 32), (None, 64), (16, 32)])
def test_a_first_stage_that_is_not_smaller(closed, dim, first_dim):
    with pytest.raises(DimError, match=f"first_dim={first_dim} is not below dim={dim or 64}"):
        closed.search_vectors(np.ones((1, 64), dtype=np.float32), dim=dim, first_dim=first_dim)


def test_a_collection_of_one_dim_is_searched_once(encoder, verses, monkeypatch):
    made = create_collection(QdrantClient(":memory:"), "verses", encoder, dims=[64])
    made.ingest(verses[:10])
    asked = []
    query = type(made._backend).query
    monkeypatch.setattr(type(made._backend), "query", lambda *a: asked.extend(a[2]) or query(*a))
    assert [made.search_two_stage(QUERIES[0])] == close_to([made.search(QUERIES[0])])
    assert [each.first for each in asked] == [None, None]
    with pytest.raises(DimError, match="first_dim=64"):
        made.search_two_stage(QUERIES[0], first_dim=64)


@pytest.mark.parametrize(
    "options", [{"limit": 0}, {"limit": -1}, {"limit": 2.5}, {"limit": True}, {"offset": -1}, {"score_threshold": "x"}]
)
def test_impossible_options(closed, options):
    for search in (closed.search, closed.search_two_stage):
        with pytest.raises(OptionError, match=next(iter(options))):
            search("نور", **options)


@pytest.mark.parametrize("bad", [0, 0.5, float("nan"), True, "2"])
def test_impossible_oversampling(closed, bad):
    with pytest.raises(OptionError, match="oversampling"):
        closed.search("نور", oversampling=bad)


def test_oversampling_without_quantization_changes_nothing(filled):
    assert filled.search_many(QUERIES, oversampling=5) == close_to(filled.search_many(QUERIES))


def test_fewer_candidates_than_hits(closed):
    for search in (closed.search_two_stage, closed.search_tokens):
        with pytest.raises(OptionError, match="candidates=5"):
            search("نور", limit=4, offset=2, candidates=5)


@pytest.mark.parametrize("empty", ["", "  ", "\n"])
def test_empty_queries(closed, empty):
    for search in (closed.search, closed.search_two_stage, closed.search_tokens):
        with pytest.raises(TextError, match="query 0 is empty"):
            search(empty)


@pytest.mark.parametrize("bad", [None, 5, b"text", ["نور"]])
def test_queries_that_are_no_text(closed, bad):
    for search in (closed.search, closed.search_two_stage, closed.search_tokens):
        with pytest.raises(TextTypeError):
            search(bad)


def test_one_text_where_several_are_expected(closed):
    with pytest.raises(TextTypeError, match="several"):
        closed.search_many("نور")


def test_no_token_vectors(encoder):
    made = create_collection(QdrantClient(":memory:"), "verses", encoder)
    with pytest.raises(CollectionError, match="tokens=True"):
        made.search_tokens("نور")


def test_a_closed_client_is_named(client, name, encoder, verses):
    made = create_collection(client, name, encoder)
    made.ingest(verses[:3])
    client.close()
    for call in (
        lambda: made.search("نور"),
        lambda: made.ingest(verses[3:5]),
        made.count,
        lambda: made.get([1]),
        lambda: made.delete([1]),
        lambda: create_collection(client, name + "2", encoder),
    ):
        with pytest.raises(StoreError, match=r"closed|Make a new|Please create"):
            call()
    client.close()


def test_a_collection_dropped_meanwhile(encoder):
    client = QdrantClient(":memory:")
    made = create_collection(client, "verses", encoder)
    client.delete_collection("verses")
    with pytest.raises(StoreError, match="'verses'.*not found"):
        made.search("نور")
