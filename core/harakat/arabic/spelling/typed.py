"""Everyday typing of bare words: haa for taa marbuta, alef for alef with hamza or maddah, alef maksura for yaa.

A lexicon decides, since only it knows which of two spellings is a word: the dictionary of a model (148,000 written
words of harakat-mini) and the words that are one piece of its vocabulary. Of a text of one word, that word is replaced
by the one spelling that the lexicon holds where it lacks the word itself, or lists it as that spelling without hamza;
a haa that may be a pronoun is a taa marbuta where that makes another word, since a single word to search for has no
pronouns; and a word known in no spelling gets one ending for both ways to type it. In longer texts, where pronouns and
imperatives look like such words, only particles are replaced, and words of which nothing else could be meant. A word
that is known stays (aliyy and ala are two words), and so does one with two known spellings. Words with marks stay: a
writer who sets marks spells.

Source: the orthographic normalisation of Arabic search (Larkey et al. 2002, doi 10.1145/564376.564425; Habash 2010,
*Introduction to Arabic Natural Language Processing*, chapter 3), done only where a lexicon agrees.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harakat.errors import CheckpointError

__all__ = ["Lexicon", "WrittenWords", "frequent_words", "keys_of", "read_words"]

_FILE, _KEYS, _SPOTS = "model.safetensors", "dictionary.keys", "dictionary.spots"
_WORD_START = "\u2581"
_LONGEST = 64
_MARGIN = 1.5
"""Natural logarithm of how much more probable one spelling has to be than another for the vocabulary to decide."""
_LONG = 5
"""Letters from which on a piece of the vocabulary is no particle with a pronoun."""
_PARTICLES = {
    "\u0627\u0644\u0649": "\u0625\u0644\u0649",  # ila
    "\u0641\u0649": "\u0641\u064a",  # fi
    "\u0627\u0644\u0630\u0649": "\u0627\u0644\u0630\u064a",  # alladhi
    "\u0627\u0644\u062a\u0649": "\u0627\u0644\u062a\u064a",  # allati
    "\u0647\u0649": "\u0647\u064a",  # hiya
    "\u062d\u062a\u064a": "\u062d\u062a\u0649",  # hatta
    "\u0627\u0648": "\u0623\u0648",  # aw
    "\u0627\u064a": "\u0623\u064a",  # ay
    "\u0627\u0630\u0627": "\u0625\u0630\u0627",  # idha
    "\u0627\u064a\u0636\u0627": "\u0623\u064a\u0636\u0627",  # aydan
    "\u0627\u0646\u062a": "\u0623\u0646\u062a",  # anta
    "\u0627\u0646\u0627": "\u0623\u0646\u0627",  # ana
    "\u0644\u0627\u0646": "\u0644\u0623\u0646",  # li-anna
}
"""Particles as they are typed, and as they are spelt; no dictionary lists them."""
_MOST_ALEFS = 3
_BARE = re.compile("[\u0621-\u063a\u0641-\u064a]{2,24}")
_ENDINGS = ("\u0647", "\u0649")
_DOUBTFUL = re.compile("[\u0627\u0649\u064a\u0647]")

_MULTIPLIER = 0x9E3779B97F4A7C15
_Keys = NDArray[np.int64]


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the finaliser of SplitMix64 (Steele et al. 2014) of each value."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = values ^ (values >> np.uint64(31))
    return mixed


_NUMBERS = _mixed(np.arange(0x700, dtype=np.uint64) * np.uint64(_MULTIPLIER))
_POWERS = np.cumprod(np.array([1] + [_MULTIPLIER] * (_LONGEST - 1), np.uint64))


def keys_of(words: Sequence[str]) -> _Keys:
    """Return the dictionary keys of words: a sum over their letters of a number for the letter times one for its place.

    The array twin of `harakat.model.layers.dictionary.key_of`.

    Args:
        words: Bare, not empty, of 1 to 64 letters below U+0700 each.
    """
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    points = np.frombuffer("".join(words).encode("utf-32-le"), "<u4")
    starts = np.cumsum(sizes) - sizes
    places = np.arange(len(points)) - np.repeat(starts, sizes)
    keys: _Keys = np.add.reduceat(_NUMBERS[points] * _POWERS[places], starts).view(np.int64)
    return keys


class WrittenWords(NamedTuple):
    """Written words of a model's dictionary.

    Attributes:
        keys: As `keys_of` returns them, ascending, int64, shape (words,).
        spots: 8 times the number of the dictionary's word, plus the letters of a prefix before it, int32, (words,).
    """

    keys: _Keys
    spots: NDArray[np.int32]


def read_words(folder: Path) -> WrittenWords | None:
    """Read the written words of a checkpoint's dictionary; None for a checkpoint without one.

    Args:
        folder: Of the checkpoint.

    Raises:
        CheckpointError: The weight file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    file = folder / _FILE
    try:
        with safe_open(file, "np") as opened:
            if _KEYS not in opened.keys():  # noqa: SIM118  no mapping
                return None
            words = WrittenWords(opened.get_tensor(_KEYS), opened.get_tensor(_SPOTS))
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: missing or damaged ({error}); fetch the model again") from error
    if words.keys.ndim != 1 or words.keys.shape != words.spots.shape or (np.diff(words.keys) <= 0).any():
        raise CheckpointError(f"{file}: {_KEYS} is not ascending or does not fit {_SPOTS}; fetch the model again")
    return words


