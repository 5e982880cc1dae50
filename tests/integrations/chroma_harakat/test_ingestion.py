from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chromadb.api import ClientAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chroma_harakat import IngestReport, Record, create_collection, open_collection
from harakat import Encoder
from harakat.errors import OptionError, RecordError, StoreError, TextTooLongError, TruncationWarning
from support.numbered import numbered

pytestmark = pytest.mark.disable_socket


def records(n: int, start: int = 0) -> list[Record]:
    return [Record(f"r{i}", numbered(i), {"n": i}) for i in range(start, start + n)]


def stored(client: ClientAPI, name: str = "poems") -> dict[str, tuple[Any, ...]]:
    got = client.get_collection(name, embedding_function=None).get(include=["documents", "metadatas", "embeddings"])
    columns = (got["ids"], got["documents"], got["metadatas"], got["embeddings"])
    return {key: rest for key, *rest in zip(*columns, strict=True)}  # type: ignore[misc]


def test_records_are_stored_with_the_encoders_vectors(client: ClientAPI, encoder: Encoder):
    poems = create_collection(client, "poems", encoder)
    done: list[int] = []
    report = poems.ingest(records(1100), show_progress=done.append)
    assert report == IngestReport(written=1100, updated=0, skipped=0)
    assert report.total == 1100 and sum(done) == 1100
    kept = stored(client)
    assert list(kept) == [r.id for r in records(1100)]
    for record in records(1100):
        assert kept[record.id][:2] == [record.text, record.payload]
    np.testing.assert_allclose(
        [row[2] for row in kept.values()], encoder.encode_document([r.text for r in records(1100)]), atol=1e-5
    )


def test_more_than_the_client_takes_at_once(client: ClientAPI, encoder: Encoder):
    most = client.get_max_batch_size()
    small = encoder.with_options(dim=16)
    poems = create_collection(client, "poems", small)
    with pytest.raises(OptionError, match=f"1 to {most:,}"):
        poems.ingest([], batch_size=most + 1)
    many = [(str(i), numbered(i)) for i in range(most + 40)]
    assert poems.ingest(many, batch_size=most).written == most + 40
    assert client.get_collection("poems", embedding_function=None).count() == most + 40


def test_documents_get_the_document_prompt_and_queries_theirs(client: ClientAPI, encoder: Encoder):
    prompted = encoder.with_options(query_prompt="سؤال: ", document_prompt="نص: ")
    poems = create_collection(client, "poems", prompted)
    poems.ingest([("a", "علم")])
    np.testing.assert_allclose(stored(client)["a"][2], encoder.encode("نص: علم"), atol=1e-6)
    hit = poems.search("علم")[0]
    assert hit.score == pytest.approx(float(encoder.encode("سؤال: علم") @ encoder.encode("نص: علم")), abs=1e-5)


def test_a_second_run_skips_what_is_stored(client: ClientAPI, encoder: Encoder, monkeypatch: pytest.MonkeyPatch):
    poems = create_collection(client, "poems", encoder)
    poems.ingest(records(30))
    encoded: list[str] = []
    tokenize = encoder.checkpoint.tokenizer.tokenize
    monkeypatch.setattr(
        type(encoder.checkpoint.tokenizer), "tokenize", lambda self, texts: encoded.extend(texts) or tokenize(texts)
    )
    assert poems.ingest(records(40)) == IngestReport(written=10, updated=0, skipped=30)
    assert encoded == [r.text for r in records(10, start=30)]


def test_a_changed_record_is_refused_unless_asked_for(client: ClientAPI, encoder: Encoder):
    poems = create_collection(client, "poems", encoder)
    poems.ingest(records(5))
    for changed, message in (
        (Record("r3", "نص آخر", {"n": 3}), "'r3' is stored with the text .*نص آخر"),
        (Record("r3", records(5)[3].text, {"n": 9}), "'r3' is stored with the payload .*9"),
        (Record("r3", records(5)[3].text), "'r3' is stored with the payload"),
    ):
        before = stored(client)
        with pytest.raises(RecordError, match=message):
            poems.ingest([changed, *records(2, start=50)])
        assert repr(stored(client)) == repr(before)
        report = poems.ingest([changed], on_change="update")
        assert report == IngestReport(written=0, updated=1, skipped=0)
        text, payload, vector = stored(client)["r3"]
        assert (text, payload or {}) == (changed.text, changed.payload)
        np.testing.assert_allclose(vector, encoder.encode(changed.text), atol=1e-5)
        poems.ingest(records(5), on_change="update")


