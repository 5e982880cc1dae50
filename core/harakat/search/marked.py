"""Marked words as they are compared: clitics off, case endings off, marks that follow from the letters off."""

from __future__ import annotations

from harakat.arabic import split_marks
from harakat.search.words import fold_word

__all__ = ["marked_form"]

_FATHATAN, _FATHA, _DAMMA, _KASRA, _SHADDA, _SUKUN = "\u064b\u064e\u064f\u0650\u0651\u0652"
_VOWELS = frozenset((_FATHA, _DAMMA, _KASRA))
_ALEF, _ALEF_MAQSURA = "\u0627", "\u0649"
_LAM = "\u0644"
# The vowel that a long vowel's letter says already.
_IMPLIED = {"\u0627": _FATHA, "\u0649": _FATHA, "\u0629": _FATHA, "\u0648": _DAMMA, "\u064a": _KASRA}
_CONJUNCTIONS = {"\u0648", "\u0641"}
_PREPOSITIONS = {"\u0628", "\u0644", "\u0643"}

_Letters = list[tuple[str, str]]


def marked_form(word: str) -> str:
    """Return a marked word in the form in which marked words are compared.

    Args:
        word: One word in everyday spelling, with marks (`harakat.search.words.Word.marked`).

    Returns:
        Letters and marks without conjunction, preposition and article, without the marks of the last letter (a
        shadda stays), without sukun and without the vowels that a long vowel's letter implies; `""` where no short
        vowel is left, or over half of the letters before the last have no mark.
    """
    letters = [(letter, marks) for letter, marks in split_marks(word) if letter]
    if not any(marks for _, marks in letters):
        return ""
    letters = _without_ending(_without_prefixes(letters))
    parts: list[str] = []
    bare = vowels = 0
    for at, (letter, marks) in enumerate(letters):
        kept = marks.replace(_SUKUN, "")
        known = bool(_VOWELS.intersection(kept)) or _SUKUN in marks
        if at + 1 < len(letters):
            following, its_marks = letters[at + 1]
            implied = _IMPLIED.get(following)
            if implied is not None and not its_marks.replace(_SUKUN, ""):
                kept = kept.replace(implied, "")
                known = True
            vowels += bool(_VOWELS.intersection(kept))
            bare += not known and letter not in _IMPLIED
        parts.append(fold_word(letter) + kept)
    # Half-marked words (one shadda, a tanwin) would only meet words that are marked by halves in the same way.
    return "".join(parts) if vowels and 2 * bare <= len(letters) - 1 else ""


def _without_prefixes(letters: _Letters) -> _Letters:
    if len(letters) >= 4 and letters[0][0] in _CONJUNCTIONS and letters[0][1] in ("", _FATHA):
        letters = letters[1:]
    return _without_article(letters)


def _without_article(letters: _Letters) -> _Letters:
    """Drop the article with a preposition before it; the shadda that it gave to a sun letter goes with it."""
    start = 0
    if len(letters) >= 4:
        if letters[0][0] in _PREPOSITIONS and _is_article(letters[1:3]):
            start = 3
        elif _is_article(letters[:2]) or (letters[0][0] == _LAM and letters[1] in ((_LAM, ""), (_LAM, _SUKUN))):
            start = 2
    if not start or len(letters) - start < 2:
        return letters
    letter, marks = letters[start]
    return [(letter, marks.replace(_SHADDA, "")), *letters[start + 1 :]]


def _is_article(letters: _Letters) -> bool:
    (alef, its_marks), (lam, marks) = letters
    return alef in "\u0627\u0671" and its_marks in ("", _FATHA) and lam == _LAM and marks in ("", _SUKUN)


def _without_ending(letters: _Letters) -> _Letters:
    last, marks = letters[-1]
    # The alef of an accusative (kitaban) is an ending; alef maqsura (hudan) belongs to the word.
    if last == _ALEF and len(letters) >= 3 and (_FATHATAN in letters[-2][1] or _FATHATAN in marks):
        letters = letters[:-1]
        last, marks = letters[-1]
    elif last == _ALEF_MAQSURA and len(letters) >= 2:
        before, its_marks = letters[-2]
        letters = [*letters[:-2], (before, its_marks.replace(_FATHATAN, "")), letters[-1]]
    return [*letters[:-1], (last, _SHADDA if _SHADDA in marks else "")]
