"""A fresh NeoAraBERT, and the heads that training puts around one: masked language modelling, sentence encoding.

Both take flat tokens, the longest sequence first, and give their loss, as transformers' trainer wants it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, gelu, linear

from harakat.model.families.neoarabert_network import NeoAraBERT, NeoAraBERTShape
from harakat.model.layers.attention import BucketedAttention
from harakat.training.distillation import hold
from harakat.training.pretraining.masking import IGNORED
from harakat.training.sequences import BucketAttention

__all__ = ["MaskedLM", "Student", "fresh_network", "states"]

STD = 0.02
"""Standard deviation of the normal distribution of fresh weights (Devlin et al. 2019)."""


def fresh_network(shape: NeoAraBERTShape, seed: int) -> NeoAraBERT:
    """Make a network with random weights.

    Weights are normal, std 0.02; those of the layers that write into the residual stream are divided by the square
    root of the number of such layers (Radford et al. 2019, 2.3). Norms begin at 1.

    Args:
        shape: Its dimensions.
        seed: Seed of the weights.
    """
    network = NeoAraBERT(shape)
    generator = torch.Generator().manual_seed(seed)
    residual = STD / (2 * shape.num_hidden_layers) ** 0.5
    for name, parameter in network.named_parameters():
        if name.endswith("norm.weight"):
            nn.init.ones_(parameter)
        else:
            std = residual if name.endswith(("wo.weight", "w3.weight")) else STD
            nn.init.normal_(parameter, std=std, generator=generator)
    return network


def states(network: NeoAraBERT, ids: Tensor, lengths: Tensor) -> Tensor:
    """Compute the last hidden states of sequences laid end to end, (T, hidden).

    Args:
        network: The encoder.
        ids: int64 (T,).
        lengths: int64 (n,), number of tokens in each sequence, in descending order.
    """
    out: Tensor
    sizes = lengths.tolist()
    if ids.device.type == "cpu":
        rows = BucketAttention(sizes)
        out = network(ids[rows.source], rows.positions, rows)[rows.real]
        return out
    ends = lengths.cumsum(0)
    positions = torch.arange(len(ids), device=ids.device)
    positions = positions - torch.repeat_interleave(ends - lengths, lengths, output_size=len(ids))
    out = network(ids, positions, BucketedAttention(sizes, torch.cat((ends.new_zeros(1), ends)).int()))
    return out


class MaskedLM(nn.Module):
    """A network that guesses hidden pieces: BERT's head (Devlin et al. 2019), its output layer tied to the embedding.

    Args:
        network: The encoder; trained in place.
        seed: Seed of the head's weights.
    """

    def __init__(self, network: NeoAraBERT, seed: int) -> None:
        super().__init__()
        self.network = network
        width = network.hidden_size
        self.transform = nn.Linear(width, width, bias=False)
        self.norm = nn.RMSNorm(width, eps=network.shape.norm_eps)
        self.bias = nn.Parameter(torch.zeros(network.shape.vocab_size))
        nn.init.normal_(self.transform.weight, std=STD, generator=torch.Generator().manual_seed(seed + 1))

    def logits(self, hidden: Tensor) -> Tensor:
        """Compute scores of all pieces, (k, vocabulary), from states (k, hidden)."""
        return linear(self.norm(gelu(self.transform(hidden)).float()), self.network.encoder.weight, self.bias)

    def forward(self, ids: Tensor, lengths: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Compute the loss over the hidden pieces.

        Args:
            ids: int64 (T,), with words hidden.
            lengths: int64 (n,), descending.
            labels: int64 (T,), `IGNORED` for tokens that are not guessed.

        Returns:
            ``{"loss": ()}``, mean cross-entropy in nats.
        """
        asked = labels != IGNORED
        hidden = states(self.network, ids, lengths)[asked]
        # A sum over a count that is never zero: a batch may hold nothing to guess.
        loss = cross_entropy(self.logits(hidden).float(), labels[asked], reduction="sum")
        return {"loss": loss / asked.sum().clamp(min=1)}


class Student(nn.Module):
    """A sentence encoder that is held to given vectors at every Matryoshka dim: 1 - cosine.

    Args:
        network: The encoder; trained in place.
        dims: Matryoshka dims.
    """

    def __init__(self, network: NeoAraBERT, dims: Sequence[int]) -> None:
        super().__init__()
        self.network, self.dims = network, tuple(dims)

    def pooled(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Compute the mean state of each sequence, special tokens included, float32 (n, hidden)."""
        hidden = states(self.network, ids, lengths).float()
        owner = torch.repeat_interleave(lengths, output_size=len(ids))
        sums = hidden.new_zeros(len(lengths), hidden.shape[1]).index_add(0, owner, hidden)
        return sums / lengths[:, None]

    def forward(self, ids: Tensor, lengths: Tensor, targets: Tensor) -> dict[str, Tensor]:
        """Compute the loss of the pooled states.

        Args:
            ids: int64 (T,).
            lengths: int64 (n,), descending.
            targets: float32 (n, hidden).

        Returns:
            ``{"loss": ()}``.
        """
        return {"loss": hold(self.pooled(ids, lengths), targets, self.dims)}
