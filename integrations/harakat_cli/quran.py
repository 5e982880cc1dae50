"""The Quran as a source: every verse with its marks, under its verse key."""

from __future__ import annotations

from collections.abc import Iterator

from harakat._support.extras import require
from harakat.errors import RecordError
from harakat_cli.records import SourceRecord

__all__ = ["QuranSource"]


class QuranSource:
    """All 6,236 verses of the Hafs reading, from the package `quran-text` (CC BY 4.0).

    Ids are verse keys such as ``2:255``; the payload holds ``surah``, ``ayah``, ``surah_name``, ``surah_name_en``,
    ``juz`` and ``page``.

    Raises:
        MissingExtraError: `quran-text` is not installed.
    """

    name = "quran"

    def __init__(self) -> None:
        self._mushaf = require("quran_text", "cli").Mushaf.hafs()

    def state(self) -> None:
        """The text of a package does not change under us."""

    def fault(self, line: int, what: str) -> RecordError:
        """An error at a verse."""
        return RecordError(f"quran, verse {line:,}: {what}")

    def everyday(self, key: str) -> str:
        """A verse as it is typed today: everyday spelling without marks.

        Args:
            key: A verse key such as ``2:255``.
        """
        surah, ayah = map(int, key.split(":"))
        return " ".join(word for word in self._mushaf.ayah(surah, ayah).rasm_imlai or () if word)

    def records(self) -> Iterator[SourceRecord]:
        """The verses in their order; `line` counts them from 1."""
        number = 0
        for surah in self._mushaf.surahs:
            for ayah in surah.ayahs:
                number += 1
                payload = {
                    "surah": surah.number,
                    "ayah": ayah.number,
                    "surah_name": surah.name_ar,
                    "surah_name_en": surah.name_en,
                    "juz": ayah.juz.number,
                    "page": ayah.page.number,
                }
                yield SourceRecord(ayah.key, ayah.text, payload, number)
