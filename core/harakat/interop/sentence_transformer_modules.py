"""The classes behind `to_sentence_transformer`; needs sentence-transformers to be imported."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import InputModule
from torch import Tensor

from harakat._support.texts import text_list
from harakat.errors import OptionError
from harakat.model.layers.attention import PackedAttention, equal_length_groups

if TYPE_CHECKING:
    from harakat.encoder import Encoder

__all__ = ["EncoderModule", "HarakatSentenceTransformer"]


class HarakatSentenceTransformer(SentenceTransformer):
    """A SentenceTransformer whose vectors have length 1 at every dim, and whose saved folder says what it needs."""

    def encode(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute vectors of texts, as in sentence-transformers; always of length 1, `truncate_dim` or not."""
        if kwargs.get("output_value", "sentence_embedding") == "sentence_embedding":
            kwargs["normalize_embeddings"] = True
        return super().encode(inputs, *args, **kwargs)

    def save(self, path: str, *args: Any, **kwargs: Any) -> None:
        """Write a folder that `SentenceTransformer` loads, after `register_transformers`, without remote code.

        Raises:
            OptionError: The model wraps an encoder of harakat's own architecture, for which no other library has
                modules.
        """
        for module in self:
            if isinstance(module, EncoderModule):
                raise OptionError(
                    f"{module.name} cannot be saved as a SentenceTransformer: sentence-transformers has no modules "
                    f"for its architecture. Make it anew with to_sentence_transformer(Encoder({module.name!r}))"
                )
        super().save(path, *args, **kwargs)
        if path is not None:
            _complete_saved(Path(path), self.max_seq_length)

    def _get_model_config(self) -> dict[str, Any]:
        release = version("harakat").split("+")[0]
        needed = {
            "specifier": f">={release}",
            "reason": "It holds the network and the Arabic tokenizer; call harakat.interop.register_transformers() "
            "before loading.",
        }
        return {**super()._get_model_config(), "requirements": {"harakat": needed}}


class EncoderModule(InputModule):
    """An encoder's tokenizer and a copy of its network as the first module of a SentenceTransformer.

    Args:
        encoder: Of any architecture.
    """

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        loaded = encoder.checkpoint
        self.name = encoder.name
        self.text_tokenizer = loaded.tokenizer
        self.max_seq_length = encoder.max_length
        self.max_positions = loaded.config.max_positions
        # A copy: moving or casting the SentenceTransformer must not move the encoder.
        self.network: Any = copy.deepcopy(loaded.engine.network)

    @property
    def tokenizer(self) -> Any:  # type: ignore[override]
        """Texts to ids; harakat's own kind of tokenizer."""
        return self.text_tokenizer

    def get_embedding_dimension(self) -> int:
        """Width of a token's vector."""
        return int(self.network.hidden_size)

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """Padded ids, their marks where the network reads marks, and the mask of real tokens."""
        texts = [(prompt or "") + text for text in text_list(inputs)]
        tokenizer = self.text_tokenizer
        prefix, suffix = list(tokenizer.prefix), list(tokenizer.suffix)
        budget = min(self.max_seq_length, self.max_positions) - len(prefix) - len(suffix)
        cut = [(item.ids[:budget], item.marks) for item in tokenizer.tokenize(texts)]
        rows = [[*prefix, *ids.tolist(), *suffix] for ids, _ in cut]
        length = max(map(len, rows))
        features = {
            "input_ids": torch.tensor([row + [tokenizer.pad_id] * (length - len(row)) for row in rows]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows]),
        }
        if cut[0][1] is not None:
            marks = torch.zeros(len(rows), length, dtype=torch.int64)
            for row, (ids, codes) in enumerate(cut):
                if codes is not None:
                    marks[row, len(prefix) : len(prefix) + len(ids)] = torch.from_numpy(codes[: len(ids)])
            features["marks"] = marks
        return features

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Add `token_embeddings`, (batch, length, hidden_size), zero at padding."""
        mask = features["attention_mask"].bool()
        ids: Tensor = features["input_ids"]
        positions = torch.arange(mask.shape[1], device=mask.device).expand(mask.shape)
        marks = features.get("marks")
        groups = equal_length_groups(mask.sum(dim=1).tolist())
        hidden = self.network(
            ids[mask], positions[mask], PackedAttention(groups), None if marks is None else marks[mask]
        )
        padded = hidden.new_zeros(*mask.shape, hidden.shape[-1])
        padded[mask] = hidden
        features["token_embeddings"] = padded
        return features

    def save(self, output_path: str, *args: Any, safe_serialization: bool = True, **kwargs: Any) -> None:
        """Refused.

        Raises:
            OptionError: Always.
        """
        raise OptionError(f"{self.name} cannot be saved as a module of sentence-transformers; save nothing of it")


def _complete_saved(folder: Path, max_length: int | None) -> None:
    """Write what sentence-transformers leaves out of a saved folder: the maximum length, and how to load it."""
    path = folder / "sentence_bert_config.json"
    if max_length is not None and path.exists():
        config = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**config, "max_seq_length": max_length}, indent=2) + "\n", encoding="utf-8")
    card = folder / "README.md"
    if card.exists():
        card.write_text(card.read_text(encoding="utf-8").rstrip() + "\n" + _LOADING_NOTE, encoding="utf-8")


_LOADING_NOTE = """
## Loading

This model needs the package `harakat` for its network and its Arabic tokenizer; no remote code is involved.

```python
from harakat.interop import register_transformers
from sentence_transformers import SentenceTransformer

register_transformers()
model = SentenceTransformer("path/to/this/folder")
```
"""
