"""Text to the pieces of its bare letters, with the marks riding on them: the tokenizer of harakat-mini.

A text is spelled the everyday way and split at whitespace; each word is then parted into letters and marks and its
letters are cut by a Unigram vocabulary. No word depends on its neighbours after the spelling, so a cache of words
makes tokenising cheap without changing one id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harakat.arabic import markcodes
from harakat.arabic.tokens import Piece, Tokens
from harakat.errors import CheckpointError, OptionError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["PieceTokenizer"]

_WORD_START = "\u2581"
_NO_MARK = "\u25cc"
_LONGEST_CACHED = 64
_SPECIALS = ("<s>", "</s>", "<pad>", "<unk>")
# Part of the identity: raised whenever the rules in this module or in markcodes change an id or a code.
_RULES = "marked-pieces-1"

_Entry = tuple[list[int], list[int]]


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
        self._spell = _speller(spelling)
        self._bos, self._eos, self._pad, self._unk = (specials[token] for token in _SPECIALS)
        self._size = tokenizer.get_vocab_size()
        self._cache_words = cache_words
        self._young: dict[str, _Entry] = {}
        self._old: dict[str, _Entry] = {}
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
        result = []
        for text in texts:
            ids: list[int] = []
            marks: list[int] = []
            for word in self._spell(text).split():
                entry = self._young.get(word)
                if entry is None:
                    entry = self._look_up(word)
                ids += entry[0]
                marks += entry[1]
            result.append(Tokens(np.array(ids, dtype=np.int32), np.array(marks, dtype=np.int64)))
        return result

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

    def _name(self, index: int) -> str:
        return str(self._tokenizer.id_to_token(index))

    def _look_up(self, word: str) -> _Entry:
        entry = self._old.get(word)
        if entry is None:
            entry = self._make(word)
        if self._cache_words and len(word) <= _LONGEST_CACHED:
            # Two generations instead of a lock: whatever other threads do meanwhile, an entry is a pure function
            # of its word, so the worst case is making one twice.
            young = self._young
            if len(young) >= self._cache_words:
                self._old = young
                self._young = young = {}
            young[word] = entry
        return entry

    def _make(self, word: str) -> _Entry:
        ids: list[int] = []
        codes: list[int] = []
        base, classes = markcodes.separate(word)
        # NFKC may part one word (a ligature such as U+FDFA is a whole sentence).
        start = 0
        for part in base.split(" "):
            if part:
                self._cut(part, classes[start : start + len(part)], ids, codes)
            start += len(part) + 1
        return ids, codes

    def _cut(self, base: str, classes: list[int], ids: list[int], codes: list[int]) -> None:
        case_at = markcodes.case_letter(base, classes)
        encoding = self._tokenizer.encode(base, add_special_tokens=False)
        ids += encoding.ids
        if not any(classes):
            codes += [0] * len(encoding.ids)
            return
        for start, end in encoding.offsets:
            inner = classes[start:end]
            case = 0
            if start <= case_at < end:
                case, inner[case_at - start] = inner[case_at - start], 0
            codes.append(markcodes.pack(inner, case))


def _speller(spelling: str) -> Callable[[str], str]:
    if spelling == "given":
        return str
    from harakat.arabic.orthography import to_imlai

    return to_imlai


def _readable(piece: str, code: int) -> str:
    if not code:
        return ""
    slots = markcodes.unpack(code)
    letters = min(len(piece.removeprefix(_WORD_START)), markcodes.CASE_SLOT)
    text = "".join(markcodes.marks_of(value) or _NO_MARK for value in slots[:letters])
    case = slots[markcodes.CASE_SLOT]
    return f"{text}-{markcodes.marks_of(case)}" if case else text