def frequent_words(content: str) -> dict[str, float]:
    """Return the words that are one piece of a Unigram vocabulary, with the logarithms of their probabilities.

    Args:
        content: Of its ``tokenizer.json``.
    """
    model = json.loads(content)["model"]
    vocabulary = model.get("vocab", ()) if model.get("type") == "Unigram" else ()
    return {piece[1:]: score for piece, score in vocabulary if piece.startswith(_WORD_START) and len(piece) > 2}


class Lexicon:
    """Words that a model knows, and the spellings that stand for them. Any number of threads may share one.

    Args:
        words: Of the model's dictionary; at least one.
        frequent: Natural logarithm of the probability of each word that is one piece of the vocabulary.
    """

    def __init__(self, words: WrittenWords, frequent: Mapping[str, float]) -> None:
        self._words, self._frequent = words, dict(frequent)
        digest = hashlib.sha256(words.keys.astype("<i8").tobytes())
        digest.update(words.spots.astype("<i4").tobytes())
        self.identity = digest.hexdigest()
        """SHA-256 (hex) of the dictionary's words; the vocabulary has an identity of its own."""

    def settle(self, words: Sequence[str], alone: bool = False) -> list[str]:
        """Return each word, or the spelling that stands for it.

        Args:
            words: In everyday spelling; those that are not bare words of Arabic letters stay.
            alone: Each is a text by itself.
        """
        settled = list(words)
        if alone:
            bare = [place for place, word in enumerate(settled) if _DOUBTFUL.search(word) and _BARE.fullmatch(word)]
        else:
            likely = [place for place, word in enumerate(settled) if word[-1:] in _ENDINGS or word in _PARTICLES]
            bare = [place for place in likely if _BARE.fullmatch(settled[place])]
        spellings = [_spellings(settled[place], alone) for place in bare]
        # Of each word: itself, the word without its last letter, and its other spellings.
        flat = [
            each for place, others in zip(bare, spellings, strict=True) for each in self._asked(settled[place], others)
        ]
        if not flat:
            return settled
        spots = iter(self._spots(flat).tolist())
        for place, others in zip(bare, spellings, strict=True):
            word, own, stem = settled[place], next(spots), next(spots)
            known = dict(zip(others, islice(spots, len(others)), strict=True))
            settled[place] = _PARTICLES.get(word) or self._settled(word, own, stem, known, alone)
        return settled

    def _settled(self, word: str, own: int, stem: int, others: Mapping[str, int], alone: bool) -> str:
        """Return the spelling that stands for one word.

        Args:
            word: The word.
            own: Its spot in the dictionary, -1 for none.
            stem: That of the word without its last letter.
            others: Its other spellings with their spots.
            alone: As in `settle`.
        """
        maksura, yaa, feminine = (word[:-1] + end for end in "\u0649\u064a\u0629")
        if not alone:
            # A text has pronouns and imperatives: only what is no other word is settled.
            if own >= 0:
                return word
            if word in self._frequent:
                return self._probable([yaa], word) if word == maksura else word
            if word == maksura and others[yaa] >= 0 and yaa in self._frequent:
                return yaa
            haa = word[-1] == "\u0647" and stem < 0 and word[:-1] not in self._frequent
            return feminine if haa and others[feminine] >= 0 else word
        if own >= 0:
            same = _preferred([each for each, spot in others.items() if spot == own and each[-1] == word[-1]])
            if len(same) == 1 and (len(word) >= _LONG or word not in self._frequent):
                return same[0]
            if word[-1] == "\u0647" and own == stem and others[feminine] not in (-1, own):
                return feminine
            # The dictionary lists its words in alef maksura with a yaa too.
            return maksura if word == yaa and own != stem and others[maksura] == own else word
        held = _preferred([each for each, spot in others.items() if spot >= 0])
        if len(held) == 1 and (word not in self._frequent or len(word) >= _LONG):
            return held[0]
        if held or word in self._frequent:
            return word
        probable = self._probable(list(others), word)
        if probable != word:
            return probable
        # Known in no spelling: one ending for both ways to type it.
        return word[:-1] + {"\u0649": "\u064a", "\u0647": "\u0629"}.get(word[-1], word[-1])

    @staticmethod
    def _asked(word: str, others: list[str]) -> list[str]:
        return [word, word[:-1], *others]

    def _spots(self, words: Sequence[str]) -> NDArray[np.int32]:
        keys = keys_of(words)
        at = np.minimum(np.searchsorted(self._words.keys, keys), len(self._words.keys) - 1)
        spots: NDArray[np.int32] = np.where(self._words.keys[at] == keys, self._words.spots[at], np.int32(-1))
        return spots

    def _probable(self, spellings: list[str], word: str) -> str:
        """Return the spelling that the vocabulary holds as one piece and finds far more probable, else the word."""
        ranked = sorted((self._frequent[each], each) for each in spellings if each in self._frequent)
        if not ranked:
            return word
        rivals = [score for score, _ in ranked[:-1]]
        if word in self._frequent:
            rivals.append(self._frequent[word])
        score, best = ranked[-1]
        return best if all(score > rival + _MARGIN for rival in rivals) else word


