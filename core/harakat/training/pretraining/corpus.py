"""Texts from files, and texts as windows of tokens with their words."""

from __future__ import annotations

import hashlib
import lzma
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harakat.arabic.tokenizers.context_free import cut
from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.data.readers import COMPRESSED, file_rows, text_field
from harakat.errors import OptionError, RecordError

__all__ = ["Corpus", "digest", "gather", "read_texts"]

_AT_A_TIME = 2_000


def gather(texts: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], field: str = "text") -> list[str]:
    """Collect texts from files and from memory.

    Args:
        texts: A file, several files (as `Path`), or the texts themselves (as `str`).
        field: The field of a record that holds the text.

    Raises:
        RecordError: A file or record that cannot be taken, or nothing at all.
        OptionError: A file's suffix names no known format.
    """
    items = [Path(texts)] if isinstance(texts, str | os.PathLike) else list(texts)
    found: list[str] = []
    for item in items:
        found += [item] if isinstance(item, str) else read_texts(Path(item), field)
    found = [text for text in found if text.strip()]
    if not found:
        raise RecordError("there are no texts to train on")
    return found


def read_texts(path: Path, field: str = "text") -> list[str]:
    """Read the texts of a file.

    Args:
        path: .txt with a text a line, or a table of records as in `harakat.data.readers` (.jsonl, .csv, .tsv);
            each may end with .gz or .xz.
        field: The field of a record that holds the text.

    Raises:
        RecordError: The file is missing, not UTF-8, or a record lacks the field.
        OptionError: The suffix names no known format.
    """
    path = path.expanduser()
    packed = path.suffix.lower() in COMPRESSED
    if Path(path.stem if packed else path.name).suffix.lower() != ".txt":
        return [text_field(row, field, f"{path.name}, line {line}") for line, row in file_rows(path)]
    if not path.is_file():
        raise RecordError(f"{path} is no file")
    opener = COMPRESSED[path.suffix.lower()] if packed else open
    try:
        with opener(path, "rt", encoding="utf-8-sig") as file:
            return [line.strip() for line in file if line.strip()]
    except (OSError, EOFError, UnicodeDecodeError, lzma.LZMAError) as error:
        raise RecordError(f"{path} cannot be read as UTF-8 text: {error}") from error


def digest(texts: Sequence[str]) -> str:
    """Compute SHA-256 over texts and their order, in hex."""
    total = hashlib.sha256()
    for text in texts:
        data = text.encode()
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()


@dataclass(frozen=True)
class Corpus:
    """Tokens of all texts in one row, and the windows that training sees.

    Attributes:
        ids: int32 (tokens,).
        words: int64 (words + 1,), the first token of each word, and the end of the last. A word is the run
            between two spaces of a text, with its marks and its punctuation.
        windows: int64 (windows + 1,), the first word of each window; no window holds words of two texts.
    """

    ids: NDArray[np.int32]
    words: NDArray[np.int64]
    windows: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Sequence[str], tokenizer: ArabicTokenizer, budget: int) -> Corpus:
        """Tokenise texts.

        Args:
            texts: In the spelling that the model reads.
            tokenizer: With its word cache on.
            budget: Largest number of tokens in a window. A longer text becomes several windows, cut between
                words; a single word that is longer is cut short.

        Raises:
            OptionError: The tokenizer's pipeline is not known to read words by themselves.
            RecordError: The texts hold no token.
        """
        if tokenizer.word_cache is None:
            raise OptionError(
                "this tokenizer.json asks for a pipeline that is not known to read each word by itself, so that whole "
                "words cannot be masked; use one of the published layout"
            )
        parts: list[NDArray[np.int32]] = []
        sizes: list[int] = []
        windows = [0]
        for runs in _by_runs(texts):
            found = iter(tokenizer.tokenize([run for text in runs for run in text]))
            for text in runs:
                used = 0
                for _ in text:
                    ids = next(found).ids[:budget]
                    if not len(ids):
                        continue
                    if used + len(ids) > budget:
                        windows.append(len(sizes))
                        used = 0
                    parts.append(ids)
                    sizes.append(len(ids))
                    used += len(ids)
                if used:
                    windows.append(len(sizes))
        if not parts:
            raise RecordError("the texts hold no token to train on")
        return cls(np.concatenate(parts), np.append(0, np.cumsum(sizes)), np.array(windows))

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.windows) - 1

    def window(self, place: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return ids of a window, and the number of each one's word; int64 (n,) both, no special tokens."""
        bounds = self.words[self.windows[place] : self.windows[place + 1] + 1]
        numbers = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
        return self.ids[bounds[0] : bounds[-1]].astype(np.int64), numbers


def _by_runs(texts: Sequence[str]) -> Iterator[list[list[str]]]:
    for start in range(0, len(texts), _AT_A_TIME):
        yield [[run for run in cut(text) if run] for text in texts[start : start + _AT_A_TIME]]
