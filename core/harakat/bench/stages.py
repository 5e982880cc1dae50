"""The time of an encoder, stage by stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from harakat.encoder import Encoder
    from harakat.model.layers.attention import Attention

__all__ = ["STAGES", "stage_seconds"]

STAGES = (
    "tokenising",
    "batching",
    "embedding and marks",
    "attention",
    "linear layers",
    "norms",
    "activations and residuals",
    "pooling",
)


class _Clock:
    """Seconds by stage, once the device has done its work."""

    def __init__(self, synchronise: Callable[[], None]) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._synchronise = synchronise

    def now(self) -> float:
        self._synchronise()
        return time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = self.now()
        yield
        self.seconds[name] += self.now() - started


class _Timed:
    """An attention that is timed."""

    def __init__(self, inner: Attention, clock: _Clock) -> None:
        self._inner, self._clock = inner, clock

    def __call__(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        with self._clock.stage("attention"):
            return self._inner(q, k, v)

    def token_lengths(self) -> Tensor:
        return self._inner.token_lengths()


def stage_seconds(encoder: Encoder, texts: list[str]) -> dict[str, float]:
    """Measure the seconds that one pass over the texts spends in each of `STAGES`.

    The stages run one after the other here, the clock waits for the device at every border, and the words are those
    of a tokenizer that has met them and spelled them: for shares, not for totals. The sum is a little over what
    `encode` takes. Packed linear layers add residuals and apply GELU themselves, which counts as theirs.

    Args:
        encoder: Not compiled (its blocks have no stages left). Texts over its length are cut.
        texts: At least one.
    """
    import torch

    from harakat.model.layers.attention_choice import packed_attention
    from harakat.model.pooling import mean_pool_segments
    from harakat.runtime.batching import plan_batches, plan_windows
    from harakat.runtime.packing import pack

    loaded = encoder.checkpoint
    engine, device = loaded.engine, loaded.engine.device
    clock = _Clock(torch.cuda.synchronize if device.type == "cuda" else lambda: None)
    encoder.encode(texts[:64], show_progress=False)
    loaded.tokenizer.tokenize(texts)
    with clock.stage("tokenising"):
        tokens = loaded.tokenizer.tokenize(texts)
    with clock.stage("batching"):
        windows = plan_windows(tokens, encoder.max_length - engine.specials, "warn")
        batches = plan_batches([w.size + engine.specials for w in windows], engine.batch_tokens)
    with torch.inference_mode(), _hooks(engine.network, clock):
        for batch in batches:
            with clock.stage("batching"):
                flat = pack([windows[i] for i in batch], engine.prefix, engine.suffix)
                values = torch.from_numpy(flat.values).to(device)
                starts = values[-len(flat.lengths) - 1 :]
                attention = packed_attention(engine.attention, flat.lengths, starts.to(torch.int32))
            ids, positions = values[: flat.tokens], values[flat.tokens : 2 * flat.tokens]
            marks = values[2 * flat.tokens : 3 * flat.tokens] if flat.marked else None
            hidden = engine.network(ids, positions, _Timed(attention, clock), marks)
            with clock.stage("pooling"):
                mean_pool_segments(hidden, starts).float().cpu()
    return clock.seconds


@contextmanager
def _hooks(network: Any, clock: _Clock) -> Iterator[None]:
    """Time a network's modules while the block runs.

    What a block does outside attention, linear layers and norms is activations and residuals; what the network does
    before its first block is embedding.
    """
    from torch import nn

    from harakat.model.layers.packed_linear import FusedLinear

    seconds = clock.seconds
    blocks = next(m for m in network.modules() if isinstance(m, nn.ModuleList))
    inner = ("attention", "linear layers", "norms")
    begun: dict[int, float] = {}
    at_start: dict[int, float] = {}

    def begin(module: nn.Module, _: Any) -> None:
        at_start[id(module)] = sum(seconds[name] for name in inner)
        begun[id(module)] = clock.now()

    def end(stage: str) -> Callable[..., None]:
        def add(module: nn.Module, *_: Any) -> None:
            seconds[stage] += clock.now() - begun[id(module)]

        return add

    def end_block(module: nn.Module, *_: Any) -> None:
        within = sum(seconds[name] for name in inner) - at_start[id(module)]
        seconds["activations and residuals"] += clock.now() - begun[id(module)] - within

    def embedded(*_: Any) -> None:
        within = sum(seconds[name] for name in inner) - at_start[id(network)]
        seconds["embedding and marks"] += clock.now() - begun[id(network)] - within

    handles = [network.register_forward_pre_hook(begin), blocks[0].register_forward_pre_hook(embedded)]
    for block in blocks:
        handles += [block.register_forward_pre_hook(begin), block.register_forward_hook(end_block)]
    for module in network.modules():
        stage = None
        if isinstance(module, nn.Linear | FusedLinear):
            stage = "linear layers"
        elif isinstance(module, nn.LayerNorm | nn.RMSNorm):
            stage = "norms"
        if stage:
            handles += [module.register_forward_pre_hook(begin), module.register_forward_hook(end(stage))]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
