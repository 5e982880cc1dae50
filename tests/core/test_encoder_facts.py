"""Facts of an encoder are what it was made with, and nobody can change them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harakat import Encoder

FACTS = sorted(
    name for name, value in vars(Encoder).items() if isinstance(value, property) and not name.startswith("_")
)


@pytest.fixture(scope="module")
def chosen(tiny_folder: Path) -> Encoder:
    return Encoder(
        tiny_folder, dim=16, device="cpu", precision="int8", spelling="imlai", max_length=40, overflow="chunk"
    )


def test_what_was_chosen_is_what_is_said(chosen: Encoder, tiny_folder: Path) -> None:
    assert (chosen.dim, chosen.precision, chosen.spelling, chosen.max_length) == (16, "int8", "imlai", 40)
    assert (chosen.overflow, chosen.device, chosen.dtype, chosen.attention) == ("chunk", "cpu", "float32", "sdpa")
    assert (chosen.name, chosen.revision) == (tiny_folder.name, None)
    assert chosen.dim in chosen.dims and list(chosen.dims) == sorted(chosen.dims, reverse=True)
    for fact in ("dim", "precision", "spelling", "max_length"):
        assert f"{fact}={getattr(chosen, fact)!r}" in repr(chosen)


def test_its_options_make_it_again(chosen: Encoder) -> None:
    again = Encoder(**chosen.options)
    assert all(getattr(again, fact) == getattr(chosen, fact) for fact in FACTS if fact != "checkpoint")
    assert repr(again) == repr(chosen)
    chosen.options["dim"] = 8  # a copy
    assert chosen.options["dim"] == 16


@pytest.mark.parametrize("fact", FACTS)
def test_no_fact_can_be_set(chosen: Encoder, fact: str) -> None:
    with pytest.raises(AttributeError, match=fact):
        setattr(chosen, fact, getattr(chosen, fact))
