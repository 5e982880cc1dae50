"""Filling the network's `Dictionary`: which words it knows, their readings, and what each means.

A reading means the teacher's vectors of its English glosses, drawn towards those of its synonyms: the same targets that
the rounds of training draw words to, but exact for each word, where a small network forgets.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harakat.arabic import markcodes
from harakat.arabic.piece_tokenizer import PieceTokenizer
from harakat.errors import RecordError
from harakat.model.dictionary import MOST_READINGS, key_of, letters_of, piece_tables
from harakat.model.marked_bert import MarkedBert
from harakat.training.mini import texts
from harakat.training.mini.batches import pooled
from harakat.training.mini.glosses import Glosses
from harakat.training.mini.mixture import Mixture
from harakat.training.mini.words import Words

__all__ = [
    "DictionarySettings",
    "Readings",
    "Spelling",
    "attach",
    "corpus_words",
    "gather",
    "rarities",
    "spellings",
    "with_dictionary",
]

# Written together with the word after them: and, so, by, to, as; the article, and with each of those.
_PREFIXES = ("ال", "وال", "بال", "فال", "كال", "لل", "ولل", "و", "ف", "ب", "ل", "ك")
# Of it, their, our, your, my; plural and dual endings. A feminine ending before a pronoun is an open taa.
_SUFFIXES = ("هما", "ها", "هم", "هن", "نا", "كم", "ات", "ين", "ون", "ان", "وا", "ه", "ك", "ي", "ت", "ة", "ا")
_TAA_MARBUTA, _TAA = "ة", "ت"
_LEAST = 3
"""Letters of a word that is left when a prefix or an ending is taken away."""
_SHORTER = str.maketrans("أإآى", "اااي")
"""What many type in place of a hamza on alef and of alef maksura."""
_NEAREST = 3
_SAMPLE = 1000
_GAINS = ((1, 0.8), (2, 1.0), (3, 1.4), (5, 1.75), (6, 1.8), (7, 1.15), (9, 0.6), (24, 0.5), (100, 0.4))
"""Most in short sentences: there the words that one shares with another drown the one that differs."""


@dataclass(frozen=True)
class DictionarySettings:
    """Of the dictionary.

    Attributes:
        dim: Width of a meaning.
        keys: The most written words; the rarest forms of the corpus are left out.
        synonyms: Weight of a reading's synonyms beside its own glosses.
        untold: Length of the meaning of a word without glosses, which its synonyms tell.
        gains: (words of a text, gain) in ascending order; between them by the logarithm of the number of words.
        common_share: Share of a corpus's words at which a word's meaning is halved (see `rarities`); 0 for all words
            alike. In a sentence the words that say what it is about are the rarer ones.
    """

    dim: int = 64
    keys: int = 100_000
    synonyms: float = 0.4
    untold: float = 0.7
    gains: list[tuple[int, float]] = field(default_factory=lambda: list(_GAINS))
    common_share: float = 0.0


Reading = tuple[int, NDArray[np.float32]]
"""Marks of the letters, 4 bits each and none for the last letter, and what the word means with them, (hidden,)."""
Readings = dict[str, list[Reading]]
"""{bare word: its readings}."""


def with_dictionary(network: MarkedBert, folder: Path, mixture: Mixture, settings: DictionarySettings) -> MarkedBert:
    """Return the network with a dictionary from the words, glosses and texts that it was trained on.

    Raises:
        RecordError: The mixture has no glosses.
    """
    if mixture.glosses is None:
        raise RecordError("a dictionary takes what words mean from their glosses: set `glosses` in that round too")
    corpus = corpus_words(
        chain(texts.prose(folder, dev=False), mixture.verses.values(), chain(*mixture.commentary.values()))
    )
    readings = gather(mixture.glosses, mixture.words, settings)
    lengths = pooled(network, mixture.held.sequences[:_SAMPLE]).norm(dim=1)
    written = spellings(readings, corpus, settings.keys)
    if settings.common_share:
        weights = rarities(readings, written, corpus, settings.common_share)
        readings = {base: [(code, vector * weights[base]) for code, vector in own] for base, own in readings.items()}
    return attach(network, mixture.tokenizer, readings, written, float(lengths.mean()), settings)


def gather(glosses: Glosses, words: Words, settings: DictionarySettings) -> Readings:
    """Return the readings of all words with glosses, and of those whose synonyms have some.

    Synonyms of held-out synsets stay unknown: no two words of such a synset make one another's meaning.
    """
    own: dict[str, NDArray[np.float32]] = dict(zip(glosses.bases, glosses.bare, strict=True))
    near: dict[str, list[str]] = defaultdict(list)
    for group in words.groups:
        bases = [texts.strip_marks(word) for word in group]
        for first in bases:
            near[first] += [second for second in bases if second in own and words.allowed(first, second)]
    found: dict[str, dict[int, list[NDArray[np.float32]]]] = defaultdict(lambda: defaultdict(list))
    for word, target in zip(glosses.words, glosses.targets, strict=True):
        base, classes = markcodes.separate(word)
        if near.get(base):
            others = np.stack([own[other] for other in near[base]])
            nearest = others[np.argsort(-(others @ target))[:_NEAREST]].mean(0)
            target = _unit(target + settings.synonyms * _unit(nearest))
        found[base][code_of(classes)].append(target)
    for base, told in near.items():
        if told and base not in own and " " not in base:
            found[base][0].append(settings.untold * _unit(np.mean([own[other] for other in told], axis=0)))
    return {
        base: [(code, np.mean(vectors, axis=0)) for code, vectors in list(readings.items())[:MOST_READINGS]]
        for base, readings in found.items()
    }


def rarities(
    known: Iterable[str], written: Mapping[str, Spelling], corpus: Mapping[str, int], share: float
) -> dict[str, np.float32]:
    """Return how rare each word is: share / (share + p), p its share of a corpus's words (Arora et al. 2017).

    Args:
        known: Bare words of the dictionary.
        written: What `spellings` returned: a word is counted in all of its forms.
        corpus: {bare word: how often it stands in a corpus}.
        share: Of a word that counts for half of one that the corpus lacks.
    """
    counts = dict.fromkeys(known, 0)
    for word, spelling in written.items():
        counts[spelling.base] += corpus.get(word, 0)
    every = max(sum(corpus.values()), 1)
    return {word: np.float32(share / (share + count / every)) for word, count in counts.items()}


def code_of(classes: Sequence[int]) -> int:
    """Pack the marks of all letters but the last one."""
    return markcodes.pack(classes[:-1])


class Spelling(NamedTuple):
    """A written word as one of the dictionary: which one, and how many letters before it are a prefix."""

    base: str
    prefix: int


def spellings(known: Iterable[str], corpus: Mapping[str, int], most: int) -> dict[str, Spelling]:
    """Return the words by which the dictionary is searched.

    Those are its own words; as they are typed without hamza; with an article; and words of the corpus that are one of
    them with a prefix, an ending or both, the commonest first.

    Args:
        known: Bare words of the dictionary.
        corpus: {bare word: how often it stands in a corpus}.
        most: How many words at most.

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
    """Count the bare words of some texts, punctuation left out."""
    counts: Counter[str] = Counter()
    for text in items:
        for word in texts.strip_marks(text).split():
            letters = letters_of(word)
            if len(letters) > 1:
                counts[letters] += 1
    return counts


