"""The teacher's vectors: computed once, and refused where they are of something else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from harakat.errors import EvaluationError, OptionError
from harakat.training.pretraining.teacher import TeacherVectors, as_teacher

TEXTS = ["كتب الطالب", "عاد إلى البيت", "كتب الطالب"]


class Lengths:
    """A teacher of one's own: counts of a few letters."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        return np.array([[1 + text.count(letter) for letter in "ابتط"] for text in texts], np.float64)


def test_computed_once(tmp_path: Path) -> None:
    model = Lengths()
    teacher = as_teacher(model)
    path = tmp_path / "vectors" / "teacher.npy"
    cache = TeacherVectors(path, teacher, "document", TEXTS)
    assert not path.parent.exists()
    model.read.clear()
    cache.compute()
    assert model.read == TEXTS[:2]  # what comes twice is read once
    rows = cache.load()
    raw = model.encode(TEXTS)
    assert rows.dtype == np.float16
    assert np.allclose(rows, raw / np.linalg.norm(raw, axis=1, keepdims=True), atol=1e-3)
    model.read.clear()
    TeacherVectors(path, as_teacher(model), "document", TEXTS).compute()
    assert len(model.read) == 1  # the probe for the size
    assert sorted(item.name for item in path.parent.iterdir()) == ["teacher.json", "teacher.npy"]


def test_what_is_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "teacher.npy"
    TeacherVectors(path, as_teacher(Lengths()), "document", TEXTS).compute()
    with pytest.raises(OptionError, match="computed with teacher='Lengths', and now teacher='other'.*delete it"):
        TeacherVectors(path, as_teacher(Lengths(), "other"), "document", TEXTS)
    with pytest.raises(OptionError, match="sha256="):
        TeacherVectors(path, as_teacher(Lengths()), "document", TEXTS[::-1][1:] + TEXTS[:1])
    with pytest.raises(OptionError, match="role='document', and now role='query'"):
        TeacherVectors(path, as_teacher(Lengths()), "query", TEXTS)
    path.with_suffix(".json").unlink()
    with pytest.raises(OptionError, match="does not say whose vectors"):
        TeacherVectors(path, as_teacher(Lengths()), "document", TEXTS)


def test_a_teacher_that_stops_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    class Broken(Lengths):
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            rows = super().encode(texts)
            return rows if len(texts) == 1 else rows * np.nan

    cache = TeacherVectors(tmp_path / "teacher.npy", as_teacher(Broken()), "document", TEXTS)
    with pytest.raises(EvaluationError, match="no finite floats"):
        cache.compute()
    assert not (tmp_path / "teacher.npy").exists()


def test_teachers_of_all_kinds(tiny_folder: Path) -> None:
    from harakat import Encoder

    encoder = Encoder(tiny_folder, device="cpu")
    assert np.allclose(as_teacher(encoder).encode(TEXTS), encoder.encode(TEXTS), atol=1e-6)
    assert as_teacher(lambda texts: np.ones((len(texts), 3))).dims == (3,)
    with pytest.raises(OptionError, match="cannot be judged"):
        as_teacher(object())
