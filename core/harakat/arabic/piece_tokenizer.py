"""Text to the pieces of its bare letters, with the marks riding on them: the tokenizer of harakat-mini.

A text is spelled the everyday way and split at whitespace; each word is then parted into letters and marks and its
letters are cut by a Unigram vocabulary. No word depends on its neighbours after the spelling, so a cache of words
makes tokenising cheap without changing one id.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harakat.arabic import markcodes
from harakat.arabic.orthography import spell_words, spelling_of
from harakat.arabic.tokens import Piece, Tokens
from harakat.arabic.wordcache import WordCache
from harakat.errors import CheckpointError, OptionError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["PieceTokenizer"]

_WORD_START = "\u2581"
_NO_MARK = "\u25cc"
_TOGETHER = 512
"""Texts whose new words are looked for together: enough to share the cost of a call."""
_SPECIALS = ("<s>", "</s>", "<pad>", "<unk>")
# Part of the identity: raised whenever the rules in this module or in markcodes change an id or a code.
_RULES = "marked-pieces-1"

_PIECE = np.dtype([("id", np.int32), ("marks", np.int64)])
_RECORD = struct.Struct("=iq")
_SPAN = struct.Struct("=iii")


class PieceTokenizer:
    """Unigram pieces of the bare word, each with the packed marks of its letters. Safe under threads.

    Args:
        tokenizer: A Hugging Face Unigram tokenizer with Metaspace words and the special tokens ``<s>``, ``</s>``,
            ``<pad>`` and ``<unk>``.
        spelling: ``"imlai"`` writes Uthmani text the everyday way first; ``"given"`` takes it as it is.
        cache_words: Words to remember in each of two generations; 0 remembers none.

    Raises:
        CheckpointError: The tokenizer lacks a special token.
        OptionError: An unknown spelling or a negative cache size.
    """

    def __init__(self, tokenizer: Tokenizer, *, spelling: str = "imlai", cache_words: int = 65_536) -> None:
        if spelling not in ("imlai", "given"):
            raise OptionError(f"spelling={spelling!r} is unknown: use 'imlai' or 'given'")
        if cache_words < 0:
            raise OptionError(f"cache_words={cache_words} is negative: use 0 to remember no words")
        found = {token: tokenizer.token_to_id(token) for token in _SPECIALS}
        specials = {token: index for token, index in found.items() if index is not None}
        absent = [token for token in _SPECIALS if token not in specials]
        if absent:
            raise CheckpointError(f"the tokenizer lacks the special tokens {', '.join(absent)}")
        self._tokenizer = tokenizer
        self._spelling = spelling
        self._spelling_of = _as_it_is if spelling == "given" else spelling_of
        self._bos, self._eos, self._pad, self._unk = (specials[token] for token in _SPECIALS)
        self._size = tokenizer.get_vocab_size()
        self._cache_words = cache_words
        self._model = _plain_model(tokenizer)
        added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
        self._special = re.compile("|".join(map(re.escape, [*added, _WORD_START])))
        # By how the text around a word spells it.
        self._words = {quranic: WordCache(2 * cache_words) for quranic in (None, False, True)}
        self._bases = WordCache(2 * cache_words)
        digest = hashlib.sha256(f"{_RULES}\n{spelling}\n".encode())
        digest.update(tokenizer.to_str().encode())
        self._identity = digest.hexdigest()[:16]

    @classmethod
    def from_folder(cls, path: str | Path, *, spelling: str = "imlai", cache_words: int = 65_536) -> PieceTokenizer:
        """Read ``tokenizer.json`` in the folder `path`.

        Raises:
            CheckpointError: The file is missing, unreadable, or no tokenizer.
        """
        from tokenizers import Tokenizer

        file = Path(path) / "tokenizer.json"
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CheckpointError(f"{file}: cannot be read ({error}); fetch the model again") from error
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:
            raise CheckpointError(f"{file}: not a tokenizer file ({error}); fetch the model again") from error
        return cls(tokenizer, spelling=spelling, cache_words=cache_words)

    @property
    def vocab_size(self) -> int:
        """One more than the highest id that can come out."""
        return int(self._size)

    @property
    def prefix(self) -> tuple[int, ...]:
        """The id of ``<s>``."""
        return (self._bos,)

    @property
    def suffix(self) -> tuple[int, ...]:
        """The id of ``</s>``."""
        return (self._eos,)

    @property
    def pad_id(self) -> int:
        """The id of ``<pad>``."""
        return self._pad

    @property
    def identity(self) -> str:
        """A short hex digest of the vocabulary, the spelling option and the rules of this module."""
        return self._identity

    @property
    def spelling(self) -> str:
        """``"imlai"`` or ``"given"``."""
        return self._spelling

    def to_json(self) -> str:
        """Return the content of ``tokenizer.json``."""
        return str(self._tokenizer.to_str())

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text, in order, whole and without special tokens; `Tokens.marks` is set."""
        tokens: list[Tokens] = []
        for start in range(0, len(texts), _TOGETHER):
            tokens += self._together(texts[start : start + _TOGETHER])
        return tokens

    def _together(self, texts: Sequence[str]) -> list[Tokens]:
        """Texts whose new words are cut in one go, by how their words are spelt."""
        by_spelling: dict[bool | None, list[tuple[int, list[str]]]] = {}
        for index, text in enumerate(texts):
            prepared, quranic = self._spelling_of(text)
            by_spelling.setdefault(quranic, []).append((index, prepared.split()))
        tokens: list[Any] = [None] * len(texts)
        for quranic, given in by_spelling.items():
            assembled = self._words[quranic].assemble([words for _, words in given], partial(self._make, quranic))
            for (index, _), record in zip(given, assembled, strict=True):
                pieces = np.frombuffer(record, dtype=_PIECE)
                tokens[index] = Tokens(pieces["id"].copy(), pieces["marks"].copy())
        return tokens

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
        return _unpickled, (self.to_json(), self._spelling, self._cache_words)

    def _name(self, index: int) -> str:
        return str(self._tokenizer.id_to_token(index))

    def _make(self, quranic: bool | None, words: list[str]) -> dict[str, bytes]:
        """The pieces of words as the bytes of an array of `_PIECE`; `words` are as `spelling_of` leaves them."""
        made: dict[str, list[tuple[str, str]]] = {}
        for word in words:
            parts = made[word] = []
            for spelt in spell_words(word, quranic).split():
                base, marks = markcodes.digits(spelt)
                # NFKC may part one word (a ligature such as U+FDFA is a whole sentence).
                start = 0
                for part in base.split(" "):
                    if part:
                        parts.append((part, marks[start : start + len(part)]))
                    start += len(part) + 1
        bases = {part for parts in made.values() for part, _ in parts}
        cut = self._bases.resolve(bases, self._cut)
        return {
            word: b"".join([_marked(part, marks, cut[part]) for part, marks in parts]) for word, parts in made.items()
        }

    def _cut(self, bases: list[str]) -> dict[str, bytes]:
        """The pieces of bare words: id, start and end of each, as the bytes of an int32 array."""
        plain: set[str] = set()
        if self._model is not None:
            special = self._special.search
            plain = {base for base in bases if special(base) is None}
        others = [base for base in bases if base not in plain]
        encodings = self._tokenizer.encode_batch(others, add_special_tokens=False) if others else ()
        cut = {
            base: b"".join([_SPAN.pack(index, *span) for index, span in zip(found.ids, found.offsets, strict=True)])
            for base, found in zip(others, encodings, strict=True)
        }
        for base in plain:
            cut[base] = self._cut_plain(base)
        return cut

    def _cut_plain(self, base: str) -> bytes:
        """One word by the model alone, in a third of the time that the pipeline around it takes."""
        spans = []
        start = -1  # the sign of a word's beginning is no character of the word
        for token in self._model.tokenize(_WORD_START + base):
            end = start + len(token.value)
            # That sign as a piece of its own is given the place of the first letter, as the pipeline does.
            spans.append(_SPAN.pack(token.id, max(start, 0), max(end, 1)))
            start = end
        return b"".join(spans)


