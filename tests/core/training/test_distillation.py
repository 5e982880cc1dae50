"""Axes of a teacher's vectors, and the loss that holds a student to its targets."""

import numpy as np
import torch

from harakat.training.distillation import find_axes, hold


def test_axes_centre_turn_and_order_by_variance():
    noise = np.random.default_rng(0)
    vectors = noise.normal(size=(500, 32)).astype(np.float32) * np.linspace(0.1, 1, 32, dtype=np.float32) + 3
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    axes = find_axes(vectors, alpha=0.0)
    turned = (vectors - axes.mean) @ axes.matrix
    assert np.abs(turned.mean(0)).max() < 1e-5
    assert (np.diff(turned.var(0)) < 1e-7).all()
    np.testing.assert_allclose(axes.matrix.T @ axes.matrix, np.eye(32), atol=1e-5)
    whitened = find_axes(vectors, alpha=1.0)
    spread = ((vectors - whitened.mean) @ whitened.matrix).var(0)
    assert spread.max() / spread.min() < 1.01


def test_a_sample_smaller_than_the_vectors_gives_finite_targets():
    vectors = np.random.default_rng(0).normal(size=(9, 32)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for alpha in (0.25, 1.0):
        targets = find_axes(vectors, alpha).apply(vectors)
        np.testing.assert_allclose(np.linalg.norm(targets, axis=1), 1, atol=1e-5)


def test_hold_is_zero_at_the_target():
    vectors = torch.randn(6, 32)
    assert hold(vectors, vectors * 3, [32, 8]) < 1e-6
    assert hold(vectors, -vectors, [32]) > 1.99
