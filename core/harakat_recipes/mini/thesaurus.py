"""Reader of the Arabic thesaurus of LibreOffice (Debian package `mythes-ar`): words, most of them marked, by sense.

The file gives for each bare headword its senses, one a line: ``(part of speech)|synonym|synonym``. A synonym may come
with a remark in brackets or between dashes, and its marks were typed by hand.
"""

from __future__ import annotations

import re
from pathlib import Path

from harakat.errors import RecordError

__all__ = ["FILE", "senses"]

FILE = "th_ar_EG_v2.dat"
_FATHA, _SHADDA, _ALEF = "\u064e", "\u0651", "\u0627"
_REMARK = re.compile(r"\([^)]*\)?|-[^-]*-?|\[[^]]*\]?")
_PART = "[\u0621-\u063a\u0641-\u064a][\u0621-\u063a\u0641-\u0652]*"
_WORD = re.compile(f"{_PART}(?: {_PART}){{0,2}}")
_LATE_FATHA = re.compile(f"(?<=[\u0621-\u0626\u0628-\u063a\u0641-\u064a]){_ALEF}{_FATHA}+")
_FIRST_LETTER = re.compile("^[\u0621-\u064a][\u064b-\u0652]+")
_FATHA_TWICE = re.compile(f"(?<={_FATHA}){_ALEF}{_FATHA}+")


def senses(folder: Path) -> list[list[str]]:
    """Return the words of each sense, its headword first; senses that are left with one word are dropped.

    Raises:
        RecordError: The file is not in `folder`, or is not in UTF-8.
    """
    path = folder / FILE
    if not path.is_file():
        raise RecordError(f"{folder} has no {FILE}: take it from the Debian package mythes-ar")
    encoding, *lines = path.read_text(encoding="utf-8").splitlines()
    if encoding != "UTF-8":
        raise RecordError(f"{path} is in {encoding}, not in UTF-8")
    found, head = [], ""
    for line in lines:
        if line.startswith("("):
            words = dict.fromkeys(word for raw in (head, *line.split("|")[1:]) if (word := _tidy(raw)))
            if len(words) > 1:
                found.append(list(words))
        else:
            head = line.rpartition("|")[0]
    return found


def _tidy(raw: str) -> str:
    """Return the word without remarks, its marks in their places; "" where it is no word of up to three parts."""
    word = " ".join(_REMARK.sub(" ", raw).split())
    word = _FIRST_LETTER.sub(lambda found: found[0].replace(_SHADDA, ""), word)  # left over from the article
    word = _FATHA_TWICE.sub(_ALEF, word)
    word = _LATE_FATHA.sub(_FATHA + _ALEF, word)
    return word if _WORD.fullmatch(word) else ""
