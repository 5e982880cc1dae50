"""Text to ids, equal to the published tokenizer of NeoAraBERT for every string."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from harakat.arabic.published import PUBLISHED_MARKS, RULES_VERSION, prepare
from harakat.arabic.tokens import Piece, Tokens
from harakat.arabic.vocabulary import Vocabulary, load_vocabulary
from harakat.errors import OptionError, TextError

if TYPE_CHECKING:
    from harakat.arabic.morphology import Segmenter

__all__ = ["ArabicTokenizer", "Spelling"]

Spelling = Literal["as-is", "imlai"]


class ArabicTokenizer:
    """The published pipeline: segmentation, normalisation, marks apart from letters, WordPiece.

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
        if spelling not in ("as-is", "imlai"):
            raise OptionError(f"spelling={spelling!r} is unknown; choose 'as-is' or 'imlai'")
        if cache_words < 0:
            raise OptionError(f"cache_words={cache_words} is negative; 0 switches the word cache off")
        self._vocabulary = vocabulary
        self._segmenter = segmenter
        self._spelling: Spelling = spelling

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
        """Reads a checkpoint's tokenizer.

        Args:
            path: Folder with `tokenizer.json` and `tokenizer_config.json`.
            segmentation: Whether clitics are cut off before the vocabulary. None: as the checkpoint was trained
                (`apply_stemming` in its config). Another choice than the checkpoint's gives other ids.
            morphology: Where the segmentation's data is: a folder or a catalogue name. None: calima-msa-r13.
            spelling: ``"imlai"`` brings Uthmani spelling to everyday spelling first (`harakat.arabic.to_imlai`);
                ``"as-is"`` is the published behaviour.
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
        """One more than the highest id that can come out."""
        return self._vocabulary.size

    @property
    def prefix(self) -> tuple[int, ...]:
        """Special ids put before the content of every sequence, such as [CLS]."""
        return self._vocabulary.prefix

    @property
    def suffix(self) -> tuple[int, ...]:
        """Special ids put after the content of every sequence, such as [SEP]."""
        return self._vocabulary.suffix

    @property
    def pad_id(self) -> int:
        """The id that fills padded places."""
        return self._vocabulary.pad_id

    @property
    def segmentation(self) -> bool:
        """Whether clitics are cut off before the vocabulary."""
        return self._segmenter is not None

    @property
    def spelling(self) -> Spelling:
        """The spelling that texts are brought to first."""
        return self._spelling

    @property
    def identity(self) -> str:
        """A short hex digest of everything that decides the ids."""
        parts = [
            RULES_VERSION,
            self._vocabulary.digest,
            f"spelling={self._spelling}",
            f"segmentation={self._segmenter.identity if self._segmenter else 'off'}",
        ]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def prepare(self, text: str) -> str:
        """The text as the vocabulary sees it: respelt, segmented, normalised, marks apart from letters.

        Args:
            text: One text.

        Raises:
            TextError: The text holds a lone surrogate.
        """
        _check(text)
        if self._spelling == "imlai":
            from harakat.arabic.orthography import to_imlai

            text = to_imlai(text)
        if self._segmenter is not None:
            text = self._segmenter.segment(text)
        return prepare(text, self._vocabulary.separator)

    def tokenize(self, texts: Sequence[str]) -> list[Tokens]:
        """Tokens of each text, in order, whole and without special tokens.

        Args:
            texts: The texts.

        Returns:
            One `Tokens` a text; ids are int32.

        Raises:
            TextError: A text holds a lone surrogate (half of a UTF-16 pair), which is not a character.
        """
        prepared = [self.prepare(text) for text in texts]
        encodings = self._vocabulary.tokenizer.encode_batch_fast(prepared, add_special_tokens=False)
        return [Tokens(np.array(encoding.ids, dtype=np.int32)) for encoding in encodings]

    def pieces(self, text: str) -> list[Piece]:
        """The tokens of one text for a person to read, special tokens included.

        Args:
            text: One text.

        Raises:
            TextError: The text holds a lone surrogate.
        """
        encoding = self._vocabulary.tokenizer.encode(self.prepare(text))
        return [
            Piece(token, index, _marks_of(token)) for token, index in zip(encoding.tokens, encoding.ids, strict=True)
        ]


def _marks_of(token: str) -> str:
    """The marks of a piece that is one group of marks or several, ``""`` for any other piece."""
    body = token.removeprefix("##")
    return body if body and all(char in PUBLISHED_MARKS or char == "\u25cc" for char in body) else ""


def _check(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TextError(
            f"a lone surrogate U+{ord(text[error.start]):04X} stands at position {error.start}: it is half of a "
            "character and no text; read the source with the right encoding or drop it"
        ) from error
