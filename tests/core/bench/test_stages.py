from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harakat import Encoder
from harakat.bench.stages import STAGES, stage_seconds
from support.tiny import SAMPLE_TEXTS


@pytest.mark.parametrize("model", ["tiny", "harakat-mini"])
def test_every_stage_takes_time_and_the_encoder_stays_as_it_was(model: str, tiny_folder: Path):
    encoder = Encoder(tiny_folder if model == "tiny" else model)
    texts = SAMPLE_TEXTS * 6
    before = encoder.encode(texts)
    found = stage_seconds(encoder, texts)
    assert tuple(found) == STAGES
    for stage, seconds in found.items():
        assert seconds > 0, stage
    assert found["linear layers"] > found["pooling"]
    network = encoder.checkpoint.network
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())
    np.testing.assert_array_equal(encoder.encode(texts), before)


def test_stages_add_up_to_a_pass():
    """Stages leave out little, and count nothing twice."""
    import time

    encoder = Encoder()
    texts = SAMPLE_TEXTS * 12
    encoder.encode(texts)
    passes, sums = [], []
    for _ in range(3):
        started = time.perf_counter()
        encoder.encode(texts)
        passes.append(time.perf_counter() - started)
        sums.append(sum(stage_seconds(encoder, texts).values()))
    assert 0.4 < min(sums) / min(passes) < 2.5
