"""The published tokenizer, step by step and one character at a time: what the fast one is held against.

Written from the published description; it shares nothing with `harakat`.
"""

from __future__ import annotations

import random
from typing import Any

__all__ = ["NASTY", "nasty_texts", "published_ids", "published_text"]

_RANGES = "064B-0652 0657-065F 0610-061A 06D6-06DC 06DF-06E4 06E7-06E8 06EA-06ED"
MARKS = {
    chr(point)
    for low, high in (item.split("-") for item in _RANGES.split())
    for point in range(int(low, 16), int(high, 16) + 1)
}
_DROPPED = {0x0640, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0xFEFF}
_FOLDED = {0x0622: 0x0627, 0x0623: 0x0627, 0x0625: 0x0627, 0x0671: 0x0627, 0x0649: 0x064A, 0x0629: 0x0647}


def _separated(word: str) -> str:
    if not MARKS.intersection(word):
        return word
    letters: list[str] = []
    marks: list[str] = []
    for char in word:
        if char not in MARKS:
            letters.append(char)
            marks.append("")
        elif letters:
            marks[-1] += char
        else:
            letters.append(" ")
            marks.append(char)
    return "".join(letters) + " " + "".join(group or "\u25cc" for group in marks)


def published_text(text: str, *, stemmer: Any = None, separator: str = "[+]") -> str:
    """What the vocabulary sees."""
    if stemmer is not None:
        text = stemmer.stem(text, sep=separator, preserve_diacritics=True)
    text = "".join(chr(_FOLDED.get(ord(char), ord(char))) for char in text if ord(char) not in _DROPPED)
    out: list[str] = []
    word = ""
    position = 0
    while position < len(text):
        if text[position].isspace():
            step = 1
        elif text.startswith(separator, position):
            step = len(separator)
        else:
            word += text[position]
            position += 1
            continue
        out += [_separated(word), text[position : position + step]]
        word = ""
        position += step
    return "".join([*out, _separated(word)])


def published_ids(tokenizer: Any, texts: list[str], *, stemmer: Any = None, separator: str = "[+]") -> list[list[int]]:
    """Ids of whole texts, special tokens included, straight from the `tokenizers` library."""
    prepared = [published_text(text, stemmer=stemmer, separator=separator) for text in texts]
    return [encoding.ids for encoding in tokenizer.encode_batch(prepared)]


_WORDS = [
    "وَبِالْكِتَابِ",
    "كِتَابُهُمْ",
    "فسيعلمهم",
    "مدرسة",
    "للرحمن",
    "مِنْهُمْ",
    "بَيْتٌ",
    "وكتاب",
    "قال",
    "ٱلرَّحۡمَٰنِ",
    "السَّمَٰوَٰتِ",
    "هُدًى",
    "عَلِمَ",
]
_LITERALS = [
    "[+]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "[PAD]",
    "[UNK]",
    "[unused0]",
    "[unused9]",
    "[cls]",
    "[",
    "+",
    "##ab",
    "[+",
    "+]",
    "[+][+]",
    "[[+]]",
    "[C",
]
_SPACES = [" ", " ", " ", "  ", "\n", "\t", "\r\n", *map(chr, (0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x1F, 0x85, 0xA0))]
_SPACES += [chr(point) for point in (0x1680, 0x2003, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0x180E)]
_MARKS = [chr(point) for point in (0x64B, 0x64E, 0x650, 0x651, 0x652, 0x653, 0x654, 0x656, 0x657, 0x65F, 0x670)]
_MARKS += [chr(point) for point in (0x610, 0x61A, 0x6D6, 0x6DB, 0x6E1, 0x6E5, 0x6E6, 0x6E7, 0x6ED, 0x8F0, 0x8F2)]
_MARKS += ["\u064e\u0651", "\u0651\u064e", "\u0301", "\u25cc"]
_LETTERS = list("ابتثجحخدرزسشصطعفقكلمنهويىةءآأإؤئٱپگ")
_OTHERS = [*"،؛؟.!?-_()\"'«»|~#@٪٫٠١٢٣0123abzXYZéßİΣς", "\u0640", "\u0640\u0640", "\ufdfa", "\ufefb", "中", "한"]
_OTHERS += [
    "😀",
    "👩‍👩‍👧",
    "\U0001f1f8\U0001f1e6",
    "\u06dd",
    "\u06de",
    "\ufd3e",
    "\u200b",
    "\u200d",
    "\u200f",
    "\ufeff",
]
_OTHERS += [
    "\u0000",
    "\u0001",
    "\u007f",
    "\u00ad",
    "\u061c",
    "\u2060",
    "\u2066",
    "\ue000",
    "\ufffd",
    "\uffff",
    "\U0010ffff",
]
_LONG = ["ب" * 100, "ب" * 101, "بَ" * 60, "a" * 150, "و" * 70]

NASTY: list[str] = _WORDS + _LITERALS + _SPACES + _MARKS + _LETTERS + _OTHERS + _LONG
"""What the fuzzers build texts from."""


def nasty_texts(seed: int, count: int) -> list[str]:
    """Texts of 0 to 24 parts of `NASTY`, words and spaces and marks the most frequent."""
    choose = random.Random(seed)
    kinds = [_WORDS, _LITERALS, _SPACES, _MARKS, _LETTERS, _OTHERS, _LONG]
    weights = [4, 2, 7, 6, 6, 3, 0.15]
    texts = []
    for _ in range(count):
        picked = choose.choices(kinds, weights, k=choose.randrange(25))
        texts.append("".join([choose.choice(kind) for kind in picked]))
    return texts