def test_the_same_id_twice_is_refused(client: ClientAPI, encoder: Encoder):
    poems = create_collection(client, "poems", encoder)
    with pytest.raises(RecordError, match="record 4: id 'r1' was already given by record 1"):
        poems.ingest([*records(4), Record("r1", "آخر")])
    assert stored(client) == {}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("r1", "record 2 is 'r1'; give Record"),
        (("a",), "give Record"),
        ((5, "نص"), "the id 5"),
        (("", "نص"), "the id ''"),
        (("a\0b", "نص"), "the id"),
        (("a", None), "None, a NoneType"),
        (("a", b"bytes"), "decode bytes"),
        (("a", "\udfff"), "lone surrogate"),
        (("\udfff", "نص"), "lone surrogate"),
        (("a", "نص", 5), "payload is a int"),
        (("a", "نص", {"k": None}), "'k' is None"),
        (("a", "نص", {"k": [1]}), "'k' is .*list"),
        (("a", "نص", {"k": float("nan")}), "'k' is nan"),
        (("a", "نص", {"k": 2**63}), "over 64 bits"),
        (("a", "نص", {"k": "\ud800"}), "'k' holds a lone surrogate"),
        (("a", "نص", {"": 1}), "reserved or empty"),
        (("a", "نص", {"#k": 1}), "reserved or empty"),
        (("a", "نص", {"$k": 1}), "reserved or empty"),
        (("a", "نص", {5: 1}), "reserved or empty"),
    ],
)
def test_a_record_that_would_be_refused_or_changed_is_named(
    client: ClientAPI, encoder: Encoder, bad: Any, message: str
):
    poems = create_collection(client, "poems", encoder)
    with pytest.raises(RecordError, match=message):
        poems.ingest([*records(2), bad])
    assert stored(client) == {}


def test_unknown_options_are_refused(client: ClientAPI, encoder: Encoder):
    poems = create_collection(client, "poems", encoder)
    for options in ({"on_change": "merge"}, {"batch_size": 0}, {"batch_size": True}):
        with pytest.raises(OptionError):
            poems.ingest([], **options)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="limit=0"):
        poems.search("نص", limit=0)


texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=40)
payloads = st.dictionaries(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="#$\0"), min_size=1, max_size=8),
    st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), texts, st.floats(allow_nan=False, allow_infinity=False)),
    max_size=3,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(texts, payloads), min_size=1, max_size=5))
def test_any_text_and_payload_comes_back_as_it_was_given(client: ClientAPI, encoder: Encoder, rows: list[Any]):
    poems = create_collection(client, "poems", encoder, exist_ok=True)
    batch = [Record(f"r{i}", text, payload) for i, (text, payload) in enumerate(rows)]
    poems.ingest(batch, on_change="update")
    again = poems.ingest(batch)
    assert again == IngestReport(written=0, updated=0, skipped=len(rows))
    kept = stored(client)
    for record in batch:
        text, payload, _ = kept[record.id]
        assert text.encode() == record.text.encode()
        # A float may lose its last bit on the way through Chroma; everything else is exact.
        assert (payload or {}) == {
            key: pytest.approx(value, rel=1e-14, abs=0) if isinstance(value, float) else value
            for key, value in record.payload.items()
        }
        assert [type(v) for v in (payload or {}).values()] == [type(record.payload[k]) for k in payload or {}]
    found = poems.search(rows[0][0], limit=5)
    assert found[0].score == pytest.approx(1, abs=1e-4)


