"""Words drawn to the vectors of their glosses."""

import random

import numpy as np
import pytest
import torch

from harakat.arabic.marks.codes import conflict, separate
from harakat.training.distillation import Axes
from harakat_recipes.mini.glosses import Drawn, Glosses, GlossVectors
from harakat_recipes.mini.texts import strip_marks
from support.stems import write_stems

STEMS = [
    ("Eilom", "N", "knowledge;learning"),
    ("Ealam", "N", "flag"),
    ("Ealima", "PV_0", "know"),
    ("qalam", "N", "pen"),
    ("yarAE", "N", "pen"),
    ("bayot", "N", "house"),
]
PHRASES = ["knowledge", "learning", "flag", "to know", "pen", "house"]
DIMS = [16, 8]


@pytest.fixture
def glosses(tmp_path):
    write_stems(tmp_path, STEMS)
    noise = np.random.default_rng(0)
    made = GlossVectors(PHRASES, noise.normal(size=(6, 16)).astype(np.float32))
    with (tmp_path / "g.npz").open("wb") as file:
        made.save(file)
    with (tmp_path / "g.npz").open("rb") as file:
        read = GlossVectors.load(file)
    assert read.texts == made.texts and np.array_equal(read.vectors, made.vectors)
    return Glosses(tmp_path, read, Axes(np.zeros(16, np.float32), np.eye(16, dtype=np.float32)))


def test_words_are_drawn_marked_or_bare(glosses):
    chance = random.Random(1)
    marked = bare = 0
    for _ in range(50):
        for text, at, is_bare in zip(*glosses.draw(5, chance), strict=True):
            assert strip_marks(text) == glosses.bases[at]
            if is_bare:
                bare += 1
                assert text == glosses.bases[at]
            else:
                marked += 1
                assert not conflict(separate(text)[1], separate(glosses.words[at])[1])
    assert marked > 100 and bare > 50


def test_a_bare_word_means_all_of_its_readings(glosses):
    at = glosses.words.index("عِلْم")
    readings = glosses.of_base["علم"]
    assert len(readings) == 3
    mean = glosses.targets[readings].mean(0)
    np.testing.assert_allclose(glosses.bare[at], mean / np.linalg.norm(mean), atol=1e-6)


def test_the_loss_is_least_where_each_word_is_at_its_own_glosses(glosses):
    drawn = Drawn(list(glosses.words), list(range(len(glosses.words))), [False] * len(glosses.words))
    right = torch.from_numpy(glosses.targets)
    least = glosses.loss(right, drawn, DIMS)
    # The words for pen share their gloss: to swap them costs nothing.
    pens = [glosses.words.index("قَلَم"), glosses.words.index("يَراع")]
    order = list(range(len(right)))
    order[pens[0]], order[pens[1]] = pens[1], pens[0]
    assert torch.isclose(glosses.loss(right[order], drawn, DIMS), least)
    # To swap two readings of one word costs most.
    one, other = glosses.words.index("عِلْم"), glosses.words.index("عَلَم")
    order = list(range(len(right)))
    order[one], order[other] = other, one
    assert glosses.loss(right[order], drawn, DIMS) > least + 0.5


def test_readings_of_one_word_are_rivals_even_where_they_are_not_drawn(glosses):
    at = glosses.words.index("عِلْم")
    flag = torch.from_numpy(glosses.targets[[glosses.words.index("عَلَم")]])
    house = torch.from_numpy(glosses.targets[[glosses.words.index("بَيْت")]])
    drawn = Drawn(["عِلْم"], [at], [False])
    hold = [
        2 * (1 - torch.cosine_similarity(v[:, :16], torch.from_numpy(glosses.targets[[at]]))) for v in (flag, house)
    ]
    ranked = [glosses.loss(v, drawn, [16]) - h for v, h in zip((flag, house), hold, strict=True)]
    assert ranked[0] > ranked[1]
