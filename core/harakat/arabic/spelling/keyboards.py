"""Letters of other keyboards as the letters of Arabic, and digits of the script as ASCII digits.

Sources: the Unicode code chart U+0600 (letters of Persian, Urdu, Pashto, Kashmiri, Kurdish, Sindhi; the dotless faa
and qaf, and the faa and qaf with dots of the Maghrib), and the Unicode Character Database for digits. Letters of other
sounds (peh, tcheh, jeh, gaf) stay.
"""

from __future__ import annotations

import unicodedata

__all__ = ["DIGITS", "LETTERS"]

_FAMILIES = {
    "\u0643": "\u06a9\u06aa\u06ac",  # kaf: keheh, swash kaf, kaf with dot above
    "\u064a": "\u06cc\u06cd\u06ce\u06d0\u06d1\u06d2",  # yaa: farsi yeh, with tail, small v, e, three dots, barree
    "\u0626": "\u06d3",  # yaa with hamza: yeh barree with hamza above
    "\u0647": "\u06be\u06c0\u06c1\u06c2\u06d5",  # haa: doachashmee, with yeh above, goal, goal with hamza, ae
    "\u0629": "\u06c3",  # taa marbuta: goal
    "\u0642": "\u066f\u06a7\u06a8",  # qaf: dotless, one dot, three dots
    "\u0641": "\u06a1\u06a2",  # faa: dotless, dot moved below
    "\u0646": "\u06ba",  # noon: ghunna
    "\u0623": "\u0672\u0675",  # alef with hamza: wavy hamza, high hamza
    "\u0625": "\u0673",  # alef with wavy hamza below
    "\u0624": "\u0676",  # waw with high hamza
}
LETTERS: dict[str, str] = {other: letter for letter, others in _FAMILIES.items() for other in others}
LETTERS["\u0678"] = "\u0626"  # yaa with high hamza
LETTERS["\u0674"] = "\u0654"  # high hamza, which other mushafs put over the line, as a mark
"""Letter of another keyboard to the letter of Arabic."""

DIGITS: dict[str, str] = {
    chr(point): str(unicodedata.digit(chr(point))) for first in (0x0660, 0x06F0) for point in range(first, first + 10)
}
DIGITS |= {"\u066a": "%", "\u066b": ".", "\u066c": ","}  # percent sign, decimal and thousands separators
"""Digit or number sign of Arabic script to its ASCII form."""
