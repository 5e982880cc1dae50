"""Readers of the training texts, without what `harakat.data.held_out` keeps for judging.

Every file is jsonl, plain or .xz, in one folder given by the caller:

- ``hadith``: book, text (fully marked prose);
- ``tafsir``: ayah ("2:255"), text (commentary, nearly bare);
- ``muyassar_dev``: ayah, query (modern commentary; judged with, never trained on);
- ``tashkeela_sample``: text (fully marked prose);
- ``awn_synsets``: synset, lemmas (partly marked).

Further sources of words are read as their packages have them: ``th_ar_EG_v2.dat`` (`thesaurus`), ``dictStems``
(`lexicon`), ``index.noun``, ``.verb``, ``.adj``, ``.adv`` (`wordnet`). The Quran comes from the package `quran-text`.
"""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harakat.data.held_out import HELD_OUT_BOOKS, is_held_out_surah, is_held_out_synset
from harakat.errors import MissingExtraError, RecordError

__all__ = [
    "commentaries",
    "dev_commentaries",
    "file_of",
    "matn",
    "prose",
    "rows",
    "strip_marks",
    "synsets",
    "verses",
]

_MARKS = re.compile("[\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u08d3-\u08ff\u0640]")
_NOISE = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_SPACES = re.compile(r"\s+")


def strip_marks(text: str) -> str:
    """Return `text` without any vowel mark, Quranic sign or tatweel."""
    return _MARKS.sub("", text)


def file_of(folder: Path, name: str) -> Path:
    """Return the path of ``name.jsonl`` or, where that is not there, of ``name.jsonl.xz`` in `folder`.

    Raises:
        RecordError: Neither file is there.
    """
    plain, packed = folder / f"{name}.jsonl", folder / f"{name}.jsonl.xz"
    if not plain.is_file() and not packed.is_file():
        raise RecordError(f"{folder} holds neither {plain.name} nor {packed.name}")
    return plain if plain.is_file() else packed


def rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """Yield the records of ``name.jsonl`` or ``name.jsonl.xz`` in `folder`.

    Raises:
        RecordError: Neither file is there, or a line is no JSON object.
    """
    path = file_of(folder, name)
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
            except ValueError as error:
                raise RecordError(f"{folder}/{name}, line {number}: not JSON ({error})") from error
            yield record


def _clean(text: str) -> str:
    return _SPACES.sub(" ", _NOISE.sub("", text)).strip()


def synsets(folder: Path, *, dev: bool) -> list[tuple[str, list[str]]]:
    """Return (name, lemmas) of the synsets to train on, or with `dev` of the held-out third."""
    return [
        (row["synset"], [_clean(lemma) for lemma in row["lemmas"]])
        for row in rows(folder, "awn_synsets")
        if is_held_out_synset(row["synset"]) is dev
    ]


def prose(folder: Path, *, dev: bool) -> list[str]:
    """Return fully marked texts: hadith and classical prose, or with `dev` the hadith of the held-out books."""
    texts = [_clean(row["text"]) for row in rows(folder, "hadith") if (row["book"] in HELD_OUT_BOOKS) is dev]
    return texts if dev else texts + [_clean(row["text"]) for row in rows(folder, "tashkeela_sample")]


def matn(hadith: str) -> str:
    """Return the part of a hadith after its chain of narrators, as far as that can be told."""
    words = hadith.split()
    for index, word in enumerate(words):
        bare = strip_marks(word)
        if (
            index > 5
            and bare in ("\u0648\u0633\u0644\u0645", "\u0648\u0633\u0644\u0645\u060c")
            and len(words) - index > 12
        ):
            return " ".join(words[index + 1 :])
    return hadith


def verses() -> dict[str, str]:
    """Return {verse key: Uthmani text} of the whole Quran.

    Raises:
        MissingExtraError: `quran-text` is not installed.
    """
    try:
        import quran_text
    except ImportError as error:
        raise MissingExtraError("the Quran comes with quran-text: pip install 'harakat[cli]'") from error
    return {ayah.key: ayah.text for ayah in quran_text.Mushaf.hafs().ayahs}


def commentaries(folder: Path) -> list[tuple[str, str]]:
    """Return (verse key, commentary) of the training surahs."""
    return [(row["ayah"], _clean(row["text"])) for row in rows(folder, "tafsir") if not is_held_out_surah(row["ayah"])]


def dev_commentaries(folder: Path) -> list[tuple[str, str]]:
    """Return (verse key, modern commentary) of the surahs kept for judging."""
    return [
        (row["ayah"], _clean(row["query"])) for row in rows(folder, "muyassar_dev") if is_held_out_surah(row["ayah"])
    ]
