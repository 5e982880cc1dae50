"""A NeoAraBERT of one's own: tokenizer, masked-LM training, distillation; `harakat pretrain` on the command line.

`learn_tokenizer` learns the published scheme from texts: WordPiece over letters, and mark strings as pieces.
`pretrain` trains a fresh network to guess hidden words with their marks, and hidden marks alone. `distil` holds it to a
teacher's vectors of bare text while it sees the text with all marks, some, or none. Each ends with a folder in the
published layout, which `harakat.Encoder` opens and a recipe of `harakat.training` starts from, for contrast on synonyms
or pairs of one's own. Needs the extra ``train``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harakat._support.lazy import lazy_names

if TYPE_CHECKING:
    from harakat.training.pretraining.runs import distil, pretrain
    from harakat.training.pretraining.settings import DistilSettings, PretrainSettings
    from harakat.training.pretraining.vocabulary import LearntTokenizer, learn_tokenizer

__all__ = ["DistilSettings", "LearntTokenizer", "PretrainSettings", "distil", "learn_tokenizer", "pretrain"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "harakat.training.pretraining.runs": ("distil", "pretrain"),
        "harakat.training.pretraining.settings": ("DistilSettings", "PretrainSettings"),
        "harakat.training.pretraining.vocabulary": ("LearntTokenizer", "learn_tokenizer"),
    },
    __all__,
)
