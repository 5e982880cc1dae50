"""NeoAraBERT in plain PyTorch: a pre-norm encoder with rotary positions and SwiGLU, no biases.

Module names follow the published checkpoints, so their tensors load by name. The forward pass takes flat tokens and
an `Attention` that knows the sequences, so one network serves padded and packed batches.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from harakat.model.families.names import NEOARABERT
from harakat.model.layers.attention import Attention
from harakat.model.layers.packed_linear import linear_plus

__all__ = ["NeoAraBERT", "NeoAraBERTShape", "rotary_table"]

ROPE_THETA = 10_000.0
"""Base of the rotary frequencies (Su et al. 2021, RoFormer), as published."""


@dataclass(frozen=True)
class NeoAraBERTShape:
    """The numbers of a `config.json` that decide the network.

    Attributes:
        hidden_size: Width of a token's vector.
        num_hidden_layers: Encoder blocks.
        num_attention_heads: Heads a block; divides hidden_size into an even head width.
        intermediate_size: Nominal feed-forward width; the real one is `ffn_size`.
        vocab_size: Rows of the embedding.
        norm_eps: Epsilon of every RMSNorm.
        max_positions: Longest sequence in tokens.
        pad_id: Id of the padding token.
    """

    hidden_size: int = 768
    num_hidden_layers: int = 28
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    vocab_size: int = 65_000
    norm_eps: float = 1e-5
    max_positions: int = 1024
    pad_id: int = 0

    @property
    def head_dim(self) -> int:
        """Width of one attention head."""
        return self.hidden_size // self.num_attention_heads

    @property
    def ffn_size(self) -> int:
        """Two thirds of intermediate_size, rounded up to a multiple of 8, as published."""
        width = int(2 * self.intermediate_size / 3)
        return (width + 7) // 8 * 8


class SwiGLU(nn.Module):
    """Gated feed-forward: `w12` packs the gate (first half, through SiLU) and the value it multiplies."""

    def __init__(self, shape: NeoAraBERTShape) -> None:
        super().__init__()
        self.w12 = nn.Linear(shape.hidden_size, 2 * shape.ffn_size, bias=False)
        self.w3 = nn.Linear(shape.ffn_size, shape.hidden_size, bias=False)

    def forward(self, residual: Tensor, x: Tensor) -> Tensor:
        """Compute the layer's result for `x`, plus `residual`: (T, hidden) each."""
        gate, value = self.w12(x).chunk(2, dim=-1)
        return linear_plus(self.w3, silu(gate) * value, residual)


