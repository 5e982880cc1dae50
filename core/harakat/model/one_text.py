"""harakat-mini for one short text on the CPU: the network of `marked_bert` with as few calls as can be.

A query of a few words is over in some milliseconds, in which the weights come from memory once. What the calls
themselves cost, for lookups, masks, shapes and modules, is then a third of the time. Here is the same arithmetic, in
the same order, for a single sequence and without any of that. Vectors differ by float rounding (under 1e-6).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from harakat.arabic.markcodes import CASE_SLOT, CLASSES, SLOTS
from harakat.model.marked_bert import INNER_MARKS, MarkedBert
from harakat.model.packed_linear import PackedLinear

__all__ = ["OneText", "one_text"]

_SHIFTS = 4 * np.arange(SLOTS)


def one_text(network: Any) -> OneText | None:
    """A network's short way for one text; None where it has none.

    It has one if it is a `MarkedBert` in float32 without a lexicon, all of whose linear layers are packed.
    """
    if not isinstance(network, MarkedBert) or network.lexicon is not None or network.marks.dtype != torch.float32:
        return None
    blocks: list[Any] = list(network.layers)
    linears = [network.projection, *(layer for b in blocks for layer in (b.qkv, b.out, b.up, b.down))]
    if not network.marks.is_cpu or not all(type(layer) is PackedLinear for layer in linears):
        return None
    return OneText(network)


class OneText:
    """See the module's docstring. Threads may share one.

    Args:
        network: One for which `one_text` gives something.
    """

    def __init__(self, network: MarkedBert) -> None:
        config = network.config
        self._heads, self._head_dim = config.num_attention_heads, config.hidden_size // config.num_attention_heads
        self._shape, self._eps = (config.hidden_size,), config.layer_norm_eps
        # Views of the network's own memory.
        self._words: NDArray[np.float32] = network.words.weight.detach().numpy()
        self._positions: NDArray[np.float32] = network.positions.weight.detach().numpy()
        self._marks: NDArray[np.float32] = network.marks.detach().numpy()
        self._gain: NDArray[np.float32] = network.mark_gain.detach().numpy()
        blocks: list[Any] = list(network.layers)
        self._norm = (network.norm.weight, network.norm.bias)
        self._projection: Any = network.projection
        self._layers = [
            (
                *(b.qkv.packed, b.qkv.bias, b.out.packed, b.out.bias, b.norm1.weight, b.norm1.bias),
                *(b.up.packed, b.up.bias, b.down.packed, b.down.bias, b.norm2.weight, b.norm2.bias),
            )
            for b in blocks
        ]

    def __call__(self, ids: NDArray[Any], marks: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """The mean of the token vectors of one text, (hidden_size,). Call it in inference mode.

        Args:
            ids: Its pieces, special ones included, (tokens,).
            marks: Their packed marks, int64 (tokens,), or None for bare text.
        """
        x = self._words[ids]
        x += self._positions[: len(ids)]
        if marks is not None and marks.any():
            self._add_marks(x, marks)
        hidden = self._project(torch.from_numpy(x))
        mean: NDArray[np.float32] = np.add.reduce(hidden.numpy(), axis=0)
        mean /= len(ids)
        return mean

    def _add_marks(self, x: NDArray[np.float32], marks: NDArray[np.int64]) -> None:
        """As `MarkedBert` does for many texts; there stands why."""
        marked = int(np.count_nonzero(marks & INNER_MARKS))
        loud = np.full(SLOTS, self._gain[max(marked, 1) - 1])
        loud[CASE_SLOT] = self._gain[-1]
        classes = (marks[:, None] >> _SHIFTS) & (CLASSES - 1)
        tokens, slots = classes.nonzero()
        share = np.zeros((len(x), len(tokens)), dtype=np.float32)
        share[tokens, np.arange(len(tokens))] = loud[slots]
        x += share @ self._marks[classes[tokens, slots] + CLASSES * slots]

    def _project(self, x: Tensor) -> Tensor:
        """The blocks and the projection: (tokens, hidden_size) in and out."""
        linear, norm, shape, eps = torch.ops.mkldnn._linear_pointwise.default, torch.layer_norm, self._shape, self._eps
        count = len(x)
        split = (1, count, 3, self._heads, self._head_dim)
        x = norm(x, shape, *self._norm, eps)
        for qkv, qkv_b, out, out_b, norm1, norm1_b, up, up_b, down, down_b, norm2, norm2_b in self._layers:
            q, k, v = linear(x, qkv, qkv_b, "none", [], "").view(split).permute(2, 0, 3, 1, 4).unbind(0)
            mixed = scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
            x = norm(linear(mixed, out, out_b, "none", [], "").add_(x), shape, norm1, norm1_b, eps)
            wide = linear(x, up, up_b, "gelu", [], "none")
            x = norm(linear(wide, down, down_b, "none", [], "").add_(x), shape, norm2, norm2_b, eps)
        projected: Tensor = linear(x, self._projection.packed, self._projection.bias, "none", [], "")
        return projected
