"""A NeoAraBERT of one's own: tokenizer, masked-LM training, distillation; `harakat pretrain` on the command line.

`learn_tokenizer` learns the published scheme from texts: WordPiece over letters, and mark strings as pieces.
`pretrain` trains a fresh network to guess hidden words with their marks, and hidden marks alone. `distil` holds it to a
teacher's vectors of bare text while it sees the text with all marks, some, or none. Each ends with a folder in the
published layout, which `harakat.Encoder` opens and a recipe of `harakat.training` starts from, for contrast on synonyms
or pairs of one's own. Needs the extra ``train``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harakat.training.pretraining.runs import distil, pretrain
    from harakat.training.pretraining.settings import DistilSettings, PretrainSettings
    from harakat.training.pretraining.vocabulary import LearntTokenizer, learn_tokenizer

__all__ = ["DistilSettings", "LearntTokenizer", "PretrainSettings", "distil", "learn_tokenizer", "pretrain"]

_HOMES = {
    **dict.fromkeys(("distil", "pretrain"), "runs"),
    **dict.fromkeys(("DistilSettings", "PretrainSettings"), "settings"),
    **dict.fromkeys(("LearntTokenizer", "learn_tokenizer"), "vocabulary"),
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"harakat.training.pretraining.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'harakat.training.pretraining' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
