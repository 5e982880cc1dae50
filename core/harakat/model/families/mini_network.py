"""The network of harakat-mini: a post-norm BERT whose word embeddings carry the marks of their letters.

Marks cost no tokens: each adds an embedding to the piece that it stands on, from a table of (letter slot, mark class)
that is silent for a piece without marks. A learnt gain for each number of marked pieces lets the marks of a single word
speak up, alone or in a bare sentence, where somebody set them to say which word is meant, and speak low in a text
marked throughout, where the context says it. What a particular vowelling means stands in a `dictionary` beside the
network, if it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from harakat._support.checks import is_whole
from harakat.arabic.marks.codes import CASE_SLOT, CLASSES, INNER_MARKS, SLOTS
from harakat.errors import CheckpointError
from harakat.model.families.names import EVERYDAY_FORMAT, MARKED_BERT, check_model_type
from harakat.model.layers.attention import Attention, count_in_sequence
from harakat.model.layers.dictionary import Dictionary, DictionarySize
from harakat.model.layers.packed_linear import linear_gelu, linear_plus

__all__ = ["FORMAT", "Attention", "MarkedBert", "MarkedBertConfig"]

FORMAT = 2
"""Raised whenever the same weights would mean other vectors; 1 had no `format` in its ``config.json``.

`EVERYDAY_FORMAT` is the same network over text that is read by more rules of spelling.
"""


@dataclass(frozen=True, slots=True)
class MarkedBertConfig:
    """Sizes of a `MarkedBert`, named as in its ``config.json``.

    Attributes:
        vocab_size: Rows of the word embedding.
        hidden_size: Width of a token.
        num_hidden_layers: Blocks.
        num_attention_heads: Heads; must divide `hidden_size`.
        intermediate_size: Width of the feed-forward layer.
        max_position_embeddings: Longest sequence, special tokens included.
        layer_norm_eps: Epsilon of every LayerNorm.
        dictionary_keys: Written words by which the `Dictionary` is searched; 0 for no dictionary.
        dictionary_entries: Words in it.
        dictionary_readings: Of all of them.
        dictionary_dim: Width of a meaning before its projection.
    """

    vocab_size: int
    hidden_size: int = 384
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 1536
    max_position_embeddings: int = 512
    layer_norm_eps: float = 1e-12
    dictionary_keys: int = 0
    dictionary_entries: int = 1
    dictionary_readings: int = 1
    dictionary_dim: int = 64

    @property
    def dictionary(self) -> DictionarySize | None:
        """Sizes of the dictionary; None without one."""
        if not self.dictionary_keys:
            return None
        return DictionarySize(
            keys=self.dictionary_keys,
            entries=self.dictionary_entries,
            readings=self.dictionary_readings,
            dim=self.dictionary_dim,
            pieces=self.vocab_size,
            hidden=self.hidden_size,
            words=self.max_position_embeddings,
        )

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "layer_norm_eps":
                good = isinstance(value, float) and 0 < value < 1
            else:
                good = is_whole(value, 0 if field.name == "dictionary_keys" else 1)
            if not good:
                raise CheckpointError(f"config.json: {field.name}={value!r} is not usable")
        if self.hidden_size % self.num_attention_heads:
            raise CheckpointError(
                f"config.json: num_attention_heads={self.num_attention_heads} does not divide "
                f"hidden_size={self.hidden_size}"
            )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MarkedBertConfig:
        """Take the known fields out of a parsed ``config.json``.

        Raises:
            CheckpointError: `model_type` or `format` is another one, or a field is missing or out of range.
        """
        check_model_type(values, MARKED_BERT)
        if values.get("format") not in (FORMAT, EVERYDAY_FORMAT):
            raise CheckpointError(
                f"config.json: format={values.get('format')!r}, but this harakat computes format {FORMAT}, where the "
                "gain of marks goes by how many pieces bear them; the vectors would be others. Use the harakat that "
                "wrote the files, or train the model again"
            )
        if "vocab_size" not in values:
            raise CheckpointError("config.json: vocab_size is missing")
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})


class _Linear(nn.Linear):
    """A linear layer whose weights come from a checkpoint: drawing random ones first would take a second."""

    def reset_parameters(self) -> None:
        """Leave the weights as they lie in memory."""


class _Embedding(nn.Embedding):
    """An embedding whose rows come from a checkpoint, likewise."""

    def reset_parameters(self) -> None:
        """Leave the rows as they lie in memory."""


class MarkedBert(nn.Module):
    """BERT over marked pieces; see the module's docstring. Pooling, norms and prefixes happen outside.

    A new network holds no usable weights until `load_state_dict` has brought them.
    """

    def __init__(self, config: MarkedBertConfig) -> None:
        super().__init__()
        hidden, eps = config.hidden_size, config.layer_norm_eps
        self.config = config
        self.words = _Embedding(config.vocab_size, hidden)
        self.positions = _Embedding(config.max_position_embeddings, hidden)
        self.marks = nn.Parameter(torch.zeros(SLOTS * CLASSES, hidden))
        self.mark_gain = nn.Parameter(torch.ones(config.max_position_embeddings))
        self.dictionary = Dictionary(config.dictionary) if config.dictionary else None
        self.norm = nn.LayerNorm(hidden, eps=eps)
        self.layers = nn.ModuleList(_Block(config) for _ in range(config.num_hidden_layers))
        self.projection = _Linear(hidden, hidden)

    @property
    def hidden_size(self) -> int:
        """Width of the output."""
        return self.config.hidden_size

    @property
    def settings(self) -> dict[str, Any]:
        """Numbers of the config that decide a vector: all of them, and the format."""
        return {"model_type": MARKED_BERT, "format": FORMAT, **asdict(self.config)}

    def forward(self, ids: Tensor, positions: Tensor, attention: Attention, marks: Tensor | None = None) -> Tensor:
        """Run the network over flat tokens.

        Args:
            ids: Piece ids, shape (tokens,).
            positions: Place of each token in its sequence, from 0, shape (tokens,).
            attention: Takes q, k, v of shape (tokens, heads, head_dim) and returns the same shape; knows which
                tokens belong together. The scale is 1 / sqrt(head_dim).
            marks: Packed marks of each piece (`harakat.arabic.marks.codes`), int64, shape (tokens,); None for bare
                text.

        Returns:
            Token vectors, shape (tokens, hidden_size), whose mean over a sequence is the text's vector before its
            L2 norm.
        """
        x = self.words(ids) + self.positions(positions)
        lengths = attention.token_lengths().to(ids.device)
        if marks is not None:
            count = count_in_sequence((marks & INNER_MARKS) != 0, positions, lengths)
            x = x + self._marks(marks, self.mark_gain[count.clamp(min=1) - 1])
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, attention)
        if self.dictionary is not None:
            x = x + self.dictionary(ids, marks, positions, lengths)
        projected: Tensor = self.projection(x)
        return projected

    def _marks(self, marks: Tensor, gain: Tensor) -> Tensor:
        slots = torch.arange(SLOTS, device=marks.device)
        classes = (marks[:, None] >> (4 * slots)) & (CLASSES - 1)
        # A row of zeros and ones times the table: one matrix product instead of sixteen gathers a token.
        present = torch.zeros(len(marks), SLOTS * CLASSES, device=marks.device, dtype=self.marks.dtype)
        # The case ending says little about meaning: it never speaks louder than in the longest text.
        loud = torch.where(slots == CASE_SLOT, self.mark_gain[-1], gain[:, None])
        present.scatter_(1, classes + CLASSES * slots, torch.where(classes > 0, loud, 0).to(present.dtype))
        return functional.linear(present, self.marks.T)


class _Block(nn.Module):
    """Attention, then a GELU feed-forward layer, each with a residual and a LayerNorm after it."""

    def __init__(self, config: MarkedBertConfig) -> None:
        super().__init__()
        hidden, eps = config.hidden_size, config.layer_norm_eps
        self.heads = config.num_attention_heads
        self.qkv = _Linear(hidden, 3 * hidden)
        self.out = _Linear(hidden, hidden)
        self.norm1 = nn.LayerNorm(hidden, eps=eps)
        self.up = _Linear(hidden, config.intermediate_size)
        self.down = _Linear(config.intermediate_size, hidden)
        self.norm2 = nn.LayerNorm(hidden, eps=eps)

    COMPILED_PARTS = ("project", "finish")
    """Parts that `torch.compile` may fuse; attention lies between."""

    def forward(self, x: Tensor, attention: Attention) -> Tensor:
        q, k, v = self.project(x)
        return self.finish(x, attention(q, k, v))

    def project(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = self.qkv(x).view(len(x), 3, self.heads, -1).unbind(1)
        return q, k, v

    def finish(self, x: Tensor, mixed: Tensor) -> Tensor:
        x = self.norm1(linear_plus(self.out, mixed.reshape(x.shape), x))
        result: Tensor = self.norm2(linear_plus(self.down, linear_gelu(self.up, x), x))
        return result
