"""Everything that decides a round of training besides the texts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from harakat._support.option_checks import refuse_unknown
from harakat.errors import OptionError
from harakat_recipes.mini.dictionary import DictionarySettings
from harakat_recipes.mini.head import HeadSettings
from harakat_recipes.mini.prefix import PrefixSettings

__all__ = ["Settings", "read_rounds"]


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run besides the texts.

    Attributes:
        steps: Optimiser steps.
        phrase_count: Texts with a teacher's vector.
        phrase_tokens: Tokens of such texts a step.
        words: Synonym triplets a step.
        pairs: Query and passage pairs a step.
        clashes: Pairs of one word vowelled in two conflicting ways a step.
        longest: Tokens a text is cut to.
        rate: Peak learning rate of the top layer; lower layers and embeddings get less.
        layer_decay: Factor of the rate from one layer to the layer below.
        mark_rate: Peak learning rate of the mark table.
        hold_weight: Weight of the teacher's loss; the contrastive losses weigh 1.
        order_weight: Weight of the loss that keeps which held texts are how near to which, as the teacher has them.
        company: How many near texts are drawn with each held text, so that there is an order to keep; 0 for none.
        clash_weight: Weight of the loss that parts conflicting vowellings.
        margin_weight: Weight of the loss that sets synonyms and homographs apart by a margin.
        alpha: Softness of the whitening (see `targets`).
        centre: Share of the mean of the teacher's vectors that is taken away from each.
        scene_alpha: The same for everyday sentences; as `alpha` where None.
        scene_centre: The same for everyday sentences; as `centre` where None.
        prompts: What the teacher reads before a text; its vector is the mean over all of them.
        scenes: Share of everyday sentences (`scenes`) among the texts with a teacher's vector.
        told: Share of those that get words of the lexicon in the place of their own.
        paragraphs: How many texts of several such sentences there are beside them, as a share of them.
        threads: CPU threads.
        save_every: Steps between checkpoints.
        start: Weights to start from instead of the teacher's: another round's ``last.pt`` or ``finished.pt``.
        blend: Share of the weights before the round that is mixed into what it made.
        mark_gains: Gains of the marks in texts with one marked piece, two and so on, set when the round is over; what
            training made of them where None. A word alone or in a bare sentence is meant to be heard louder than the
            losses make it: they weigh it against its bare twin.
        structure_weight: Weight of the loss that keeps the neighbours of a text the same in a short prefix.
        dictionary: Of the words that the finished model knows by themselves (see `dictionary`), which come in before
            the projection's own training; none where None.
        head: Of the projection's own training after the round; none where None.
        prefix: Of the short prefixes' own map after that (see `prefix`); none where None, and none without `head`.
        run: How many neighbouring verses or hadith a run of pairs takes.
        bank: Passages of earlier steps that are ranked against, of each kind.
        layers: Blocks of a network that starts from random weights instead of the teacher's; 0 for the teacher's.
        glosses: Words a step that are drawn to the teacher's vectors of their English glosses (see `Glosses`).
        sources: How often a triplet comes from which source of words (see `Words`); the synsets alone where None.
        dropped: Share (one in so many) of base forms that no source of words shows (see `Words`); 0 for none.
        frames: Share of those sentences that are a few words around one (see `scenes.frame`).
        long_carriers: Share of twelve words and more among the other such sentences.
        carrier_margin: By how much a synonym shall be nearer than another word in the same sentence; 0 for no such
            loss.
        carrier_weight: Weight of that loss.
        carrier_scale: Inverse temperature of the cosines of synonyms in sentences.
        pair_dims: The dims of the loss of pairs, `dims` where None; one that stands there twice counts double.
        short: Dims of short prefixes that are a map of their own of the whole vector while a round is trained, so that
            nothing holds them to the teacher's axes; `dims` are then the others. All losses but the teacher's count
            for them too; one that stands there twice counts double.
        short_rate: Peak learning rate of that map.
        reach: A query counts if its passage lies among the nearest share of the candidates; 0 for all queries.
    """

    steps: int = 2000
    phrase_count: int = 20_000
    phrase_tokens: int = 1800
    words: int = 40
    pairs: int = 14
    clashes: int = 32
    longest: int = 160
    rate: float = 6e-5
    layer_decay: float = 0.9
    mark_rate: float = 2e-3
    hold_weight: float = 6.0
    order_weight: float = 0.0
    company: int = 0
    clash_weight: float = 4.0
    margin_weight: float = 0.0
    alpha: float = 0.25
    centre: float = 1.0
    scene_alpha: float | None = None
    scene_centre: float | None = None
    prompts: list[str] = field(default_factory=lambda: [""])
    scenes: float = 0.24
    told: float = 0.0
    paragraphs: float = 0.0
    seed: int = 1
    threads: int = 2
    save_every: int = 100
    start: str = ""
    blend: float = 0.0
    mark_gains: list[float] | None = None
    structure_weight: float = 0.0
    run: int = 1
    bank: int = 0
    pair_dims: list[int] | None = None
    short: list[int] = field(default_factory=list)
    short_rate: float = 1e-3
    reach: float = 0.0
    dictionary: DictionarySettings | None = None
    head: HeadSettings | None = None
    prefix: PrefixSettings | None = None
    layers: int = 0
    glosses: int = 0
    sources: dict[str, float] | None = None
    dropped: int = 6
    frames: float = 0.0
    long_carriers: float = 0.0
    carrier_margin: float = 0.0
    carrier_weight: float = 4.0
    carrier_scale: float = 20.0
    dims: list[int] = field(default_factory=lambda: [384, 256, 128, 64])


_PARTS = {"dictionary": DictionarySettings, "head": HeadSettings, "prefix": PrefixSettings}


def read_rounds(file: Path) -> list[Settings]:
    """Return the rounds of a recipe: a JSON list of objects with fields of `Settings`.

    What a round does not say is as in the round before it.

    Raises:
        OptionError: The file is no such list, or a round has a field that there is not.
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
