"""Parts of public collections that harakat-mini was not trained on, so that it can be judged on them."""

from __future__ import annotations

import zlib

__all__ = ["HELD_OUT_BOOKS", "is_held_out_surah", "is_held_out_synset", "one_in"]

HELD_OUT_BOOKS = frozenset({"bulugh_almaram", "aladab_almufrad", "shamail_muhammadiyah"})
"""Books of hadith-json that no training step reads."""


def one_in(key: str, parts: int) -> bool:
    """Return true for one in `parts` keys, the same ones on every machine (by CRC-32); for none where `parts` is 0."""
    return parts > 0 and zlib.crc32(key.encode()) % parts == 0


def is_held_out_synset(name: str) -> bool:
    """Return true for the third of Arabic WordNet's synsets that is kept for judging.

    Args:
        name: Of the synset, as Arabic WordNet gives it.
    """
    return one_in(name, 3)


def is_held_out_surah(ayah: str) -> bool:
    """Return true where a verse belongs to a surah that is kept for judging: one whose number 3 divides.

    Args:
        ayah: Key of the verse, such as "2:255".
    """
    return int(ayah.split(":")[0]) % 3 == 0
