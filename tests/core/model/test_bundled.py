"""The bundled harakat-mini: small, quick to open, and aware of marks."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from quran_text import Mushaf

import harakat.model.checkpoints.names as names
from harakat import Encoder
from harakat.arabic import strip_marks, to_imlai
from harakat.model.checkpoints.config import read_config
from harakat.model.checkpoints.network import load_network

HOMOGRAPHS = [("عِلْم", "عَلَم"), ("مَلِك", "مَلَك"), ("جَنَّة", "جِنَّة"), ("بِرّ", "بَرّ"), ("قَدَم", "قِدَم"), ("حُكْم", "حَكَم")]

# A word, the reading that has its meaning, and another reading of the same letters.
READINGS = [
    ("مَعْرِفَة", "عِلْم", "عَلَم"),
    ("راية", "عَلَم", "عِلْم"),
    ("بستان", "جَنَّة", "جِنَّة"),
    ("جنون", "جِنَّة", "جَنَّة"),
    ("سلطان", "مَلِك", "مَلَك"),
    ("حنطة", "بُرّ", "بَرّ"),
    ("يابسة", "بَرّ", "بُرّ"),
    ("ساق", "قَدَم", "قِدَم"),
    ("قاض", "حَكَم", "حُكْم"),
    ("مضى", "ذَهَبَ", "ذَهَب"),
    ("إنسان", "رَجُل", "رِجْل"),
    ("ساق", "رِجْل", "رَجُل"),
]


@pytest.fixture(scope="module")
def mini() -> Encoder:
    return Encoder()


@pytest.fixture(scope="module")
def verses() -> list[str]:
    """Every fortieth verse, Uthmani spelling, all marks."""
    return [ayah.render(marks=True) for ayah in Mushaf.hafs().ayahs[::40]]


def test_it_is_small() -> None:
    files = [path for path in Path(names.BUNDLED_FOLDER).iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 32 * 2**20
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= {path.name for path in files}


def test_it_opens_in_under_a_second() -> None:
    """The files to a network, best of three; importing torch is not counted."""
    config = read_config(names.BUNDLED_FOLDER)
    times = []
    for _ in range(3):
        started = time.perf_counter()
        load_network(names.BUNDLED_FOLDER, config)
        times.append(time.perf_counter() - started)
    assert min(times) < 1


def test_it_is_the_default(mini: Encoder) -> None:
    assert mini.name == "harakat-mini"
    assert mini.dims == (384, 256, 128, 64)
    assert mini.max_length >= 256
    assert mini.spelling == "imlai"


@pytest.mark.parametrize("dim", [384, 64])
def test_other_marks_make_another_word(dim: int) -> None:
    encoder = Encoder(dim=dim)
    cosines = [float(np.dot(*encoder.encode(pair))) for pair in HOMOGRAPHS]
    assert np.mean(cosines) < 0.7
    assert max(cosines) < 0.9


def test_most_readings_have_their_meaning(mini: Encoder) -> None:
    vectors = mini.encode([word for row in READINGS for word in row]).reshape(len(READINGS), 3, -1)
    right = (vectors[:, 0] * vectors[:, 1]).sum(1) > (vectors[:, 0] * vectors[:, 2]).sum(1)
    assert right.sum() >= 8  # 6 by chance


def test_a_verse_without_its_marks_stays_near_itself(mini: Encoder, verses: list[str]) -> None:
    marked = mini.encode(verses)
    bare = mini.encode([strip_marks(to_imlai(verse)) for verse in verses])
    own = (marked * bare).sum(1)
    assert own.mean() >= 0.9
    nearest = (bare @ marked.T).argmax(1)
    assert (nearest == np.arange(len(verses))).mean() >= 0.95


def test_uthmani_and_everyday_spelling_meet(mini: Encoder, verses: list[str]) -> None:
    uthmani, everyday = mini.encode(verses), mini.encode([to_imlai(verse) for verse in verses])
    assert (uthmani * everyday).sum(1).mean() > 0.99


def test_meaning_counts(mini: Encoder) -> None:
    query, near, far = mini.encode(["الصبر عند المصيبة", "من صبر على البلاء نال الأجر", "سعر السيارة الجديدة"])
    assert query @ near > query @ far + 0.2
