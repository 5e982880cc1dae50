"""Pictures of what an evaluation found, as PNG and SVG. Needs matplotlib (extra ``eval``)."""

from __future__ import annotations

from harakat.evaluation.pictures.canvas import arabic, save
from harakat.evaluation.pictures.family import family_picture
from harakat.evaluation.pictures.margins import margin_picture
from harakat.evaluation.pictures.quality import quality_picture
from harakat.evaluation.pictures.surah import surah_picture

__all__ = ["arabic", "family_picture", "margin_picture", "quality_picture", "save", "surah_picture"]
