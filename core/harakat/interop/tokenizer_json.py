"""The Arabic step (without segmentation) inside `tokenizer.json`, for runtimes that read nothing else.

The step sets a word's marks apart from its letters: it reorders characters, which no normaliser of `tokenizers`
offers as such. Unicode's canonical ordering does it: NFD sorts each run of combining characters by combining class
and keeps the order within a class. So every letter is spelt with characters of class 220 and every mark with one of
class 230; spaces, which have class 0, keep words apart; NFD moves the marks of each word behind its letters; and
the spelling is undone. All of it is a list of `Replace` normalisers around one `NFD`.

Letters that the vocabulary does not know cannot be told apart afterwards and need not be: a word that holds one is
the unknown token whatever it is. They become one of two stand-ins, for punctuation (which is a word of its own) and
for anything else.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import Any

from harakat.arabic.tokenizers.published import PUBLISHED_MARKS, normalize
from harakat.arabic.tokenizers.vocabulary import Vocabulary
from harakat.errors import CheckpointError

__all__ = ["self_contained"]

LETTER_CLASS, MARK_CLASS = 220, 230
"""Canonical combining classes: below and above the letter. NFD puts the lower one first."""

NO_MARK = "\u25cc"
_PRE_TOKENIZERS = ("BertPreTokenizer", "WhitespaceSplit")
_LAST_SPELLER = 0x2FFF  # newer combining characters are unknown to the Unicode tables of older runtimes


def self_contained(vocabulary: Vocabulary) -> dict[str, Any]:
    """Build a `tokenizer.json` that does the Arabic step itself: raw text in, the encoder's ids out.

    Args:
        vocabulary: Of a checkpoint, used without segmentation and without a change of spelling.

    Returns:
        The file's content. Special tokens are matched after normalisation, as the published tokenizer matches them
        in the prepared text.

    Raises:
        CheckpointError: The checkpoint's own pipeline is not the published one, so that equal ids cannot be
            guaranteed.
    """
    spec: dict[str, Any] = json.loads(vocabulary.tokenizer.to_str())
    kind = _check(vocabulary, spec)
    added = [token["content"] for token in spec["added_tokens"]]
    letters = _letters([*spec["model"]["vocab"], *added, vocabulary.separator])
    spec["normalizer"] = {"type": "Sequence", "normalizers": list(_steps(vocabulary.separator, letters, kind))}
    spec["added_tokens"] = [{**token, "normalized": True} for token in spec["added_tokens"]]
    spec["truncation"] = spec["padding"] = None
    return spec


def _check(vocabulary: Vocabulary, spec: dict[str, Any]) -> str:
    """Return the kind of pre-tokenizer, if the pipeline is one that can be rebuilt."""
    normalizer = spec.get("normalizer")
    if normalizer is not None and (normalizer.get("type") != "Sequence" or normalizer.get("normalizers")):
        raise CheckpointError(
            f"tokenizer.json has a normaliser of its own ({normalizer.get('type')}), which the published one has "
            f"not; it cannot be exported with the Arabic step inside"
        )
    kind = str((spec.get("pre_tokenizer") or {}).get("type"))
    if kind not in _PRE_TOKENIZERS:
        raise CheckpointError(
            f"tokenizer.json cuts words with {kind}; only {' and '.join(_PRE_TOKENIZERS)} can be exported"
        )
    if vocabulary.tokenizer.encode_special_tokens:
        raise CheckpointError("split_special_tokens is on, which tokenizer.json has no place for; it is not exported")
    flags = {bool(token["normalized"]) for token in spec["added_tokens"]}
    if len(flags) > 1:
        raise CheckpointError(
            "tokenizer.json matches some added tokens before and some after normalisation; only one of the two can "
            "be exported"
        )
    for token in spec["added_tokens"]:
        text = token["content"]
        if normalize(text) != text or PUBLISHED_MARKS & set(text) or any(char.isspace() for char in text):
            raise CheckpointError(f"the added token {text!r} holds what the Arabic step changes; it is not exported")
    separator = vocabulary.separator
    if normalize(separator) != separator or PUBLISHED_MARKS & set(separator):
        raise CheckpointError(f"stemming_separator={separator!r} holds what the Arabic step changes")
    return kind


def _letters(entries: Iterable[str]) -> list[str]:
    """Every character of the vocabulary that can be a letter of a prepared word."""
    found = set("".join(entries))
    return sorted(char for char in found if char not in PUBLISHED_MARKS and not char.isspace() and normalize(char))


def _steps(separator: str, letters: list[str], kind: str) -> Iterator[dict[str, Any]]:
    taken = set(letters) | PUBLISHED_MARKS
    marks = sorted(PUBLISHED_MARKS)
    unused = iter(chr(point) for point in range(0xE000, 0xF8FF) if chr(point) not in taken)
    other, barrier = next(unused), next(unused)
    punctuation = _punctuation() if kind == "BertPreTokenizer" else frozenset()
    unknown = sorted(punctuation - taken)
    letters = [*letters, other, *unknown[:1]]

    side = 1
    while side * side < len(letters):
        side += 1
    spellers = _spellers(LETTER_CLASS, taken)
    firsts, seconds = spellers[:side], spellers[side : 2 * side]
    codes = _spellers(MARK_CLASS, taken)[: len(marks) + 1]
    if len(seconds) < side or len(codes) <= len(marks):
        raise CheckpointError(
            f"the vocabulary holds {len(letters):,} different letters, too many combining characters among them; "
            f"it cannot be exported with the Arabic step inside"
        )
    none = codes[-1]
    spaces = [char for char in map(chr, range(sys.maxunicode + 1)) if char.isspace()]
    letter_end, mark = _class(seconds), _class(codes)

    # A character before the first one: `tokenizers` loses its bearings, and panics in NFD, where something was put
    # in at the very beginning.
    yield {"type": "Prepend", "prepend": " "}
    # The published normalisation.
    changed = [char for char in map(chr, range(0x600, 0x10000)) if not _surrogate(char) and normalize(char) != char]
    yield _replace(_class(char for char in changed if not normalize(char)), "")
    for folded in sorted({normalize(char) for char in changed} - {""}):
        yield _replace(_class(char for char in changed if normalize(char) == folded), folded)
    # Letters that the vocabulary does not know.
    if unknown:
        yield _replace(_class(unknown), unknown[0])
    yield _replace(_class([*letters, *marks, *spaces], negated=True), other)
    # Words: between spaces and separators. Marks before any letter hang on a blank.
    yield _replace(separator, barrier, literal=True)
    yield _replace(f"(?<={_class([*spaces, barrier])})(?={_class(marks)})", " ")
    # Spell letters and marks; a letter without a mark gets one that says so.
    for index, first in enumerate(firsts):
        if group := letters[index * side : (index + 1) * side]:
            yield _replace(f"(?={_class(group)})", first)
    for index, second in enumerate(seconds):
        if group := letters[index::side]:
            yield _replace(_class(group), second)
    for char, code in zip(marks, codes, strict=False):
        yield _replace(char, code, literal=True)
    yield _replace(f"(?<={letter_end})(?!{mark})", none)
    # The marks of each word behind its letters; none at all for a bare word.
    yield {"type": "NFD"}
    yield _replace(f"(?<={letter_end}){_class([none])}++(?!{mark})", "")
    yield _replace(f"(?<={letter_end})(?={mark})", " ")
    # Back to what the vocabulary holds.
    for index, char in enumerate(letters):
        yield _replace(firsts[index // side] + seconds[index % side], char, literal=True)
    for char, code in zip([*marks, NO_MARK], codes, strict=True):
        yield _replace(code, char, literal=True)
    yield _replace(barrier, separator, literal=True)
    yield _replace("\\A ", "")


def _replace(pattern: str, content: str, *, literal: bool = False) -> dict[str, Any]:
    return {"type": "Replace", "pattern": {"String" if literal else "Regex": pattern}, "content": content}


def _class(chars: Iterable[str], *, negated: bool = False) -> str:
    """Write a character class, with runs of neighbours as ranges, in code points that need no escaping."""
    points = sorted({ord(char) for char in chars})
    parts: list[list[int]] = []
    for point in points:
        if parts and parts[-1][1] == point - 1:
            parts[-1][1] = point
        else:
            parts.append([point, point])
    body = "".join(f"\\x{{{a:x}}}" if a == b else f"\\x{{{a:x}}}-\\x{{{b:x}}}" for a, b in parts)
    return f"[{'^' if negated else ''}{body}]"


def _spellers(combining_class: int, taken: Collection[str]) -> list[str]:
    """Free characters of one combining class that NFD leaves as they are."""
    return [
        char
        for char in map(chr, range(0x300, _LAST_SPELLER + 1))
        if unicodedata.combining(char) == combining_class
        and not unicodedata.decomposition(char)
        and unicodedata.category(char) == "Mn"
        and _known_to_the_library(char, combining_class)
        and char not in taken
    ]


@lru_cache(maxsize=1024)
def _known_to_the_library(char: str, combining_class: int) -> bool:
    """Return True where the Unicode tables of `tokenizers`, older than Python's, have the character's class."""
    from tokenizers.normalizers import NFD

    sorter = NFD()
    above = "\u0300" if combining_class == LETTER_CLASS else "\u0315"  # classes 230 and 232
    below = "\u0316" if combining_class == MARK_CLASS else "\u0321"  # classes 220 and 202
    moved: str = sorter.normalize_str(f" {above}{char}{below}")
    return moved == f" {below}{char}{above}"


@lru_cache(maxsize=1)
def _punctuation() -> frozenset[str]:
    """List what `BertPreTokenizer` takes for punctuation, by asking it about every character."""
    from tokenizers.pre_tokenizers import BertPreTokenizer

    cutter = BertPreTokenizer()
    found: set[str] = set()
    for start in (*range(0, 0x20000, 4096), *range(0xE0000, 0xF0000, 4096)):  # no script elsewhere has punctuation
        chars = [chr(point) for point in range(start, start + 4096) if not _surrogate(chr(point))]
        pieces = {piece for piece, _ in cutter.pre_tokenize_str(" ".join(f"x{char}x" for char in chars))}
        found |= {char for char in chars if char in pieces}
    return frozenset(found)


def _surrogate(char: str) -> bool:
    return "\ud800" <= char <= "\udfff"