def _unpickled(content: str, spelling: str, cache_words: int) -> PieceTokenizer:
    """A tokenizer that crossed to another process; the words it knew stay behind."""
    from tokenizers import Tokenizer

    return PieceTokenizer(Tokenizer.from_str(content), spelling=spelling, cache_words=cache_words)


def _plain_model(tokenizer: Tokenizer) -> Any:
    """The model, where all that the pipeline does to a word before it is to put the sign of its beginning there."""
    from tokenizers import models, pre_tokenizers

    before = tokenizer.pre_tokenizer
    plain = (
        isinstance(tokenizer.model, models.Unigram)
        and tokenizer.normalizer is None
        and isinstance(before, pre_tokenizers.Metaspace)
        and (before.replacement, before.prepend_scheme, before.split) == (_WORD_START, "always", True)
    )
    return tokenizer.model if plain else None


def _marked(base: str, marks: str, pieces: bytes) -> bytes:
    """The pieces of a word with the marks of its letters, which are given as in `markcodes.digits`."""
    if not marks.strip("0"):
        return b"".join([_RECORD.pack(index, 0) for index, _, _ in _SPAN.iter_unpack(pieces)])
    case_at = markcodes.case_letter(base, [int(mark, 16) for mark in marks])
    records = []
    for index, start, end in _SPAN.iter_unpack(pieces):
        inner, case = marks[start:end], "0"
        if start <= case_at < end:
            at = case_at - start
            inner, case = f"{inner[:at]}0{inner[at + 1 :]}", inner[at]
        records.append(_RECORD.pack(index, markcodes.pack_digits(inner, case)))
    return b"".join(records)


def _as_it_is(text: str) -> tuple[str, bool | None]:
    return text, None


def _readable(piece: str, code: int) -> str:
    if not code:
        return ""
    slots = markcodes.unpack(code)
    letters = min(len(piece.removeprefix(_WORD_START)), markcodes.CASE_SLOT)
    text = "".join(markcodes.marks_of(value) or _NO_MARK for value in slots[:letters])
    case = slots[markcodes.CASE_SLOT]
    return f"{text}-{markcodes.marks_of(case)}" if case else text
