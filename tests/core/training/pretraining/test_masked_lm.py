"""Fresh networks, masked-LM loss, and pooled vectors, against the plain network and plain formulas."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import cross_entropy, gelu, normalize

from harakat.model.families.neoarabert_network import NeoAraBERTShape
from harakat.model.layers.attention import Group, PackedAttention
from harakat.training.pretraining.masked_lm import MaskedLM, Student, fresh_network, states

SHAPE = NeoAraBERTShape(
    hidden_size=64, num_hidden_layers=4, num_attention_heads=4, intermediate_size=192, vocab_size=500, max_positions=32
)
LENGTHS = [9, 7, 7, 2]


@pytest.fixture(scope="module")
def ids() -> torch.Tensor:
    return torch.randint(5, 500, (sum(LENGTHS),), generator=torch.Generator().manual_seed(0))


def one_by_one(network: torch.nn.Module, ids: torch.Tensor) -> list[torch.Tensor]:
    """States of each sequence by itself."""
    return [
        network(part, torch.arange(len(part)), PackedAttention([Group(0, 1, len(part))])) for part in ids.split(LENGTHS)
    ]


def test_fresh_weights() -> None:
    network = fresh_network(SHAPE, 0)
    for name, tensor in network.state_dict().items():
        if name.endswith("norm.weight"):
            assert bool((tensor == 1).all())
            continue
        std = 0.02 / 8**0.5 if name.endswith(("wo.weight", "w3.weight")) else 0.02
        assert abs(float(tensor.std()) / std - 1) < 0.06, name
    same, other = fresh_network(SHAPE, 0).state_dict(), fresh_network(SHAPE, 1).state_dict()
    assert all(torch.equal(tensor, same[name]) for name, tensor in network.state_dict().items())
    assert not torch.equal(other["encoder.weight"], same["encoder.weight"])


def test_a_fresh_network_knows_nothing(ids: torch.Tensor) -> None:
    """Its loss is that of guessing blindly: the logarithm of the vocabulary."""
    model = MaskedLM(fresh_network(SHAPE, 0), 0)
    loss = model(ids, torch.tensor(LENGTHS), ids)["loss"]
    assert abs(float(loss.detach()) - math.log(500)) < 0.1


def test_states_are_those_of_each_sequence_alone(ids: torch.Tensor) -> None:
    network = fresh_network(SHAPE, 0)
    together = states(network, ids, torch.tensor(LENGTHS))
    assert torch.allclose(together, torch.cat(one_by_one(network, ids)), atol=1e-5)


def test_the_loss_is_over_hidden_pieces_only(ids: torch.Tensor) -> None:
    model = MaskedLM(fresh_network(SHAPE, 0), 0)
    labels = torch.full_like(ids, -100)
    places = torch.tensor([1, 2, 11, 24])
    labels[places] = torch.tensor([7, 400, 9, 10])
    hidden = torch.cat(one_by_one(model.network, ids))[places]
    scores = model.norm(gelu(hidden @ model.transform.weight.T)) @ model.network.encoder.weight.T + model.bias
    loss = model(ids, torch.tensor(LENGTHS), labels)["loss"]
    assert torch.allclose(loss, cross_entropy(scores, labels[places]), atol=1e-5)
    nothing = model(ids, torch.tensor(LENGTHS), torch.full_like(ids, -100))["loss"]
    assert float(nothing.detach()) == 0 and nothing.requires_grad


def test_the_output_layer_is_the_embedding(ids: torch.Tensor) -> None:
    model = MaskedLM(fresh_network(SHAPE, 0), 0)
    assert {name for name, _ in model.named_parameters() if not name.startswith("network.")} == {
        "transform.weight",
        "norm.weight",
        "bias",
    }
    labels = torch.full_like(ids, -100)
    labels[3] = 450
    model(ids, torch.tensor(LENGTHS), labels)["loss"].backward()
    gradient = model.network.encoder.weight.grad
    assert gradient is not None
    # Pieces that are nowhere in the text are moved as well: as what they might have been.
    absent = [piece for piece in range(500) if piece not in ids]
    assert bool((gradient[absent].norm(dim=1) > 0).all())


def test_a_student_is_held_at_every_dim(ids: torch.Tensor) -> None:
    network = fresh_network(SHAPE, 0)
    student = Student(network, (64, 16))
    means = torch.stack([part.mean(0) for part in one_by_one(network, ids)])
    assert torch.allclose(student.pooled(ids, torch.tensor(LENGTHS)), means, atol=1e-5)
    targets = torch.randn(4, 64, generator=torch.Generator().manual_seed(1))
    wanted = sum(
        1 - (normalize(means[:, :dim], dim=1) * normalize(targets[:, :dim], dim=1)).sum(1).mean() for dim in (64, 16)
    )
    loss = student(ids, torch.tensor(LENGTHS), targets)["loss"]
    assert torch.allclose(loss, wanted / 2, atol=1e-5)
