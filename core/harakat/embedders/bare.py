"""Texts without marks, as most of the field prepares them, and models that read them so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harakat.arabic import strip_marks, to_imlai
from harakat.embedders.base import Embedder, Role

__all__ = ["bare_texts", "reading_bare"]


def bare_texts(texts: Iterable[str]) -> list[str]:
    """Return texts in everyday spelling without their marks.

    The spelling is changed first: the dagger alef of Uthmani text is a letter in everyday spelling, and would be lost
    with the marks.
    """
    return [strip_marks(to_imlai(text)) for text in texts]


def reading_bare(embedder: Embedder) -> Embedder:
    """Return the same model, reading every text in everyday spelling without its marks.

    A model that was trained on bare text should be judged on it too.
    """

    def encode(texts: list[str], role: Role) -> Any:
        return embedder.encode(bare_texts(texts), role)

    return Embedder(f"{embedder.name}, bare", encode, embedder.dims, {**embedder.facts, "marks": "stripped"})
