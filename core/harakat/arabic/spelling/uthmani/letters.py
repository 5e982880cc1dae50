"""Letters that the rules name, and groups of letters that they ask about."""

from __future__ import annotations

from harakat.arabic.marks.diacritics import DAMMA, DAMMATAN, FATHA, FATHATAN, KASRA, KASRATAN

__all__ = [
    "ALEF",
    "ALEF_HAMZA_ABOVE",
    "ALEF_HAMZA_BELOW",
    "ALEF_MADDA",
    "ALEF_MAKSURA",
    "ALEF_WASLA",
    "BAA",
    "CLITICS",
    "CONSONANTS",
    "FAA",
    "FARSI_YAA",
    "HAA",
    "HAMZA",
    "HAMZAS",
    "LAM",
    "LONG_LETTERS",
    "NOON",
    "SAD",
    "SEEN",
    "SHORT",
    "TAA",
    "TAA_MARBUTA",
    "TANWIN",
    "VOWELLED",
    "WAW",
    "WAW_HAMZA",
    "YAA",
    "YAA_HAMZA",
]

HAMZA = "\u0621"
ALEF_MADDA = "\u0622"
ALEF_HAMZA_ABOVE = "\u0623"
WAW_HAMZA = "\u0624"
ALEF_HAMZA_BELOW = "\u0625"
YAA_HAMZA = "\u0626"
ALEF = "\u0627"
BAA = "\u0628"
TAA_MARBUTA = "\u0629"
TAA = "\u062a"
SEEN = "\u0633"
SAD = "\u0635"
FAA = "\u0641"
KAF = "\u0643"
LAM = "\u0644"
NOON = "\u0646"
HAA = "\u0647"
WAW = "\u0648"
ALEF_MAKSURA = "\u0649"
YAA = "\u064a"
ALEF_WASLA = "\u0671"
FARSI_YAA = "\u06cc"

HAMZAS = HAMZA + ALEF_MADDA + ALEF_HAMZA_ABOVE + WAW_HAMZA + ALEF_HAMZA_BELOW + YAA_HAMZA
LONG_LETTERS = ALEF + WAW + YAA + ALEF_MAKSURA + ALEF_MADDA
CONSONANTS = "".join(chr(point) for point in range(0x0628, 0x0648) if point != 0x0629 and not 0x063B <= point <= 0x0640)
CLITICS = WAW + FAA + BAA + LAM + KAF + ALEF_HAMZA_ABOVE + TAA + SEEN

SHORT = FATHA + DAMMA + KASRA
TANWIN = FATHATAN + DAMMATAN + KASRATAN
VOWELLED = SHORT + TANWIN
