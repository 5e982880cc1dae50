"""The evaluation without data: its sets are sound, and it measures."""

from __future__ import annotations

import pytest

from harakat.arabic import strip_marks
from harakat.evaluation import Embedder, View
from harakat.evaluation.tasks.quran import halves, quran_task, typed_verses


def test_typed_verses_are_bare_and_find_themselves():
    data = typed_verses()
    assert data.facts == {"queries": 387, "documents": 775}
    assert all(int(key.split(":")[0]) % 3 == 0 for key in data.documents)
    for key, text in data.queries.items():
        assert text and strip_marks(text) == text != data.documents[key] and key in data.relevant[key]
    assert len(typed_verses(whole=True).documents) == 6236
    refrain = typed_verses(whole=True, every=1)
    assert len(refrain.relevant["55:13"]) == 31, "every verse of a refrain counts"


def test_halves_make_the_verse():
    data = halves(every=1)
    whole = typed_verses().documents
    for key, text in data.queries.items():
        words = whole[key].split()
        second = data.documents[key].split()
        assert words[-len(second) :] == second
        # A word of the mushaf may be two today.
        assert len(words) <= len(text.split()) + len(second) <= len(words) + 2
        assert key in data.relevant[key]
    assert "3:66" not in halves(whole=True, every=1).queries, "the package lacks its everyday spelling"
    assert "3:66" not in typed_verses(whole=True, every=1).queries


@pytest.mark.filterwarnings("ignore::harakat.errors.TruncationWarning")
def test_it_measures(tiny: Embedder):
    result = quran_task(every=40).judge(tiny, [View(64), View(16, "binary")])
    tasks = {f.key.task for f in result.figures}
    assert tasks == {"typed verse", "verse half", "homographs"} and len(result.notes) == 3
    assert result.find("typed verse", "recall@10").value >= result.find("typed verse", "recall@1").value
    assert 0 <= result.find("homographs", "accuracy", view=View(16, "binary")).value <= 100
