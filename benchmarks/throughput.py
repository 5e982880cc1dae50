"""Texts and real tokens a second: our encoder against the reference snippet, on the same weights, in one run.

    python benchmarks/throughput.py                        # bundled model, the whole Quran in verse order
    python benchmarks/throughput.py --published --sample 300   # published size (28 x 768), random weights
    python benchmarks/throughput.py --texts hadith.txt     # one text a line

The reference snippet is what a model card shows: texts in the given order, batches of 32, padded to the longest,
float32, mean pooling over the mask. Rounds alternate between the two, so that both meet the same machine; medians
over rounds, and the ratio is the median of the rounds' ratios. Both start from strings. "Real tokens" leave padding
out and count special tokens. The share of sgemm sets the network's matrix arithmetic on real tokens against a plain
float32 matrix product of the same shapes, measured in the same round.
"""

from __future__ import annotations

import argparse
import copy
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harakat import Encoder
from harakat.model.attention import PaddedAttention


def quran_verses() -> list[str]:
    """The 6,236 verses of the PyPI package quran-text, Uthmani spelling with all marks."""
    from quran_text import Mushaf

    return [ayah.render(marks=True) for ayah in Mushaf.hafs().ayahs]


def snippet(encoder: Encoder, texts: list[str], batch: int = 32) -> np.ndarray:
    """The reference: given order, batches of 32, padded, masked mean, unit rows."""
    loaded = encoder._loaded
    # A deep copy has plain linear layers, as the snippet does.
    network = copy.deepcopy(loaded.engine.network)
    tokenizer, device = loaded.tokenizer, loaded.engine.device
    rows = []
    for start in range(0, len(texts), batch):
        tokens = tokenizer.tokenize(texts[start : start + batch])
        head, tail = list(tokenizer.prefix), list(tokenizer.suffix)
        room = encoder.max_length - len(head) - len(tail)
        ids = [head + t.ids[:room].tolist() + tail for t in tokens]
        longest = max(map(len, ids))
        padded = torch.tensor([row + [tokenizer.pad_id] * (longest - len(row)) for row in ids], device=device)
        mask = torch.tensor([[i < len(row) for i in range(longest)] for row in ids], device=device)
        marks = None
        if tokens[0].marks is not None:
            codes = [[0] * len(head) + t.marks[:room].tolist() + [0] * len(tail) for t in tokens]
            marks = torch.tensor([row + [0] * (longest - len(row)) for row in codes], device=device).flatten()
        positions = torch.arange(longest, device=device).repeat(len(ids))
        with torch.inference_mode():
            hidden = network(padded.flatten(), positions, PaddedAttention(len(ids), longest, mask), marks)
        weights = mask[..., None].float()
        pooled = (hidden.view(len(ids), longest, -1) * weights).sum(1) / weights.sum(1)
        rows.append(torch.nn.functional.normalize(pooled, dim=-1)[:, : encoder.dim])
    out = torch.nn.functional.normalize(torch.cat(rows), dim=-1)
    return out.cpu().numpy()


def matmul_flop(network: torch.nn.Module) -> int:
    """Multiply-adds times two in the linear layers, for one token."""
    return sum(2 * m.weight.numel() for m in network.modules() if isinstance(m, torch.nn.Linear))


def sgemm_rate(network: torch.nn.Module, tokens: int = 2048) -> float:
    """FLOP/s of bare float32 products with the network's own matrix shapes."""
    weights = [m.weight for m in network.modules() if isinstance(m, torch.nn.Linear)][:8]
    inputs = [torch.randn(tokens, w.shape[1], device=w.device) for w in weights]
    for x, w in zip(inputs, weights, strict=True):
        x @ w.T
    started = time.perf_counter()
    for _ in range(3):
        for x, w in zip(inputs, weights, strict=True):
            x @ w.T
    return 3 * sum(2 * tokens * w.numel() for w in weights) / (time.perf_counter() - started)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what the work gave."""
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def published_size(folder: Path, layers: int) -> Path:
    """A checkpoint of the published proportions with random weights, its vocabulary trained on the Quran."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from support.tiny import write_tiny

    sizes = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072, "num_hidden_layers": layers}
    return write_tiny(folder, dims=(768, 512, 256, 128, 64), max_position_embeddings=1024, **sizes)


def main() -> None:
    """Run the comparison and print it; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="harakat-mini")
    parser.add_argument("--published", action="store_true", help="28 x 768 with random weights instead of --model")
    parser.add_argument("--layers", type=int, default=28, help="layers for --published")
    parser.add_argument("--texts", type=Path, help="a UTF-8 file, one text a line, instead of the Quran")
    parser.add_argument("--sample", type=int, help="every n-th text, so that this many remain, in order")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path, help="where to write the result")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    texts = args.texts.read_text(encoding="utf-8").splitlines() if args.texts else quran_verses()
    texts = [text for text in texts if text.strip()]
    if args.sample:
        texts = texts[:: max(1, len(texts) // args.sample)][: args.sample]
    with tempfile.TemporaryDirectory() as scratch:
        model = published_size(Path(scratch) / "published", args.layers) if args.published else args.model
        encoder = Encoder(model, overflow="warn")
        result = compare(encoder, texts, args.rounds)
    result |= {
        "corpus": args.texts.name if args.texts else "quran-text, verse order",
        "model": f"published size, {args.layers} layers, random weights" if args.published else args.model,
        "threads": args.threads,
    }
    print(json.dumps(result, indent=2))
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result, indent=2) + "\n")


def compare(encoder: Encoder, texts: list[str], rounds: int) -> dict[str, Any]:
    """Alternate the two over `rounds` and report medians."""
    counts = np.minimum(encoder.count_tokens(texts), encoder.max_length)
    real = int(counts.sum())
    widths = [counts[i : i + 32] for i in range(0, len(counts), 32)]
    padded = sum(int(w.max()) * len(w) for w in widths)
    network = encoder._loaded.engine.network
    encoder.encode(texts[:64])
    seconds: dict[str, list[float]] = {"snippet": [], "harakat": []}
    rates, difference = [], 0.0
    for _ in range(rounds):
        rates.append(sgemm_rate(network))  # type: ignore[arg-type]
        theirs_s, theirs = timed(lambda: snippet(encoder, texts))
        ours_s, ours = timed(lambda: encoder.encode(texts, show_progress=False))
        seconds["snippet"].append(theirs_s)
        seconds["harakat"].append(ours_s)
        difference = max(difference, float(np.abs(theirs - ours).max()))
    flop = matmul_flop(network) * real  # type: ignore[arg-type]

    def report(name: str) -> dict[str, float]:
        median = statistics.median(seconds[name])
        return {
            "seconds": round(median, 3),
            "texts_per_s": round(len(texts) / median, 1),
            "real_tokens_per_s": round(real / median, 1),
            "share_of_sgemm": round(
                statistics.median(flop / s / r for s, r in zip(seconds[name], rates, strict=True)), 3
            ),
        }

    ratios = [a / b for a, b in zip(seconds["snippet"], seconds["harakat"], strict=True)]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "date": date.today().isoformat(),
        "commit": commit.stdout.strip(),
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "device": encoder.device,
        "dtype": encoder.dtype,
        "texts": len(texts),
        "real_tokens": real,
        "padding_of_snippet": round(1 - real / padded, 3),
        "rounds": rounds,
        "sgemm_gflops": round(statistics.median(rates) / 1e9, 1),
        "snippet": report("snippet"),
        "harakat": report("harakat"),
        "ratio": round(statistics.median(ratios), 2),
        "largest_difference": difference,
    }


if __name__ == "__main__":
    main()
