"""harakat-mini for one short text on the CPU: the network of `marked_bert` with as few calls as can be.

A query of a few words is over in some milliseconds, in which the weights come from memory once. What the calls
themselves cost, for lookups, masks, shapes and modules, is then a third of the time. Here is the same arithmetic, in
the same order, for a single sequence and without any of that. Vectors differ by float rounding (some 1e-6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harakat.arabic.marks.codes import CASE_SLOT, CLASSES, INNER_MARKS, SLOTS
from harakat.model.families.mini_network import MarkedBert
from harakat.model.layers.dictionary import MOST_READINGS, Dictionary
from harakat.model.layers.packed_linear import FusedLinear, PackedLinear

__all__ = ["OneText", "one_text"]

_SHIFTS = 4 * np.arange(SLOTS)
_ALL_BITS = (1 << 64) - 1


def one_text(network: Any) -> OneText | None:
    """Return a network's short way for one text; None where it has none.

    It has one if it is a `MarkedBert` in float32 on the CPU, and all of its linear layers are plain or all of them
    packed.
    """
    if not isinstance(network, MarkedBert):
        return None
    if not network.marks.is_cpu or network.marks.dtype != torch.float32:
        return None
    linears = [m for m in network.modules() if isinstance(m, nn.Linear | FusedLinear)]
    if all(isinstance(layer, PackedLinear) for layer in linears):
        return OneText(network, _packed)
    if all(isinstance(layer, nn.Linear) for layer in linears):
        return OneText(network, _plain)
    return None


def _packed(x: Tensor, weight: Tensor, bias: Tensor | None, gelu: bool = False) -> Tensor:
    operator = torch.ops.mkldnn._linear_pointwise.default
    out: Tensor = operator(x, weight, bias, "gelu" if gelu else "none", [], "none" if gelu else "")
    return out


def _plain(x: Tensor, weight: Tensor, bias: Tensor | None, gelu: bool = False) -> Tensor:
    out = functional.linear(x, weight, bias)
    return torch.ops.aten.gelu_(out) if gelu else out


class OneText:
    """See the module's docstring; `one_text` makes it. Threads may share one.

    Args:
        network: Its network.
        linear: Multiplies with a layer's weight, in the layout that the layer keeps it in, and adds a bias.
    """

    def __init__(self, network: MarkedBert, linear: Callable[..., Tensor]) -> None:
        self._linear = linear
        config = network.config
        self._heads, self._head_dim = config.num_attention_heads, config.hidden_size // config.num_attention_heads
        self._shape, self._eps = (config.hidden_size,), config.layer_norm_eps
        # Views of the network's own memory.
        self._words: NDArray[np.float32] = network.words.weight.detach().numpy()
        self._positions: NDArray[np.float32] = network.positions.weight.detach().numpy()
        self._marks: NDArray[np.float32] = network.marks.detach().numpy()
        self._gain: NDArray[np.float32] = network.mark_gain.detach().numpy()
        self._known = None if network.dictionary is None else _KnownWords(network.dictionary)

        def parts(*layers: Any) -> list[Any]:
            return [each for x in layers for each in (x.packed if isinstance(x, PackedLinear) else x.weight, x.bias)]

        blocks: list[Any] = list(network.layers)
        self._first, self._first_bias, self._last, self._last_bias = parts(network.norm, network.projection)
        self._layers = [parts(b.qkv, b.out, b.norm1, b.up, b.down, b.norm2) for b in blocks]

    def __call__(self, ids: NDArray[Any], marks: NDArray[np.int64] | None) -> NDArray[np.float32]:
        """Compute the mean of the token vectors of one text, (hidden_size,). Call it in inference mode.

        Args:
            ids: Its pieces, special ones included, (tokens,).
            marks: Their packed marks, int64 (tokens,), or None for bare text.
        """
        x = self._words[ids]
        x += self._positions[: len(ids)]
        known = None if self._known is None else self._known(ids, marks)
        if marks is not None and marks.any():
            self._add_marks(x, marks)
        hidden = self._project(torch.from_numpy(x), known)
        mean: NDArray[np.float32] = np.add.reduce(hidden.numpy(), axis=0)
        mean /= len(ids)
        return mean

    def _add_marks(self, x: NDArray[np.float32], marks: NDArray[np.int64]) -> None:
        """Add the marks as `MarkedBert` does it for many texts; the reasons stand there."""
        marked = int(np.count_nonzero(marks & INNER_MARKS))
        loud = np.full(SLOTS, self._gain[max(marked, 1) - 1])
        loud[CASE_SLOT] = self._gain[-1]
        classes = (marks[:, None] >> _SHIFTS) & (CLASSES - 1)
        tokens, slots = classes.nonzero()
        share = np.zeros((len(x), len(tokens)), dtype=np.float32)
        share[tokens, np.arange(len(tokens))] = loud[slots]
        x += share @ self._marks[classes[tokens, slots] + CLASSES * slots]

    def _project(self, x: Tensor, known: Tensor | None) -> Tensor:
        """Run the blocks, the dictionary and the projection: (tokens, hidden_size) in and out."""
        linear, norm, shape, eps = self._linear, torch.layer_norm, self._shape, self._eps
        count = len(x)
        split = (1, count, 3, self._heads, self._head_dim)
        x = norm(x, shape, self._first, self._first_bias, eps)
        for qkv, qkv_b, out, out_b, norm1, norm1_b, up, up_b, down, down_b, norm2, norm2_b in self._layers:
            q, k, v = linear(x, qkv, qkv_b).view(split).permute(2, 0, 3, 1, 4).unbind(0)
            mixed = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
            x = norm(linear(mixed, out, out_b).add_(x), shape, norm1, norm1_b, eps)
            x = norm(linear(linear(x, up, up_b, True), down, down_b).add_(x), shape, norm2, norm2_b, eps)
        return linear(x if known is None else x.add_(known), self._last, self._last_bias)


class _KnownWords:
    """A `Dictionary` for one short text, as plain loops: some ten words cost less so than thirty calls of torch."""

    def __init__(self, dictionary: Dictionary) -> None:
        def numbers(tensor: Tensor) -> NDArray[Any]:
            array: NDArray[Any] = tensor.detach().numpy()
            return array

        self._pieces = list(zip(dictionary.piece_keys.tolist(), dictionary.piece_letters.tolist(), strict=True))
        self._powers = dictionary.powers.tolist()
        self._contradict = dictionary.contradict.tolist()
        self._keys, self._spots = numbers(dictionary.keys), numbers(dictionary.spots)
        self._first, self._codes = numbers(dictionary.first), numbers(dictionary.codes)
        self._table, self._project = numbers(dictionary.table), numbers(dictionary.project)
        self._gain = numbers(dictionary.gain)

    def __call__(self, ids: NDArray[Any], marks: NDArray[np.int64] | None) -> Tensor | None:
        """Compute what is added to the mean of the tokens, (hidden_size,); None for nothing."""
        words: list[list[int]] = []  # of each word its key, its marks, its letters
        codes = [0] * len(ids) if marks is None else marks.tolist()
        for place, (piece, code) in enumerate(zip(ids.tolist(), codes, strict=True)):
            key, letters = self._pieces[piece]
            if letters & 1 or not place:
                words.append([0, 0, 0])
            word, letters = words[-1], letters >> 1
            before = word[2]
            word[0] += key * self._powers[min(before, len(self._powers) - 1)]
            word[1] += (code & ((1 << (4 * min(letters, CASE_SLOT))) - 1)) << min(4 * before, 60)
            word[2] += letters
        words = [word for word in words if word[2]]
        wanted = np.array([word[0] & _ALL_BITS for word in words], np.uint64).view(np.int64)
        total = None
        for word, key, at in zip(words, wanted, self._keys.searchsorted(wanted).tolist(), strict=True):
            if at == len(self._keys) or self._keys[at] != key:
                continue
            allowed = self._readings(int(self._spots[at]), word[1] & INNER_MARKS)
            if allowed:
                meaning = self._table[allowed].mean(0)
                total = meaning if total is None else total + meaning
        if total is None:
            return None
        gain = self._gain[min(len(words), len(self._gain)) - 1] / len(words)
        return torch.from_numpy((gain * total) @ self._project)

    def _readings(self, spot: int, code: int) -> list[int]:
        """List the readings that the marks of a word allow."""
        entry, code = spot >> 3, code >> (4 * (spot & 7))
        first = int(self._first[entry])
        there = range(first, min(int(self._first[entry + 1]), first + MOST_READINGS))
        return [reading for reading in there if not self._against(code, int(self._codes[reading]))]

    def _against(self, code: int, other: int) -> bool:
        while code and other:
            if self._contradict[16 * (code & 15) + (other & 15)]:
                return True
            code, other = code >> 4, other >> 4
        return False
