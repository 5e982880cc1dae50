"""The network of harakat-mini: a post-norm BERT whose word embeddings carry the marks of their letters.

Marks cost no tokens: each adds an embedding to the piece that it stands on. Two paths carry them. The first is a
table of (letter slot, mark class), which knows any word; the second a lexicon of attested marked pieces, which knows
what a particular vowelling means. Both are silent for a piece without marks. A learnt gain for each number of marked
pieces lets the marks of a single word speak up, alone or in a bare sentence, where somebody set them to say which word
is meant, and speak low in a text marked throughout, where the context says it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from harakat.arabic.markcodes import CASE_SLOT, CLASSES, SLOTS
from harakat.errors import CheckpointError
from harakat.model.attention import Attention
from harakat.model.packed_linear import linear_gelu, linear_plus

__all__ = ["FORMAT", "MODEL_TYPE", "Attention", "MarkedBert", "MarkedBertConfig", "lexicon_keys"]

MODEL_TYPE = "harakat-marked-bert"
FORMAT = 2
"""Raised whenever the same weights would mean other vectors; 1 had no `format` in its ``config.json``."""

# Odd 64-bit multipliers (the golden ratio's and SplitMix64's, written as signed integers).
_MIX_ID = -7046029254386353131
_MIX_MARKS = -4658895280553007687
_SHADDA = 8
INNER_MARKS = (1 << (4 * CASE_SLOT)) - 1
"""Every slot of a code but the case ending's."""


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
        lexicon_size: Attested marked pieces; 0 for none.
        lexicon_dim: Width of the lexicon before its projection.
    """

    vocab_size: int
    hidden_size: int = 384
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 1536
    max_position_embeddings: int = 512
    layer_norm_eps: float = 1e-12
    lexicon_size: int = 0
    lexicon_dim: int = 128

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "layer_norm_eps":
                good = isinstance(value, float) and 0 < value < 1
            else:
                least = 0 if field.name == "lexicon_size" else 1
                good = isinstance(value, int) and not isinstance(value, bool) and value >= least
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
        if values.get("model_type") != MODEL_TYPE:
            raise CheckpointError(f"config.json: model_type={values.get('model_type')!r}, expected {MODEL_TYPE!r}")
        if values.get("format") != FORMAT:
            raise CheckpointError(
                f"config.json: format={values.get('format')!r}, but this harakat computes format {FORMAT}, where the "
                "gain of marks goes by how many pieces bear them; the vectors would be others. Use the harakat that "
                "wrote the files, or train the model again"
            )
        if "vocab_size" not in values:
            raise CheckpointError("config.json: vocab_size is missing")
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})


def lexicon_keys(ids: Tensor, marks: Tensor) -> Tensor:
    """Return the lexicon key of each piece, int64, shape (n,).

    The key depends on the piece and on its inner marks. Of the case ending only a shadda counts, which belongs to
    the word and not to its case.
    """
    inner = marks & INNER_MARKS
    doubled = (marks >> (4 * CASE_SLOT)) & 15
    doubled = ((doubled >= _SHADDA) & (doubled < CLASSES - 1)).long()
    key = (inner * 2 + doubled) * _MIX_MARKS
    key = key ^ ((key >> 31) & ((1 << 33) - 1))
    return key * _MIX_ID + ids.long() * _MIX_MARKS


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
        self.lexicon = _Lexicon(config) if config.lexicon_size else None
        self.norm = nn.LayerNorm(hidden, eps=eps)
        self.layers = nn.ModuleList(_Block(config) for _ in range(config.num_hidden_layers))
        self.projection = _Linear(hidden, hidden)

    @property
    def hidden_size(self) -> int:
        """Width of the output."""
        return self.config.hidden_size

    def forward(self, ids: Tensor, positions: Tensor, attention: Attention, marks: Tensor | None = None) -> Tensor:
        """Run the network over flat tokens.

        Args:
            ids: Piece ids, shape (tokens,).
            positions: Place of each token in its sequence, from 0, shape (tokens,).
            attention: Takes q, k, v of shape (tokens, heads, head_dim) and returns the same shape; knows which
                tokens belong together. The scale is 1 / sqrt(head_dim).
            marks: Packed marks of each piece (`harakat.arabic.markcodes`), int64, shape (tokens,); None for bare
                text.

        Returns:
            Token vectors, shape (tokens, hidden_size), whose mean over a sequence is the text's vector before its
            L2 norm.
        """
        x = self.words(ids) + self.positions(positions)
        if marks is not None:
            count = _marked_tokens(marks, positions, attention.token_lengths().to(ids.device))
            x = x + self._marks(ids, marks, self.mark_gain[count.clamp(min=1) - 1])
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, attention)
        projected: Tensor = self.projection(x)
        return projected

    def _marks(self, ids: Tensor, marks: Tensor, gain: Tensor) -> Tensor:
        slots = torch.arange(SLOTS, device=marks.device)
        classes = (marks[:, None] >> (4 * slots)) & (CLASSES - 1)
        # A row of zeros and ones times the table: one matrix product instead of sixteen gathers a token.
        present = torch.zeros(len(marks), SLOTS * CLASSES, device=marks.device, dtype=self.marks.dtype)
        # The case ending says little about meaning: it never speaks louder than in the longest text.
        loud = torch.where(slots == CASE_SLOT, self.mark_gain[-1], gain[:, None])
        present.scatter_(1, classes + CLASSES * slots, torch.where(classes > 0, loud, 0).to(present.dtype))
        result = functional.linear(present, self.marks.T)
        if self.lexicon is not None:
            result = result + self.lexicon(ids, marks) * gain[:, None]
        return result


def _marked_tokens(marks: Tensor, positions: Tensor, lengths: Tensor) -> Tensor:
    """Return how many tokens of its text bear inner marks, for each token; texts lie unbroken in the row.

    A filler sequence may say any positions: what its tokens get is not used.
    """
    sums = functional.pad(((marks & INNER_MARKS) != 0).long().cumsum(0), (1, 0))
    starts = torch.arange(len(marks), device=marks.device) - positions
    return sums[(starts + lengths).clamp(max=len(marks))] - sums[starts]


class _Lexicon(nn.Module):
    """Vectors of attested marked pieces; a piece that is not in it, or has no marks, gets zero."""

    keys: Tensor

    def __init__(self, config: MarkedBertConfig) -> None:
        super().__init__()
        self.register_buffer("keys", torch.zeros(config.lexicon_size, dtype=torch.int64))
        self.table = nn.Parameter(torch.zeros(config.lexicon_size, config.lexicon_dim))
        self.project = _Linear(config.lexicon_dim, config.hidden_size, bias=False)

    def forward(self, ids: Tensor, marks: Tensor) -> Tensor:
        keys = lexicon_keys(ids, marks)
        at = torch.searchsorted(self.keys, keys).clamp_(max=len(self.keys) - 1)
        known = ((self.keys[at] == keys) & (marks != 0)).to(self.table.dtype)
        vectors: Tensor = self.project(self.table[at] * known[:, None])
        return vectors


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
    """What `torch.compile` may fuse; attention lies between."""

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
