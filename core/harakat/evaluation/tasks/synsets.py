"""Rows of the Muradif protocol from any synset file: synonyms against strangers, and homographs against themselves."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harakat.arabic.marks.codes import conflict, separate
from harakat.data.muradif import MuradifRow
from harakat.data.readers import file_rows
from harakat.errors import EvaluationError, OptionError, RecordError

__all__ = ["CONTEXTS", "WORD_ALONE", "Synset", "clash", "homograph_rows", "read_synsets", "synonym_rows"]

WORD_ALONE = ("_",)
CONTEXTS = (
    "وردت كلمة _ في أول النص",  # the word _ came at the beginning of the text
    "سألني صديقي عن معنى _ فأجبته",  # my friend asked me what _ means, and I told him
    "كتب المؤلف فصلا عن _ وأطال فيه",  # the author wrote a long chapter on _
    "لم أجد _ في المعجم الصغير",  # I did not find _ in the small dictionary
)
"""Self-written sentences that fit any word."""


@dataclass(frozen=True)
class Synset:
    """Words of one meaning.

    Attributes:
        name: Its id.
        lemmas: Single words, with their marks as far as they are written.
    """

    name: str
    lemmas: tuple[str, ...]


def read_synsets(path: str | Path) -> list[Synset]:
    """Read a file of synsets: JSON lines with ``synset`` (an id) and ``lemmas`` (a list of texts).

    Lemmas of several words are left out.

    Raises:
        RecordError: The file is missing, or a line is not of that form.
        OptionError: The suffix says no format.
    """
    synsets = []
    for line, row in file_rows(path):
        name, lemmas = row.get("synset"), row.get("lemmas")
        if not isinstance(name, str) or not isinstance(lemmas, list) or not all(isinstance(w, str) for w in lemmas):
            raise RecordError(
                f"{Path(path).name}, line {line:,}: a synset needs 'synset' (a text) and 'lemmas' (a list of texts), "
                f"and has {sorted(row)}"
            )
        words = tuple(dict.fromkeys(w for w in map(str.strip, lemmas) if len(w.split()) == 1 and separate(w)[0]))
        synsets.append(Synset(name, words))
    return synsets


def clash(first: str, second: str) -> bool:
    """Whether two vowellings of the same letters cannot be one word: an inner letter bears two different vowels.

    What one of them leaves out contradicts nothing, and the last letter, which bears the case ending, is not looked
    at (`harakat.arabic.marks.codes.conflict`).
    """
    (one_base, one), (two_base, two) = separate(first), separate(second)
    if one_base != two_base:
        return False
    return conflict(one, two)


def synonym_rows(
    synsets: Sequence[Synset],
    *,
    contexts: Sequence[str] = WORD_ALONE,
    only: Callable[[str], bool] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> list[MuradifRow]:
    """A word, another word of its synset with other letters, and a random word of no synset in common.

    Args:
        synsets: All synsets, so that a stranger is one.
        contexts: Texts with one `_`, taken in turn.
        only: Which synsets (by name) to make rows of; None for all.
        limit: Most rows, drawn at random; None for all.
        seed: Of every choice.

    Raises:
        EvaluationError: The synsets give no row.
        OptionError: A context without exactly one `_`.
    """
    chance = random.Random(seed)
    homes, _ = _index(synsets)
    bases = {word: separate(word)[0] for synset in synsets for word in synset.lemmas}
    words = sorted(bases)
    triplets = []
    for synset in sorted(synsets, key=lambda s: s.name):
        if only is not None and not only(synset.name):
            continue
        for anchor in synset.lemmas:
            others = [word for word in synset.lemmas if bases[word] != bases[anchor]]
            if not others:
                continue
            strangers = (chance.choice(words) for _ in range(100))
            stranger = next((w for w in strangers if not homes[bases[w]] & homes[bases[anchor]]), None)
            if stranger is not None:
                triplets.append((anchor, chance.choice(others), stranger))
    return _rows(triplets, contexts, limit, chance, "synonym")


def homograph_rows(
    synsets: Sequence[Synset],
    *,
    contexts: Sequence[str] = WORD_ALONE,
    only: Callable[[str], bool] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> list[MuradifRow]:
    """A word, another word of its synset, and the word's own letters vowelled as a word of another meaning.

    Whoever does not read marks sees the anchor itself in the irrelevant word, and is always wrong.

    Args:
        synsets: As in `synonym_rows`.
        contexts: As there.
        only: As there.
        limit: As there.
        seed: As there.

    Raises:
        EvaluationError: The synsets hold no homographs.
        OptionError: A context without exactly one `_`.
    """
    chance = random.Random(seed)
    _, meanings = _index(synsets)
    forms: dict[str, list[str]] = defaultdict(list)
    for word in sorted(meanings):
        forms[separate(word)[0]].append(word)
    triplets = []
    for synset in sorted(synsets, key=lambda s: s.name):
        if only is not None and not only(synset.name):
            continue
        for anchor in synset.lemmas:
            base = separate(anchor)[0]
            others = [word for word in synset.lemmas if separate(word)[0] != base]
            twins = [w for w in forms[base] if clash(anchor, w) and not meanings[w] & meanings[anchor]]
            if others and twins:
                triplets.append((anchor, chance.choice(others), chance.choice(twins)))
    return _rows(triplets, contexts, limit, chance, "homograph")


def _index(synsets: Iterable[Synset]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The synsets of each word's letters, and of each word."""
    homes: dict[str, set[str]] = defaultdict(set)
    meanings: dict[str, set[str]] = defaultdict(set)
    for synset in synsets:
        for word in synset.lemmas:
            homes[separate(word)[0]].add(synset.name)
            meanings[word].add(synset.name)
    return homes, meanings


def _rows(
    triplets: list[tuple[str, str, str]],
    contexts: Sequence[str],
    limit: int | None,
    chance: random.Random,
    what: str,
) -> list[MuradifRow]:
    wrong = next((context for context in contexts if context.count("_") != 1), None)
    if wrong is not None or not contexts:
        raise OptionError(f"contexts={list(contexts)}: each needs exactly one '_' for the word")
    unique = sorted(set(triplets))
    if not unique:
        raise EvaluationError(
            f"the synsets give no {what} rows: none has two words with other letters that can be judged"
        )
    chance.shuffle(unique)
    chosen = unique[:limit]
    return [MuradifRow(contexts[place % len(contexts)], *words) for place, words in enumerate(chosen)]
