"""The network of harakat-mini against transformers' BERT, and what marks add to it."""

import dataclasses

import pytest
import torch
from transformers import BertConfig, BertModel

from harakat.arabic.marks import codes as markcodes
from harakat.errors import CheckpointError
from harakat.model.families.mini_network import FORMAT, MarkedBert, MarkedBertConfig
from harakat.model.families.names import MARKED_BERT
from harakat.model.layers.attention import PaddedAttention

CONFIG = MarkedBertConfig(
    vocab_size=50,
    hidden_size=32,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=64,
    max_position_embeddings=20,
)


def oracle():
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=20, type_vocab_size=1, layer_norm_eps=1e-12, attn_implementation="eager",
    )  # fmt: skip
    return BertModel(config, add_pooling_layer=False).eval()


def from_oracle(bert, config=CONFIG):
    theirs = {
        name: torch.randn_like(value) * 0.3 for name, value in bert.state_dict().items() if value.is_floating_point()
    }
    bert.load_state_dict(theirs, strict=False)
    state = {
        "words.weight": theirs["embeddings.word_embeddings.weight"],
        "positions.weight": theirs["embeddings.position_embeddings.weight"]
        + theirs["embeddings.token_type_embeddings.weight"][0],
        "marks": torch.zeros(256, 32),
        "mark_gain": torch.ones(20),
        "norm.weight": theirs["embeddings.LayerNorm.weight"],
        "norm.bias": theirs["embeddings.LayerNorm.bias"],
        "projection.weight": torch.eye(32),
        "projection.bias": torch.zeros(32),
    }
    names = {
        "out": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
    }
    for layer in range(3):
        there, here = f"encoder.layer.{layer}.", f"layers.{layer}."
        for kind in ("weight", "bias"):
            state[f"{here}qkv.{kind}"] = torch.cat(
                [theirs[f"{there}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            )
            for name, full in names.items():
                state[f"{here}{name}.{kind}"] = theirs[f"{there}{full}.{kind}"]
    network = MarkedBert(config)
    network.load_state_dict(state)
    return network.eval()


def run(network, ids, mask, marks=None):
    count, length = ids.shape
    places = torch.arange(length).repeat(count)
    flat = network(
        ids.flatten(), places, PaddedAttention(count, length, mask), None if marks is None else marks.flatten()
    )
    return flat.view(count, length, -1)


def test_bare_text_equals_bert():
    bert = oracle()
    network = from_oracle(bert)
    ids = torch.randint(0, 50, (3, 9))
    mask = torch.ones(3, 9, dtype=torch.bool)
    mask[1, 5:] = False
    with torch.no_grad():
        theirs = bert(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        torch.testing.assert_close(run(network, ids, mask)[mask], theirs[mask], atol=1e-5, rtol=1e-4)
        silent = run(network, ids, mask, torch.zeros_like(ids))
        torch.testing.assert_close(silent[mask], theirs[mask], atol=1e-5, rtol=1e-4)


def test_each_mark_adds_its_row_and_a_missing_mark_nothing():
    network = from_oracle(oracle())
    with torch.no_grad():
        network.marks.copy_(torch.randn(256, 32))
    codes = torch.tensor([markcodes.pack([1, 0, 15], 9), 0, markcodes.pack([], 14)])
    added = network._marks(codes, torch.ones(3))
    table = network.marks.detach()
    rows = [table[1] + table[2 * 16 + 15] + table[15 * 16 + 9], torch.zeros(32), table[15 * 16 + 14]]
    torch.testing.assert_close(added.detach(), torch.stack(rows))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "bert"}, "model_type"),
        ({"format": None}, "format=None"),
        ({"format": 1}, "gain of marks"),
        ({"vocab_size": None}, "vocab_size"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"num_attention_heads": 5}, "num_attention_heads"),
        ({"layer_norm_eps": "small"}, "layer_norm_eps"),
        ({"num_hidden_layers": True}, "num_hidden_layers"),
    ],
)
def test_unusable_configs_are_refused(change, message):
    values = {"model_type": MARKED_BERT, "format": FORMAT, **dataclasses.asdict(CONFIG)}
    assert MarkedBertConfig.from_dict(values) == CONFIG
    values |= change
    with pytest.raises(CheckpointError, match=message):
        MarkedBertConfig.from_dict({k: v for k, v in values.items() if v is not None})


def test_the_gain_depends_on_how_many_tokens_of_the_text_bear_marks():
    network = from_oracle(oracle())
    one, other = markcodes.pack([1, 2]), markcodes.pack([3])
    with torch.no_grad():
        network.marks.copy_(torch.randn(256, 32))
        network.mark_gain.copy_(torch.tensor([1.0, 0.0] + [0.5] * 18))
        ids, mask = torch.tensor([[4, 5, 6, 7]]), torch.ones(1, 4, dtype=torch.bool)
        bare = run(network, ids, mask)
        torch.testing.assert_close(run(network, ids, mask, torch.tensor([[0, one, other, 0]])), bare)  # two: silent
        assert not torch.allclose(run(network, ids, mask, torch.tensor([[0, one, 0, 0]])), bare)
        # A neighbour in the batch does not count, and neither does a mark of the case ending alone.
        pair, both = ids.repeat(2, 1), mask.repeat(2, 1)
        codes = torch.tensor([[0, one, other, 0], [one, 0, 0, 0]])
        torch.testing.assert_close(run(network, pair, both, codes)[:1], bare)
        case = torch.tensor([[0, one, other, markcodes.pack([], case=3)]])
        loud = run(network, ids, mask, case)
        alone = run(network, ids, mask, torch.tensor([[0, 0, 0, markcodes.pack([], case=3)]]))
        torch.testing.assert_close(loud, alone)
