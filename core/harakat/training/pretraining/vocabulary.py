"""The tokenizer of a new NeoAraBERT: WordPiece over letters, and a vocabulary of mark strings.

The published preparation (`harakat.arabic.tokenizers.published`) turns every word with marks into its letters, a
space, and its *mark string*: one group of marks a letter, a dotted circle for a letter without any. Letters are cut
by WordPiece (Schuster and Nakajima 2012), whose pieces are learnt here; the commonest mark strings are pieces as they
are, and a rare one is cut into a piece of the vocabulary and single marks, never unknown.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING

from harakat._support.checks import check_one_of
from harakat.arabic.tokenizers.published import PUBLISHED_MARKS, prepare
from harakat.errors import OptionError, RecordError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["MASK", "SEPARATOR", "SPECIAL", "LearntTokenizer", "learn_tokenizer"]

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""The special tokens, at ids 0 to 4."""
MASK = "[MASK]"
SEPARATOR = "[+]"
"""Piece between the clitics of a segmented word."""

_MOST_LETTERS = 1000
"""Largest number of characters outside of Arabic and ASCII in the vocabulary, as in BERT's own trainer."""
_REST = "##"
_MARK_CHARS = (*sorted(PUBLISHED_MARKS), "\u25cc")
_MARKS = frozenset(_MARK_CHARS)
_ASCII = tuple(map(chr, range(0x21, 0x7F)))
_ARABIC = ((0x0600, 0x06FF), (0x0750, 0x077F), (0x0870, 0x08FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFF))
_LONGEST_LINE = 10_000


