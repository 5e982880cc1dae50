"""The spelling of the mushaf, word by word. `harakat.arabic.orthography` is the public face of this package."""

from __future__ import annotations

from harakat.arabic.uthmani.rules import respell
from harakat.arabic.uthmani.units import Unit

__all__ = ["Unit", "respell"]
