"""Spelling of the mushaf, word by word. `harakat.arabic.spelling.imlai` is the public face of this package."""

from __future__ import annotations

from harakat.arabic.spelling.uthmani.rules import respell
from harakat.arabic.spelling.uthmani.units import Unit

__all__ = ["Unit", "respell"]
