"""Fingerprints differ exactly where vectors may."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from harakat.model.checkpoints.fingerprint import Fingerprint

BASE = Fingerprint("name", "rev", "w", "t", "as-is", "off", "mean+l2", "", "", 64, "float32")


@pytest.mark.parametrize("field", [f.name for f in fields(Fingerprint)])
def test_every_deciding_part_counts(field: str) -> None:
    other = replace(BASE, **{field: 32 if field == "dim" else "changed"})
    decides = field not in ("model", "revision")
    assert (str(other) != str(BASE)) is decides
    named = BASE.difference(other.parts())
    assert (len(named) == 1 and named[0].startswith(f"{field}: ")) is decides


def test_the_string_is_short_and_stable() -> None:
    assert str(BASE) == str(replace(BASE))
    assert str(BASE).startswith("hk1:")
    assert len(str(BASE)) == 28


def test_parts_are_strings_for_any_metadata() -> None:
    assert all(isinstance(value, str) for value in BASE.parts().values())
