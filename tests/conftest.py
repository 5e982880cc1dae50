"""Shared fixtures: small real checkpoints on disk, made once a session."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest

# A test's first example pays for imports and tables, and workers share two cores: time says nothing about a property.
hypothesis.settings.register_profile("harakat", deadline=None)
hypothesis.settings.load_profile("harakat")


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A NeoAraBERT checkpoint with random weights: 64 dims, 3 layers, Matryoshka dims 64, 32, 16."""
    from support.tiny import write_tiny

    return write_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another model of the same size as `tiny_folder`: same files, other weights."""
    from support.tiny import write_tiny

    return write_tiny(tmp_path_factory.mktemp("models") / "other", seed=1)
