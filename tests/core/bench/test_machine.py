from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from harakat import Encoder
from harakat.bench.machine import (
    cpu_model,
    linear_flop,
    linear_weights,
    peak_memory,
    pinned_threads,
    sgemm_rates,
    surroundings,
)
from harakat.errors import OptionError


def test_flop_of_a_token_are_those_of_its_matrices(tiny_folder: Path):
    # 3 layers of 64: qkv and wo, and a gated feed-forward layer of width 64.
    network = Encoder(tiny_folder).checkpoint.engine.network
    assert linear_flop(network) == 3 * 2 * (3 * 64 * 64 + 64 * 64 + 2 * 64 * 64 + 64 * 64)


def test_packed_layers_count_like_plain_ones():
    network = Encoder().checkpoint.engine.network
    plain = copy.deepcopy(network)
    assert linear_flop(plain) == linear_flop(network) > 2 * 12 * 12 * 384**2
    for one, two in zip(linear_weights(plain), linear_weights(network), strict=True):
        assert torch.equal(one, two)


def test_rates_are_of_real_products(tiny_folder: Path):
    network = Encoder(tiny_folder).checkpoint.engine.network
    rates = sgemm_rates(network, tokens=64)
    assert rates["torch"] > 1e6
    assert all(1e6 < rate < 1e15 for rate in rates.values())


def test_surroundings_name_machine_and_versions():
    found = surroundings(3)
    assert found["threads"] == 3 and found["cpu"] == cpu_model() and found["cores"] >= 1
    assert found["versions"]["torch"] == torch.__version__


def test_peak_memory_never_falls_and_sees_what_is_held():
    before = peak_memory()
    if before is None:
        pytest.skip("this system does not tell")
    held = np.ones(2 * before // 8)
    after = peak_memory()
    assert after is not None and after > before + held.nbytes // 2
    del held
    assert peak_memory() == after


def test_threads_are_pinned_for_a_block_only():
    before = torch.get_num_threads()
    with pinned_threads(2 if before == 1 else 1) as threads:
        assert torch.get_num_threads() == threads != before
    with pinned_threads(None) as threads:
        assert threads == before
    assert torch.get_num_threads() == before
    with pytest.raises(OptionError, match="threads=0"), pinned_threads(0):
        pass
