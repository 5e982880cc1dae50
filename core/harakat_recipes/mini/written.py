"""Written words of a corpus: known ones with prefixes and endings, and the rarity of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from harakat.arabic import to_imlai
from harakat.errors import RecordError
from harakat.model.layers.dictionary import letters_of
from harakat_recipes.mini import texts

__all__ = ["Spelling", "corpus_words", "rarities", "spellings"]

# Written together with the word after them: and, so, by, to, as; the article, and with each of those.
_PREFIXES = ("ال", "وال", "بال", "فال", "كال", "لل", "ولل", "و", "ف", "ب", "ل", "ك")
# Of it, their, our, your, my; plural and dual endings. A feminine ending before a pronoun is an open taa.
_SUFFIXES = ("هما", "ها", "هم", "هن", "نا", "كم", "ات", "ين", "ون", "ان", "وا", "ه", "ك", "ي", "ت", "ة", "ا")
_TAA_MARBUTA, _TAA = "ة", "ت"
_LEAST = 3
"""Fewest letters of a word that is left when a prefix or an ending is taken away."""
_SHORTER = str.maketrans("أإآى", "اااي")
"""Letters that many type in place of a hamza on alef and of alef maksura."""


class Spelling(NamedTuple):
    """A written word as a word of the dictionary, `base`, after a prefix of so many letters."""

    base: str
    prefix: int


def spellings(known: Iterable[str], corpus: Mapping[str, int], most: int) -> dict[str, Spelling]:
    """Return the words by which the dictionary is searched.

    Those are its own words; as they are typed without hamza; with an article; and words of the corpus that are one of
    them with a prefix, an ending or both, the commonest first.

    Args:
        known: Bare words of the dictionary.
        corpus: {bare word: how often it stands in a corpus}.
        most: Number of words at most.

    Raises:
        RecordError: The dictionary alone has more words.
    """
    bases = dict.fromkeys(known)
    found = {base: Spelling(base, 0) for base in bases}
    if len(found) > most:
        raise RecordError(f"the dictionary has {len(found)} words, and keys={most} are allowed: allow more")
    for base in bases:
        found.setdefault(base.translate(_SHORTER), Spelling(base, 0))
    for word in sorted(corpus, key=lambda word: (-corpus[word], word)):
        spelling = _stem(word, bases)
        if spelling is not None:
            found.setdefault(word, spelling)
    article = _PREFIXES[0]
    for base in bases:
        found.setdefault(article + base, Spelling(base, len(article)))
    return dict(list(found.items())[:most])


def _stem(word: str, bases: Mapping[str, None]) -> Spelling | None:
    for prefix in ("", *_PREFIXES):
        if word.startswith(prefix):
            base = _without_ending(word[len(prefix) :], bases, least=_LEAST if prefix else 1)
            if base is not None:
                return Spelling(base, len(prefix))
    return None


def _without_ending(word: str, bases: Mapping[str, None], least: int) -> str | None:
    if len(word) >= least and word in bases:
        return word
    for suffix in _SUFFIXES:
        stem = word.removesuffix(suffix)
        if stem == word or len(stem) < _LEAST:
            continue
        feminine = stem.removesuffix(_TAA) + _TAA_MARBUTA
        for base in (stem, feminine):
            if base in bases:
                return base
    return None


def corpus_words(items: Iterable[str]) -> Counter[str]:
    """Count the bare words of some texts as they are read: in everyday spelling, punctuation left out."""
    counts: Counter[str] = Counter()
    for text in items:
        for word in texts.strip_marks(to_imlai(text)).split():
            letters = letters_of(word)
            if len(letters) > 1:
                counts[letters] += 1
    return counts


def rarities(
    known: Iterable[str], written: Mapping[str, Spelling], corpus: Mapping[str, int], share: float
) -> dict[str, np.float32]:
    """Return the rarity of each word: share / (share + p), p its share of a corpus's words (Arora et al. 2017).

    Args:
        known: Bare words of the dictionary.
        written: Written words as `spellings` returns them: a word is counted in all of its forms.
        corpus: {bare word: how often it stands in a corpus}.
        share: Share of a word that counts for half of one that the corpus lacks.
    """
    counts = dict.fromkeys(known, 0)
    for word, spelling in written.items():
        counts[spelling.base] += corpus.get(word, 0)
    every = max(sum(corpus.values()), 1)
    return {word: np.float32(share / (share + count / every)) for word, count in counts.items()}
