"""Words, readings and meanings for the network's `Dictionary`.

The meaning of a reading is the mean of the teacher's vectors of its English glosses, drawn towards those of its
synonyms: the same targets that the rounds of training draw words to, but exact for each word, where a small network
forgets.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harakat.arabic.marks import codes as markcodes
from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.errors import RecordError
from harakat.model.families.mini_network import MarkedBert
from harakat.model.layers.dictionary import MOST_READINGS, key_of, piece_tables
from harakat_recipes.mini import texts
from harakat_recipes.mini.batches import pooled
from harakat_recipes.mini.glosses import Glosses
from harakat_recipes.mini.mixture import Mixture
from harakat_recipes.mini.settings import DictionarySettings
from harakat_recipes.mini.words import Words
from harakat_recipes.mini.written import Spelling, corpus_words, rarities, spellings

__all__ = ["Readings", "attach", "code_of", "gather", "with_dictionary"]

_NEAREST = 3
"""Number of synonyms that a reading is drawn towards."""
_SAMPLE = 1000
"""Number of texts that the mean length of the network's vectors is taken from."""
Reading = tuple[int, NDArray[np.float32]]
"""Marks of the letters, 4 bits each and none for the last letter, and the word's meaning with them, (hidden,)."""
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
    lengths = pooled(network, mixture.sequences[:_SAMPLE]).norm(dim=1)
    written = spellings(readings, corpus, settings.keys)
    if settings.common_share:
        weights = rarities(readings, written, corpus, settings.common_share)
        readings = {base: [(code, vector * weights[base]) for code, vector in own] for base, own in readings.items()}
    return attach(network, mixture.tokenizer, readings, written, float(lengths.mean()), settings)


def gather(glosses: Glosses, words: Words, settings: DictionarySettings) -> Readings:
    """Return the readings of all words with glosses, and of those whose synonyms have some.

    Synonyms of held-out synsets stay unknown: no two words of such a synset take part in one another's meaning.
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
    for base, others_near in near.items():
        if others_near and base not in own and " " not in base:
            found[base][0].append(settings.untold * _unit(np.mean([own[other] for other in others_near], axis=0)))
    return {
        base: [(code, np.mean(vectors, axis=0)) for code, vectors in list(readings.items())[:MOST_READINGS]]
        for base, readings in found.items()
    }


def code_of(classes: Sequence[int]) -> int:
    """Return the mark classes of all letters but the last one, packed 4 bits each."""
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
    """Return the network with a dictionary of the given readings.

    Args:
        network: Network without a dictionary.
        tokenizer: Its tokenizer.
        readings: Readings as `gather` returns them.
        written: Written words as `spellings` returns them.
        length: Mean length of the network's vectors of texts, before they are normalised.
        settings: Settings of the dictionary.
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
