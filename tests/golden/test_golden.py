"""The running tree against the golden record; `record.py` beside this file makes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.golden.record import (
    SECTIONS,
    compute,
    differences,
    other_versions,
    read,
    same_machine,
    workplace,
)
from support.golden.vectors import compute_vectors, vector_differences

SHOWN = 20
"""Most differences in a message."""


@pytest.fixture(scope="module")
def work() -> Iterator[Path]:
    """A folder with the models and inputs of the record."""
    with workplace() as folder:
        yield folder


@pytest.fixture(scope="module")
def recorded_on() -> dict[str, Any]:
    """The machine and the versions of the record."""
    found: dict[str, Any] = read("machine")
    return found


def _report(found: list[str]) -> str:
    more = f"\n… and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{len(found)} differences from the golden record:\n" + "\n".join(found[:SHOWN]) + more


@pytest.mark.parametrize("name", SECTIONS)
def test_section_is_as_recorded(name: str, work: Path, recorded_on: dict[str, Any]) -> None:
    apart = other_versions(SECTIONS[name], recorded_on)
    if apart:
        pytest.skip(f"other versions show in this section: {'; '.join(apart)}")
    stored, now = read(name), compute(SECTIONS[name], work)
    if name == "fingerprints" and not same_machine(recorded_on):
        _forget_random_weights(stored)
        _forget_random_weights(now)
    found = differences(stored, now)
    assert not found, _report(found)


def _forget_random_weights(section: dict[str, Any]) -> None:
    """Drop what depends on the bits of random weights, which other processors round in another way."""
    for name, entry in section.items():
        if not name.startswith("mini"):
            del entry["fingerprint"], entry["parts"]["weights"]


def test_vectors_are_as_recorded(work: Path, recorded_on: dict[str, Any]) -> None:
    apart = other_versions(SECTIONS["tokens"], recorded_on)
    if apart:
        pytest.skip(f"the texts may differ: {'; '.join(apart)}")
    same = same_machine(recorded_on)
    found = vector_differences(read("vectors"), compute_vectors(work, coarse=same), same_machine=same)
    assert not found, _report(found)


class TestTheComparison:
    """A record that could not tell would prove nothing."""

    def test_values_of_json(self) -> None:
        stored = {"a": [1, 0.5, "نص"], "b": None, "c": 1}
        assert differences(stored, {"a": [1, 0.5 + 1e-9, "نص"], "b": None, "c": 1}) == []
        for other in (
            {**stored, "a": [1, 0.5 + 1e-5, "نص"]},
            {**stored, "a": [1, 0.5]},
            {**stored, "a": [1, 0.5, "نصّ"]},
            {**stored, "b": False},
            {**stored, "c": True},
            {**stored, "c": 1.0},
            {**stored, "d": 0},
            {"a": stored["a"], "b": None},
        ):
            assert len(differences(stored, other)) == 1

    def test_vectors(self) -> None:
        rows = np.array([[0.6, 0.8, 5e-7, 0.0, 0.0, 0.0, 0.0, 0.0]], dtype=np.float32)
        stored = {"m/x-float32": rows, "m/x-int8": np.int8([[95, 127]]), "m/x-binary": np.packbits(rows > 0, axis=-1)}

        def told(name: str, changed: Any, *, same: bool) -> bool:
            return bool(vector_differences(stored, {**stored, name: changed}, same_machine=same))

        assert not vector_differences(stored, dict(stored), same_machine=True)
        nearly = np.nextafter(rows, 2, dtype=np.float32)
        assert told("m/x-float32", nearly, same=True) and not told("m/x-float32", nearly, same=False)
        assert told("m/x-float32", rows + np.float32(1e-5), same=False)
        assert told("m/x-float32", rows.astype(np.float64), same=False)
        assert told("m/x-float32", rows[:, :4], same=False)
        assert not told("m/x-int8", np.int8([[94, 127]]), same=False)
        assert told("m/x-int8", np.int8([[94, 127]]), same=True) and told("m/x-int8", np.int8([[93, 127]]), same=False)
        assert not told("m/x-binary", np.uint8([[0b11000000]]), same=False)
        assert told("m/x-binary", np.uint8([[0b10100000]]), same=False)
        assert vector_differences(stored, {}, same_machine=False) and vector_differences({}, stored, same_machine=False)
