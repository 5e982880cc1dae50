"""The one loop, over a store that keeps records in a dict (the real ones have tests of their own)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from harakat import Encoder
from harakat.adapters import IngestReport, PreparedRecord, Record
from harakat.adapters.ingestion import BATCH_CHARACTERS, Ingestion, compare
from harakat.adapters.store import Entry, Key
from harakat.errors import OptionError, RecordError, StoreError


class Kept:
    """Records of a process."""

    name = "poems"
    atomic = False

    def __init__(self, batch_limit: int | None = None) -> None:
        self.batch_limit = batch_limit
        self.records: dict[Key, Record] = {}
        self.writes: list[int] = []
        self.looked_up: list[int] = []
        self.settled = 0
        self.fail_after: int | None = None
        self.after_write: Callable[[], object] = lambda: None

    def prepare(self, record: Record, index: int) -> PreparedRecord:
        return PreparedRecord(str(record.id), record)

    def lookup(self, keys: Sequence[Key]) -> dict[Key, Record]:
        assert len(set(keys)) == len(keys)
        self.looked_up.append(len(keys))
        return {key: self.records[key] for key in keys if key in self.records}

    def same(self, stored: Any, given: Any) -> bool:
        return bool(stored == given)

    def expect(self, new: int) -> None:
        assert new > 0

    def upsert(self, batch: Sequence[Entry]) -> None:
        for number, entry in enumerate(batch):
            if self.fail_after == len(self.writes) and number == 1:
                raise StoreError("the disk is full")
            self.records[entry.prepared.key] = entry.prepared.record
        self.writes.append(len(batch))
        self.after_write()

    def delete(self, keys: Sequence[Key]) -> None:
        for key in keys:
            self.records.pop(key, None)

    def settle(self) -> None:
        self.settled += 1


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder, overflow="chunk")


def poems(count: int) -> list[Record]:
    return [Record(f"r{n}", "نور", {"n": n}) for n in range(count)]


def test_whole_batches_and_one_lookup_a_record(encoder: Encoder) -> None:
    kept, done = Kept(), []
    assert Ingestion(kept, encoder, batch_size=4, show_progress=done.append).run(poems(10)) == IngestReport(10, 0, 0)
    assert (kept.writes, kept.looked_up, kept.settled, done) == ([4, 4, 2], [10], 1, [10])
    assert Ingestion(kept, encoder).run(iter(poems(12))) == IngestReport(2, 0, 10)
    assert Ingestion(kept, encoder).run(poems(12)).skipped == 12
    assert kept.settled == 2


def test_batches_are_bounded_by_characters_too(encoder: Encoder) -> None:
    kept = Kept()
    long = "x" * (BATCH_CHARACTERS // 2 + 1)
    Ingestion(kept, encoder.with_options(overflow="warn")).run(
        [Record("a", long), Record("b", long), Record("c", "نور")]
    )
    assert kept.writes == [1, 2]


def test_a_failed_batch_is_taken_out_again(encoder: Encoder) -> None:
    kept = Kept()
    kept.fail_after = 2
    with pytest.raises(StoreError, match="the disk is full. Of this run 6 records are in collection 'poems', whole"):
        Ingestion(kept, encoder, batch_size=3).run(poems(10))
    assert list(kept.records) == [f"r{n}" for n in range(6)]
    kept.fail_after = None
    assert Ingestion(kept, encoder, batch_size=3).run(poems(10)) == IngestReport(4, 0, 6)


def test_changes_are_refused_or_made(encoder: Encoder) -> None:
    kept = Kept()
    Ingestion(kept, encoder).run(poems(3))
    changed = Record("r1", "نور", {"n": 9})
    with pytest.raises(RecordError, match=r"'r1' is stored with the payload \{'n': 1\}, and comes with \{'n': 9\}"):
        Ingestion(kept, encoder).run([Record("new", "نور"), changed])
    assert len(kept.records) == 3
    found = compare(kept, [changed, changed, *poems(1)])
    assert (len(found.new), len(found.changed), found.unchanged) == (0, 2, 1)
    with pytest.raises(RecordError, match="already given by record 0"):
        Ingestion(kept, encoder, on_change="update").run(found)
    assert Ingestion(kept, encoder, on_change="update").run([changed]) == IngestReport(0, 1, 0)


def test_another_thread_ends_a_run(encoder: Encoder) -> None:
    kept, stop = Kept(), threading.Event()
    kept.after_write = stop.set
    run = Ingestion(kept, encoder, batch_size=2, stop=stop)
    assert run.run(poems(9)).written == 2
    assert len(kept.records) == 2


def test_the_limit_of_a_store_holds(encoder: Encoder) -> None:
    kept = Kept(batch_limit=5)
    assert Ingestion(kept, encoder).run(poems(12)).written == 12
    assert (kept.writes, kept.looked_up) == ([5, 5, 2], [5, 5, 2])
    for size in (6, 0, True, None, 2.5):
        with pytest.raises(OptionError, match=f"batch_size={size}: this store takes 1 to 5"):
            Ingestion(kept, encoder, batch_size=size)  # type: ignore[arg-type]
