"""Filling the network's `Dictionary`: which words it knows, their readings, and what each means.

A reading means the teacher's vectors of its English glosses, drawn towards those of its synonyms: the same targets that
the rounds of training draw words to, but exact for each word, where a small network forgets.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from harakat.arabic.marks import codes as markcodes
from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.errors import RecordError
from harakat.model.families.mini_network import MarkedBert
from harakat.model.layers.dictionary import MOST_READINGS, key_of, piece_tables
from harakat_recipes.mini import texts
from harakat_recipes.mini.batches import pooled, prepare
from harakat_recipes.mini.glosses import Glosses
from harakat_recipes.mini.mixture import Mixture
from harakat_recipes.mini.words import Words
from harakat_recipes.mini.written import Spelling, corpus_words, rarities, spellings

__all__ = [
    "DictionarySettings",
    "Readings",
    "attach",
    "gather",
    "unglossed",
    "with_dictionary",
]

_NEAREST = 3
_LONGEST = 64
"""Tokens of a word."""
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
        frequent: Words without a meaning that stand so many times in the corpus get one from the network itself (see
            `unglossed`); 0 for none.
        frequent_length: Length of those meanings.
        common_share: Share of a corpus's words at which a word's meaning is halved (see `rarities`); 0 for all words
            alike. In a sentence the words that say what it is about are the rarer ones.
    """

    dim: int = 64
    keys: int = 100_000
    synonyms: float = 0.4
    untold: float = 0.7
    gains: list[tuple[int, float]] = field(default_factory=lambda: list(_GAINS))
    frequent: int = 0
    frequent_length: float = 0.6
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
    if settings.frequent:
        strange = sorted(word for word, count in corpus.items() if count >= settings.frequent and word not in written)
        if strange:
            readings |= unglossed(network, mixture.tokenizer, strange, settings.frequent_length)
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


@torch.no_grad()
def unglossed(network: MarkedBert, tokenizer: PieceTokenizer, items: list[str], length: float) -> Readings:
    """Return one reading for each of some bare words: the network's vector of it, less what all of them have in common.

    Such are names, broken plurals and verbs that no lexicon lists. To the network a word alone is clear, where in a
    passage the others drown it.
    """
    vectors = normalize(pooled(network, prepare(tokenizer, items, longest=_LONGEST)), dim=1)
    vectors = length * normalize(vectors - vectors.mean(0), dim=1)
    return {word: [(0, vector)] for word, vector in zip(items, vectors.numpy(), strict=True)}


def code_of(classes: Sequence[int]) -> int:
    """Pack the marks of all letters but the last one."""
    return markcodes.pack(classes[:-1])


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
