"""Batches on a device: memory that runs out, tuning, compiled networks, what a GPU must do."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harakat import Encoder
from harakat.errors import DeviceError
from harakat.runtime import engine as engine_module
from harakat.runtime import tuning
from harakat.runtime.batching import Window, plan_windows
from harakat.runtime.engine import Engine
from support import quran
from support.tiny import SAMPLE_TEXTS

VERSES = list(quran.VERSES.values())


class SmallMemory(torch.nn.Module):
    """The network on a device that holds so many tokens at a time."""

    def __init__(self, network: Any, holds: int, error: Exception) -> None:
        super().__init__()
        self.network, self.holds, self.error = network, holds, error
        self.passes: list[int] = []

    @property
    def hidden_size(self) -> int:
        return int(self.network.hidden_size)

    def forward(self, ids: torch.Tensor, *rest: Any) -> torch.Tensor:
        if len(ids) > self.holds:
            raise self.error
        self.passes.append(len(ids))
        out: torch.Tensor = self.network(ids, *rest)
        return out


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder)


@pytest.fixture(scope="module")
def windows(encoder: Encoder) -> list[Window]:
    return plan_windows(encoder.checkpoint.tokenizer.tokenize(VERSES), 126, "warn")


def engine_of(encoder: Encoder, network: Any, batch_tokens: int | None = 2048) -> Engine:
    whole = encoder.checkpoint.engine
    return Engine(network, whole.prefix, whole.suffix, whole.device, batch_tokens)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    ],
)
def test_too_large_a_batch_is_halved_and_nothing_is_lost(
    encoder: Encoder, windows: list[Window], error: Exception
) -> None:
    expected = encoder.checkpoint.engine.pooled(windows)
    small = SmallMemory(encoder.checkpoint.network, 200, error)
    engine = engine_of(encoder, small)
    seen: list[int] = []
    found = engine.pooled(windows, lambda batch: seen.extend(batch))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert sorted(seen) == list(range(len(windows)))
    assert max(small.passes) <= 200
    rows = engine_of(encoder, small).token_vectors(windows)
    for row, alone in zip(rows, encoder.checkpoint.engine.token_vectors(windows), strict=True):
        np.testing.assert_allclose(row, alone, atol=1e-4)


def test_later_batches_start_at_the_size_that_fits(encoder: Encoder, windows: list[Window]) -> None:
    small = SmallMemory(encoder.checkpoint.network, 200, torch.OutOfMemoryError("out of memory"))
    engine = engine_of(encoder, small)
    engine.pooled(windows)
    small.error = AssertionError("tried again what is known to be too much")  # type: ignore[assignment]
    np.testing.assert_allclose(engine.pooled(windows), encoder.checkpoint.engine.pooled(windows), atol=1e-5)


def test_one_text_that_does_not_fit_is_an_error(encoder: Encoder, windows: list[Window]) -> None:
    small = SmallMemory(encoder.checkpoint.network, 10, torch.OutOfMemoryError("no 5 MiB left"))
    with pytest.raises(DeviceError, match=r"a text of \d+ tokens does not fit .* cpu \(no 5 MiB left\); lower max_len"):
        engine_of(encoder, small).pooled(windows)


def test_other_errors_pass(encoder: Encoder, windows: list[Window]) -> None:
    small = SmallMemory(encoder.checkpoint.network, 10, RuntimeError("shape mismatch"))
    with pytest.raises(RuntimeError, match="shape mismatch"):
        engine_of(encoder, small).pooled(windows)


def test_the_probe_runs_real_passes(encoder: Encoder, windows: list[Window]) -> None:
    watched = SmallMemory(encoder.checkpoint.network, 5000, torch.OutOfMemoryError("out of memory"))
    engine = engine_of(encoder, watched)
    assert engine.tune(windows, (512, 1024, 8192)) in (512, 1024)
    assert {tokens // 512 for tokens in watched.passes} == {1, 2}
    watched.holds = 100
    with pytest.raises(DeviceError, match="512 tokens do not fit"):
        engine.tune(windows, (512, 1024))


def test_a_slow_start_is_not_counted_by_the_probe(
    encoder: Encoder, windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A GPU's first pass starts its libraries, and the compiler where asked for: seconds, up to a minute."""

    class SlowStart(SmallMemory):
        def forward(self, ids: torch.Tensor, *rest: Any) -> torch.Tensor:
            if not self.passes:
                time.sleep(0.6)
            return super().forward(ids, *rest)

    monkeypatch.setattr(tuning, "TUNING_SECONDS", 0.5)
    watched = SlowStart(encoder.checkpoint.network, 5000, RuntimeError("never"))
    engine_of(encoder, watched).tune(windows, (512, 1024))
    assert {tokens // 512 for tokens in watched.passes} == {1, 2}


def test_the_probe_waits_until_it_is_worth_its_time(
    encoder: Encoder, windows: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = SmallMemory(encoder.checkpoint.network, 5000, RuntimeError("never"))
    engine = engine_of(encoder, watched, None)
    engine.tuning = True  # as on a GPU
    probes: list[int] = []

    def probe(self: Engine, found: list[Window]) -> int:
        probes.append(len(found))
        return 512

    monkeypatch.setattr(Engine, "tune", probe)
    tokens = sum(window.size + engine.specials for window in windows)
    monkeypatch.setattr(engine_module, "TUNE_AFTER", 3 * tokens)
    expected = encoder.checkpoint.engine.pooled(windows)
    for calls in range(1, 6):
        np.testing.assert_allclose(engine.pooled(windows), expected, atol=1e-5)
        assert len(probes) == (calls >= 3)
        assert engine.batch_tokens == (512 if calls >= 3 else 2048)


def test_only_a_gpu_without_a_given_size_is_tuned(encoder: Encoder) -> None:
    network = encoder.checkpoint.network
    assert not engine_of(encoder, network, None).tuning
    assert engine_of(encoder, network, None).batch_tokens == 2048
    for batch_tokens, tuned in ((None, True), (100, False)):
        gpu = Engine(network, (2,), (3,), torch.device("cuda", 0), batch_tokens)
        assert gpu.tuning is tuned


def test_numbers_that_overflow_are_an_error(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder(tiny_folder, batch_tokens=64)
    forward = Engine._forward

    def overflown(self: Engine, windows: Any) -> Any:
        done = forward(self, windows)
        return done._replace(hidden=done.hidden.half() * 65_504)

    monkeypatch.setattr(Engine, "_forward", overflown)
    with pytest.raises(DeviceError, match="overflowed"):
        encoder.encode(SAMPLE_TEXTS)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_a_compiled_network_gives_the_same_vectors(tiny_folder: Path) -> None:
    from torch._dynamo.utils import counters

    plain, compiled = Encoder(tiny_folder), Encoder(tiny_folder, compile=True)
    for texts in (SAMPLE_TEXTS, VERSES, VERSES[:1], VERSES * 5):
        np.testing.assert_allclose(compiled.encode(texts), plain.encode(texts), atol=1e-5)
    # One graph before attention, one after it, for all layers and all sizes.
    assert counters["stats"]["unique_graphs"] == 2


@pytest.mark.parametrize("texts", [1, 3, 12, 60])
def test_the_cpu_meets_few_different_token_counts(encoder: Encoder, windows: list[Window], texts: int) -> None:
    """oneDNN keeps something for each of them."""
    watched = SmallMemory(encoder.checkpoint.network, 10_000, AssertionError())
    engine = engine_of(encoder, watched)
    for first in range(len(windows) - texts if texts < len(windows) else 1):
        engine.pooled(windows[first : first + texts])
    assert all(tokens < 64 or tokens % 8 == 0 for tokens in watched.passes)
    assert all(tokens < 256 or tokens % 32 == 0 for tokens in watched.passes)


def test_filled_batches_give_the_same_vectors(encoder: Encoder, windows: list[Window]) -> None:
    """What a compiled network is fed, without compiling it."""
    whole = encoder.checkpoint.engine
    filled = Engine(whole.network, whole.prefix, whole.suffix, whole.device, 700, compiled=True)
    np.testing.assert_allclose(filled.pooled(windows), whole.pooled(windows), atol=1e-5)
    for row, alone in zip(filled.token_vectors(windows), whole.token_vectors(windows), strict=True):
        np.testing.assert_allclose(row, alone, atol=1e-4)


@pytest.mark.gpu
class TestGpu:
    """Need a CUDA device: `pytest -m gpu tests/core`."""

    @pytest.fixture(autouse=True)
    def needs_cuda(self) -> None:
        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")

    @pytest.mark.parametrize("attention", ["auto", "varlen", "xformers", "sdpa"])
    @pytest.mark.parametrize(("dtype", "least"), [("float32", 0.99999), ("float16", 0.9999), ("bfloat16", 0.999)])
    def test_vectors_are_those_of_the_cpu(self, tiny_folder: Path, attention: Any, dtype: str, least: float) -> None:
        from harakat.errors import OptionError

        expected = Encoder(tiny_folder, device="cpu").encode(VERSES)
        try:
            encoder = Encoder(tiny_folder, device="cuda", dtype=dtype, attention=attention)
        except OptionError as error:
            pytest.skip(str(error))
        found = encoder.encode(VERSES * 3)
        assert (found * np.concatenate([expected] * 3)).sum(1).min() >= least
        assert encoder.attention in repr(encoder)

    def test_nothing_waits_for_the_device_while_batches_are_launched(self, tiny_folder: Path) -> None:
        encoder = Encoder(tiny_folder, device="cuda", dtype="float16", batch_tokens=512)
        engine = encoder.checkpoint.engine
        made = plan_windows(encoder.checkpoint.tokenizer.tokenize(VERSES), 126, "warn")
        expected = engine.pooled(made)
        torch.cuda.set_sync_debug_mode("error")
        try:
            pooling = engine.start(made)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        np.testing.assert_allclose(pooling.rows(), expected, atol=1e-2)

    def test_memory_that_runs_out_loses_nothing(self, tiny_folder: Path) -> None:
        encoder = Encoder(tiny_folder, device="cuda", batch_tokens=1 << 20)
        texts = VERSES * 500
        expected = Encoder(tiny_folder, device="cuda", batch_tokens=4096).encode(texts)
        _, total = torch.cuda.mem_get_info()
        torch.cuda.set_per_process_memory_fraction(min(1.0, 0.3 * 2**30 / total))
        try:
            found = encoder.encode(texts)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        np.testing.assert_allclose(found, expected, atol=1e-5)

    def test_a_long_call_tunes_itself(self, tiny_folder: Path) -> None:
        from harakat.runtime.tuning import BUDGETS

        encoder = Encoder(tiny_folder, device="cuda", dtype="float16")
        tokens = int(encoder.count_tokens(VERSES).sum())
        encoder.encode(VERSES * (engine_module.TUNE_AFTER // tokens + 1000))
        assert encoder.checkpoint.engine.batch_tokens in BUDGETS
