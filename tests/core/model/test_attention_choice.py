"""Which attention a device gets, and how a choice that cannot be had is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from harakat import Encoder
from harakat.errors import OptionError
from harakat.model.attention import BucketedAttention, PackedAttention
from harakat.model.attention_choice import ATTENTION, choose_attention, packed_attention

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
