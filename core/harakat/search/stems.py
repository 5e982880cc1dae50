"""Light stems: a folded word without its clitics, its inflection and its inner long vowels.

No dictionary and no root list: prefixes and suffixes are taken off while enough letters stay, then the letters of
lengthening inside what is left. Different words may meet in one stem; the fields beside it (whole word, trigrams)
keep them apart.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["stem_word", "strip_prefixes"]

# Conjunction, preposition and article, longest first; the article alone may leave two letters.
_ARTICLES = ("وبال", "وكال", "فبال", "وال", "فال", "بال", "كال", "ولل", "فلل", "وبا", "ال", "لل")
_SHORT_ARTICLES = frozenset({"ال", "لل"})
_INNER_ARTICLES = ("ال", "لل", "بال", "كال")
_CONJUNCTIONS = "وف"
# Kaf is left on: it begins too many words of its own (kitab).
_PREPOSITIONS = "بلس"
# Pronouns, plural, dual and verb endings; the first that fits is taken.
_ENDINGS = (
    "كموه ناكم ناهم ناها تموه وهم وها وكم ونه هما كما تما ونا اتي اته ات ان ون ين ها هم هن كم كن نا وا تم ني يه وه اه"
)
_SUFFIXES = tuple(_ENDINGS.split())
_LAST_AFTER_NONE = "هيتاك"
_LAST = "هيتا"
_INFLECTED = "يتنامس"
_TENTH_FORM = frozenset({"است", "يست", "تست", "مست", "نست"})
_DERIVED = frozenset({"ان", "مت", "يت", "تت", "من"})
_LONG_VOWELS = str.maketrans("", "", "اويء")
_CACHED_WORDS = 1 << 16


@lru_cache(maxsize=_CACHED_WORDS)
def strip_prefixes(word: str) -> str:
    """Return a folded word without its conjunction, preposition and article.

    Args:
        word: As `harakat.search.words.fold_word` gives it.
    """
    for article in _ARTICLES:
        if word.startswith(article) and len(word) - len(article) >= (2 if article in _SHORT_ARTICLES else 3):
            return word[len(article) :]
    if len(word) >= 4 and word[0] in _CONJUNCTIONS:
        rest = word[1:]
        for article in _INNER_ARTICLES:
            if rest.startswith(article) and len(rest) - len(article) >= 2:
                return rest[len(article) :]
        return rest
    if len(word) >= 5 and word[0] in _PREPOSITIONS:
        return word[1:]
    return word


@lru_cache(maxsize=_CACHED_WORDS)
def stem_word(word: str) -> str:
    """Return the stem of a folded word: mostly its consonants, at least one letter.

    Args:
        word: As `harakat.search.words.fold_word` gives it; words of other scripts come back as they are.
    """
    stem = _strip_suffixes(strip_prefixes(word))
    if len(stem) >= 4 and stem[0] in _INFLECTED:
        if len(stem) >= 5 and stem[:3] in _TENTH_FORM:
            stem = stem[3:]
        elif len(stem) >= 5 and stem[:2] in _DERIVED:
            stem = stem[2:]
        else:
            stem = stem[1:]
    consonants = stem[0] + stem[1:-1].translate(_LONG_VOWELS) + stem[-1] if len(stem) > 1 else stem
    if len(consonants) >= 3:
        stem = consonants
    if len(stem) >= 4 and stem[1] == "ت":  # the ta of the eighth form
        stem = stem[0] + stem[2:]
    return stem


def _strip_suffixes(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: -len(suffix)]
            break
    else:
        if len(word) >= 4 and word[-1] in _LAST_AFTER_NONE:
            word = word[:-1]
            # Before a pronoun ta marbuta is written as ta: rahmatihi.
            return word[:-1] if len(word) >= 4 and word[-1] == "ت" else word
    if len(word) >= 4 and word[-1] in _LAST:
        return word[:-1]
    return word
