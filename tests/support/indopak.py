"""Verses as an IndoPak mushaf writes them, made from everyday spelling by the conventions of that tradition."""

from __future__ import annotations

import re

from harakat.arabic.marks.diacritics import canonical_mark_order

_LETTERS = str.maketrans("يكهة", "\u06cc\u06a9\u06c1\u06c3")
_STEPS = (
    (re.compile("(?<=\u0650)ي(?![\u064b-\u0652])"), "ي\u0652"),  # long yaa
    (re.compile("(?<=\u064f)و(?![\u064b-\u0652])"), "و\u0652"),  # long waw
    (re.compile("آ"), "ا\u0670"),
    (re.compile("[أإ](?=[\u064e\u064f\u0650\u0652])"), "ا"),  # a hamza on alef is its vowel
    (re.compile("(?<![\\S])ال(?=\u0652)"), "ا\u064eل"),  # the article behind a pause
    (re.compile("(?<=[بتثجحخدذرزسشصضطظعغفقكلمن])(\u0651?)\u064eا(?=[بتثجحخدذرزسشصضطظعغفقكلمنهـ])"), "\\1\u0670"),
    (re.compile("(?<=ه)\u064f(?!\\S)"), "\u0657"),  # the pronoun
    (re.compile("(?<=ه)\u0650(?!\\S)"), "\u0656"),
    (re.compile("ى(?!\\S)"), "\u06cc"),
)


def to_indopak(everyday: str) -> str:
    """Return a marked text in everyday spelling as an IndoPak mushaf has it."""
    text = canonical_mark_order(everyday)
    for pattern, replacement in _STEPS:
        text = pattern.sub(replacement, text)
    return text.translate(_LETTERS)
