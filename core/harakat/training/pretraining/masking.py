"""Masking of tokens for masked-LM training: whole words with their marks, or the marks of a word alone.

Words rather than pieces, since the other pieces of a word give a hidden one away (whole-word masking, added to BERT's
code in 2019), and with their marks, since a mark string tells how many letters there are and often which. Of the words
that are chosen, four fifths become [MASK], a tenth other pieces, and a tenth stays (Devlin et al. 2019, 3.1), each
word as one. A share of the marked ones keeps its letters and loses its marks only: restoring tashkeel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harakat.arabic.tokenizers.published import PUBLISHED_MARKS
from harakat.arabic.tokenizers.vocabulary import Vocabulary
from harakat.errors import CheckpointError

__all__ = ["IGNORED", "WordMasker"]

IGNORED = -100
"""Label of a token that is not to be guessed; torch's default for it."""
_HIDDEN, _REPLACED = 0.8, 0.1
_MARKS = PUBLISHED_MARKS | {"\u25cc"}


@dataclass(frozen=True)
class WordMasker:
    """A masker of words.

    Attributes:
        is_mark: bool (vocabulary,), true at pieces made of marks.
        is_special: bool (vocabulary,), true at special and other added tokens, but not at the separator of clitics,
            which is a part of its word.
        mask_id: Id of [MASK].
        share: Share of the words that are hidden, one at least.
        marks_only: Share of the chosen words with letters and marks that keep their letters.
    """

    is_mark: NDArray[np.bool_]
    is_special: NDArray[np.bool_]
    mask_id: int
    share: float = 0.15
    marks_only: float = 0.2

    @classmethod
    def of(cls, vocabulary: Vocabulary, share: float = 0.15, marks_only: float = 0.2) -> WordMasker:
        """Make a masker for a checkpoint's vocabulary.

        Raises:
            CheckpointError: The vocabulary has no [MASK].
        """
        mask_id = vocabulary.tokenizer.token_to_id("[MASK]")
        if mask_id is None:
            raise CheckpointError("tokenizer.json has no piece '[MASK]', which masked-LM training puts in for words")
        is_mark, is_special = np.zeros((2, vocabulary.size), np.bool_)
        for piece, index in vocabulary.tokenizer.get_vocab(with_added_tokens=True).items():
            is_mark[index] = bool(body := piece.removeprefix("##")) and _MARKS.issuperset(body)
        added: dict[int, Any] = vocabulary.tokenizer.get_added_tokens_decoder()
        is_special[[index for index, token in added.items() if token.content != vocabulary.separator]] = True
        is_special[vocabulary.tokenizer.token_to_id(vocabulary.spec["model"]["unk_token"])] = True
        return cls(is_mark, is_special, int(mask_id), share, marks_only)

    def __call__(
        self, ids: NDArray[np.int64], words: NDArray[np.int64], chance: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Hide words of one sequence.

        Args:
            ids: int64 (n,).
            words: int64 (n,), the number of the word that each token belongs to; -1 for none.
            chance: Source of the choices.

        Returns:
            The network's inputs, and its labels (`IGNORED` for tokens that are not guessed), int64 (n,) each.
            Special tokens stay, and so does a word that holds one.
        """
        free = np.setdiff1d(words, np.append(words[self.is_special[ids]], -1))
        inputs, labels = ids.copy(), np.full_like(ids, IGNORED)
        if not len(free):
            return inputs, labels
        count = max(1, round(self.share * len(free)))
        for word in chance.choice(free, count, replace=False):
            here = words == word
            marks = here & self.is_mark[ids]
            kind, only = chance.random(2)
            if marks.any() and (here & ~marks).any() and only < self.marks_only:
                here = marks
            labels[here] = ids[here]
            if kind < _HIDDEN:
                inputs[here] = self.mask_id
            elif kind < _HIDDEN + _REPLACED:
                inputs[here] = chance.choice(np.flatnonzero(~self.is_special), int(here.sum()))
        return inputs, labels
