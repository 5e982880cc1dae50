"""The whole picture of a GPU in one command, in under 8 minutes: correct first, then fast.

    python benchmarks/gpu.py                         # writes benchmarks/results/gpu-NAME-DATE.json
    python benchmarks/gpu.py --texts hadith.txt      # your own texts beside the Quran, one a line
    python benchmarks/gpu.py --device cpu --small    # every path in seconds, for the tests; its figures mean nothing

For a NeoAraBERT of the published size (28 x 768, random weights, a vocabulary counted on the texts) and for
harakat-mini it

1. compares the vectors of every dtype, attention and of the compiled network with float32 (SDPA) on the same device,
   and that with the CPU: least and mean cosine, 0.9999 is the bar;
2. measures the matrix product of this GPU in each dtype, the ceiling that shares are shares of;
3. times the network alone over dtypes and kinds of attention, then over token budgets, compiled and not;
4. times the whole way from strings to vectors on the host with the best of these that meet the bar: on a fresh word
   cache and a warm one, with tokenising in a thread and in processes, and on all GPUs where there are several;
5. times the reference snippet (given order, batches of 32, padded, float32) on the same GPU, and tokenising alone.

Texts are the Quran in verse order (PyPI package quran-text) and longer ones cut from it, with about 70 words on average
as hadith have. "Real tokens" count special tokens and no padding. What cannot run here says why in the result. The
result is written after every step, and steps that no longer fit into --minutes are left out and named.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import platform
import random
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from itertools import cycle
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
for folder in ("core", "tests", "benchmarks"):  # works without an installation too
    sys.path.insert(0, str(ROOT / folder))

import numpy as np
import torch
from snippet import Snippet, quran_verses

from harakat import Encoder
from harakat._provenance import installed, short_commit
from harakat.bench.machine import linear_flop
from harakat.errors import HarakatError, TruncationWarning
from harakat.model.attention_choice import ATTENTION
from harakat.runtime.batching import Window, plan_windows
from harakat.runtime.engine import GPU_BATCH_TOKENS
from harakat.runtime.tuning import BUDGETS

BAR = 0.9999
LOW = ("float16", "bfloat16")
MEAN_WORDS, SPREAD = 70, 0.75
"""Hadith in words: a log-normal length with this mean and this sigma."""


class Run:
    """One benchmark: its arguments, clock and growing result."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.began = args, time.monotonic()
        self.device = torch.device(args.device)
        self.small: bool = args.small
        self.seconds = 0.05 if args.small else 1.0
        self.rounds = 1 if args.small else 3
        self.result: dict[str, Any] = {"left_out": []}

    def left(self) -> float:
        """Seconds until the time is up."""
        return float(self.args.minutes * 60 - (time.monotonic() - self.began))

    @contextmanager
    def step(self, name: str, needs: float = 10.0) -> Iterator[bool]:
        """A step; gives False where its time is up, and keeps what earlier steps found whatever happens in it."""
        if self.left() < needs:
            self.result["left_out"].append(f"{name}: the {self.args.minutes:g} minutes were up")
            yield False
            return
        print(f"[{time.monotonic() - self.began:6.1f} s] {name}", file=sys.stderr, flush=True)
        try:
            yield True
        except (HarakatError, RuntimeError, NotImplementedError) as error:
            said = (str(error).strip().splitlines() or ["no message"])[0]
            self.result["left_out"].append(f"{name}: {type(error).__name__}: {said[:300]}")
        self.save()

    def save(self) -> None:
        """Write the result as it is now."""
        path: Path | None = self.args.json
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self.result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def wait(self) -> None:
        """Until the device is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def median(self, work: Callable[[], Any]) -> float:
        """Median wall time of one call after a warm-up, over some rounds."""
        work()
        times = []
        for _ in range(self.rounds):
            self.wait()
            started = time.perf_counter()
            work()
            self.wait()
            times.append(time.perf_counter() - started)
            if self.left() < 0:
                break
        return statistics.median(times)


def corpora(args: argparse.Namespace) -> tuple[dict[str, list[str]], str]:
    """Texts by name, and where they are from."""
    source = "quran-text"
    try:
        verses = quran_verses()
    except ModuleNotFoundError:
        from support.tiny import SAMPLE_TEXTS

        source = "sample sentences of the tests: quran-text is not installed here"
        chance = random.Random(1)
        words = " ".join(SAMPLE_TEXTS).split()
        verses = [" ".join(chance.choices(words, k=chance.randint(3, 25))) for _ in range(6236)]
    texts = {"quran": verses, "longer": longer(verses, 6000)}
    if args.texts:
        lines = args.texts.read_text(encoding="utf-8").splitlines()
        texts[args.texts.stem] = [line for line in lines if line.strip()]
    if args.small:
        texts = {name: each[:40] for name, each in texts.items()}
    return texts, source


def longer(verses: list[str], count: int) -> list[str]:
    """Stretches of the running text, with log-normal lengths."""
    words = " ".join(verses).split()
    chance = random.Random(0)
    mu = math.log(MEAN_WORDS) - SPREAD**2 / 2
    made = []
    for _ in range(count):
        size = min(max(3, round(chance.lognormvariate(mu, SPREAD))), 600)
        start = chance.randrange(max(1, len(words) - size))
        made.append(" ".join(words[start : start + size]))
    return made


def published_size(folder: Path, texts: list[str], small: bool) -> Path:
    """A checkpoint of the published proportions, with random weights and a vocabulary counted on the texts."""
    from safetensors.torch import save_file

    from support.tiny import DEFAULT_CONFIG, random_weights, write_tokenizer

    folder.mkdir(parents=True)
    size = write_tokenizer(folder, vocab_size=65_000, texts=texts)
    sizes = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072, "num_hidden_layers": 28}
    config = {**DEFAULT_CONFIG, "vocab_size": size, "max_position_embeddings": 1024}
    config |= {"matryoshka_dims": [32, 16]} if small else {**sizes, "matryoshka_dims": [768, 512, 256, 128, 64]}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(random_weights(config), folder / "model.safetensors")
    return folder


def matmul_peak(run: Run, dtype: torch.dtype) -> float:
    """TFLOP/s of a large square matrix product on random values."""
    size = 256 if run.small else 8192 if run.device.type == "cuda" else 1024
    a, b = torch.randn(2, size, size, device=run.device).to(dtype)
    repeats = 1 if run.small else 10

    def work() -> None:
        for _ in range(repeats):
            a @ b

    return 2 * size**3 * repeats / run.median(work) / 1e12


def cosines(found: np.ndarray, expected: np.ndarray) -> dict[str, float]:
    """Least and mean cosine of unit rows."""
    each = (found.astype(np.float64) * expected.astype(np.float64)).sum(1)
    return {"least": float(each.min()), "mean": float(each.mean())}


def correctness(run: Run, model: str, texts: dict[str, list[str]]) -> dict[str, Any]:
    """Cosines to float32 of everything that can run here."""
    sample = [text for each in texts.values() for text in each[:: max(1, len(each) // 128)]][:300]
    few = sample[:: max(1, len(sample) // 16)]
    reference = Encoder(model, device=run.args.device, attention="sdpa")
    expected = reference.encode(sample, overflow="chunk")
    on_cpu = Encoder(model, device="cpu").encode(few, overflow="chunk")
    table: dict[str, Any] = {
        "texts": len(sample),
        "float32 sdpa against the CPU": cosines(reference.encode(few, overflow="chunk"), on_cpu),
    }
    for dtype in ("float32", *LOW):
        for attention in ATTENTION[1:]:
            name = f"{dtype} {attention}"
            try:
                encoder = Encoder(model, device=run.args.device, dtype=dtype, attention=attention)  # type: ignore[arg-type]
            except HarakatError as error:
                table[name] = f"not here: {error}"
                continue
            table[name] = cosines(encoder.encode(sample, overflow="chunk"), expected)
        if dtype in LOW and not run.small and run.left() > 120:
            encoder = Encoder(model, device=run.args.device, dtype=dtype, compile=True)
            table[f"{dtype} compiled {encoder.attention}"] = cosines(encoder.encode(sample, overflow="chunk"), expected)
    return table


def meets(found: Any) -> bool:
    """Whether cosines are there and at least the bar."""
    return isinstance(found, dict) and found["least"] >= BAR


def windows_of(encoder: Encoder, texts: list[str], tokens: float) -> list[Window]:
    """Windows of about so many tokens in all; the texts come round again."""
    specials = encoder._loaded.engine.specials
    made = plan_windows(encoder._loaded.tokenizer.tokenize(texts), encoder.max_length - specials, "warn")
    chosen: list[Window] = []
    for window in cycle(made):
        chosen.append(window)
        tokens -= window.size + specials
        if tokens <= 0:
            return chosen
    raise AssertionError("a corpus is never empty")


def real_tokens(encoder: Encoder, windows: list[Window]) -> int:
    """Tokens of windows, special tokens included."""
    return sum(w.size + encoder._loaded.engine.specials for w in windows)


def network_rate(run: Run, encoder: Encoder, texts: list[str]) -> float:
    """Real tokens a second of the network alone, from ids on the host to pooled rows on the host."""
    engine = encoder._loaded.engine
    few = windows_of(encoder, texts, 2000 if run.small else 2 * GPU_BATCH_TOKENS)
    engine.pooled(few)  # also the probe for a budget, and the compiler
    run.wait()
    started = time.perf_counter()
    engine.pooled(few)
    rate = real_tokens(encoder, few) / (time.perf_counter() - started)
    windows = windows_of(encoder, texts, max(rate * run.seconds, real_tokens(encoder, few)))
    return real_tokens(encoder, windows) / run.median(lambda: engine.pooled(windows))


def sweep_kinds(run: Run, model: str, texts: list[str]) -> dict[str, Any]:
    """The network alone over dtypes and kinds of attention."""
    rates: dict[str, Any] = {}
    budget = 1024 if run.small else 65_536
    for dtype in (*LOW, "float32"):
        for attention in ATTENTION[1:]:
            if run.left() < 45:
                return rates
            try:
                encoder = Encoder(
                    model,
                    device=run.args.device,
                    dtype=dtype,
                    attention=attention,  # type: ignore[arg-type]
                    batch_tokens=budget,
                )
            except HarakatError as error:
                rates[f"{dtype} {attention}"] = f"not here: {error}"
                continue
            rates[f"{dtype} {attention}"] = round(network_rate(run, encoder, texts))
    return rates


def sweep_budgets(run: Run, model: str, texts: list[str], dtype: str) -> dict[str, Any]:
    """The network alone over token budgets, compiled and not."""
    rates: dict[str, Any] = {}
    budgets = (512, 1024) if run.small else BUDGETS
    for compiled in (False,) if run.small else (False, True):
        for budget in budgets:
            if run.left() < 45:
                return rates
            encoder = Encoder(model, device=run.args.device, dtype=dtype, compile=compiled, batch_tokens=budget)
            rates[f"{'compiled' if compiled else 'plain'} {budget}"] = round(network_rate(run, encoder, texts))
    return rates


def end_to_end(run: Run, options: dict[str, Any], texts: list[str], tokens: int) -> dict[str, Any]:
    """From strings to vectors on the host, in real tokens a second."""
    figures: dict[str, Any] = {}
    for workers in (0, 1) if run.small else (0, max(2, min(8, (os.cpu_count() or 2) // 2))):
        encoder = Encoder(**options, workers=workers)
        encoder.encode(texts[:64], show_progress=False)  # starts the device, and the compiler where asked
        run.wait()
        started = time.perf_counter()
        encoder.encode(texts, show_progress=False)
        fresh = time.perf_counter() - started
        times = max(1, min(64, round(run.seconds / fresh)))
        many = texts * times
        encoder.encode(many, show_progress=False)  # the probe for a budget, and processes, start here
        warm = run.median(lambda: encoder.encode(many, show_progress=False))  # noqa: B023
        figures["thread" if workers == 0 else f"{workers} processes"] = {
            "fresh_word_cache_tokens_per_s": round(tokens / fresh),
            "tokens_per_s": round(tokens * times / warm),
            "texts_per_s": round(len(many) / warm, 1),
            "budget": encoder._loaded.engine.batch_tokens,
        }
        encoder._loaded.ahead.close()
    return figures


def several_devices(run: Run, options: dict[str, Any], texts: list[str], tokens: int) -> dict[str, Any]:
    """The same on all GPUs of this machine (two processes on the CPU in the small run)."""
    devices = ["cpu", "cpu"] if run.small else [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    times = 1 if run.small else 16 * len(devices)
    with Encoder(**options).on_devices(devices) as many:
        many.encode(texts, show_progress=False)
        took = run.median(lambda: many.encode(texts * times, show_progress=False))
    return {"devices": devices, "tokens_per_s": round(tokens * times / took)}


def snippet_rate(run: Run, model: str, dtype: str, texts: list[str]) -> float:
    """Real tokens a second of the reference snippet on this device."""
    encoder = Encoder(model, device=run.args.device, dtype=dtype, attention="sdpa")
    sample = texts[:: max(1, len(texts) // (40 if run.small else 1000))]
    tokens = int(np.minimum(encoder.count_tokens(sample), encoder.max_length).sum())
    reference = Snippet(encoder)
    return tokens / run.median(lambda: reference(sample))


def tokenising(run: Run, model: str, texts: list[str], tokens: int) -> dict[str, float]:
    """Tokenising alone on one core, content tokens and words a second, fresh cache and warm."""
    from harakat.runtime.loading import load

    options: dict[str, Any] = dict.fromkeys(("revision", "spelling", "segmentation", "morphology", "cache_dir"))
    options |= {"device": "cpu", "dtype": "auto", "attention": "auto", "compile": False, "workers": 0}
    words = sum(len(text.split()) for text in texts)
    tokenizer = load(model, batch_tokens=None, offline=False, **options).tokenizer
    started = time.perf_counter()
    tokenizer.tokenize(texts)
    fresh = time.perf_counter() - started
    warm = run.median(lambda: tokenizer.tokenize(texts))
    return {
        "fresh_words_per_s": round(words / fresh),
        "warm_words_per_s": round(words / warm),
        "warm_tokens_per_s": round(tokens / warm),
    }


def bench_model(run: Run, name: str, model: str, texts: dict[str, list[str]]) -> None:
    """All steps for one model."""
    mine: dict[str, Any] = run.result.setdefault("models", {}).setdefault(name, {})
    with run.step(f"{name}: correctness", 30) as go:
        if go:
            mine["cosine_to_float32"] = correctness(run, model, texts)
    found = mine.get("cosine_to_float32", {})
    passing = [dtype for dtype in LOW if any(meets(value) for key, value in found.items() if key.startswith(dtype))]
    mine["dtypes_that_meet_the_bar"] = passing
    with run.step(f"{name}: dtypes and attention", 45) as go:
        if go:
            mine["network_tokens_per_s"] = sweep_kinds(run, model, texts["longer"])
    dtype = _fastest(mine.get("network_tokens_per_s", {}), passing)
    with run.step(f"{name}: budgets in {dtype}", 60) as go:
        if go:
            mine[f"network_tokens_per_s_by_budget_{dtype}"] = budgets = sweep_budgets(
                run, model, texts["longer"], dtype
            )
            plain = max((rate for key, rate in budgets.items() if key.startswith("plain")), default=0)
            compiled = max((rate for key, rate in budgets.items() if key.startswith("compiled")), default=0)
            mine["compile_wins"] = compiled > 1.02 * plain
    options = {"model": model, "device": run.args.device, "dtype": dtype, "compile": mine.get("compile_wins", False)}
    mine["best"] = {key: value for key, value in options.items() if key != "model"}
    flop = linear_flop(Encoder(model, device=run.args.device, dtype=dtype)._loaded.engine.network)  # type: ignore[arg-type]
    mine["matmul_gflop_per_token"] = flop / 1e9
    for corpus, each in texts.items():
        with run.step(f"{name}: {corpus}, from strings to vectors", 30) as go:
            if not go:
                continue
            encoder = Encoder(**options)
            tokens = int(np.minimum(encoder.count_tokens(each), encoder.max_length).sum())
            figures: dict[str, Any] = {"texts": len(each), "real_tokens": tokens, "attention": encoder.attention}
            mine[corpus] = figures
            figures["network_alone_tokens_per_s"] = round(network_rate(run, encoder, each))
            figures["strings_to_vectors"] = whole = end_to_end(run, options, each, tokens)
            best = max(value["tokens_per_s"] for value in whole.values())
            peak = run.result["matmul_tflops"].get("bfloat16")
            if peak:
                figures["share_of_bf16_matmul_peak"] = round(best * flop / 1e12 / peak, 4)
            figures["snippet_float32_tokens_per_s"] = round(snippet_rate(run, model, "float32", each))
            figures["times_the_snippet"] = round(best / figures["snippet_float32_tokens_per_s"], 1)
            figures["tokenising"] = tokenising(run, model, each, tokens)
    if "quran" in mine and (run.small or torch.cuda.device_count() > 1):
        with run.step(f"{name}: several devices", 45) as go:
            if go:
                mine["several_devices"] = several_devices(run, options, texts["quran"], mine["quran"]["real_tokens"])
    if run.device.type == "cuda":
        mine["peak_memory_gb"] = round(torch.cuda.max_memory_allocated(run.device) / 1e9, 2)
        torch.cuda.reset_peak_memory_stats(run.device)
    gc.collect()
    if run.device.type == "cuda":
        torch.cuda.empty_cache()


def _fastest(rates: dict[str, Any], passing: list[str]) -> str:
    """The fastest dtype of those that meet the bar."""
    best = {
        dtype: max(
            (rates.get(f"{dtype} {kind}", 0) for kind in ATTENTION[1:] if _is_rate(rates, dtype, kind)), default=0
        )
        for dtype in passing
    }
    return max(best, key=lambda dtype: best[dtype]) if best else "float32"


def _is_rate(rates: dict[str, Any], dtype: str, kind: str) -> bool:
    return isinstance(rates.get(f"{dtype} {kind}"), int)


def describe(run: Run) -> dict[str, Any]:
    """Date, commit, machine, versions."""
    libraries = ("torch", "xformers", "triton", "transformers", "tokenizers", "numpy")
    versions = installed(libraries)
    here: dict[str, Any] = {
        "date": date.today().isoformat(),
        "commit": short_commit(ROOT),
        "small": run.small,
        "device": run.args.device,
        "python": platform.python_version(),
        "cpu_cores": os.cpu_count(),
        "versions": {name: versions.get(name) for name in libraries},
    }
    if run.device.type == "cuda":
        properties = torch.cuda.get_device_properties(run.device)
        here |= {
            "gpu": properties.name,
            "gpus": torch.cuda.device_count(),
            "memory_gb": round(properties.total_memory / 1e9, 1),
            "compute_capability": f"{properties.major}.{properties.minor}",
            "cuda": torch.version.cuda,
        }
    return here


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Run it all, print and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--texts", type=Path, help="a UTF-8 file, one text a line, beside the Quran")
    parser.add_argument("--small", action="store_true", help="tiny model, few texts: only whether it runs")
    parser.add_argument("--models", nargs="+", default=["published", "harakat-mini"], help="which of the two")
    parser.add_argument("--minutes", type=float, default=7.5)
    parser.add_argument("--json", type=Path, help="where to write; on a GPU benchmarks/results by default")
    args = parser.parse_args(argv)
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        parser.error("torch sees no CUDA device here; --device cpu --small runs every path without one")
    run = Run(args)
    about = describe(run)
    if args.json is None and run.device.type == "cuda":
        name = "-".join(about["gpu"].lower().split())
        args.json = ROOT / "benchmarks" / "results" / f"gpu-{name}-{about['date']}.json"
    texts, source = corpora(args)
    run.result = {**about, "corpus": source, "bar": BAR, "matmul_tflops": {}, **run.result}
    with run.step("matrix products") as go:
        if go:
            for dtype in ("bfloat16", "float16", "float32"):
                run.result["matmul_tflops"][dtype] = round(matmul_peak(run, getattr(torch, dtype)), 3)
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        for name in args.models:
            model = name
            if name == "published":
                model = str(
                    published_size(Path(scratch) / "published", [t for each in texts.values() for t in each], run.small)
                )
            bench_model(run, name, model, texts)
    run.result["minutes"] = round((time.monotonic() - run.began) / 60, 2)
    run.save()
    print(json.dumps(run.result, indent=2, ensure_ascii=False))
    return run.result


if __name__ == "__main__":
    main()
