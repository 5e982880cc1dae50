"""Other engines for the same network on the CPU: ONNX Runtime and OpenVINO against harakat's own layers.

    python benchmarks/backends.py                         # one thread; 300 verses, and 60 texts of 60 words
    python benchmarks/backends.py --verses 100 --long 20 --rounds 3 --json backends.json

Two measures, each with all engines in turns; figures are medians over rounds, and a speed-up is the median of the
rounds' ratios to harakat's float32. *Products*: the four matrix products of one block of harakat-mini, for so many
tokens. *Blocks*: all blocks of the network on real texts, embeddings in, token vectors out, which leaves out what
would be the same for all. harakat runs its own packed batches; the others get the same batches padded, in parts of
like length, so that padding is a tenth at most. The cosine is the mean over texts, of pooled vectors, to harakat's
float32.

What is not installed is skipped, and said: pip install onnx onnxscript onnxruntime openvino.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for folder in (HERE.parent / "core", HERE):  # works without an installation too
    sys.path.insert(0, str(folder))

import numpy as np
import torch
from snippet import quran_verses
from torch import Tensor, nn

from harakat import Encoder
from harakat._support.provenance import short_commit
from harakat.bench.machine import surroundings
from harakat.model.families.mini import MINI
from harakat.model.layers.attention import PackedAttention
from harakat.model.layers.int8_linear import int8_obstacle, quantise_linears
from harakat.model.layers.packed_linear import pack_linears, packing_supported

OURS = "harakat float32"
LONG_WORDS = 60
MOST_PADDING = 0.1
TOKENS = (32, 256, 1024)
NEEDS = {"onnxruntime": ("onnx", "onnxscript", "onnxruntime"), "openvino": ("openvino",)}
LINEARS = ("qkv", "out", "up", "down")
Engine = Callable[..., Any]


class Products(nn.Module):
    """The matrix products of a block: two inputs of its width, one of its feed-forward width."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.ModuleDict({name: getattr(block, name) for name in LINEARS})])

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        """(T, hidden) and (T, intermediate) to the four results."""
        layer: Any = self.layers[0]
        return layer["qkv"](x), layer["out"](x), layer["up"](x), layer["down"](h)


class PaddedBlocks(nn.Module):
    """All blocks over padded sequences, in operations that exporters know."""

    def __init__(self, layers: nn.ModuleList, heads: int) -> None:
        super().__init__()
        self.layers, self.heads = layers, heads

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, length, hidden), and what is added to scores: (batch, 1, 1, length)."""
        count, length, hidden = x.shape
        for block in self.layers:
            layer: Any = block
            heads = layer.qkv(x).view(count, length, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
            q, k, v = heads.unbind(0)
            mixed = nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
            x = layer.norm1(x + layer.out(mixed.transpose(1, 2).reshape(count, length, hidden)))
            x = layer.norm2(x + layer.down(nn.functional.gelu(layer.up(x))))
        return x


class CompressedLinear(nn.Module):
    """int8 weights with a scale a row, in the form that OpenVINO takes for its dynamic int8 products."""

    weight: Tensor
    scale: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        weight = linear.weight.detach()
        scale = weight.abs().amax(1, keepdim=True) / 127
        self.register_buffer("weight", (weight / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)
        self.bias = linear.bias

    def forward(self, x: Tensor) -> Tensor:
        """As `nn.Linear`."""
        return nn.functional.linear(x, self.weight.float() * self.scale, self.bias)


def replaced(module: nn.Module, kind: Callable[[nn.Linear], nn.Module]) -> nn.Module:
    """A copy with other linear layers."""
    changed = copy.deepcopy(module)
    for parent in list(changed.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear):
                setattr(parent, name, kind(child))
    return changed


def torch_dynamic(linear: nn.Linear) -> nn.Module:
    """PyTorch's own dynamic int8 layer: a scale an output channel, one scale for all tokens."""
    observer = torch.ao.quantization.per_channel_dynamic_qconfig
    linear.qconfig = observer  # type: ignore[assignment]
    return torch.ao.nn.quantized.dynamic.Linear.from_float(linear)  # type: ignore[no-any-return]


