"""What the models read: spelling, marks, tokens, and the fingerprints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harakat import arabic
from support.golden.models import open_models
from support.golden.texts import LONG, TEXTS

__all__ = ["compute_fingerprints", "compute_spelling", "compute_tokens"]


def compute_spelling(work: Path) -> dict[str, Any]:
    """Compute what `harakat.arabic` makes of each text; of long texts the spelling alone."""
    out: dict[str, Any] = {}
    for name, text in TEXTS.items():
        spelt = arabic.to_imlai_aligned(text)
        out[name] = {
            "text": text,
            "imlai": arabic.to_imlai(text),
            "aligned-is-equal": spelt.text == arabic.to_imlai(text),
        }
        if name in LONG:
            continue
        out[name] |= {
            "bare": arabic.strip_marks(text),
            "mark-order": arabic.canonical_mark_order(text),
            "marks": " ".join(f"{letter}:{marks}" for letter, marks in arabic.split_marks(text) if marks),
            "joined-again": arabic.join_marks(arabic.split_marks(text)) == text,
            "sources": " ".join("{}-{}".format(*spelt.source(at, at + 1)) for at in range(len(spelt.text))),
        }
    return out


def compute_tokens(work: Path) -> dict[str, Any]:
    """Compute pieces, ids and marks of each text under each model; one string each, so that a change is one line."""
    out: dict[str, Any] = {}
    for model, encoder in open_models(work).items():
        counts = encoder.count_tokens(TEXTS.values()).tolist()
        out[model] = {}
        for (name, text), count in zip(TEXTS.items(), counts, strict=True):
            pieces = encoder.pieces(text)
            row = {"ids": " ".join(str(piece.id) for piece in pieces), "count": count}
            if name not in LONG:
                row["pieces"] = " ".join(piece.text for piece in pieces)
                row["marks"] = " ".join(piece.marks or "-" for piece in pieces)
            out[model][name] = row
    return out


def compute_fingerprints(work: Path) -> dict[str, Any]:
    """Compute fingerprints with their parts, and what else an encoder says of itself."""
    out: dict[str, Any] = {}
    for model, encoder in open_models(work).items():
        smallest = encoder.with_options(dim=encoder.dims[-1], precision="binary", query_prompt="سؤال: ")
        for name, one in ((model, encoder), (f"{model}-smallest", smallest)):
            out[name] = {
                "fingerprint": str(one.fingerprint),
                "parts": one.fingerprint.parts(),
                "options": one.options,
                "repr": repr(one),
                "name": one.name,
                "revision": one.revision,
                "dim": one.dim,
                "dims": list(one.dims),
                "precision": one.precision,
                "max_length": one.max_length,
                "overflow": one.overflow,
                "dtype": one.dtype,
                "spelling": one.spelling,
                "query_prompt": one.query_prompt,
                "document_prompt": one.document_prompt,
                "difference": one.fingerprint.difference(encoder.fingerprint.parts()),
            }
    return out
