"""Uthmani spelling (the spelling of the mushaf) to everyday spelling (imla'i), for embedding only.

`to_imlai` rewrites what the mushaf writes differently: alef wasla, dagger alef, small letters, free hamzas, silent
letters, Quranic sukun and open tanwin; it leaves out the signs of pause, sajda and division with the space around
them. Marks stay, in their everyday form. What is stored and shown stays the original: `to_imlai_aligned` says
where everything came from.

Everyday text comes back byte for byte, the order of its marks included: a word is only touched where it holds
something that everyday spelling never writes, or where the text around it is a text of the mushaf.

Conventions are those of today's print. The dagger alef of hadha, dhalika, lakin, ilah, ar-rahman goes (its letter
keeps its fatha); a written-on vocative ya stands apart; the open taa of nouns is closed; tatweel inside a word
goes. Understood are the encodings of the Medina mushaf, old and new, that of Tanzil, and the NFC forms of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from harakat.arabic.marks.diacritics import MADDAH, TATWEEL, canonical_mark_order
from harakat.arabic.spelling.uthmani import respell
from harakat.errors import OptionError, TextTypeError

__all__ = [
    "MUSHAF_SIGNS",
    "AlignedText",
    "canonical_spelling",
    "find_signs",
    "is_quranic",
    "spell_word",
    "to_imlai",
    "to_imlai_aligned",
]

# What only the mushaf writes: alef wasla, Quranic sukun, silent signs, small letters, open tanwin (U+065E is open
# dammatan in older files of the Medina mushaf). A text that holds one of them is read as a text of the mushaf.
_MUSHAF = "\u0671\u06df-\u06e3\u06e5-\u06e8\u06ea-\u06ed\u08f0-\u08f2\u065e"
# Signs of pause, of the line over a sajda, of division, of sajda, and the end of an ayah. They vary with the
# edition and say nothing about the words around them.
_PAUSE = "\u06d6-\u06dc\u06e4\u0615-\u0617"
_DIVISION = "\u06dd\u06de\u06e9"
# What everyday text may hold in a word of its own: maddah, hamza above and below, subscript alef, inverted damma,
# dagger alef.
_RARE = "\u0653-\u0657\u0670"
_WORD_CHAR = (
    "\u0610-\u061a\u0620-\u065f\u066e-\u06d3\u06d5-\u06dc\u06df-\u06e8\u06ea-\u06ef\u06fa-\u06fc\u06ff"
    "\u0750-\u077f\u0870-\u089f\u08a0-\u08ff"
)
_LETTER = "\u0621-\u063a\u0641-\u064a\u0671-\u06d3"
_MARK = "\u0610-\u061a\u064b-\u065f"
_START = f"(?<![{_WORD_CHAR}])"
_LENGTHENED = "[\u0645\u0644\u0646\u0647\u0630\u064a]"  # meem, lam, noon, haa, dhal, yaa

_TATWEEL_SIGN = f"(?<=[{_WORD_CHAR}]\u0640)(?=[{_MARK}]*[{_LETTER}])"
# One scan finds them all: every sign ends with a look-around behind one of a few characters.
_WORD_SIGNS = (
    f"(?<=[{_MUSHAF}{_RARE}{_PAUSE}{_DIVISION}])",
    # A bare hamza begins the word.
    f"(?<=\u0621)(?<![{_WORD_CHAR}]\u0621)(?=[{_WORD_CHAR}])",
    # Hamza and alef after a particle: wa-'amana, bi-'ayatin.
    f"(?:(?<={_START}[\u0648\u0641\u0644\u0643]\u064e\u0621)|(?<={_START}[\u0628\u0644]\u0650\u0621))"
    "(?=\u064e?\u0627(?!\u064b))",
    f"(?<={_START}[\u0648\u0641\u0628\u0644\u0643]\u0621)(?=\u0627(?!\u064b))",
    # A question before a hamza: a-'idha, a-'unzila.
    f"(?<={_START}\u0623\u064e\u0621)(?=[\u064f\u0650])",
    # qur'an, and ra'a (saw).
    "(?<=\u0642\u0631\u0621)(?=\u0627\u0646)|(?<=\u0642\u064f\u0631\u0652\u0621)(?=\u064e\u0627\u0646)",
    f"(?:(?<={_START}\u0631\u064e\u0621)|(?<={_START}[\u0648\u0641]\u064e\u0631\u064e\u0621))(?=\u064e\u0627)",
    # The sukun of a silent final alef.
    f"(?:(?<=[\u0648\u0624\u064e]\u0627\u0652)|(?<=\u0624[\u064c\u064f]\u0627\u0652))(?![{_WORD_CHAR}])",
    # A composed alef with maddah that is a long alef: before hamza (but not bura'a'), before a doubled letter, and
    # at the end of the words that the mushaf lengthens before a hamza.
    f"(?<=[{_WORD_CHAR}]\u0622)(?<!\u0628\u0631\u0622)(?<!\u0628\u064f\u0631\u064e\u0622)(?=[\u0621\u0624\u0626])",
    f"(?:(?<=\u064e\u0622)|(?<=\u064e\u0651\u0622))(?=[{_LETTER}][\u064b-\u0650]?\u0651)",
    f"(?:(?<={_LENGTHENED}\u064e\u0622)|(?<={_LENGTHENED}\u0651\u064e\u0622)|(?<={_LENGTHENED}\u064e\u0651\u0622))"
    f"(?![{_WORD_CHAR}])",
)
_SIGN = re.compile(
    f"[{_MUSHAF}{_RARE}{_PAUSE}{_DIVISION}\u0621\u0622\u0640\u0652](?:{'|'.join((*_WORD_SIGNS, _TATWEEL_SIGN))})",
    re.DOTALL,
)
_SPELLING_SIGN = re.compile(
    f"[{_MUSHAF}{_RARE}{_PAUSE}{_DIVISION}\u0621\u0622\u0652](?:{'|'.join(_WORD_SIGNS)})", re.DOTALL
)
# Only whole runs are tried, and what follows is looked at once: no text makes this slower than its length.
_TATWEEL_RUN = re.compile(f"(?<=[{_WORD_CHAR}])(?<!\u0640)\u0640+")
_LETTER_FOLLOWS = re.compile(f"[{_MARK}]*[{_LETTER}]")
# A maddah of length (not the one of a decomposed hamza and alef) tells the mushaf too.
_QURANIC = re.compile(
    f"[{_MUSHAF}]|[^\u0627]\u0653|\u064e\u0651?\u0627\u0653(?=[\u0621\u0623-\u0626]|(?![{_WORD_CHAR}]))"
)
MUSHAF_SIGNS = f"{_MUSHAF}{MADDAH}"
"""Characters, as ranges of a pattern, of which every text of the mushaf holds one."""
_ANY_QURANIC = re.compile(f"[{MUSHAF_SIGNS}]")
_HAS_MARK = re.compile(f"[{_MARK}{_RARE}{_MUSHAF}{_PAUSE}]")
_WORD = re.compile(f"[{_WORD_CHAR}]+")

# A sign by itself; the end of an ayah takes its number along.
_ALONE = f"(?:[{_PAUSE}\u06de\u06e9]|\u06dd[\u0660-\u0669\u06f0-\u06f90-9]*)"
_BLANK = "[ \t\u00a0]"
_STANDING = re.compile(f"(?<!{_BLANK}){_BLANK}*{_ALONE}(?:{_BLANK}*{_ALONE})*{_BLANK}*")
_NEEDS_STANDING = re.compile(f"[{_PAUSE}{_DIVISION}]")
_DIVIDING = re.compile(f"[{_DIVISION}]")
_WORD_END = re.compile(f"[{_WORD_CHAR}]")

# Longer "words" are not words: they are respelled, but not remembered.
_LONGEST_CACHED = 48
_CACHED_WORDS = 1 << 16
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class AlignedText:
    """Text in everyday spelling, aligned with its original.

    Attributes:
        text: The everyday spelling.
        spans: For each character of `text`, where it comes from in the original: start and end, the end not
            included. A letter and its marks share one span; a character that the original does not write has an
            empty span where it would stand, or that of its neighbour. Starts never decrease.
    """

    text: str
    spans: tuple[tuple[int, int], ...]

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original that a part of `text` comes from.

        Args:
            start: First character of the part.
            end: One after its last character.

        Returns:
            Start and end in the original.

        Raises:
            OptionError: The part is empty or not inside `text`.
        """
        if not 0 <= start < end <= len(self.text):
            raise OptionError(
                f"[{start}:{end}] is no part of a text of {len(self.text)} characters; "
                "give 0 <= start < end <= len(text)"
            )
        return self.spans[start][0], max(span[1] for span in self.spans[start:end])