def of_torch(
    module: nn.Module, run: Callable[[nn.Module], object], dtype: torch.dtype = torch.float32
) -> dict[str, Engine]:
    """Harakat's own layers and PyTorch's, for one module; `run` puts typical inputs through it."""
    engines: dict[str, Engine] = {"torch float32 (MKL)": module}
    packed = copy.deepcopy(module)
    pack_linears(packed)
    engines[OURS] = packed
    if packing_supported(torch.bfloat16):
        half = copy.deepcopy(module).bfloat16()
        pack_linears(half)
        engines["harakat bfloat16"] = half
    if int8_obstacle() is None:
        rounded = copy.deepcopy(module)
        quantise_linears(rounded, lambda: run(rounded))
        pack_linears(rounded)
        engines["harakat int8"] = rounded
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, about torch.ao's future
        engines["torch dynamic int8"] = replaced(module, torch_dynamic)
    return engines


def of_onnxruntime(module: nn.Module, example: tuple[Tensor, ...], axes: Any, threads: int) -> dict[str, Engine]:
    """ONNX Runtime: float32, and dynamic int8 with a scale an output channel."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    names = [f"input{i}" for i in range(len(example))]

    def session(path: Path) -> Engine:
        opened = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return lambda *given: opened.run(None, dict(zip(names, given, strict=True)))

    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain, rounded = Path(scratch) / "plain.onnx", Path(scratch) / "int8.onnx"
        program = torch.onnx.export(module, example, dynamic_shapes=axes, input_names=names, dynamo=True, verbose=False)
        assert program is not None
        program.save(str(plain))
        quantize_dynamic(str(plain), str(rounded), per_channel=True, weight_type=QuantType.QInt8)
        return {"ONNX Runtime float32": session(plain), "ONNX Runtime dynamic int8": session(rounded)}


def of_openvino(module: nn.Module, example: tuple[Tensor, ...], threads: int) -> dict[str, Engine]:
    """OpenVINO: float32, bfloat16, and dynamic int8 with a scale a channel and 64 inputs."""
    import openvino

    core = openvino.Core()

    def compiled(made: nn.Module, **options: Any) -> Engine:
        model = openvino.convert_model(made, example_input=example)
        limits = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
        ready = core.compile_model(model, "CPU", {**limits, **options})
        return lambda *given: list(ready(list(given)).values())

    engines = {"OpenVINO float32": compiled(module, INFERENCE_PRECISION_HINT="f32")}
    if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        engines["OpenVINO bfloat16"] = compiled(module, INFERENCE_PRECISION_HINT="bf16")
    narrow = {"INFERENCE_PRECISION_HINT": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": 64}
    engines["OpenVINO dynamic int8"] = compiled(replaced(module, CompressedLinear), **narrow)
    return engines


def in_turns(
    work: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, list[float]]:
    """Seconds of each, round by round; the order turns, and a first round is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    names = list(work)
    for each in range(rounds + 1):
        shift = each % len(names)
        for name in names[shift:] + names[:shift]:
            started = clock()
            work[name]()
            if each:
                seconds[name].append(clock() - started)
    return seconds


def figures(seconds: Mapping[str, list[float]], tokens: int) -> dict[str, dict[str, Any]]:
    """Tokens a second and speed-up over harakat's float32, by engine."""
    return {
        name: {
            "milliseconds": round(1000 * statistics.median(took), 3),
            "tokens_per_s": round(tokens / statistics.median(took)),
            "speed_up": round(statistics.median(a / b for a, b in zip(seconds[OURS], took, strict=True)), 2),
        }
        for name, took in seconds.items()
    }


