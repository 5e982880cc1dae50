"""An independent NeoAraBERT, written from the published description, one sequence at a time in NumPy float64.

Nothing of the package's network is used: complex rotary multiplication, explicit softmax, explicit RMSNorm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def _rms(x: NDArray[Any], weight: NDArray[Any], eps: float) -> NDArray[Any]:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * weight


def _rope(x: NDArray[Any]) -> NDArray[Any]:
    length, _, width = x.shape
    angles = np.arange(length)[:, None] * 10_000.0 ** (-np.arange(0, width, 2) / width)
    turned = (x[..., 0::2] + 1j * x[..., 1::2]) * np.exp(1j * angles)[:, None, :]
    return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


def hidden_states(weights: Mapping[str, Any], config: Mapping[str, Any], ids: Sequence[int]) -> NDArray[np.float64]:
    """Last hidden states of one sequence: float64 (tokens, hidden_size)."""
    w = {name: np.asarray(tensor.float().numpy(), dtype=np.float64) for name, tensor in weights.items()}
    heads, eps = config["num_attention_heads"], config["norm_eps"]
    x = w["encoder.weight"][list(ids)]
    length, hidden = x.shape
    width = hidden // heads
    for i in range(config["num_hidden_layers"]):
        block = f"transformer_encoder.{i}."
        normed = _rms(x, w[block + "attention_norm.weight"], eps)
        per_head = (normed @ w[block + "qkv.weight"].T).reshape(length, heads, 3 * width)
        q, k, v = per_head[..., :width], per_head[..., width : 2 * width], per_head[..., 2 * width :]
        q, k = _rope(q), _rope(k)
        mixed = np.empty((length, heads, width))
        for head in range(heads):
            scores = q[:, head] @ k[:, head].T / np.sqrt(width)
            exp = np.exp(scores - scores.max(-1, keepdims=True))
            mixed[:, head] = exp / exp.sum(-1, keepdims=True) @ v[:, head]
        x = x + mixed.reshape(length, hidden) @ w[block + "wo.weight"].T
        normed = _rms(x, w[block + "ffn_norm.weight"], eps)
        packed = normed @ w[block + "ffn.w12.weight"].T
        gate, value = packed[:, : packed.shape[1] // 2], packed[:, packed.shape[1] // 2 :]
        x = x + (gate / (1 + np.exp(-gate)) * value) @ w[block + "ffn.w3.weight"].T
    return _rms(x, w["layer_norm.weight"], eps)


def embedding(
    weights: Mapping[str, Any], config: Mapping[str, Any], ids: Sequence[int], dim: int | None = None
) -> NDArray[np.float64]:
    """The vector of one sequence: mean over all tokens, unit norm, prefix, unit norm."""
    mean = hidden_states(weights, config, ids).mean(0)
    unit = mean / np.linalg.norm(mean)
    prefix = unit[:dim]
    return prefix / np.linalg.norm(prefix)
