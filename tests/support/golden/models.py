"""Models of the golden record: the bundled one, and small ones with random weights that are made anew each time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from harakat import Encoder
from support.calima import write_morphology
from support.golden.texts import TEXTS
from support.marked import write_marked
from support.tiny import SAMPLE_TEXTS, write_tiny, write_tokenizer

__all__ = ["MODELS", "encode_documents", "encode_queries", "make_models", "open_models"]

MODELS: dict[str, dict[str, Any]] = {
    "mini": {"model": "harakat-mini"},
    "tiny": {"model": "tiny"},
    "tiny-imlai": {"model": "tiny", "spelling": "imlai"},
    "tiny-stemming": {"model": "tiny-stemming", "morphology": "morphology"},
    "tiny-prompts": {"model": "tiny-prompts"},
    "marked": {"model": "marked"},
}
"""Arguments of `Encoder`; folders are those that `make_models` writes."""
VOCABULARY = 3000


def make_models(work: Path) -> None:
    """Write the small checkpoints and the morphology data into a folder; the same bytes on the same machine."""
    texts = [*SAMPLE_TEXTS, *TEXTS.values()]
    for name in ("tiny", "tiny-stemming", "tiny-prompts"):
        stemming = name == "tiny-stemming"
        folder = write_tiny(work / name, apply_stemming=stemming, vocab_size=VOCABULARY)
        write_tokenizer(folder, vocab_size=VOCABULARY, apply_stemming=stemming, texts=texts)
    prompts = {"prompts": {"query": "سؤال: ", "document": "نص: "}}
    (work / "tiny-prompts" / "config_sentence_transformers.json").write_text(json.dumps(prompts), encoding="utf-8")
    write_morphology(work / "morphology")
    write_marked(work / "marked", pieces=("▁ال", "▁و", "كتاب", "علم", "ون", "ها"))


def open_models(work: Path) -> dict[str, Encoder]:
    """Open all models on the CPU.

    Args:
        work: Where `make_models` wrote.
    """
    opened = {}
    for name, options in MODELS.items():
        here = {key: str(work / value) if (work / value).exists() else value for key, value in options.items()}
        opened[name] = Encoder(**here, device="cpu")
    return opened


def encode_queries(encoder: Encoder, texts: list[str]) -> NDArray[Any]:
    """Encode with the query prompt, under whichever name the method has."""
    return _method(encoder, "encode_query", "encode_queries")(texts)  # type: ignore[no-any-return]


def encode_documents(encoder: Encoder, texts: list[str]) -> NDArray[Any]:
    """Encode with the document prompt, under whichever name the method has."""
    return _method(encoder, "encode_document", "encode_documents")(texts)  # type: ignore[no-any-return]


def _method(encoder: Encoder, *names: str) -> Any:
    return getattr(encoder, next(name for name in names if hasattr(encoder, name)))
