"""Texts as tokens with their marks, and the vectors that the network in training gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from harakat.arabic.tokenizers.mini import PieceTokenizer
from harakat.model.families.mini_network import MarkedBert
from harakat.training.sequences import BucketAttention

__all__ = ["TokenSequence", "embed", "pool", "pooled", "prepare"]


class TokenSequence(NamedTuple):
    """Ids and packed marks of one tokenised text with its special tokens, int64 (n,) both."""

    ids: NDArray[np.int64]
    marks: NDArray[np.int64]


def prepare(tokenizer: PieceTokenizer, texts: Sequence[str], *, longest: int) -> list[TokenSequence]:
    """Tokenise `texts`, each cut to `longest` tokens, special tokens included."""
    head, tail = tokenizer.prefix, tokenizer.suffix
    budget = longest - len(head) - len(tail)
    prepared = []
    for tokens in tokenizer.tokenize(texts):
        assert tokens.marks is not None  # always set by PieceTokenizer
        ids = np.concatenate([head, tokens.ids[:budget], tail]).astype(np.int64)
        marks = np.zeros(len(ids), np.int64)
        marks[len(head) : -len(tail)] = tokens.marks[:budget]
        prepared.append(TokenSequence(ids, marks))
    return prepared


def pool(network: MarkedBert, sequences: Sequence[TokenSequence]) -> Tensor:
    """Return the mean token vector of each sequence, in order, float32 (n, hidden), not normalised."""
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i].ids))
    lengths = [len(sequences[i].ids) for i in order]
    attention = BucketAttention(lengths)
    ids = torch.from_numpy(np.concatenate([sequences[i].ids for i in order]))[attention.source]
    marks = torch.from_numpy(np.concatenate([sequences[i].marks for i in order]))[attention.source]
    tokens = network(ids, attention.positions, attention, marks if bool((marks != 0).any()) else None)
    shares = attention.real / attention.token_lengths()
    owner = torch.tensor(order)[attention.owner]
    return torch.zeros(len(order), tokens.shape[1]).index_add(0, owner, tokens.float() * shares[:, None])


@torch.no_grad()
def pooled(
    network: MarkedBert, sequences: Sequence[TokenSequence], *, tokens: int = 8192, projected: bool = True
) -> Tensor:
    """Return the mean token vector of any number of sequences, in order, float32 (n, hidden), computed in bfloat16.

    Args:
        network: Network in evaluation or training mode; no gradient is kept.
        sequences: Sequences in any order.
        tokens: Number of tokens, about, that go through the network at a time.
        projected: False for the vectors before the network's projection.
    """
    order = sorted(range(len(sequences)), key=lambda i: -len(sequences[i].ids))
    result = torch.zeros(len(sequences), network.config.hidden_size)
    projection = network.projection
    if not projected:
        network.projection = nn.Identity()  # type: ignore[assignment]
    at = 0
    try:
        while at < len(order):
            part: list[int] = []
            used = 0
            while at < len(order) and (not part or used + len(sequences[order[at]].ids) <= tokens):
                part.append(order[at])
                used += len(sequences[order[at]].ids)
                at += 1
            with torch.autocast("cpu", torch.bfloat16):
                result[part] = pool(network, [sequences[i] for i in part])
    finally:
        network.projection = projection
    return result


def embed(network: MarkedBert, sequences: Sequence[TokenSequence], *, tokens: int = 8192) -> NDArray[np.float32]:
    """Return unit rows for any number of sequences, float32 (n, hidden); arguments as for `pooled`."""
    rows: NDArray[np.float32] = functional.normalize(pooled(network, sequences, tokens=tokens), dim=1).numpy()
    return rows
