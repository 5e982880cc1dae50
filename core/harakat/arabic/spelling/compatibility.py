"""Compatibility characters (presentation forms and ligatures) as the characters that they stand for.

Source: the Unicode code charts U+FB50 and U+FE70. Most have a decomposition in the Unicode Character Database; where it
begins with a space (isolated marks), the mark belongs on the letter before it. The honorific phrases of U+FD40 to
U+FD4F, U+FDCF and U+FDFD to U+FDFF have no decomposition: they are written out by their names in the chart.
"""

from __future__ import annotations

import unicodedata

from harakat.arabic.spelling.keyboards import LETTERS

__all__ = ["FORMS", "PHRASES"]

_HIM, _HER, _BOTH, _THEM = "عليه", "عليها", "عليهما", "عليهم"
PHRASES: dict[str, str] = {
    "\ufd40": "رحمه الله",
    "\ufd41": "رضي الله عنه",
    "\ufd42": "رضي الله عنها",
    "\ufd43": "رضي الله عنهم",
    "\ufd44": "رضي الله عنهما",
    "\ufd45": "رضي الله عنهن",
    "\ufd46": f"صلى الله {_HIM} وآله",
    "\ufd47": f"{_HIM} السلام",
    "\ufd48": f"{_THEM} السلام",
    "\ufd49": f"{_BOTH} السلام",
    "\ufd4a": f"{_HIM} الصلاة والسلام",
    "\ufd4b": "قدس سره",
    "\ufd4c": f"صلى الله {_HIM} وآله وسلم",
    "\ufd4d": f"{_HER} السلام",
    "\ufd4e": "تبارك وتعالى",
    "\ufd4f": "رحمهم الله",
    "\ufdcf": "سلامه علينا",
    "\ufdfd": "بسم الله الرحمن الرحيم",
    "\ufdfe": "سبحانه وتعالى",
    "\ufdff": "عز وجل",
}
"""Ligature without a decomposition to its words."""

_BLOCKS = ((0xFB50, 0xFDFD), (0xFE70, 0xFEFD))


def _written_out(char: str) -> str:
    found = unicodedata.normalize("NFKC", char)
    # Of a mark by itself, and of one on tatweel, the mark alone is left.
    if found[0] in " \u0640" and len(found) > 1:
        found = found[1:]
    return "".join(LETTERS.get(letter, letter) for letter in found)


FORMS: dict[str, str] = {
    chr(point): _written_out(chr(point))
    for first, last in _BLOCKS
    for point in range(first, last)
    if unicodedata.decomposition(chr(point)).startswith("<")
}
"""Compatibility character to its letters and marks; a few are several words."""
