"""`Encoder.cached`: one encoder of a process for equal options."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from harakat import Encoder
from harakat.errors import CheckpointError
from support.tiny import write_tiny


class TestSharedEncoder:
    def test_equal_options_give_one_encoder(self, tiny_folder: Path) -> None:
        first = Encoder.cached(model=str(tiny_folder), dim=16)
        assert Encoder.cached(model=str(tiny_folder), dim=16, revision=None) is first
        assert Encoder.cached(model=str(tiny_folder), dim=32) is not first

    def test_and_so_do_options_that_the_checkpoint_would_have_chosen(self, tiny_folder: Path) -> None:
        first = Encoder.cached(model=str(tiny_folder))
        assert Encoder.cached(model=str(tiny_folder), dim=64, query_prompt="", spelling="as-is") is first
        assert Encoder.cached(model=str(tiny_folder), overflow="warn", max_length=128) is first
        assert Encoder.cached(model=str(tiny_folder), overflow="chunk") is not first

    def test_replaced_files_are_noticed(self, tmp_path: Path) -> None:
        folder = str(write_tiny(tmp_path / "model", seed=20))
        first = Encoder.cached(model=folder)
        before, row = first.fingerprint, first.encode("علم")
        write_tiny(tmp_path / "model", seed=21)
        assert first.fingerprint == before
        second = Encoder.cached(model=folder)
        assert second.fingerprint.weights != before.weights
        assert Encoder.cached(model=folder, dim=64) is second
        assert not np.allclose(second.encode("علم"), row)
        np.testing.assert_array_equal(first.encode("علم"), row)

    def test_a_fingerprint_that_can_no_longer_be_known(self, tmp_path: Path) -> None:
        encoder = Encoder(write_tiny(tmp_path / "model", seed=23))
        write_tiny(tmp_path / "model", seed=24)
        with pytest.raises(CheckpointError, match="have changed since they were loaded"):
            _ = encoder.fingerprint

    def test_files_that_are_gone_do_not_matter_to_what_is_loaded(self, tmp_path: Path) -> None:
        folder = write_tiny(tmp_path / "model", seed=22)
        first = Encoder.cached(model=str(folder))
        fingerprint = first.fingerprint
        shutil.rmtree(folder)
        assert Encoder.cached(model=str(folder)) is first
        assert first.fingerprint == fingerprint