@dataclass(frozen=True)
class LearntTokenizer:
    """A tokenizer in the published layout.

    Attributes:
        tokenizer: Pipeline of `tokenizer.json`.
        mark_strings: Number of mark strings that are one piece each.
        coverage: Share of the marked words of the texts whose mark string is one piece; 0 where none has marks.
        segmentation: True where it was learnt from segmented text.
        spelling: The spelling that texts were brought to first.
    """

    tokenizer: Tokenizer
    mark_strings: int
    coverage: float
    segmentation: bool
    spelling: str

    @property
    def size(self) -> int:
        """Number of pieces in all."""
        return int(self.tokenizer.get_vocab_size())

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` and `tokenizer_config.json`.

        Args:
            folder: Made if needed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        roles = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
        config = {
            "apply_stemming": self.segmentation,
            "stemming_separator": SEPARATOR,
            **dict(zip(roles, SPECIAL, strict=True)),
            "spelling": self.spelling,
            "tokenizer_class": "NeoAraBERTTokenizer",
        }
        (folder / "tokenizer.json").write_text(self.tokenizer.to_str(pretty=True), encoding="utf-8")
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def learn_tokenizer(
    texts: Iterable[str],
    *,
    size: int = 16_000,
    mark_strings: int = 4_000,
    segmentation: bool = False,
    morphology: str | Path | None = None,
    spelling: str = "as-is",
) -> LearntTokenizer:
    """Learn a tokenizer from texts; the same texts give the same tokenizer, in whatever order they come.

    Args:
        texts: Marked, bare, or both.
        size: Largest number of pieces in all.
        mark_strings: Largest number of mark strings that are one piece each; the commonest are taken.
        segmentation: Cut clitics off first, as the published checkpoints do. Such a tokenizer needs
            the morphology's data wherever it is used.
        morphology: Folder of that data; as in `harakat.Encoder`.
        spelling: ``"imlai"`` brings Uthmani spelling to everyday spelling first; ``"as-is"`` leaves texts alone.

    Raises:
        OptionError: The pieces that every vocabulary holds do not fit into `size`, or an unknown spelling.
        RecordError: There is no word in the texts.
        TextError: A text holds a lone surrogate.
        MorphologyDataError: Segmentation is asked for and its data is missing.
    """
    words, strings = _count(starmap(_preparation(segmentation, morphology, spelling), enumerate(texts)))
    if not words:
        raise RecordError("the texts hold no word to learn a vocabulary from; give others")
    letters = _alphabet(words)
    single = [*letters, *(_REST + letter for letter in letters)]
    fixed = [*SPECIAL, SEPARATOR, *single, *_MARK_CHARS, *(_REST + mark for mark in _MARK_CHARS)]
    longer = {string: count for string, count in strings.items() if len(string) > 1}
    common = sorted(longer, key=lambda string: (-longer[string], string))[:mark_strings]
    budget = size - len(fixed) - len(common)
    if budget < 0:
        raise OptionError(
            f"vocabulary={size} pieces: special tokens, {len(letters)} letters and single marks take {len(fixed)}, and "
            f"mark_strings={len(common)} more; take at least {len(fixed) + len(common)}, or fewer mark strings"
        )
    pieces = [*SPECIAL, SEPARATOR, *single, *_learn_pieces(words, single, budget)]
    pieces += [*_MARK_CHARS, *(_REST + mark for mark in _MARK_CHARS), *common]
    whole = sum(longer[string] for string in common) + sum(n for string, n in strings.items() if len(string) == 1)
    coverage = whole / total if (total := strings.total()) else 0.0
    return LearntTokenizer(_build(pieces), len(common), coverage, segmentation, spelling)


def _preparation(segmentation: bool, morphology: str | Path | None, spelling: str) -> Callable[[int, str], str]:
    """Make the function that prepares a text as `ArabicTokenizer.prepare` does, before there is a vocabulary."""
    from harakat._support.texts import check_text
    from harakat.arabic.spelling.imlai import canonical_spelling

    check_one_of("spelling", spelling, ("as-is", "imlai"), "'as-is' or 'imlai'")
    segmenter = None
    if segmentation:
        from harakat.arabic.morphology import Segmenter

        segmenter = Segmenter(morphology, separator=SEPARATOR)
    elif morphology is not None:
        raise OptionError(f"morphology={str(morphology)!r} is of no use without segmentation")

    def prepared(index: int, text: str) -> str:
        check_text(text, index)
        if spelling == "imlai":
            text = canonical_spelling(text)
        return prepare(text if segmenter is None else segmenter.segment(text), SEPARATOR)

    return prepared


def _count(prepared: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """Count words as WordPiece will see them, and mark strings."""
    from tokenizers import pre_tokenizers

    splitter = pre_tokenizers.BertPreTokenizer()
    runs = Counter(run for text in prepared for run in text.replace(SEPARATOR, " ").split())
    words: Counter[str] = Counter()
    strings: Counter[str] = Counter()
    for run, count in runs.items():
        if _MARKS.issuperset(run):
            strings[run] += count
        elif run not in SPECIAL:
            for word, _ in splitter.pre_tokenize_str(run):
                words[word] += count
    return words, strings


def _alphabet(words: Counter[str]) -> list[str]:
    """Collect ASCII, every Arabic character that occurs, and the commonest of the rest."""
    chars: Counter[str] = Counter()
    for word, count in words.items():
        for char in word:
            chars[char] += count
    arabic = [char for char in chars if any(low <= ord(char) <= high for low, high in _ARABIC)]
    sure = {*_ASCII, *arabic} - _MARKS
    others = sorted(chars.keys() - sure - _MARKS, key=lambda char: (-chars[char], char))
    return sorted({*sure, *others[:_MOST_LETTERS]})


def _learn_pieces(words: Counter[str], single: list[str], budget: int) -> list[str]:
    """Learn up to `budget` pieces of several letters, in their order."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    # The trainer breaks ties by id and numbers letters as a hash table gives them out. Given beforehand, as special
    # tokens, their ids are the same in every run.
    trainer = trainers.WordPieceTrainer(
        vocab_size=len(single) + budget, min_frequency=2, special_tokens=single, show_progress=False
    )
    alphabet = {char for char in single if len(char) == 1}
    tokenizer.train_from_iterator(_lines(words, alphabet), trainer)
    learnt: dict[str, int] = tokenizer.get_vocab()
    known = set(single)
    return sorted(learnt.keys() - known, key=learnt.__getitem__)[:budget]


def _lines(words: Counter[str], alphabet: set[str]) -> Iterator[str]:
    """Yield every word as often as it comes, without those with a letter that the vocabulary lacks."""
    for word in sorted(words):
        if alphabet.issuperset(word):
            for done in range(0, words[word], _LONGEST_LINE):
                yield f"{word} " * min(_LONGEST_LINE, words[word] - done)


def _build(pieces: list[str]) -> Tokenizer:
    """Build the published pipeline over a vocabulary: no normaliser, BERT's pre-tokeniser, [CLS] … [SEP]."""
    from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

    ids = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.Sequence([])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in (*SPECIAL, SEPARATOR)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, ids[name]) for name in ("[CLS]", "[SEP]")],
    )
    return tokenizer
