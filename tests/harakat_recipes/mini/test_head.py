"""The projection's own training: it learns to rank by a short prefix, and nothing else changes."""

import torch

from harakat_recipes.mini import losses
from harakat_recipes.mini.head import fit
from harakat_recipes.mini.settings import HeadSettings
from support.pooled import accuracy, data, identity


def test_a_prefix_learns_to_rank_and_repeats_itself():
    given = data()
    settings = HeadSettings(steps=200, batch=64, rate=2e-2, hold_weight=0, move_weight=0, structure_weight=0)
    first, second = identity(), identity()
    before = accuracy(first, given.pairs["verse"], 8)
    curve = fit(first, given, [32, 8], settings)
    fit(second, given, [32, 8], settings)
    assert before < 0.2
    assert accuracy(first, given.pairs["verse"], 8) > 0.8
    assert curve[-1] < curve[0]
    assert torch.equal(first.weight, second.weight)


def test_structure_is_nothing_where_a_prefix_holds_all():
    vectors = torch.randn(20, 32)
    vectors[:, 8:] = 0
    assert losses.structure(vectors, [32, 8]) < 1e-5
    vectors[:, 8:] = torch.randn(20, 24)
    assert losses.structure(vectors, [32, 8]) > 0.1
    wide = vectors.clone().requires_grad_()
    losses.structure(wide, [32, 8]).backward()
    assert wide.grad is not None
    assert not wide.grad[:, 8:].any()  # what all dims say is the teacher here and learns nothing


def test_likeness_to_other_texts_is_about_them_and_not_about_each_other():
    torch.manual_seed(4)
    rows, others = torch.randn(20, 32), torch.randn(30, 32)
    rows[:, 8:] = others[:, 8:] = 0
    assert losses.likeness(rows[:, :8], rows, [8], (others[:, :8], others)) < 1e-5
    # Rows that differ from each other as before, but stand otherwise to the other texts.
    turned = rows[:, :8] @ torch.linalg.qr(torch.randn(8, 8)).Q
    assert losses.likeness(turned, rows, [8]) < 1e-5
    assert losses.likeness(turned, rows, [8], (others[:, :8], others)) > 0.1
    assert losses.likeness(rows[:5, :8], rows[:5], [8, 4], (others[:, :8], others)) > 0.01