def to_imlai(text: str) -> str:
    """Return a text in everyday spelling, with marks in their everyday form.

    Args:
        text: Any text; Uthmani words and everyday words may stand side by side.

    Returns:
        The text respelled; `text` itself where nothing in it is Uthmani. Applying it twice changes nothing more.

    Raises:
        TextTypeError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise TextTypeError(f"to_imlai takes a str, not {type(text).__name__}: {text!r:.80}")
    if text.isascii() or _SIGN.search(text) is None:
        return text
    quranic = _QURANIC.search(text) is not None
    return _WORD.sub(_in_mushaf if quranic else _by_itself, _without_standing(text))


def is_quranic(text: str) -> bool:
    """Return True where a text is read as a text of the mushaf: it holds a sign that only the mushaf writes.

    The one thing that `to_imlai` asks about a whole text. For callers that remember words: the words of
    ``to_imlai(text)`` are those of ``spell_word(word, is_quranic(text))`` for every ``word`` of ``text.split()``.
    """
    found = _ANY_QURANIC.search(text)
    return found is not None and (found.group() != MADDAH or _QURANIC.search(text) is not None)


def find_signs(text: str) -> list[int]:
    """Return the places of all signs that everyday spelling writes otherwise; words without a sign stay as they are."""
    return [match.start() for match in _SIGN.finditer(text)]


def spell_word(word: str, quranic: bool) -> str:
    """Return the everyday spelling that `to_imlai` gives a word in a text.

    Args:
        word: Holds no white space.
        quranic: Whether that text is one of the mushaf; see `is_quranic`.

    Returns:
        No word, one, or two with a space between them.
    """
    if not quranic and (word.isascii() or _SIGN.search(word) is None):
        return word
    return _WORD.sub(lambda match: _respelled(match.group(), quranic)[0], _without_standing(word))


def _without_standing(text: str) -> str:
    """Remove the signs that stand between the words of a text."""
    return text if _NEEDS_STANDING.search(text) is None else _STANDING.sub(_standing, text)


def canonical_spelling(text: str) -> str:
    """Return the everyday spelling, with marks in canonical order, that an encoder with ``spelling="imlai"`` reads.

    Raises:
        TextTypeError: Not a `str`.
    """
    return canonical_mark_order(to_imlai(text))


def to_imlai_aligned(text: str) -> AlignedText:
    """Return the result of `to_imlai` with the place in the original of every character.

    Args:
        text: Any text.

    Returns:
        The everyday text and its alignment; `result.text == to_imlai(text)`.

    Raises:
        TextTypeError: `text` is not a string.
    """
    if not isinstance(text, str):
        raise TextTypeError(f"to_imlai_aligned takes a str, not {type(text).__name__}: {text!r:.80}")
    if text.isascii() or _SIGN.search(text) is None:
        return AlignedText(text, tuple(_same(len(text))))
    quranic = _QURANIC.search(text) is not None
    spans = _same(len(text))
    if _NEEDS_STANDING.search(text) is not None:
        text, spans = _replace(text, spans, _STANDING, _standing_aligned)
    text, spans = _replace(text, spans, _WORD, lambda match: _respelled(match.group(), quranic))
    return AlignedText(text, tuple(spans))


_Spans = list[tuple[int, int]]


def _replace(
    text: str, spans: _Spans, pattern: re.Pattern[str], rewrite: Callable[[re.Match[str]], tuple[str, _Spans]]
) -> tuple[str, _Spans]:
    """Replace as `pattern.sub` does, and carry the spans of every character along."""
    pieces: list[str] = []
    out: _Spans = []
    at = 0
    for match in pattern.finditer(text):
        pieces.append(text[at : match.start()])
        out += spans[at : match.start()]
        new, places = rewrite(match)
        pieces.append(new)
        base = match.start()
        for start, end in places:
            if start < end:
                out.append((spans[base + start][0], spans[base + end - 1][1]))
            else:
                edge = spans[base + start][0] if base + start < len(spans) else spans[-1][1]
                out.append((edge, edge))
        at = match.end()
    pieces.append(text[at:])
    out += spans[at:]
    return "".join(pieces), out


def _standing(match: re.Match[str]) -> str:
    """Return the replacement for signs that stand between words: nothing, or one space."""
    text, start, end = match.string, match.start(), match.end()
    found = match.group()
    before = text[start - 1 : start]
    after = text[end : end + 1]
    blanks = found.strip(" \t\u00a0") != found or any(blank in found for blank in " \t\u00a0")
    between_letters = bool(_WORD_END.match(before)) and bool(_WORD_END.match(after))
    if not blanks:
        if not between_letters:
            return ""
        # A pause sign inside a word (the seen over a sad) is the word's business; a division divides.
        return " " if _DIVIDING.search(found) else found
    if not before or not after or before in "\r\n" or after in "\r\n":
        return ""
    return " "


def _standing_aligned(match: re.Match[str]) -> tuple[str, _Spans]:
    new = _standing(match)
    if new == match.group():
        return new, _same(len(new))
    return new, [(0, len(match.group()))] * len(new)


def _respelled(word: str, quranic: bool) -> tuple[str, _Spans]:
    """Return one word in everyday spelling, and the place in the word that each of its characters comes from."""
    text, spans = _once(word, quranic)
    # Real words are settled now; strings that only look like words may need a few rounds more.
    for _ in range(_ROUNDS):
        if _SIGN.search(text) is None:
            return text, spans
        new, places = _replace(text, spans, _WORD, lambda match: _once(match.group(), False))
        if new == text:
            return text, spans
        text, spans = new, places
    return word, _same(len(word))


def _once(word: str, quranic: bool) -> tuple[str, _Spans]:
    if _SPELLING_SIGN.search(word) is not None or (quranic and _HAS_MARK.search(word) is not None):
        units = respell(word, quranic)
        spans = [(unit.start, unit.end) for unit in units for _ in unit.letter + unit.marks]
        # Marks of one letter share a span, so their order is free to change.
        return canonical_mark_order("".join([unit.letter + unit.marks for unit in units])), spans
    if TATWEEL in word:
        return _replace(word, _same(len(word)), _TATWEEL_RUN, _without_tatweel)
    return word, _same(len(word))


def _without_tatweel(match: re.Match[str]) -> tuple[str, _Spans]:
    if _LETTER_FOLLOWS.match(match.string, match.end()) is not None:
        return "", []
    return match.group(), _same(len(match.group()))


def _same(length: int) -> _Spans:
    return [(at, at + 1) for at in range(length)]


@lru_cache(maxsize=_CACHED_WORDS)
def _remembered(word: str, quranic: bool) -> str:
    return _respelled(word, quranic)[0]


def _in_mushaf(match: re.Match[str]) -> str:
    word = match.group()
    return _remembered(word, True) if len(word) <= _LONGEST_CACHED else _respelled(word, True)[0]


def _by_itself(match: re.Match[str]) -> str:
    word = match.group()
    return _remembered(word, False) if len(word) <= _LONGEST_CACHED else _respelled(word, False)[0]
