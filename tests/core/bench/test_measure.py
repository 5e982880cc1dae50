from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from harakat import Encoder
from harakat.bench.measure import measure
from harakat.errors import OptionError, TruncationWarning
from support.tiny import SAMPLE_TEXTS


def test_figures_fit_together(tiny_folder: Path, recwarn: pytest.WarningsRecorder):
    encoder = Encoder(tiny_folder, device="cpu")
    texts = [*SAMPLE_TEXTS, "كتب الطالب " * 200]
    found = measure(encoder, texts, rounds=2)
    sizes = encoder.count_tokens(texts)
    assert found["texts"] == 9 and found["cut"] == 1
    assert found["real_tokens"] == int(np.minimum(sizes, 128).sum())
    assert found["texts_per_s"] == pytest.approx(9 / found["seconds"], rel=0.05)
    assert found["real_tokens_per_s"] == pytest.approx(found["real_tokens"] / found["seconds"], rel=0.05)
    assert set(found["latency_ms"]) == {"1", "32"}
    assert found["latency_ms"]["1"]["p50"] < found["latency_ms"]["32"]["p95"]
    assert set(found["share_of_sgemm"]) == set(found["sgemm_gflops"]) >= {"torch"}
    assert found["share_of_sgemm"]["torch"] > 0
    assert found["peak_memory_mb"] is None or found["peak_memory_mb"] > 50
    assert json.loads(json.dumps(found)) == found
    assert not [w for w in recwarn if issubclass(w.category, TruncationWarning)]


def test_nothing_to_measure_is_an_error(tiny_folder: Path):
    encoder = Encoder(tiny_folder)
    with pytest.raises(OptionError, match="no texts"):
        measure(encoder, [])
    with pytest.raises(OptionError, match="rounds=0"):
        measure(encoder, ["كتب"], rounds=0)
