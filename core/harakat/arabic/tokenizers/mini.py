"""Tokenizer of harakat-mini: text to the pieces of its bare letters, with the marks of each piece beside it.

A text is split at whitespace; each word is spelled the everyday way and parted into letters and marks, and its
letters are cut by a Unigram vocabulary. All that a word takes from the text around it is whether that is one of the
mushaf, so a cache of words makes tokenising cheap without changing one id.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harakat._support.json_files import read_text
from harakat.arabic.marks import codes as markcodes
from harakat.arabic.marks.words import WORD_START, MarkedWords
from harakat.arabic.spelling.batch import spell_each
from harakat.arabic.spelling.everyday import RULES_VERSION, Reading, everyday_each, reading_of
from harakat.arabic.spelling.imlai import is_quranic
from harakat.arabic.spelling.typed import Lexicon, WrittenWords, frequent_words, read_words
from harakat.arabic.tokenizers.tokens import Piece, Tokens, by_characters, groups
from harakat.arabic.tokenizers.unigram import SPAN, Cutter
from harakat.arabic.tokenizers.vocabulary import check_pieces
from harakat.arabic.tokenizers.word_cache import WordCache
from harakat.errors import CheckpointError, OptionError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["PieceTokenizer"]

_NO_MARK = "\u25cc"
_SPECIALS = ("<s>", "</s>", "<pad>", "<unk>")
# Part of the identity: raised whenever the rules in this module or in markcodes change an id or a code.
_RULES = "marked-pieces-1"

_PIECE = np.dtype([("id", np.int32), ("marks", np.int64)])
_RECORD = struct.Struct("=iq")
_FEW = 20
"""Words from which on arrays save more than they cost."""
_LONGEST = 256
"""Characters of a word for arrays; a longer run goes by itself."""
_PORTION_CHARS = 1 << 17
"""Characters of words for arrays, which take some 200 bytes for each."""


class PieceTokenizer:
    """Tokenizer to Unigram pieces of the bare word, each with the packed marks of its letters. Safe under threads.

    Args:
        tokenizer: A Hugging Face Unigram tokenizer with Metaspace words and the special tokens ``<s>``, ``</s>``,
            ``<pad>`` and ``<unk>``.
        spelling: ``"imlai"`` writes Uthmani text the everyday way first; ``"everyday"`` writes all other ways of
            writing so too (`harakat.arabic.to_everyday`); ``"given"`` takes text as it is.
        words: For ``"everyday"``: the written words of the model's dictionary, by which bare words that were typed
            without hamzas or dots are known. None leaves them as they are.
        cache_words: Words to remember in each of two generations; 0 remembers none.

    Raises:
        CheckpointError: The tokenizer lacks a special token.
        OptionError: An unknown spelling or a negative cache size.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        spelling: str = "imlai",
        words: WrittenWords | None = None,
        cache_words: int = 65_536,
    ) -> None:
        if spelling not in ("imlai", "everyday", "given"):
            raise OptionError(f"spelling={spelling!r} is unknown: use 'imlai', 'everyday' or 'given'")
        if words is not None and spelling != "everyday":
            raise OptionError(f"words are of no use with spelling={spelling!r}: use 'everyday' or leave them out")
        if cache_words < 0:
            raise OptionError(f"cache_words={cache_words} is negative: use 0 to remember no words")
        found = {token: tokenizer.token_to_id(token) for token in _SPECIALS}
        specials = {token: index for token, index in found.items() if index is not None}
        absent = [token for token in _SPECIALS if token not in specials]
        if absent:
            raise CheckpointError(f"the tokenizer lacks the special tokens {', '.join(absent)}")
        self._tokenizer = tokenizer
        self._spelling = spelling
        self._bos, self._eos, self._pad, self._unk = (specials[token] for token in _SPECIALS)
        self._size = tokenizer.get_vocab_size()
        self._cache_words = cache_words
        # By the reading of the text around a word.
        self._words = {reading: WordCache(2 * cache_words) for reading in Reading}
        content = tokenizer.to_str()
        self._written = words
        self._lexicon = Lexicon(words, frequent_words(content)) if words is not None and len(words.keys) else None
        digest = hashlib.sha256(f"{_RULES}\n{spelling}\n".encode())
        if spelling == "everyday":
            digest.update(f"{RULES_VERSION}\n{self._lexicon.identity if self._lexicon else ''}\n".encode())
        digest.update(content.encode())
        self._identity = digest.hexdigest()[:16]
        self._cutter = Cutter(tokenizer, content, 2 * cache_words)

    @classmethod
    def from_folder(cls, path: str | Path, *, spelling: str = "imlai", cache_words: int = 65_536) -> PieceTokenizer:
        """Read ``tokenizer.json`` in the folder `path`, and for ``"everyday"`` the words of its dictionary.

        Raises:
            CheckpointError: A file is missing, unreadable, or no tokenizer.
        """
        from tokenizers import Tokenizer

        file = Path(path) / "tokenizer.json"
        try:
            text = read_text(file)
        except (OSError, UnicodeDecodeError) as error:
            raise CheckpointError(f"{file}: cannot be read ({error}); fetch the model again") from error
        try:
            check_pieces(json.loads(text), file)
            tokenizer = Tokenizer.from_str(text)
        except CheckpointError:
            raise
        except Exception as error:
            raise CheckpointError(f"{file}: not a tokenizer file ({error}); fetch the model again") from error
        words = read_words(file.parent) if spelling == "everyday" else None
        return cls(tokenizer, spelling=spelling, words=words, cache_words=cache_words)

    @property
    def vocab_size(self) -> int:
        """Return one more than the highest id that can come out."""
        return int(self._size)

    @property
    def prefix(self) -> tuple[int, ...]:
        """Return the id of ``<s>``."""
        return (self._bos,)

    @property
    def suffix(self) -> tuple[int, ...]:
        """Return the id of ``</s>``."""
        return (self._eos,)

    @property
    def pad_id(self) -> int:
        """Return the id of ``<pad>``."""
        return self._pad

    @property
    def identity(self) -> str:
        """Return a short hex digest of the vocabulary, the spelling option and the rules of this module."""
        return self._identity

    @property
    def spelling(self) -> str:
        """Return ``"imlai"``, ``"everyday"`` or ``"given"``."""
        return self._spelling

    def to_json(self) -> str:
        """Return the content of ``tokenizer.json``."""
        return str(self._tokenizer.to_str())

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text, in order, whole and without special tokens; `Tokens.marks` is set."""
        tokens: list[Tokens] = []
        for group in groups(texts):
            tokens += self._of_group(group)
        return tokens

    def _of_group(self, texts: list[str]) -> list[Tokens]:
        """Tokenize a group of texts whose new words are looked up together."""
        kinds = [self._reading(text) for text in texts]
        records: list[Any] = [None] * len(texts)
        for reading in set(kinds):
            places = [place for place, kind in enumerate(kinds) if kind is reading]
            words = map(str.split, [texts[place] for place in places])
            assembled = self._words[reading].assemble(words, partial(self._make, reading))
            for place, record in zip(places, assembled, strict=True):
                records[place] = record
        pieces = np.frombuffer(b"".join(records), dtype=_PIECE)
        ids, marks = pieces["id"].copy(), pieces["marks"].copy()
        tokens, start = [], 0
        for record in records:
            end = start + len(record) // _PIECE.itemsize
            tokens.append(Tokens(ids[start:end], marks[start:end]))
            start = end
        return tokens

    def _reading(self, text: str) -> Reading:
        if self._spelling == "everyday":
            return reading_of(text)
        return Reading.MEDINA if self._spelling == "imlai" and is_quranic(text) else Reading.EVERYDAY

    def _spell(self, words: list[str], reading: Reading) -> list[str]:
        if self._spelling == "given":
            return words
        if self._spelling == "imlai":
            return spell_each(words, reading == Reading.MEDINA)
        spelt = everyday_each(words, reading)
        return spelt if self._lexicon is None else self._lexicon.settle(spelt, reading == Reading.ALONE)

    def pieces(self, text: str) -> list[Piece]:
        """Return the tokens of one text for a person to read, special tokens included.

        The last mark of a piece that holds the word's case ending follows a hyphen: ``"كتاب"`` with marks
        ``"\u0650◌\u064e◌-\u064c"`` has a case ending of dammatan.
        """
        tokens = self.tokenize([text])[0]
        assert tokens.marks is not None  # always set by this class
        inner = [
            Piece(self._name(int(index)), int(index), _readable(self._name(int(index)), int(code)))
            for index, code in zip(tokens.ids, tokens.marks, strict=True)
        ]
        return [Piece("<s>", self._bos, ""), *inner, Piece("</s>", self._eos, "")]

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (self.to_json(), self._spelling, self._written, self._cache_words)

    def _name(self, index: int) -> str:
        return str(self._tokenizer.id_to_token(index))

    def _make(self, reading: Reading, words: list[str]) -> dict[str, bytes]:
        """Return the pieces of words as the bytes of an array of `_PIECE`."""
        made: dict[str, bytes] = {}
        for some in _portions(words):
            spelt = self._spell(some, reading)
            alone = len(some) < _FEW or len(some[-1]) > _LONGEST or not self._cutter.cuts_many
            made.update(zip(some, self._one_by_one(spelt) if alone else self._encode_batch(spelt), strict=True))
        return made

    def _encode_batch(self, spelt: list[str]) -> list[bytes]:
        """Return the pieces of words in everyday spelling, by arrays as far as the words are plain."""
        marked = MarkedWords(spelt)
        spans, sizes, known = self._cutter.cut_many(marked.points, marked.stops)
        pieces = np.empty(len(spans), _PIECE)
        pieces["id"] = spans[:, 0]
        pieces["marks"] = marked.codes(np.repeat(np.arange(len(spelt)), sizes), spans[:, 1], spans[:, 2])
        parts = _split(pieces, sizes)
        odd = np.flatnonzero(marked.odd | ~known).tolist()
        for place, part in zip(odd, self._one_by_one([spelt[place] for place in odd]), strict=True):
            parts[place] = part
        return parts

    def _one_by_one(self, spelt: list[str]) -> list[bytes]:
        """Return the pieces of any words in everyday spelling by the rules of `markcodes`."""
        parted = [[part for word in words.split() for part in _parts(word)] for words in spelt]
        cut = self._cutter.cut({base for parts in parted for base, _ in parts})
        return [b"".join([_marked(base, marks, cut[base]) for base, marks in parts]) for parts in parted]


def _parts(word: str) -> list[tuple[str, str]]:
    """Return the bare letters of a word with the classes of their marks, as in `markcodes.digits`."""
    base, marks = markcodes.digits(word)
    if " " not in base:
        return [(base, marks)] if base else []
    # NFKC may part one word (a ligature such as U+FDFA is a whole sentence).
    parts = []
    start = 0
    for part in base.split(" "):
        if part:
            parts.append((part, marks[start : start + len(part)]))
        start += len(part) + 1
    return parts


def _portions(words: list[str]) -> Iterator[list[str]]:
    """Yield the words in portions of about `_PORTION_CHARS`, those over `_LONGEST` apart."""
    long = [word for word in words if len(word) > _LONGEST]
    if long:
        yield long
    yield from by_characters((word for word in words if len(word) <= _LONGEST), _PORTION_CHARS)


def _split(pieces: NDArray[Any], sizes: NDArray[np.int64]) -> list[bytes]:
    """Split the bytes of an array into parts of these many items."""
    raw = pieces.tobytes()
    stops = (np.cumsum(sizes) * pieces.itemsize).tolist()
    return [raw[start:stop] for start, stop in zip([0, *stops], stops, strict=False)]


def _unpickled(content: str, spelling: str, words: WrittenWords | None, cache_words: int) -> PieceTokenizer:
    """Return a tokenizer in another process, without the words that it had cached."""
    from tokenizers import Tokenizer

    return PieceTokenizer(Tokenizer.from_str(content), spelling=spelling, words=words, cache_words=cache_words)


def _marked(base: str, marks: str, pieces: bytes) -> bytes:
    """Return the pieces of a word (of `Cutter.cut`) with the marks of its letters (of `markcodes.digits`)."""
    if not marks.strip("0"):
        return b"".join([_RECORD.pack(index, 0) for index, _, _ in SPAN.iter_unpack(pieces)])
    case_at = markcodes.case_letter(base, [int(mark, 16) for mark in marks])
    records = []
    for index, start, end in SPAN.iter_unpack(pieces):
        inner, case = marks[start:end], "0"
        if start <= case_at < end:
            at = case_at - start
            inner, case = f"{inner[:at]}0{inner[at + 1 :]}", inner[at]
        records.append(_RECORD.pack(index, markcodes.pack_digits(inner, case)))
    return b"".join(records)


def _readable(piece: str, code: int) -> str:
    if not code:
        return ""
    slots = markcodes.unpack(code)
    letters = min(len(piece.removeprefix(WORD_START)), markcodes.CASE_SLOT)
    text = "".join(markcodes.marks_of(value) or _NO_MARK for value in slots[:letters])
    case = slots[markcodes.CASE_SLOT]
    return f"{text}-{markcodes.marks_of(case)}" if case else text
