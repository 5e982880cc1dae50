"""Verses for tests, from the quran-text package."""

from __future__ import annotations

from quran_text import Mushaf

VERSES: dict[str, str] = {
    verse.key: verse.text for number in range(103, 115) for verse in Mushaf.hafs().surah(number).ayahs
}
"""The last twelve surahs: verse key to text."""
