"""Words of the mushafs of India and Pakistan in the spelling of the Medina mushaf, as far as the two differ.

Source: the conventions of the IndoPak script tradition. A hamza on alef is not written, its vowel is (alef with fatha
for alef with hamza); the alef that begins a verse bears the vowel of its reading; long yaa and long waw bear a sukun; a
subscript alef and an inverted damma are long vowels, or the vowel of a pronoun; an alef with dagger alef is hamza and
alef; signs of pause and of nunation are others. All of it needs marks: bare words are not touched.
"""

from __future__ import annotations

import re

from harakat.arabic.marks.diacritics import canonical_mark_order

__all__ = ["ALEF_DAGGER", "HINTS", "is_indopak", "to_medina"]

# A pronoun with a long vowel, a letter of those keyboards with a vowel mark or behind a dagger alef, alef with dagger
# alef, and signs of pause of these mushafs alone.
_INDOPAK = re.compile(
    "[\u0647\u06c1][\u0656\u0657](?![\u0610-\u061a\u0620-\u065f\u0670-\u06d3\u06df-\u06e8])"
    "|[\u06a9\u06cc\u06c1\u06c3][\u064b-\u0652]|\u0670\u06cc|\u0627\u0670|[\u08d3-\u08e1]"
)
HINTS = "\u0656\u0657\u06a9\u06cc\u06c1\u06c3\u08d3-\u08e1"
"""Characters, as ranges of a pattern, of which such a text holds one, if it does not write `ALEF_DAGGER`."""
ALEF_DAGGER = "\u0627\u0670"
_WASLA = "\u0671"

_LETTER = "[\u0621-\u063a\u0641-\u064a]"
_FATHA, _DAMMA, _KASRA, _SHADDA, _SUKUN, _DAGGER = "\u064e", "\u064f", "\u0650", "\u0651", "\u0652", "\u0670"
_ALEF, _LAM = "\u0627", "\u0644"
# What follows the lam of form IV: alqa (to throw), alsina (tongues), alf (thousand), alhaq (to join), alha (to divert).
_FORM_FOUR = (
    "\u0642(?:\u0670|\u064e\u064a|\u064e\u0648\u0652?\u0627|\u0650|\u064f\u0648)"
    "|\u0633\u0650\u0646|\u0641\u064e|\u062d\u064e\u0642\u0652|\u0647\u0670"
)
# Alefs that begin a reading and are no hamza: the article, and verbs and nouns by the pattern of their vowels.
_ARTICLE = f"^{_ALEF}{_FATHA}(?={_LAM}{_SUKUN}(?!{_FORM_FOUR})|{_LAM}{_SHADDA}(?!{_FATHA}?$)|{_LAM}{_LETTER}{_SHADDA})"
_VERBS = (
    f"^{_ALEF}{_DAMMA}(?={_LETTER}{_SUKUN}{_LETTER}{_DAMMA})"
    f"|^{_ALEF}{_KASRA}(?={_LETTER}{_SUKUN}{_LETTER}{_KASRA}(?!\u064a)|{_LETTER}{_SUKUN}{_LETTER}{_FATHA}(?!{_ALEF})"
    f"|\u062a{_SHADDA}|\u0633{_SUKUN}\u062a|{_LETTER}{_SUKUN}\u062a{_KASRA})"
)
_RULES = (
    (re.compile("[\u0658\u08d3-\u08e1]"), ""),
    (re.compile(f"(?<={_KASRA})(\u064a){_SUKUN}|(?<={_DAMMA})(\u0648){_SUKUN}"), r"\1\2"),
    (re.compile("(?<=\u0647)\u0656$"), _KASRA),
    (re.compile("(?<=\u0647)\u0657$"), _DAMMA),
    (re.compile("\u0656"), f"{_KASRA}\u064a"),
    (re.compile(f"(?<={_DAGGER})\u0648(?={_DAGGER})"), f"\u0648{_FATHA}"),
    (re.compile(f"(?<=[\u0628\u062a-\u063a\u0641-\u0647])({_SHADDA}?){_DAGGER}"), rf"\1{_FATHA}{_DAGGER}"),
    (re.compile("\u0657(?=\u0648)"), _DAMMA),
    (re.compile("\u0657"), f"{_DAMMA}\u0648"),
    (re.compile(f"{_ARTICLE}|{_VERBS}"), _ALEF),
    (re.compile(f"{_ALEF}{_DAGGER}"), "\u0622"),
    (re.compile(f"{_ALEF}(?={_KASRA})"), "\u0625"),
    (re.compile(f"{_ALEF}(?=[{_FATHA}{_DAMMA}])|(?<={_FATHA}){_ALEF}(?={_SUKUN})"), "\u0623"),
)


def is_indopak(text: str) -> bool:
    """Return True where a text is read as one of an IndoPak mushaf.

    Alef wasla, which the Medina mushaf writes and the others do not, says that it is none.

    Args:
        text: A text, its letters as they were typed.
    """
    return _INDOPAK.search(text) is not None and _WASLA not in text


def to_medina(word: str) -> str:
    """Return a word of an IndoPak mushaf with its hamzas and long vowels as everyday spelling has them.

    Args:
        word: Its letters are those of Arabic (`harakat.arabic.spelling.keyboards`); without white space.
    """
    word = canonical_mark_order(word)
    for pattern, replacement in _RULES:
        word = pattern.sub(replacement, word)
    return word
