"""Words of a text as search compares them: everyday spelling, cut at everything that is no letter or digit, folded.

Folding joins the letters that are typed for one another: the alefs, ta marbuta and heh, alef maqsura and yeh, the
hamza carriers and their seats, the letters of Persian, Urdu and Maghribi keyboards, the digits of all three rows,
capital and small letters. Marks are kept beside each word (`Word.marked`), for the field that compares them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from harakat.arabic import canonical_mark_order, is_mark, join_marks, split_marks, strip_marks
from harakat.arabic.spelling.imlai import is_quranic, spell_word
from harakat.errors import TextTypeError

__all__ = ["LONGEST_CACHED", "Word", "fold_word", "has_words", "split_words", "token_words"]

LONGEST_CACHED = 48
"""Characters of the longest token whose words are remembered: longer ones are no words of a language."""

_TATWEEL = "\u0640"
_HAMZA = "\u0621"
# Everyday spelling begins no word with a free hamza; with an alef behind it, the two are one letter.
_FREE_HAMZA = re.compile("(?<![\u0620-\u06ff])\u0621+(?:\u0627|(?=[\u0620-\u06ff]))")
_CACHED_TOKENS = 1 << 16


class Word(NamedTuple):
    """One word of a text.

    Attributes:
        folded: The word without marks, its letters folded; never empty.
        marked: The word in everyday spelling with the marks that were typed, its letters not folded; it equals the
            bare word where no mark was typed.
    """

    folded: str
    marked: str


def _letters_of_keyboards() -> dict[str, str]:
    table = {
        "\u06a9\u06aa": "\u0643",  # keheh, swash kaf: kaf
        "\u06cc\u06cd\u06d0\u06d2\u06d3": "\u064a",  # Farsi yeh, yeh with tail, e, yeh barree: yeh
        "\u06c1\u06be\u06d5\u06c0\u06c2": "\u0647",  # heh goal, heh doachashmee, ae, with yeh or hamza above: heh
        "\u06c3": "\u0629",  # teh marbuta goal
        "\u066f\u06a7": "\u0642",  # dotless qaf, qaf with one dot above
        "\u06a2\u06a1": "\u0641",  # feh with its dot below, dotless feh
        "\u06ba": "\u0646",  # noon ghunna
    }
    digits = {chr(start + value): str(value) for start in (0x0660, 0x06F0) for value in range(10)}
    return {char: letter for chars, letter in table.items() for char in chars} | digits


def _presentation_forms() -> dict[str, str]:
    """Letters for the shapes of U+FB50-FDFF and U+FE70-FEFC; an isolated mark goes on the letter before it."""
    forms = {}
    for point in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFEFD)):
        plain = unicodedata.normalize("NFKC", chr(point))
        if plain == chr(point):
            continue
        # Isolated marks decompose to a space (or tatweel) and the mark.
        forms[chr(point)] = plain.replace(" ", "").replace(_TATWEEL, "") if is_mark(plain[-1]) else plain
    return forms


# Characters that print nothing stand inside words of copied text; U+200C (zero width non-joiner) divides words.
_INVISIBLE = dict.fromkeys("\u00ad\u034f\u061c\u200b\u200d\u200e\u200f\u2060\ufeff\u202a\u202b\u202c\u202d\u202e", "")
_INVISIBLE |= dict.fromkeys("\u2066\u2067\u2068\u2069", "") | {"\u200c": " "}
_KEYBOARDS = _letters_of_keyboards()
_TYPED = str.maketrans(
    {char: "".join(_KEYBOARDS.get(each, each) for each in plain) for char, plain in _presentation_forms().items()}
    | _KEYBOARDS
    | _INVISIBLE
)
_FOLD = str.maketrans(
    {
        "\u0622": "\u0627",  # alef with maddah
        "\u0623": "\u0627",  # alef with hamza above
        "\u0625": "\u0627",  # alef with hamza below
        "\u0671": "\u0627",  # alef wasla
        "\u0672": "\u0627",  # alef with wavy hamza above
        "\u0673": "\u0627",  # alef with wavy hamza below
        "\u0649": "\u064a",  # alef maqsura
        "\u0629": "\u0647",  # teh marbuta
        "\u0624": "\u0648",  # waw with hamza
        "\u0626": "\u064a",  # yeh with hamza
        _TATWEEL: "",
    }
)


def split_words(text: str) -> list[Word]:
    """Return the words of a text in their order.

    Args:
        text: Any text, with or without marks, in everyday spelling or that of the mushaf.

    Returns:
        One `Word` a run of letters and digits; none for a text that holds neither.

    Raises:
        TextTypeError: `text` is not a `str`.
    """
    if not isinstance(text, str):
        raise TextTypeError(f"a text to be cut into words is a {type(text).__name__}: {text!r:.60}; give a str")
    quranic = is_quranic(text)
    words: list[Word] = []
    for token in text.split():
        words += token_words(token, quranic)
    return words


def token_words(token: str, quranic: bool) -> tuple[Word, ...]:
    """Return the words of a part of a text that holds no white space: none, one, or several.

    Args:
        token: One element of ``text.split()``.
        quranic: Whether the text is one of the mushaf (`harakat.arabic.spelling.imlai.is_quranic`).
    """
    return _cached_words(token, quranic) if len(token) <= LONGEST_CACHED else _words_of(token, quranic)


def has_words(text: str) -> bool:
    """Return True where a text holds at least one letter or digit, so that a search for it can find something.

    Raises:
        TextTypeError: `text` is not a `str`.
    """
    return bool(split_words(text))


def fold_word(word: str) -> str:
    """Return one word without marks and with its letters folded; folding it again changes nothing.

    Args:
        word: Letters, digits and marks.
    """
    bare = strip_marks(word)
    if not bare.isascii():
        bare = bare.translate(_FOLD)
        if _HAMZA in bare:
            bare = _FREE_HAMZA.sub("\u0627", bare)
        if not all("\u0620" <= char <= "\u064a" for char in bare):
            bare = _fold_other_scripts(bare)
    return bare.casefold()


def _plain_letters(token: str) -> str:
    """Letters of other keyboards and shapes as those of everyday Arabic; compatibility letters of other scripts too."""
    typed = token.translate(_TYPED)
    if all(char < "\u0700" for char in typed):
        return typed
    return "".join(
        char if "\u0600" <= char < "\u0900" else unicodedata.normalize("NFKC", char) for char in typed
    ).translate(_TYPED)


def _fold_other_scripts(word: str) -> str:
    """Compatibility letters as plain ones, Latin letters without accents."""
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", word).casefold())
    kept = "".join(char for char in parts if not "\u0300" <= char <= "\u036f")
    return strip_marks(unicodedata.normalize("NFC", kept).translate(_TYPED).translate(_FOLD))


# The vocative ya is written on in many editions: before an alef with hamza it begins no other word; before other
# letters it is known by the words that are called most.
_VOCATIVE = "\u064a\u0627"
_CALLED_WORDS = (
    "قوم بني ابن موسي عباد عبادي ليت ليتني ليتنا ويلنا ويلتي ويلتنا معشر مريم نساء زكريا يحيي نوح "
    "هود صالح شعيب لوط فرعون هامان حسره حسرتي رب بنت صاحبي سامري نار جبال ذا عيسي نبي رسول"
)
_CALLED = frozenset(_CALLED_WORDS.split())
_ALEFS = "\u0622\u0623\u0625\u0627"


def _words_of(token: str, quranic: bool) -> tuple[Word, ...]:
    """The words of a token; a mark before the first letter is dropped."""
    words: list[Word] = []
    plain = token if token.isascii() else spell_word(_plain_letters(token), quranic)
    start = 0
    letters = 0
    for at, char in enumerate([*plain, " "]):
        if is_mark(char):
            continue
        kind = "L" if char == _TATWEEL else unicodedata.category(char)
        if kind[0] == "L" or kind == "Nd":
            if not letters:
                start = at
            letters += char != _TATWEEL
        elif kind[0] != "M":
            if letters:
                words += _folded(plain[start:at])
            letters = 0
    return tuple(words)


_cached_words = lru_cache(maxsize=_CACHED_TOKENS)(_words_of)


def _folded(word: str) -> list[Word]:
    folded = fold_word(word)
    if not folded:
        return []
    marked = canonical_mark_order(word.replace(_TATWEEL, ""))
    if folded.startswith(_VOCATIVE) and len(folded) > 4:
        groups = split_marks(marked)
        if len(groups) > 2 and (groups[2][0] in _ALEFS or folded[2:] in _CALLED):
            return [Word(fold_word(join_marks(part)), join_marks(part)) for part in (groups[:2], groups[2:])]
    return [Word(folded, marked)]