@torch.no_grad()
def attach(
    network: MarkedBert,
    tokenizer: PieceTokenizer,
    readings: Readings,
    written: Mapping[str, Spelling],
    length: float,
    settings: DictionarySettings,
) -> MarkedBert:
    """Return the network with a dictionary.

    Args:
        network: One without.
        tokenizer: Its tokenizer.
        readings: What `gather` returned.
        written: What `spellings` returned.
        length: Mean length of the network's vectors of texts, before they are normalised.
        settings: Of the dictionary.
    """
    places = {base: index for index, base in enumerate(readings)}
    every = [reading for own in readings.values() for reading in own]
    meanings = torch.from_numpy(np.stack([vector for _, vector in every]))
    axes = torch.linalg.eigh(meanings.T @ meanings)[1].flip(1)[:, : settings.dim]
    keys = {key_of(word): spelling for word, spelling in written.items()}
    ordered = sorted(keys)
    spots = [8 * places[keys[key].base] + keys[key].prefix for key in ordered]
    pieces = [piece for piece, _ in json.loads(tokenizer.to_json())["model"]["vocab"]]
    specials = (*tokenizer.prefix, *tokenizer.suffix, tokenizer.pad_id, pieces.index("<unk>"))
    pieces += [""] * (network.config.vocab_size - len(pieces))
    piece_keys, piece_letters = piece_tables(pieces, specials)
    config = replace(
        network.config,
        dictionary_keys=len(ordered),
        dictionary_entries=len(readings),
        dictionary_readings=len(every),
        dictionary_dim=settings.dim,
    )
    counts, gains = zip(*settings.gains, strict=True)
    numbers = np.arange(1, config.max_position_embeddings + 1)
    gain = torch.from_numpy(np.interp(np.log(numbers), np.log(counts), gains)).float()
    # A meaning is a vector of what comes out of the projection, and is added to what goes in.
    project = length * torch.linalg.solve(network.projection.weight, axes).T
    state: dict[str, Tensor] = {
        "piece_keys": torch.from_numpy(piece_keys),
        "piece_letters": torch.from_numpy(piece_letters),
        "keys": torch.tensor(ordered),
        "spots": torch.tensor(spots, dtype=torch.int32),
        "first": torch.tensor(np.cumsum([0, *map(len, readings.values())]), dtype=torch.int32),
        "codes": torch.tensor([code for code, _ in every]),
        "table": meanings @ axes,
        "project": project,
        "gain": gain,
    }
    result = MarkedBert(config)
    result.load_state_dict({**network.state_dict(), **{f"dictionary.{name}": value for name, value in state.items()}})
    return result


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    result: NDArray[np.float32] = vector / np.linalg.norm(vector)
    return result
