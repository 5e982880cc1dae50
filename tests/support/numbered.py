"""Many different Arabic texts, each of its own tokens in the vocabulary of `support.tiny`."""

from __future__ import annotations

WORDS = ("الْعِلْمُ", "نُورٌ", "كتب", "الطالب", "الدرس", "عَلَمَ", "بِلَادِهِ", "المكتبة", "ظَلَامٌ", "الْقَلْعَةِ")


def numbered(number: int) -> str:
    """A text for a number: one marked or bare word a decimal digit; different numbers give different texts."""
    return " ".join(WORDS[int(digit)] for digit in str(number))
