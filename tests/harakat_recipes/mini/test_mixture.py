"""What a step of the training draws: texts with their neighbours, words in sentences, and what it asks of them."""

import random

import numpy as np
import pytest
import torch

from harakat.training.distillation import Axes
from harakat_recipes.mini import losses
from harakat_recipes.mini.batches import TokenSequence
from harakat_recipes.mini.mixture import Mixture
from harakat_recipes.mini.settings import Settings
from harakat_recipes.mini.targets import Targets
from harakat_recipes.mini.words import Words


@pytest.fixture
def mixed(data):
    noise = np.random.default_rng(0)
    rows = noise.normal(size=(60, 32))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    sequences = [TokenSequence(noise.integers(0, 60, 10), np.zeros(10, np.int64)) for _ in rows]
    axes = Axes(np.zeros(32, np.float32), np.eye(32, dtype=np.float32))
    targets = Targets(sequences, rows.astype(np.float16), axes, 1.0)
    return Mixture(data, targets, Words(data, {}), None, Settings(phrase_tokens=200))


def test_the_held_texts_of_a_step_are_as_many_as_its_tokens_allow(mixed):
    chosen = mixed._phrases(random.Random(1))
    assert 15 <= len(set(chosen)) == len(chosen) <= 20  # of ten tokens, 200 wanted


def test_words_stand_in_sentences_of_the_length_that_is_said(mixed):
    chance = random.Random(2)
    sizes = []
    for _ in range(200):
        carry, around = mixed.carrier(chance)
        words = carry("قلم").split()
        assert "قلم" in words and len(words) == around + 1
        sizes.append(around)
    assert max(sizes) <= 12
    assert np.median(sizes) < 6


def test_order_is_kept_where_the_neighbours_are_the_same():
    rows = torch.nn.functional.normalize(torch.randn(9, 32), dim=1)
    assert losses.likeness(rows * 3, rows, [32]) < 1e-5
    assert losses.likeness(rows, rows.flip(0), [32]) > 0.1
