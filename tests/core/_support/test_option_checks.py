"""How adapters take options."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from harakat import Encoder
from harakat._support.option_checks import (
    check_fingerprint,
    environment_defaults,
    invalid_options,
    refuse_precision,
    refuse_unknown,
)
from harakat.errors import CheckpointError, FingerprintError, OptionError
from support.tiny import write_tiny


def test_an_unknown_option_is_named_with_those_that_exist() -> None:
    refuse_unknown(["dim"], ["model", "dim"], "Some")
    with pytest.raises(OptionError, match=r"Some has no option 'modle'; did you mean 'model'\? it takes: dim, model"):
        refuse_unknown(["dim", "modle"], ["model", "dim"], "Some")
    with pytest.raises(OptionError, match="no option 'zzz'; it takes: dim"):
        refuse_unknown(["zzz"], ["dim"], "Some")


def test_faults_of_a_validation_become_one_error() -> None:
    faults = [{"loc": ("dim",), "input": "x", "msg": "no number"}, {"loc": (), "input": 3, "msg": "no options"}]
    assert str(invalid_options("Some", faults)) == "Some: dim='x': no number; options=3: no options"


def test_only_float32() -> None:
    refuse_precision("float32", "Some")
    with pytest.raises(OptionError, match="precision='binary'"):
        refuse_precision("binary", "Some")


def test_the_environment_chooses_a_model_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MODEL", "DIM", "REVISION", "DEVICE"):
        monkeypatch.delenv(f"HARAKAT_{name}", raising=False)
    assert environment_defaults({}) == {}
    monkeypatch.setenv("HARAKAT_MODEL", "neoarabert-msa")
    monkeypatch.setenv("HARAKAT_DIM", "128")
    monkeypatch.setenv("HARAKAT_REVISION", "")
    monkeypatch.setenv("HARAKAT_DEVICE", "cpu")
    assert environment_defaults({}) == {"model": "neoarabert-msa", "dim": "128", "device": "cpu"}
    assert environment_defaults({"dim": 64, "device": "cuda"}) == {"model": "neoarabert-msa"}
    assert environment_defaults({"model": "harakat-mini"}) == {"device": "cpu"}
    assert environment_defaults({}, "model_name")["model_name"] == "neoarabert-msa"


def test_a_saved_fingerprint_is_compared(tiny_folder: Path) -> None:
    encoder = Encoder(tiny_folder)
    check_fingerprint(encoder, None)
    check_fingerprint(encoder, str(encoder.fingerprint))
    with pytest.raises(FingerprintError, match=r"hk1:0000.*now has fingerprint hk1:"):
        check_fingerprint(encoder, "hk1:0000")


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
