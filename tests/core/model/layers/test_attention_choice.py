"""Which attention a device gets, and how a choice that cannot be had is refused."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from harakat import Encoder
from harakat.errors import DeviceError, OptionError
from harakat.model.layers import attention_choice
from harakat.model.layers.attention import BucketedAttention, PackedAttention
from harakat.model.layers.attention_choice import choose_attention, packed_attention
from harakat.options import ATTENTION

CPU = torch.device("cpu")
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.mark.parametrize("asked", ["auto", "sdpa"])
def test_the_cpu_has_sdpa(asked: str) -> None:
    assert choose_attention(asked, CPU, torch.float32, 64) == "sdpa"


@pytest.mark.parametrize("asked", ["varlen", "xformers"])
def test_what_needs_a_gpu_is_refused_without_one(tiny_folder: Path, asked: str) -> None:
    with pytest.raises(OptionError, match=f"attention='{asked}' needs a CUDA device, and this encoder runs on cpu"):
        choose_attention(asked, CPU, torch.bfloat16, 64)
    with pytest.raises(OptionError, match="use 'auto' or 'sdpa'"):
        Encoder(tiny_folder, device="cpu", attention=asked)  # type: ignore[arg-type]


def test_unknown_names_are_refused(tiny_folder: Path) -> None:
    with pytest.raises(OptionError, match="attention='flash' is unknown; choose 'auto', 'varlen', 'xformers', 'sdpa'"):
        Encoder(tiny_folder, attention="flash")  # type: ignore[arg-type]


def test_the_choice_is_visible_and_the_wish_is_kept(tiny_folder: Path) -> None:
    encoder = Encoder(tiny_folder, device="cpu")
    assert encoder.attention == "sdpa"
    assert "attention='sdpa'" in repr(encoder)
    assert encoder.options["attention"] == "auto"  # elsewhere another may be the best
    assert str(encoder.fingerprint) == str(encoder.with_options(attention="sdpa").fingerprint)


def test_sdpa_pads_on_devices_where_calls_are_dear() -> None:
    assert isinstance(packed_attention("sdpa", [3, 2], torch.tensor([0, 3, 5], dtype=torch.int32)), PackedAttention)
    away = torch.empty(3, dtype=torch.int32, device="meta")
    assert isinstance(packed_attention("sdpa", [3, 3], away), BucketedAttention)


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("kind", ATTENTION[1:])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_every_kind_attends_alike(kind: str, dtype: torch.dtype) -> None:
    device = torch.device("cuda", 0)
    try:
        choose_attention(kind, device, dtype, 64)
    except OptionError as error:
        pytest.skip(str(error))
    lengths = sorted(torch.randint(1, 200, (60,)).tolist(), reverse=True)
    starts = torch.tensor([0, *lengths]).cumsum(0).to(device, torch.int32)
    q, k, v = torch.randn(3, sum(lengths), 12, 64, device=device, dtype=dtype)
    found = packed_attention(kind, lengths, starts)(q, k, v).float().cpu()
    parts = packed_attention("sdpa", lengths, starts.cpu())
    expected = parts(q.cpu().float(), k.cpu().float(), v.cpu().float())
    torch.testing.assert_close(found, expected, atol=1e-5 if dtype == torch.float32 else 0.03, rtol=0.01)


@pytest.mark.gpu
@needs_cuda
def test_a_new_gpu_gets_varlen_in_half_precision() -> None:
    device = torch.device("cuda", 0)
    if torch.cuda.get_device_capability(device) < (8, 0):
        pytest.skip("needs compute capability 8.0")
    assert choose_attention("auto", device, torch.float16, 64) == "varlen"
    with pytest.raises(OptionError, match="computes in float32"):
        choose_attention("varlen", device, torch.float32, 64)


def test_networks_keep_to_their_device_and_never_wait_for_it() -> None:
    if not hasattr(torch.utils.backend_registration, "_setup_privateuseone_for_python_backend"):
        pytest.skip("this torch has no devices made in Python")
    script = Path(__file__).resolve().parents[3] / "support" / "pretend_device.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(done.stdout.splitlines()) == 10, done.stdout


class TestTrial:
    """What is tried before an attention is trusted, with the CPU in the place of a GPU."""

    @pytest.fixture(autouse=True)
    def on_the_cpu(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())

    def test_right_numbers_pass(self) -> None:
        for dtype in (torch.float32, torch.bfloat16):
            assert attention_choice._trial("sdpa", CPU, dtype, 32) is None

    def test_wrong_numbers_and_failures_are_reasons(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(attention_choice, "packed_attention", lambda *rest: lambda q, k, v: v)
        assert "gives wrong numbers on cpu here (off by" in str(attention_choice._trial("x", CPU, torch.float32, 32))

        def fails(*rest: object) -> None:
            raise RuntimeError("no kernel image is available\nfor this device")

        monkeypatch.setattr(attention_choice, "packed_attention", fails)
        reason = attention_choice._trial("x", CPU, torch.float32, 32)
        assert reason == "does not run on cpu here (no kernel image is available)"

    def test_full_memory_is_no_reason_against_an_attention(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*rest: object) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory")

        monkeypatch.setattr(attention_choice, "packed_attention", fails)
        with pytest.raises(DeviceError, match="cpu has no memory left"):
            attention_choice._trial("x", CPU, torch.float32, 32)
