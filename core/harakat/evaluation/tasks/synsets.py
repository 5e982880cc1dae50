"""Triplets from any file of synsets: synonyms against unrelated words, and homographs against one another."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harakat.arabic.marks.codes import conflict, separate
from harakat.data.readers import file_rows
from harakat.data.triplet import GAP, Triplet
from harakat.embedders.base import Embedder
from harakat.errors import EvaluationError, OptionError, RecordError
from harakat.evaluation.figures import Figure
from harakat.evaluation.tasks.task import Task
from harakat.evaluation.tasks.triplets import triplet_figures
from harakat.evaluation.views import View

__all__ = ["CONTEXTS", "WORD_ALONE", "Synset", "clash", "homograph_rows", "read_synsets", "synonym_rows"]
__all__ += ["synsets_task"]

WORD_ALONE = (GAP,)
CONTEXTS = (
    "وردت كلمة _ في أول النص",  # the word _ came at the beginning of the text
    "سألني صديقي عن معنى _ فأجبته",  # my friend asked me what _ means, and I told him
    "كتب المؤلف فصلا عن _ وأطال فيه",  # the author wrote a long chapter on _
    "لم أجد _ في المعجم الصغير",  # I did not find _ in the small dictionary
)
"""Self-written sentences that fit any word."""


@dataclass(frozen=True)
class Synset:
    """A set of words of one meaning.

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
        OptionError: The suffix names no known format.
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
    """Return whether two vowellings of the same letters cannot be one word: an inner letter bears two vowels.

    A mark that one of them leaves out contradicts nothing, and the last letter, which bears the case ending, does not
    count (`harakat.arabic.marks.codes.conflict`).
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
) -> list[Triplet]:
    """Draw triplets of a word, another word of its synset with other letters, and a word of no synset in common.

    Args:
        synsets: All synsets; the negatives are drawn from them too.
        contexts: Texts with one `_`, taken in turn.
        only: Predicate on the names of synsets to make rows of; None for all.
        limit: Largest number of rows, drawn at random; None for all.
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
    for anchor, others in _anchors(synsets, only):
        drawn = (chance.choice(words) for _ in range(100))
        unrelated = next((w for w in drawn if not homes[bases[w]] & homes[bases[anchor]]), None)
        if unrelated is not None:
            triplets.append((anchor, chance.choice(others), unrelated))
    return _rows(triplets, contexts, limit, chance, "synonym")


def homograph_rows(
    synsets: Sequence[Synset],
    *,
    contexts: Sequence[str] = WORD_ALONE,
    only: Callable[[str], bool] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> list[Triplet]:
    """Draw triplets of a word, another word of its synset, and its own letters vowelled as a word of another meaning.

    A system that does not read marks sees the anchor itself in the negative, and is always wrong.

    Args:
        synsets: As in `synonym_rows`.
        contexts: As in `synonym_rows`.
        only: As in `synonym_rows`.
        limit: As in `synonym_rows`.
        seed: As in `synonym_rows`.

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
    for anchor, others in _anchors(synsets, only):
        same = forms[separate(anchor)[0]]
        twins = [w for w in same if clash(anchor, w) and not meanings[w] & meanings[anchor]]
        if twins:
            triplets.append((anchor, chance.choice(others), chance.choice(twins)))
    return _rows(triplets, contexts, limit, chance, "homograph")


def _anchors(synsets: Iterable[Synset], only: Callable[[str], bool] | None) -> Iterator[tuple[str, list[str]]]:
    """Yield each word that has words with other letters in its synset, with those words."""
    for synset in sorted(synsets, key=lambda s: s.name):
        for anchor in synset.lemmas if only is None or only(synset.name) else ():
            others = [word for word in synset.lemmas if separate(word)[0] != separate(anchor)[0]]
            if others:
                yield anchor, others


def _index(synsets: Iterable[Synset]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Map the letters of each word, and each word, to the names of their synsets."""
    homes: dict[str, set[str]] = defaultdict(set)
    meanings: dict[str, set[str]] = defaultdict(set)
    for synset in synsets:
        for word in synset.lemmas:
            homes[separate(word)[0]].add(synset.name)
            meanings[word].add(synset.name)
    return homes, meanings


def _rows(
    words: list[tuple[str, str, str]],
    contexts: Sequence[str],
    limit: int | None,
    chance: random.Random,
    kind: str,
) -> list[Triplet]:
    wrong = next((context for context in contexts if context.count(GAP) != 1), None)
    if wrong is not None or not contexts:
        raise OptionError(f"contexts={list(contexts)}: each needs exactly one '_' for the word")
    unique = sorted(set(words))
    if not unique:
        raise EvaluationError(
            f"the synsets give no {kind} rows: none has two words with other letters that can be judged"
        )
    chance.shuffle(unique)
    chosen = unique[:limit]
    return [Triplet(contexts[place % len(contexts)], *three) for place, three in enumerate(chosen)]


def synsets_task(
    file: str | Path,
    *,
    contexts: Sequence[str] = WORD_ALONE,
    only: Callable[[str], bool] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Task:
    """Open the task of a file of synsets: synonyms, marked and bare, and homographs.

    Args:
        file: As in `read_synsets`.
        contexts: As in `synonym_rows`.
        only: As in `synonym_rows`.
        limit: Largest number of rows of each kind; None for all.
        seed: As in `synonym_rows`.

    Raises:
        HarakatError: As `read_synsets`, `synonym_rows` and `homograph_rows`.
    """
    synsets, path = read_synsets(file), Path(file)
    near = synonym_rows(synsets, contexts=contexts, only=only, limit=limit, seed=seed)
    same = homograph_rows(synsets, contexts=contexts, only=only, limit=limit, seed=seed)

    def measure(embedder: Embedder, views: Sequence[View], marks: Sequence[str]) -> list[Figure]:
        # Homographs differ in nothing but their marks.
        return [
            *triplet_figures("synonyms", embedder, near, views, marks=marks),
            *triplet_figures("homographs", embedder, same, views),
        ]

    facts = {"file": path.name, "synonym rows": len(near), "homograph rows": len(same), "seed": seed}
    return Task(f"Synsets of {path.name}", {"synsets": facts}, measure)
