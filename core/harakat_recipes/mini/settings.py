"""Settings of a recipe: everything that decides the weights besides the texts and the teacher."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from harakat._support.option_checks import refuse_unknown
from harakat.errors import OptionError

__all__ = ["DictionarySettings", "HeadSettings", "PrefixSettings", "Settings", "read_rounds"]


@dataclass(frozen=True)
class DictionarySettings:
    """Settings of the dictionary that a round ends with (`harakat_recipes.mini.dictionary`).

    Attributes:
        dim: Width of a meaning.
        keys: Most written words that it is searched by; the rarest forms of the corpus are left out.
        synonyms: Weight of a reading's synonyms beside its own glosses.
        untold: Length of the meaning of a word without glosses, which is the mean of its synonyms' meanings.
        gains: (words of a text, gain) in ascending order, interpolated over the logarithm of the number of words.
        common_share: Share of a corpus's words at which a word's meaning is halved (see `rarities`); 0 for no
            weighting. In a sentence the words that say what it is about are the rarer ones.
    """

    dim: int = 64
    keys: int = 100_000
    synonyms: float = 0.4
    untold: float = 0.7
    gains: list[tuple[int, float]] = field(default_factory=lambda: [(1, 1.0)])
    common_share: float = 0.0


@dataclass(frozen=True)
class HeadSettings:
    """Settings of the projection's own training after a round (`harakat_recipes.mini.head`).

    Attributes:
        pairs: Query and passage pairs of each kind. A few thousand are learnt by heart: at 64 dims the projection ranks
            every one of 4,000 first, and new ones hardly better than before; from 20,000 on it learns what holds.
        words: Synonym triplets, half of them in carrier sentences.
        phrases: Texts held to their teacher's vectors.
        clashes: Conflicting vowellings of one word.
        steps: Optimiser steps; 0 leaves the projection as it is, and the examples serve the prefix alone.
        batch: Pairs of a kind a step.
        rate: Peak learning rate.
        hold_weight: Weight of the teacher's loss.
        clash_weight: Weight of the loss that parts conflicting vowellings.
        structure_weight: Weight of the loss that keeps neighbours the same in a short prefix.
        move_weight: Weight of the loss that keeps texts at full width where the trained projection put them.
        kept: Share of the projection before this training that is mixed in after it.
        seed: Seed of the examples and of their order.
    """

    pairs: int = 6000
    words: int = 8000
    phrases: int = 8000
    clashes: int = 2000
    steps: int = 1500
    batch: int = 512
    rate: float = 5e-4
    hold_weight: float = 6.0
    clash_weight: float = 4.0
    structure_weight: float = 1.0
    move_weight: float = 4.0
    kept: float = 0.0
    seed: int = 11


@dataclass(frozen=True)
class PrefixSettings:
    """Settings of the map to the short prefixes (`harakat_recipes.mini.prefix`).

    Attributes:
        dims: Dims of the prefixes, all shorter than the whole; one that is given twice counts double.
        steps: Optimiser steps.
        batch: Pairs of a kind a step.
        rate: Peak learning rate.
        structure_weight: Weight of keeping the neighbours that texts have at full width, and how like each passage is
            to a query there.
        clash_weight: Weight of the loss that parts conflicting vowellings.
        upright_weight: Weight of keeping the map's rows at right angles and of one length. The nearer to that, the
            less is lost at full width: at 1 the cosines of phrases moved by 0.0044 on average, at 10 by 0.0027, at 100
            by 0.0003.
        evenness: Power by which the parts between the Matryoshka dims are then brought to one size (see `even`); 0
            leaves them as they are.
        seed: Seed of the order of examples.
    """

    dims: list[int] = field(default_factory=lambda: [64])
    steps: int = 550
    batch: int = 768
    rate: float = 2e-3
    structure_weight: float = 1.0
    clash_weight: float = 4.0
    upright_weight: float = 10.0
    evenness: float = 0.0
    seed: int = 12


@dataclass(frozen=True)
class Settings:
    """Settings of one round of training.

    Attributes:
        steps: Optimiser steps.
        phrase_count: Texts with a teacher's vector.
        phrase_tokens: Tokens of such texts a step.
        scenes: Share of everyday sentences (`harakat_recipes.mini.scenes`) among the texts with a teacher's vector.
        words: Synonym triplets a step.
        pairs: Query and passage pairs a step.
        run: Neighbouring verses or hadith that a run of pairs takes.
        clashes: Pairs of one word vowelled in two conflicting ways a step.
        glosses: Words a step that are drawn to the teacher's vectors of their English glosses (see `Glosses`).
        longest: Tokens a text is cut to.
        rate: Peak learning rate of the top layer; lower layers and embeddings get less.
        layer_decay: Factor of the rate from one layer to the layer below.
        mark_rate: Peak learning rate of the mark table.
        hold_weight: Weight of the teacher's loss; the contrastive losses weigh 1.
        clash_weight: Weight of the loss that parts conflicting vowellings.
        margin_weight: Weight of the loss that sets synonyms and homographs apart by a margin.
        structure_weight: Weight of the loss that keeps the neighbours of a text the same in a short prefix.
        carrier_margin: Margin by which a synonym is to be nearer than another word in the same sentence; 0 for no such
            loss.
        carrier_weight: Weight of that loss.
        carrier_scale: Inverse temperature of the cosines of synonyms in sentences.
        alpha: Softness of the whitening (see `harakat.training.distillation.find_axes`).
        sources: {source of words (see `Words`): how often a triplet comes from it}; the synsets alone where None.
        dropped: Share (one in so many) of base forms that no source of words shows (see `Words`); 0 for none.
        frames: Share of the carrier sentences that are a few words around one (see `scenes.frame`).
        bank: Passages of earlier steps that are ranked against, of each kind.
        dims: Matryoshka dims of the losses; one that is given twice counts double.
        pair_dims: Dims of the loss of pairs, `dims` where None.
        seed: Seed of the examples and of their order.
        blend: Share of the weights before the round that is mixed into the trained ones.
        mark_gains: Gains of the marks in texts with one marked piece, two and so on, set when the round is over; the
            trained ones stay where None. Marks of a word alone or in a bare sentence are meant to count more than the
            losses make them: they weigh it against its bare twin.
        dictionary: Settings of the dictionary, which is filled before the projection's own training; none where None.
        head: Settings of the projection's own training after the round; none where None.
        prefix: Settings of the short prefixes' own map after that; none where None, and none without `head`.
    """

    steps: int = 2000
    phrase_count: int = 20_000
    phrase_tokens: int = 1800
    scenes: float = 0.24
    words: int = 40
    pairs: int = 14
    run: int = 1
    clashes: int = 32
    glosses: int = 0
    longest: int = 160
    rate: float = 6e-5
    layer_decay: float = 0.9
    mark_rate: float = 2e-3
    hold_weight: float = 6.0
    clash_weight: float = 4.0
    margin_weight: float = 0.0
    structure_weight: float = 0.0
    carrier_margin: float = 0.0
    carrier_weight: float = 4.0
    carrier_scale: float = 20.0
    alpha: float = 0.25
    sources: dict[str, float] | None = None
    dropped: int = 0
    frames: float = 0.0
    bank: int = 0
    dims: list[int] = field(default_factory=lambda: [384, 256, 128, 64])
    pair_dims: list[int] | None = None
    seed: int = 1
    blend: float = 0.0
    mark_gains: list[float] | None = None
    dictionary: DictionarySettings | None = None
    head: HeadSettings | None = None
    prefix: PrefixSettings | None = None


_PARTS = {"dictionary": DictionarySettings, "head": HeadSettings, "prefix": PrefixSettings}


def read_rounds(file: Path) -> list[Settings]:
    """Return the rounds of a recipe: a JSON list of objects with fields of `Settings`.

    A field that a round leaves out is as in the round before it.

    Raises:
        OptionError: The file is no such list, or a round has an unknown field.
    """
    try:
        rounds = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise OptionError(f"{file} is no JSON: {error}") from error
    if not isinstance(rounds, list) or not rounds or not all(isinstance(one, dict) for one in rounds):
        raise OptionError(f"{file} is no list of rounds: write [{{...}}, ...] with fields of Settings")
    found: dict[str, Any] = {}
    result = []
    for number, own in enumerate(rounds, 1):
        parts = {
            name: _made(kind, own[name], f"{file}: {name} of round {number}")
            for name, kind in _PARTS.items()
            if own.get(name) is not None
        }
        found = {**found, **own, **parts}
        result.append(_made(Settings, found, f"{file}: round {number}"))
    return result


def _made(kind: type[Any], values: Any, where: str) -> Any:
    if not isinstance(values, dict):
        raise OptionError(f"{where} is {values!r}: write an object with fields of {kind.__name__}")
    refuse_unknown(values, [one.name for one in fields(kind)], where)
    return kind(**values)
