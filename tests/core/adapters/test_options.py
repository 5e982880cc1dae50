"""Options that all adapters take alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from harakat import Encoder
from harakat.adapters.options import check_fingerprint, environment_defaults, refuse_precision
from harakat.errors import FingerprintError, OptionError


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
    with pytest.raises(FingerprintError, match=r"hk1:0000.*now has fingerprint hk2:"):
        check_fingerprint(encoder, "hk1:0000")
