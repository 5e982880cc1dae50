"""What a step of the training draws: texts with their neighbours, words in sentences, and what it asks of them."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat_recipes.mini import losses
from harakat_recipes.mini.batches import Sequence_
from harakat_recipes.mini.mixture import Mixture, nearest
from harakat_recipes.mini.settings import Settings
from harakat_recipes.mini.targets import Phrases
from harakat_recipes.mini.words import Words


@settings(max_examples=25)
@given(st.integers(2, 40), st.integers(1, 8), st.integers(1, 50))
def test_the_nearest_rows_are_those_of_the_highest_cosine(rows, count, block):
    noise = torch.from_numpy(np.random.default_rng(rows).normal(size=(rows, 5)).astype(np.float32))
    unit = torch.nn.functional.normalize(noise, dim=1)
    found = nearest(unit, count, block)
    cosines = (unit @ unit.T).fill_diagonal_(-2)
    assert found.shape == (rows, min(count, rows - 1))
    for row, there in enumerate(found):
        assert row not in there
        expected = cosines[row].sort(descending=True).values[: len(there)]
        torch.testing.assert_close(cosines[row][there], expected)


@pytest.fixture
def mixed(data):
    def make(**more):
        noise = np.random.default_rng(0)
        rows = noise.normal(size=(60, 32))
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        sequences = [Sequence_(noise.integers(0, 60, 10), np.zeros(10, np.int64)) for _ in rows]
        held = Phrases(sequences, rows.astype(np.float16))
        return Mixture(data, held, Words(data, {}), None, Settings(phrase_tokens=200, **more))

    return make


def test_a_held_text_comes_with_some_of_its_nearest(mixed):
    made, alone = mixed(company=3), mixed()
    cosines = (made.targets.float() @ made.targets.float().T).fill_diagonal_(0)

    def closeness(one):
        chosen = one._phrases(random.Random(1))
        assert len(set(chosen)) == len(chosen) >= 15  # of ten tokens, 200 wanted
        return float(cosines[chosen][:, chosen].max(1).values.mean())

    assert closeness(made) > closeness(alone)
    assert alone.near is None


def test_words_stand_in_sentences_of_the_length_that_is_said(mixed):
    chance = random.Random(2)
    middles = []
    for share, most in ((0.0, 12), (1.0, 28)):
        made = mixed(long_carriers=share)
        sizes = []
        for _ in range(200):
            carry, around = made.carrier(chance)
            words = carry("قلم").split()
            assert "قلم" in words and len(words) == around + 1
            sizes.append(around)
        assert max(sizes) <= most
        middles.append(np.median(sizes))
    assert middles[0] < 6 and middles[1] > 10


def test_order_is_kept_where_the_neighbours_are_the_same():
    rows = torch.nn.functional.normalize(torch.randn(9, 32), dim=1)
    assert losses.likeness(rows * 3, rows, [32]) < 1e-5
    assert losses.likeness(rows, rows.flip(0), [32]) > 0.1