def test_an_endless_source_is_read_as_it_is_written(client: ClientAPI, encoder: Encoder):
    poems = create_collection(client, "poems", encoder)
    taken = 0

    def endless() -> Iterator[Record]:
        nonlocal taken
        while True:
            yield records(1, start=taken)[0]
            taken += 1

    class Enough(Exception):
        pass

    def stop(done: int) -> None:
        nonlocal seen
        seen += done
        if seen >= 2048:
            raise Enough

    seen = 0
    with pytest.raises(Enough):
        poems.ingest(endless(), show_progress=stop)
    assert len(stored(client)) == 1024  # all that was encoded before the function objected
    assert taken < 2048 + 3 * 1024


def test_a_store_that_dies_between_batches_keeps_whole_ones_and_a_retry_completes(
    open_client: Callable[[], ClientAPI], encoder: Encoder, monkeypatch: pytest.MonkeyPatch
):
    client = open_client()
    poems = create_collection(client, "poems", encoder)

    upsert = poems.raw.upsert

    def closing(**batch: Any) -> None:
        upsert(**batch)
        client.close()

    monkeypatch.setattr(poems.raw, "upsert", closing)
    said = r"writing 100 records into 'poems': the Chroma client is closed.*100 records are in.*nothing of the batch"
    with pytest.raises(StoreError, match=said):
        poems.ingest(records(450), batch_size=100)
    client = open_client()
    poems = open_collection(client, "poems", encoder)
    assert list(stored(client)) == [r.id for r in records(100)]
    assert poems.ingest(records(450), batch_size=100) == IngestReport(350, 0, 100)
    assert {key: row[0] for key, row in stored(client).items()} == {r.id: r.text for r in records(450)}


def test_an_error_of_the_source_leaves_whole_batches(client: ClientAPI, encoder: Encoder):
    poems = create_collection(client, "poems", encoder)

    def failing() -> Iterator[Record]:
        yield from records(2500)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        poems.ingest(failing(), batch_size=100)
    assert len(stored(client)) % 100 == 0
    assert poems.ingest(records(2500)).total == 2500
    assert len(stored(client)) == 2500


def test_long_texts_are_counted_once_or_named(client: ClientAPI, encoder: Encoder):
    poems = create_collection(client, "poems", encoder)
    long = [Record(f"l{i}", "كَتَبَ الطَّالِبُ الدَّرْسَ " * 60) for i in range(3)]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        poems.ingest([*records(1500), *long])
    cut = [str(w.message) for w in seen if w.category is TruncationWarning]
    assert len(cut) == 1 and cut[0].startswith("3 of 1,503 texts")
    with pytest.raises(TextTooLongError, match="the record 'new' has"):
        open_collection(client, "poems", encoder.with_options(overflow="error")).ingest([Record("new", long[0].text)])


def test_search_gives_scores_texts_and_payloads(client: ClientAPI, encoder: Encoder):
    poems = create_collection(client, "poems", encoder)
    poems.ingest(records(20))
    first, second = poems.search_many([records(20)[7].text, "الطالب"], limit=5)
    assert (first[0].id, first[0].text, first[0].payload) == ("r7", records(20)[7].text, {"n": 7})
    assert len(first) == len(second) == 5
    assert [h.score for h in second] == sorted((h.score for h in second), reverse=True)
    query = encoder.encode_query("الطالب")
    for hit in second:
        assert hit.score == pytest.approx(float(query @ encoder.encode_document(hit.text)), abs=1e-5)
    assert [h.id for h in poems.search("الطالب", filter={"n": 3})] == ["r3"]
    assert poems.search_many([]) == []
    with pytest.raises(StoreError, match="searching 'poems'"):
        poems.search("نص", filter={"$nope": 1})


def test_search_in_an_empty_collection_finds_nothing(client: ClientAPI, encoder: Encoder):
    poems = create_collection(client, "poems", encoder)
    assert poems.search_many(["نص"]) == [[]]


def test_the_examples_run(tmp_path: Path, tiny_folder: Path):
    example = Path(__file__).parents[3] / "integrations/chroma_harakat/examples/search_poems.py"
    command = [sys.executable, str(example), "--model", str(tiny_folder), "--folder", str(tmp_path / "store")]
    for _ in range(2):  # the second run finds everything stored
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert "العلم" in done.stdout or "الْعِلْمُ" in done.stdout
