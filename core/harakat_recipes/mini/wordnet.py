"""Words whose English glosses stand in one synset of Princeton WordNet.

Of WordNet only the four index files are read (Debian package `wordnet-base`): each line gives a lemma and the offsets
of its synsets, the commonest sense first.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from harakat.errors import RecordError
from harakat_recipes.mini import lexicon

__all__ = ["FILES", "groups", "synsets_of"]

_SENSES = 2
"""Number of senses of a gloss that are believed, the commonest ones: a gloss names the common sense of its word."""
_LARGEST = 10
_VERB, _OTHER = ("verb",), ("noun", "adj", "adv")
FILES = tuple(f"index.{part}" for part in (*_VERB, *_OTHER))


def groups(folder: Path) -> list[list[str]]:
    """Return the lexicon's words that have a gloss in one synset, those of different letters, at most ten of them.

    Raises:
        RecordError: An index file or the lexicon is not in `folder`, or a line is not of their form.
    """
    index = {part: _read(folder, part) for part in (*_VERB, *_OTHER)}
    sharing: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for word, verb, glosses in lexicon.lemmas(folder):
        for synset in sorted({synset for gloss in glosses for synset in synsets_of(gloss, verb, index)}):
            sharing[synset][word] = None
    return lexicon.group_words(sharing, _LARGEST)


def synsets_of(gloss: str, verb: bool, index: dict[str, dict[str, list[str]]]) -> set[tuple[str, str]]:
    """Return (part of speech, offset) of the commonest synsets of a gloss, for a verb or for any other word."""
    gloss = gloss.lower()
    parts = _VERB if verb else _OTHER
    if verb and gloss.startswith("be "):  # many Arabic verbs are English adjectives
        gloss, parts = gloss[3:], ("adj",)
    return {(part, offset) for part in parts for offset in index[part].get(gloss, ())[:_SENSES]}


def _read(folder: Path, part: str) -> dict[str, list[str]]:
    path = folder / f"index.{part}"
    if not path.is_file():
        raise RecordError(f"{folder} has no index.{part}: take it from the Debian package wordnet-base")
    found = {}
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), 1):
        if line.startswith(" "):  # the licence
            continue
        # lemma, part, synsets, pointers, the pointers' symbols, senses, tagged senses, then the offsets (wndb(5))
        fields = line.split()
        if len(fields) < 7 or not fields[3].isdigit():
            raise RecordError(f"{path}, line {number}: not a line of a WordNet index")
        found[fields[0].replace("_", " ")] = fields[6 + int(fields[3]) :]
    return found