def products(block: nn.Module, inputs: tuple[Tensor, Tensor], present: list[str], args: Any) -> dict[str, Any]:
    """The first measure; inputs are real ones, as many tokens as the longest trial."""
    module = Products(block).eval()
    ours = of_torch(module, lambda made: made(*inputs))
    free = torch.export.Dim("tokens", min=1)
    others: dict[str, Engine] = {}
    if "onnxruntime" in present:
        others |= of_onnxruntime(module, (inputs[0][:9], inputs[1][:9]), ({0: free}, {0: free}), args.threads)
    if "openvino" in present:
        others |= of_openvino(module, (inputs[0][:9], inputs[1][:9]), args.threads)
    result = {}
    for tokens in TOKENS:
        x, h = inputs[0][:tokens].contiguous(), inputs[1][:tokens].contiguous()
        halves, arrays = (x.bfloat16(), h.bfloat16()), (x.numpy(), h.numpy())
        repeats = max(1, 1024 // tokens)

        def repeated(engine: Engine, given: tuple[Any, ...], repeats: int = repeats) -> Callable[[], object]:
            return lambda: [engine(*given) for _ in range(repeats)]

        work = {name: repeated(e, halves if "bfloat16" in name else (x, h)) for name, e in ours.items()}
        work |= {name: repeated(engine, arrays) for name, engine in others.items()}
        seconds = in_turns(work, 3 * args.rounds, args.clock)
        result[str(tokens)] = figures({name: [s / repeats for s in took] for name, took in seconds.items()}, tokens)
    return result


class Batch:
    """A batch of harakat's, and the same padded, in parts of like length."""

    def __init__(self, x: Tensor, attention: PackedAttention) -> None:
        self.x, self.half, self.attention = x, x.bfloat16(), attention
        self.lengths = [g.length for g in attention.groups for _ in range(g.sequences)]
        self.parts = [_padded(rows) for rows in _alike(list(x.split(self.lengths)))]
        self.places = sum(part.shape[0] * part.shape[1] for part, _ in self.parts)

    def pooled(self, out: Any) -> Tensor:
        """Unit mean vectors from token vectors: packed ones, or those of all parts."""
        if isinstance(out, Tensor):
            rows = [row.float().mean(0) for row in out.split(self.lengths)]
        else:
            sequences = [sequence for part in out for sequence in torch.from_numpy(np.asarray(part))]
            rows = [row[:length].mean(0) for row, length in zip(sequences, self.lengths, strict=True)]
        return nn.functional.normalize(torch.stack(rows), dim=1)


def _alike(rows: list[Tensor]) -> list[list[Tensor]]:
    """Runs of neighbours of which padding would be `MOST_PADDING` at most."""
    runs: list[list[Tensor]] = []
    for row in rows:
        run = [*runs[-1], row] if runs else [row]
        if runs and sum(map(len, run)) >= (1 - MOST_PADDING) * len(run) * max(map(len, run)):
            runs[-1] = run
        else:
            runs.append([row])
    return runs


def _padded(rows: list[Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """Token vectors (count, length, hidden), and what is added to scores."""
    real = torch.arange(max(map(len, rows))) < torch.tensor([len(row) for row in rows])[:, None]
    return nn.utils.rnn.pad_sequence(rows, True).numpy(), torch.where(real, 0.0, -1e9)[:, None, None, :].numpy()


def batches_of(encoder: Encoder, texts: list[str]) -> list[Batch]:
    """What harakat's engine gives to the first block."""
    network: Any = encoder.checkpoint.network
    seen: list[Batch] = []
    handle = network.layers[0].register_forward_pre_hook(
        lambda _, given: seen.append(Batch(given[0].clone(), given[1]))
    )
    try:
        encoder.encode(texts, show_progress=False)
    finally:
        handle.remove()
    return seen


def whole_blocks(network: Any, corpora: Mapping[str, list[Batch]], present: list[str], args: Any) -> dict[str, Any]:
    """The second measure."""

    def packed_pass(layers: Any, batch: Batch, x: Tensor) -> Tensor:
        for layer in layers:
            x = layer(x, batch.attention)
        return x

    first = next(iter(corpora.values()))
    ours = of_torch(network.layers, lambda layers: [packed_pass(layers, batch, batch.x) for batch in first[:2]])
    module = PaddedBlocks(copy.deepcopy(network.layers), network.config.num_attention_heads).eval()
    example = (torch.randn(2, 9, network.hidden_size), torch.zeros(2, 1, 1, 9))
    count, length = torch.export.Dim("count", min=1), torch.export.Dim("length", min=1, max=512)
    others: dict[str, Engine] = {}
    if "onnxruntime" in present:
        others |= of_onnxruntime(module, example, ({0: count, 1: length}, {0: count, 3: length}), args.threads)
    if "openvino" in present:
        others |= of_openvino(module, example, args.threads)

    def our_pass(name: str, batches: list[Batch]) -> list[Any]:
        return [packed_pass(ours[name], batch, batch.half if "bfloat16" in name else batch.x) for batch in batches]

    def their_pass(name: str, batches: list[Batch]) -> list[Any]:
        return [[others[name](*part)[0] for part in batch.parts] for batch in batches]

    result = {}
    for corpus, batches in corpora.items():
        work = {name: (lambda n=name, b=batches: our_pass(n, b)) for name in ours}
        work |= {name: (lambda n=name, b=batches: their_pass(n, b)) for name in others}
        vectors = {
            name: torch.cat([batch.pooled(out) for batch, out in zip(batches, each(), strict=True)])
            for name, each in work.items()
        }
        tokens = sum(len(batch.x) for batch in batches)
        rows = figures(in_turns(work, args.rounds, args.clock), tokens)
        for name, row in rows.items():
            row["cosine"] = round(float((vectors[name] * vectors[OURS]).sum(1).mean()), 5)
        places = sum(batch.places for batch in batches)
        result[corpus] = {"texts": len(vectors[OURS]), "tokens": tokens, "padding": round(1 - tokens / places, 3)}
        result[corpus]["engines"] = rows
    return result


def long_texts(verses: list[str]) -> list[str]:
    """Neighbouring verses, joined until they have `LONG_WORDS` words: about the length of a hadith."""
    texts, words = [], []
    for verse in verses:
        words += verse.split()
        if len(words) >= LONG_WORDS:
            texts.append(" ".join(words[:LONG_WORDS]))
            words = []
    return texts


def spread(texts: list[str], count: int) -> list[str]:
    """So many of them, evenly apart."""
    return texts[:: max(1, len(texts) // count)][:count]


def table(result: Mapping[str, Any]) -> str:
    """What a person reads."""
    lines = []
    for tokens, rows in result["products"].items():
        lines.append(f"\nproducts of a block, {tokens} tokens{'ms':>24}{'speed-up':>10}")
        lines += [f"  {name:<40}{row['milliseconds']:>13.2f}{row['speed_up']:>10.2f}" for name, row in rows.items()]
    for corpus, found in result["blocks"].items():
        lines.append(f"\nblocks, {found['texts']} {corpus}{'tokens/s':>30}{'speed-up':>10}{'cosine':>10}")
        lines += [
            f"  {name:<40}{row['tokens_per_s']:>13,}{row['speed_up']:>10.2f}{row['cosine']:>10.5f}"
            for name, row in found["engines"].items()
        ]
    lines += [
        f"\nnot installed, not measured: {name} (pip install {' '.join(NEEDS[name])})" for name in result["absent"]
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="harakat-mini", help="of harakat-mini's architecture")
    parser.add_argument("--verses", type=int, default=300)
    parser.add_argument("--long", type=int, default=60, help=f"texts of {LONG_WORDS} words")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--cpu-time", action="store_true", help="count processor time and not time that passes, on a busy machine"
    )
    parser.add_argument("--json", type=Path, help="where to write the result")
    args = parser.parse_args()
    args.clock = time.process_time if args.cpu_time else time.perf_counter
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    logging.getLogger().setLevel(logging.ERROR)
    torch.set_num_threads(args.threads)
    present = [name for name, needs in NEEDS.items() if all(map(find_spec, needs))]

    encoder = Encoder(args.model, device="cpu")
    if encoder.checkpoint.family is not MINI:
        raise SystemExit(f"--model {args.model}: not of harakat-mini's architecture")
    verses = quran_verses()
    corpora = {
        "verses": batches_of(encoder, spread(verses, args.verses)),
        f"texts of {LONG_WORDS} words": batches_of(encoder, spread(long_texts(verses), args.long)),
    }
    network = copy.deepcopy(encoder.checkpoint.network)  # a copy has plain linear layers
    block: Any = network.layers[len(network.layers) // 2]  # type: ignore[attr-defined]
    with torch.inference_mode():
        x = torch.cat([batch.x for batch in corpora["verses"]])[: max(TOKENS)].repeat(max(TOKENS), 1)[: max(TOKENS)]
    with torch.no_grad():
        inputs = (x.clone(), nn.functional.gelu(block.up(x)))
        result: dict[str, Any] = {
            "date": date.today().isoformat(),
            "commit": short_commit(HERE) or "",
            **surroundings(args.threads),
            "model": args.model,
            "rounds": args.rounds,
            "clock": "processor time" if args.cpu_time else "time that passes",
            "absent": [name for name in NEEDS if name not in present],
            "products": products(block, inputs, present, args),
            "blocks": whole_blocks(network, corpora, present, args),
        }
    result["versions"] |= {name: version(name) for name in present}
    print(table(result))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
