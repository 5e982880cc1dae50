"""The short prefix's own map: it learns to rank, and full width stays what it was."""

import pytest
import torch
from torch.nn.functional import normalize

from harakat_recipes.mini.head import fit
from harakat_recipes.mini.prefix import complete, even, fit_prefix, shorten
from harakat_recipes.mini.settings import HeadSettings, PrefixSettings
from support.pooled import accuracy, data, identity


def cosines(projection, vectors):
    with torch.no_grad():
        rows = normalize(projection(vectors), dim=1)
    return rows @ rows.T


def test_a_prefix_ranks_and_full_width_stays():
    given = data(hidden=32)
    projection, again = identity(), identity()
    settings = PrefixSettings(dims=[16], steps=200, batch=64, rate=2e-2, structure_weight=0, clash_weight=0)
    texts = given.pairs["verse"][0]
    before, ranked = cosines(projection, texts), accuracy(projection, given.pairs["verse"], 16)
    curve = shorten(projection, given, settings)
    shorten(again, given, settings)
    assert ranked < 0.2 and accuracy(projection, given.pairs["verse"], 16) > 0.8
    assert curve[-1] < curve[0]
    assert torch.equal(projection.weight, again.weight)
    assert (cosines(projection, texts) - before).abs().mean() < 0.1


def test_a_prefix_begins_with_the_first_values():
    assert torch.equal(fit_prefix(data(), PrefixSettings(dims=[8], steps=0))[0], torch.eye(32)[:8])


@pytest.mark.parametrize("dim", [1, 8, 31])
def test_a_turned_prefix_keeps_every_angle(dim):
    torch.manual_seed(2)
    vectors = torch.randn(100, 32)
    upright = torch.linalg.qr(torch.randn(32, 32)).Q[:dim]
    turn = complete(3 * upright, vectors.T @ vectors / 100)
    assert turn.shape == (32, 32)
    turned = vectors @ turn.T
    torch.testing.assert_close(turned @ turned.T, vectors @ vectors.T, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(turned[:, :dim], vectors @ upright.T, atol=1e-4, rtol=1e-4)


def test_of_an_oblique_prefix_what_is_lost_is_the_least():
    torch.manual_seed(3)
    sizes = torch.linspace(3, 0.01, 32)
    vectors = torch.randn(400, 32) * sizes
    oblique = torch.eye(32)[:4] * torch.tensor([1.0, 0.9, 0.6, 0.8])[:, None]
    turned = vectors @ complete(oblique, vectors.T @ vectors / 400).T
    lost = (turned @ turned.T - vectors @ vectors.T).abs().max() / (vectors @ vectors.T).abs().max()
    assert 0 < lost < 0.01
    sides = turned[:, 4:].square().mean(0)
    assert (sides.diff() <= 1e-4).all()  # in the order of what they hold


def test_half_of_the_projection_before_can_be_kept():
    given = data()
    settings = HeadSettings(steps=20, batch=64, rate=1e-2)
    whole, half = identity(), identity()
    fit(whole, given, [32, 8], settings)
    fit(half, given, [32, 8], HeadSettings(steps=20, batch=64, rate=1e-2, kept=0.5))
    torch.testing.assert_close(half.weight, (whole.weight + torch.eye(32)) / 2)


@pytest.mark.parametrize("power", [0.0, 0.4, 1.0])
@torch.no_grad()
def test_parts_become_more_even_and_the_shortest_prefix_stays(power):
    given, projection = data(), identity()
    projection.weight[:8] *= 6
    projection.weight[16:] /= 3
    texts = given.phrases[0]
    short = normalize(projection(texts)[:, :8], dim=1)

    def sizes():
        rows = normalize(projection(texts), dim=1).square().mean(0)
        return torch.stack([part.mean().sqrt() for part in rows.split([8, 8, 16])])

    before = sizes()
    factors = even(projection, given, [32, 16, 8, 8], power)
    torch.testing.assert_close(normalize(projection(texts)[:, :8], dim=1), short)
    spread, was = sizes().log().std(), before.log().std()
    assert was > 0.7 and spread == pytest.approx(float(was) * (1 - power), abs=0.15)
    if power:
        assert factors == sorted(factors) and len(factors) == 3
    else:
        assert factors == pytest.approx([factors[0]] * 3)