def _preferred(held: list[str]) -> list[str]:
    """Return the known spellings; of a pair that differs in the hamza alone, the one without maddah."""
    above = {spelling.replace("\u0623", "\u0622") for spelling in held if "\u0623" in spelling}
    return [spelling for spelling in held if spelling not in above]


def _spellings(word: str, hamzas: bool) -> list[str]:
    """Return the other spellings of a bare word that an everyday typist may have meant: its ending, or a hamza."""
    alefs = [place for place, letter in enumerate(word) if letter == "\u0627"][:_MOST_ALEFS] if hamzas else []
    ends = {"\u0647": "\u0647\u0629", "\u0649": "\u0649\u064a", "\u064a": "\u064a\u0649"}.get(word[-1], word[-1])
    if len(word) - 1 in alefs:
        alefs.pop()
    found = []
    for end in ends:
        base = word[:-1] + end
        found.append(base)
        # One alef at a time: two missing hamzas in one word are rare, and every choice more is a way to be wrong.
        for place, hamza in product(alefs if end == word[-1] else (), "\u0623\u0625\u0622"):
            if place and hamza == "\u0625" and word[place - 1] not in "\u0644\u0648\u0641\u0628\u0643":
                continue
            found.append(f"{base[:place]}{hamza}{base[place + 1 :]}")
    return found[1:]