class Block(nn.Module):
    """One encoder block: attention and feed-forward, each behind an RMSNorm and a residual."""

    def __init__(self, shape: NeoAraBERTShape) -> None:
        super().__init__()
        self.heads, self.head_dim = shape.num_attention_heads, shape.head_dim
        self.qkv = nn.Linear(shape.hidden_size, 3 * shape.hidden_size, bias=False)
        self.wo = nn.Linear(shape.hidden_size, shape.hidden_size, bias=False)
        self.ffn = SwiGLU(shape)
        self.attention_norm = nn.RMSNorm(shape.hidden_size, eps=shape.norm_eps)
        self.ffn_norm = nn.RMSNorm(shape.hidden_size, eps=shape.norm_eps)

    COMPILED_PARTS = ("project", "finish")
    """Parts that `torch.compile` may fuse; attention lies between."""

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, attention: Attention) -> Tensor:
        """Map (T, hidden) to (T, hidden); cos and sin are (T, 1, 1, head_dim/2)."""
        q, k, v = self.project(x, cos, sin)
        return self.finish(x, attention(q, k, v))

    def project(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute queries, keys and values, (T, heads, head_dim) each."""
        # They lie interleaved per head, not stacked.
        qkv = self.qkv(self.attention_norm(x)).view(x.shape[0], self.heads, 3, self.head_dim)
        qk = rotate(qkv[:, :, :2], cos, sin)
        return qk[:, :, 0], qk[:, :, 1], qkv[:, :, 2]

    def finish(self, x: Tensor, mixed: Tensor) -> Tensor:
        """Compute the block's output from its input and the result of attention."""
        x = linear_plus(self.wo, mixed.reshape(x.shape[0], -1), x)
        out: Tensor = self.ffn(x, self.ffn_norm(x))
        return out


def rotary_table(positions: Tensor, head_dim: int) -> tuple[Tensor, Tensor]:
    """Compute cosines and sines of the rotary angles, float32 (n, head_dim/2) each, for whole positions (n,)."""
    half = torch.arange(0, head_dim, 2, dtype=torch.float32, device=positions.device)
    frequencies = 1.0 / (ROPE_THETA ** (half / head_dim))
    angles = torch.outer(positions.to(torch.float32), frequencies)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions on adjacent pairs: each (x[2i], x[2i+1]) is multiplied by cos + i·sin, in float32.

    Args:
        x: (T, heads, n, head_dim).
        cos: (T, 1, 1, head_dim/2).
        sin: The same shape.

    Returns:
        The shape and dtype of `x`.
    """
    if x.device.type in ("cpu", "cuda") and not torch.compiler.is_compiling():
        return rotate_complex(x, cos, sin)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1).flatten(-2).type_as(x)


def rotate_complex(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Do `rotate` as one complex product: on a GPU it moves a third of the bytes, and a CPU takes a tenth of the time.

    The compiler cannot fuse it.
    """
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))  # type: ignore[no-untyped-call]
    return torch.view_as_real(pairs * torch.complex(cos, sin)).flatten(-2).type_as(x)


class NeoAraBERT(nn.Module):
    """The published encoder: flat tokens in, last hidden states out."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: NeoAraBERTShape) -> None:
        super().__init__()
        self.shape = shape
        # Not filled with random numbers: on the meta device that would import torch's compiler, over a second of work.
        rows, width = shape.vocab_size, shape.hidden_size
        self.encoder = nn.Embedding(rows, width, _weight=torch.empty(rows, width))
        self.transformer_encoder = nn.ModuleList(Block(shape) for _ in range(shape.num_hidden_layers))
        self.layer_norm = nn.RMSNorm(shape.hidden_size, eps=shape.norm_eps)
        self.reset_rotary("cpu")

    @property
    def hidden_size(self) -> int:
        """Width of the output."""
        return self.shape.hidden_size

    @property
    def settings(self) -> dict[str, Any]:
        """Numbers of the config that decide a vector.

        The number of positions and the padding token do not: packed sequences have no padding, and rotary angles are
        computed for any position. Of `intermediate_size` only the width that follows from it counts.
        """
        numbers = asdict(self.shape)
        for name in ("max_positions", "pad_id", "intermediate_size"):
            del numbers[name]
        return {"model_type": NEOARABERT, "ffn_size": self.shape.ffn_size, **numbers}

    def reset_rotary(self, device: torch.device | str | None = None) -> None:
        """Compute the rotary table, always in float32 and never from a file.

        It is real from the start, even where modules are built on the meta device: a table left uninitialised is how
        the published code fails under transformers 5.
        """
        cos, sin = rotary_table(torch.arange(self.shape.max_positions, device=device), self.shape.head_dim)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)

    def forward(self, ids: Tensor, positions: Tensor, attention: Attention, marks: Tensor | None = None) -> Tensor:
        """Compute the last hidden states of flat tokens.

        Args:
            ids: int64 (T,), the tokens of all sequences.
            positions: int64 (T,), the place of each token in its own sequence, from 0.
            attention: Knows which tokens form a sequence.
            marks: Unused here (marks are tokens of their own); part of the signature all networks share.

        Returns:
            (T, hidden_size), after the final norm.
        """
        cos = self.cos[positions][:, None, None, :]
        sin = self.sin[positions][:, None, None, :]
        x = self.encoder(ids)
        for block in self.transformer_encoder:
            x = block(x, cos, sin, attention)
        out: Tensor = self.layer_norm(x)
        return out
