"""Everyday typing of bare words: haa for taa marbuta, alef for alef with hamza or maddah, alef maksura for yaa.

A lexicon decides, since only it knows which of two spellings is a word. A bare word that the dictionary of a model does
not hold is replaced by the one spelling that it does hold. Where it holds neither, as with function words, the
probabilities of the vocabulary decide, by a wide margin. A word that is known stays (aliyy and ala are two words), and
so does one with two known spellings. Words with marks stay: a writer who sets marks spells.

Source: the orthographic normalisation of Arabic search (Larkey et al. 2002, doi 10.1145/564376.564425; Habash 2010,
*Introduction to Arabic Natural Language Processing*, chapter 3), done only where a lexicon agrees.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harakat.errors import CheckpointError

__all__ = ["Lexicon", "frequent_words", "keys_of", "read_keys"]

_FILE, _TENSOR = "model.safetensors", "dictionary.keys"
_WORD_START = "\u2581"
_LONGEST = 64
_MARGIN = 1.5
"""Natural logarithm of how much more probable a spelling has to be where the dictionary holds neither."""
_MOST_ALEFS = 3
_BARE = re.compile("[\u0621-\u063a\u0641-\u064a]{2,24}")
_DOUBTFUL = re.compile("[\u0627\u0649\u064a\u0647]")

_MULTIPLIER = 0x9E3779B97F4A7C15
_Keys = NDArray[np.int64]


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the finaliser of SplitMix64 (Steele et al. 2014) of each value."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


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


def read_keys(folder: Path) -> _Keys | None:
    """Read the keys of a checkpoint's dictionary; None for a checkpoint without one.

    Args:
        folder: Of the checkpoint.

    Raises:
        CheckpointError: The weight file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    file = folder / _FILE
    try:
        with safe_open(file, "np") as opened:
            if _TENSOR not in opened.keys():  # noqa: SIM118  no mapping
                return None
            keys: _Keys = opened.get_tensor(_TENSOR)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: missing or damaged ({error}); fetch the model again") from error
    if keys.dtype != np.int64 or keys.ndim != 1 or (np.diff(keys) <= 0).any():
        raise CheckpointError(f"{file}: {_TENSOR} is no ascending row of int64; fetch the model again")
    return keys


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
        keys: Keys of the words of the model's dictionary, int64, ascending.
        frequent: Natural logarithm of the probability of each word that is one piece of the vocabulary.
    """

    def __init__(self, keys: _Keys, frequent: Mapping[str, float]) -> None:
        self._keys, self._frequent = keys, dict(frequent)
        self.identity = hashlib.sha256(keys.astype("<i8").tobytes()).hexdigest()
        """SHA-256 (hex) of the keys; the vocabulary has an identity of its own."""

    def settle(self, words: Sequence[str]) -> list[str]:
        """Return each word, or the spelling that stands for it.

        Args:
            words: In everyday spelling; those that are not bare words of one kind of letters stay.
        """
        settled = list(words)
        bare = [place for place, word in enumerate(settled) if _BARE.fullmatch(word) and _DOUBTFUL.search(word)]
        if not bare:
            return settled
        known = self._knows([settled[place] for place in bare])
        open_ = [place for place, found in zip(bare, known.tolist(), strict=True) if not found]
        spellings = [_spellings(settled[place]) for place in open_]
        flat = [spelling for each in spellings for spelling in each]
        if not flat:
            return settled
        found = iter(self._knows(flat).tolist())
        for place, each in zip(open_, spellings, strict=True):
            held = _preferred([spelling for spelling in each if next(found)])
            settled[place] = (
                held[0] if len(held) == 1 else settled[place] if held else self._frequent_one(each, settled[place])
            )
        return settled

    def _knows(self, words: Sequence[str]) -> NDArray[np.bool_]:
        keys = keys_of(words)
        at = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        known: NDArray[np.bool_] = self._keys[at] == keys
        return known

    def _frequent_one(self, spellings: list[str], word: str) -> str:
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


def _spellings(word: str) -> list[str]:
    """Return the other spellings of a bare word that an everyday typist may have meant."""
    alefs = [place for place, letter in enumerate(word) if letter == "\u0627"][:_MOST_ALEFS]
    ends = {"\u0647": "\u0647\u0629", "\u0649": "\u0649\u064a", "\u064a": "\u064a\u0649"}.get(word[-1], word[-1])
    if len(word) - 1 in alefs:
        alefs.pop()
    found = []
    for end in ends:
        base = word[:-1] + end
        found.append(base)
        # One alef at a time: two missing hamzas in one word are rare, and every choice more is a way to be wrong.
        for place, hamza in product(alefs, "\u0623\u0625\u0622" if alefs else ""):
            if place and hamza == "\u0625" and word[place - 1] not in "\u0644\u0648\u0641\u0628\u0643":
                continue
            found.append(f"{base[:place]}{hamza}{base[place + 1 :]}")
    return found[1:]
