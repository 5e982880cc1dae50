"""Tokenizer of NeoAraBERT: text to ids, equal to the published one for every string."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from harakat._support.checks import check_one_of, surrogate_at
from harakat.arabic.marks.diacritics import canonical_mark_order
from harakat.arabic.tokenizers.context_free import cut, reads_words_alone, separator_stands_alone
from harakat.arabic.tokenizers.published import PUBLISHED_MARKS, RULES_VERSION, prepare
from harakat.arabic.tokenizers.tokens import Piece, Tokens, groups
from harakat.arabic.tokenizers.vocabulary import Vocabulary, load_vocabulary
from harakat.arabic.tokenizers.word_cache import WordCache
from harakat.arabic.tokenizers.wordpiece import PlainWordPiece
from harakat.errors import OptionError, TextError

if TYPE_CHECKING:
    from harakat.arabic.morphology import Segmenter

__all__ = ["ArabicTokenizer", "Spelling"]

_LANDMARKS = "^~`|\\<>@#$%&_=*qxzQXZ+{};/[]0123456789"

Spelling = Literal["as-is", "imlai", "everyday"]


class ArabicTokenizer:
    """Published pipeline: segmentation, normalisation, separation of marks from letters, WordPiece.

    Holds no per-call state: any number of threads may share one.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        *,
        segmenter: Segmenter | None = None,
        spelling: Spelling = "as-is",
        cache_words: int = 200_000,
    ) -> None:
        check_one_of("spelling", spelling, ("as-is", "imlai", "everyday"), "'as-is', 'imlai' or 'everyday'")
        if cache_words < 0:
            raise OptionError(f"cache_words={cache_words} is negative; 0 switches the word cache off")
        self._vocabulary = vocabulary
        self._segmenter = segmenter
        self._spelling: Spelling = spelling
        self._cache = WordCache(cache_words) if cache_words and reads_words_alone(vocabulary) else None
        self._parts = WordCache(cache_words)
        self._wordpiece = PlainWordPiece(vocabulary) if PlainWordPiece.fits(vocabulary) else None
        self._landmark = _landmark(vocabulary) if self._cache is not None else None
        self._separator_stands_alone = separator_stands_alone(vocabulary)

    @classmethod
    def from_folder(
        cls,
        path: str | Path,
        *,
        segmentation: bool | None = None,
        morphology: str | Path | None = None,
        spelling: Spelling = "as-is",
        cache_words: int = 200_000,
    ) -> ArabicTokenizer:
        """Read a checkpoint's tokenizer.

        Args:
            path: Folder with `tokenizer.json` and `tokenizer_config.json`.
            segmentation: Whether clitics are cut off before the vocabulary. None: as the checkpoint was trained
                (`apply_stemming` in its config). Another choice than the checkpoint's gives other ids.
            morphology: Where the segmentation's data is: a folder or a catalogue name. None: calima-msa-r13.
            spelling: ``"imlai"`` brings Uthmani spelling to everyday spelling first, and the marks of a letter to one
                order (`harakat.arabic.spelling.imlai.canonical_spelling`); ``"everyday"`` does so with all ways of
                writing (`harakat.arabic.to_everyday`); ``"as-is"`` is the published behaviour.
            cache_words: How many words the word cache may hold; 0 switches it off. Never changes an id.

        Returns:
            The tokenizer.

        Raises:
            CheckpointError: A file is missing or damaged.
            MorphologyDataError: Segmentation is on and its data is missing or unreadable.
            OptionError: An option is out of range.
        """
        vocabulary = load_vocabulary(Path(path))
        segmenter = None
        if vocabulary.apply_stemming if segmentation is None else segmentation:
            from harakat.arabic.morphology import Segmenter

            segmenter = Segmenter(morphology, separator=vocabulary.separator)
        elif morphology is not None:
            raise OptionError(f"morphology={str(morphology)!r} is of no use without segmentation")
        return cls(vocabulary, segmenter=segmenter, spelling=spelling, cache_words=cache_words)

    @property
    def vocab_size(self) -> int:
        """Return one more than the highest id that can come out."""
        return self._vocabulary.size

    @property
    def prefix(self) -> tuple[int, ...]:
        """Return the special ids put before the content of every sequence, such as [CLS]."""
        return self._vocabulary.prefix

    @property
    def suffix(self) -> tuple[int, ...]:
        """Return the special ids put after the content of every sequence, such as [SEP]."""
        return self._vocabulary.suffix

    @property
    def pad_id(self) -> int:
        """Return the id that fills padded places."""
        return self._vocabulary.pad_id

    @property
    def segmentation(self) -> bool:
        """Return True where clitics are cut off before the vocabulary."""
        return self._segmenter is not None

    @property
    def spelling(self) -> Spelling:
        """Return the spelling that texts are brought to first."""
        return self._spelling

    @property
    def word_cache(self) -> WordCache | None:
        """Return the cache of the fast path, or None where whole texts go through the pipeline.

        That is so where the cache is switched off, and where `tokenizer.json` asks for a pipeline that is not
        known to read each word by itself (see `harakat.arabic.tokenizers.context_free`).
        """
        return self._cache

    @property
    def _rules(self) -> list[str]:
        if self._spelling != "everyday":
            return []
        from harakat.arabic.spelling.everyday import RULES_VERSION as EVERYDAY_RULES

        return [EVERYDAY_RULES]

    @property
    def identity(self) -> str:
        """Return a short hex digest of everything that decides the ids."""
        parts = [
            RULES_VERSION,
            self._vocabulary.digest,
            f"spelling={self._spelling}",
            *self._rules,
            f"segmentation={self._segmenter.identity if self._segmenter else 'off'}",
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def prepare(self, text: str) -> str:
        """Return the text as the vocabulary sees it: respelt, segmented, normalised, marks apart from letters.

        Args:
            text: One text.

        Raises:
            TextError: The text holds a lone surrogate.
        """
        _check(text)
        return self._prepare(text if self._spelling == "as-is" else self._respell(text))

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text, in order, whole and without special tokens.

        Args:
            texts: The texts.

        Returns:
            One `Tokens` a text; ids are int32.

        Raises:
            TextTypeError: One of them is not a string.
            TextError: A text holds a lone surrogate (half of a UTF-16 pair), which is not a character.
        """
        tokens: list[Tokens] = []
        for group in groups(texts):
            respelt = group if self._spelling == "as-is" else [self._respell(text) for text in group]
            try:
                tokens += self._whole(respelt) if self._cache is None else self._by_runs(respelt, self._cache)
            except TextError:
                for text in group:  # to name the place in the text itself
                    _check(text)
                raise
        return tokens

    def _respell(self, text: str) -> str:
        if self._spelling == "everyday":
            from harakat.arabic.spelling.everyday import to_everyday

            return canonical_mark_order(to_everyday(text))
        from harakat.arabic.spelling.imlai import canonical_spelling

        return canonical_spelling(text)

    def _prepare(self, text: str) -> str:
        _check(text)
        if self._segmenter is not None:
            text = self._segmenter.segment(text)
        return prepare(text, self._vocabulary.separator)

    def _whole(self, texts: list[str]) -> list[Tokens]:
        """Tokenize each text in one piece: right for every `tokenizer.json`, and slower."""
        prepared = [self._prepare(text) for text in texts]
        return [Tokens(np.array(ids, np.int32)) for ids in self._encode(prepared)]

    def _encode(self, prepared: list[str]) -> list[list[int]]:
        encodings = self._vocabulary.tokenizer.encode_batch_fast(prepared, add_special_tokens=False)
        return [encoding.ids for encoding in encodings]

    def _by_runs(self, texts: list[str], runs: WordCache) -> list[Tokens]:
        """Tokenize each distinct run once; its ids are cached and joined from then on."""
        assembled = runs.assemble(map(cut, texts), self._encode_runs)
        return [Tokens(np.frombuffer(ids, np.int32)) for ids in assembled]

    def _encode_runs(self, runs: list[str]) -> dict[str, bytes]:
        """Return the ids of runs, prepared as one text, a line a run: a call a run would cost more than the work.

        What is left between the spaces then (bare words and groups of marks, few of them new) is looked up in
        turn.
        """
        prepared = self._prepare("\n".join(runs))
        if self._separator_stands_alone:
            separator = self._vocabulary.separator
            prepared = prepared.replace(separator, f" {separator} ")
        parts = prepared.replace("\n", " ").split(" ")
        numbers: defaultdict[str, int] = defaultdict(count().__next__)
        places = [*map(numbers.__getitem__, parts)]
        ids = [*map(self._ids_of(numbers).__getitem__, places)]
        ends = np.cumsum(np.fromiter(map(len, ids), np.int64, len(ids)))
        # A run is a line, and a line has a part more than blanks.
        lasts = np.cumsum([line.count(" ") + 1 for line in prepared.split("\n")]) - 1
        raw, stops = b"".join(ids), ends[lasts].tolist()
        return {run: raw[start:stop] for run, start, stop in zip(runs, [0, *stops[:-1]], stops, strict=True)}

    def _ids_of(self, parts: Collection[str]) -> list[bytes]:
        """Return the ids of distinct parts. Most are one piece of the vocabulary, quicker to find than to cache."""
        found = [None] * len(parts) if self._wordpiece is None else self._wordpiece.whole(parts)
        left = [part for part, ids in zip(parts, found, strict=True) if ids is None]
        known = self._parts.resolve(left, self._encode_parts)
        return [known[part] if ids is None else ids for part, ids in zip(parts, found, strict=True)]

    def _encode_parts(self, parts: list[str]) -> dict[str, bytes]:
        encoded = self._wordpiece.encode(parts) if self._wordpiece is not None else {}
        others = [part for part in parts if part not in encoded]
        if others:
            encoded.update(self._encode_batch(others))
        return encoded

    def _encode_batch(self, parts: list[str]) -> dict[str, bytes]:
        """Return the library's ids of parts, from one call with a landmark of known id between the parts."""
        if self._landmark is not None:
            char, landmark = self._landmark
            ids = np.array(self._encode([f" {char} ".join(parts)])[0], np.int32)
            ends = np.flatnonzero(ids == landmark)
            if len(ends) == len(parts) - 1:
                raw, size = ids.tobytes(), ids.itemsize
                stops = [*(ends * size).tolist(), len(raw)]
                starts = [0, *(stop + size for stop in stops[:-1])]
                return {part: raw[start:stop] for part, start, stop in zip(parts, starts, stops, strict=True)}
            # Some parts hold the landmark themselves: the others may still go together.
            with_it = [part for part in parts if char in part]
            if 0 < len(with_it) < len(parts):
                without = [part for part in parts if char not in part]
                return self._encode_batch(without) | self._encode_batch(with_it)
        return {part: np.array(ids, np.int32).tobytes() for part, ids in zip(parts, self._encode(parts), strict=True)}

    def pieces(self, text: str) -> list[Piece]:
        """Return the tokens of one text for a person to read, special tokens included.

        Args:
            text: One text.

        Raises:
            TextError: The text holds a lone surrogate.
        """
        encoding = self._vocabulary.tokenizer.encode(self.prepare(text))
        return [
            Piece(token, index, _marks_of(token)) for token, index in zip(encoding.tokens, encoding.ids, strict=True)
        ]


def _landmark(vocabulary: Vocabulary) -> tuple[str, int] | None:
    """Return a character that is one token by itself and rare in Arabic text, with its id; None where there is none."""
    added = {token.content for token in vocabulary.added_tokens}
    unknown = vocabulary.tokenizer.token_to_id(vocabulary.spec["model"]["unk_token"])
    for char in _LANDMARKS:
        ids = vocabulary.tokenizer.encode(char, add_special_tokens=False).ids
        if char not in added and len(ids) == 1 and ids[0] != unknown:
            return char, ids[0]
    return None


def _marks_of(token: str) -> str:
    """Return the marks of a piece that is one group of marks or several, ``""`` for any other piece."""
    body = token.removeprefix("##")
    return body if body and all(char in PUBLISHED_MARKS or char == "\u25cc" for char in body) else ""


def _check(text: str) -> None:
    place = surrogate_at(text)
    if place is not None:
        raise TextError(
            f"a lone surrogate U+{ord(text[place]):04X} stands at position {place}: it is half of a "
            "character and no text; read the source with the right encoding or drop it"
        )
