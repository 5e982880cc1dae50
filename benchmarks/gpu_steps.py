"""The steps of `gpu.py`, where stands what they are for."""

from __future__ import annotations

import argparse
import gc
import json
import os
import tempfile
import time
import warnings
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_run import ROOT, Run, corpora, describe, published_size
from snippet import Snippet

from harakat import Encoder
from harakat.bench.machine import linear_flop
from harakat.errors import OptionError, TruncationWarning
from harakat.options import ATTENTION
from harakat.runtime.batching import Window, plan_windows
from harakat.runtime.engine import GPU_BATCH_TOKENS, TUNE_AFTER
from harakat.runtime.tuning import BUDGETS

BAR = 0.9999
LOW = ("float16", "bfloat16")


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


class Reference:
    """What vectors should be: float32 with SDPA on the device, on a sample of the texts."""

    def __init__(self, run: Run, model: str, texts: dict[str, list[str]]) -> None:
        self.run, self.model = run, model
        self.sample = [text for each in texts.values() for text in each[:: max(1, len(each) // 128)]][:300]
        self.encoder = Encoder(model, device=run.args.device, attention="sdpa")
        self.expected = self.encoder.encode(self.sample, overflow="chunk", show_progress=False)
        self.kept = self.encoder

    def against_the_cpu(self) -> dict[str, float]:
        """Its own cosines to the CPU's vectors, on a few texts."""
        few = self.sample[:: max(1, len(self.sample) // 16)]
        on_cpu = Encoder(self.model, device="cpu").encode(few, overflow="chunk", show_progress=False)
        return cosines(self.encoder.encode(few, overflow="chunk", show_progress=False), on_cpu)

    def compare(self, **options: Any) -> dict[str, float] | str:
        """The cosines of an encoder with these options, or why there is none here."""
        try:
            encoder = Encoder(self.model, device=self.run.args.device, **options)
        except OptionError as error:
            return f"not here: {error}"
        self.kept = encoder  # the next one may want the same network, and loading it takes seconds
        return cosines(encoder.encode(self.sample, overflow="chunk", show_progress=False), self.expected)


def meets(found: Any) -> bool:
    """Whether cosines are there and at least the bar."""
    return isinstance(found, dict) and found["least"] >= BAR


def windows_of(encoder: Encoder, texts: list[str], tokens: float) -> list[Window]:
    """Windows of about so many tokens in all; the texts come round again."""
    specials = encoder.checkpoint.engine.specials
    made = plan_windows(encoder.checkpoint.tokenizer.tokenize(texts), encoder.max_length - specials, "warn")
    chosen: list[Window] = []
    for window in cycle(made):
        chosen.append(window)
        tokens -= window.size + specials
        if tokens <= 0:
            return chosen
    raise AssertionError("a corpus is never empty")


def real_tokens(encoder: Encoder, windows: list[Window]) -> int:
    """Tokens of windows, special tokens included."""
    return sum(w.size + encoder.checkpoint.engine.specials for w in windows)


def network_rate(run: Run, encoder: Encoder, texts: list[str]) -> int:
    """Real tokens a second of the network alone, from ids on the host to pooled rows on the host."""
    engine = encoder.checkpoint.engine
    few = windows_of(encoder, texts, 2000 if run.small else 2 * GPU_BATCH_TOKENS)
    engine.pooled(few)  # also starts the compiler, where asked for
    run.wait()
    started = time.perf_counter()
    engine.pooled(few)
    rate = real_tokens(encoder, few) / (time.perf_counter() - started)
    windows = windows_of(encoder, texts, max(rate * run.seconds, real_tokens(encoder, few)))
    return round(real_tokens(encoder, windows) / run.median(lambda: engine.pooled(windows), rounds=2))


def sweep_kinds(run: Run, model: str, texts: list[str], rates: dict[str, Any], reserve: float) -> None:
    """The network alone over dtypes and kinds of attention, while more than `reserve` seconds are left."""
    budget = 1024 if run.small else 65_536
    for dtype in (*LOW, "float32"):
        for attention in ATTENTION[1:]:
            name = f"{dtype} {attention}"
            with run.step(f"    {name}", reserve) as go:
                if not go:
                    return
                options: dict[str, Any] = {"dtype": dtype, "attention": attention, "batch_tokens": budget}
                try:
                    encoder = Encoder(model, device=run.args.device, **options)
                except OptionError as error:
                    rates[name] = f"not here: {error}"
                    continue
                run.note(rates, name, network_rate(run, encoder, texts))


def sweep_budgets(run: Run, options: dict[str, Any], texts: list[str], rates: dict[str, Any], reserve: float) -> None:
    """The network alone over token budgets, while more than `reserve` seconds are left."""
    kind = "compiled" if options["compile"] else "plain"
    kept = Encoder(**options)  # so that all share one network, which is compiled once
    for budget in (512, 1024) if run.small else BUDGETS:
        with run.step(f"    {kind} {budget}", reserve) as go:
            if not go:
                return
            rate = network_rate(run, kept.with_options(batch_tokens=budget), texts)
            run.note(rates, f"{kind} {budget}", rate)


def kernels(run: Run, encoder: Encoder, texts: list[str]) -> dict[str, Any]:
    """Which kernels take the time of a pass, and how long the host is at launching it."""
    from torch.profiler import ProfilerActivity, profile

    engine = encoder.checkpoint.engine
    windows = windows_of(encoder, texts, 2000 if run.small else 4 * GPU_BATCH_TOKENS)
    engine.pooled(windows)
    run.wait()
    started = time.perf_counter()
    pooling = engine.start(windows)
    launched = time.perf_counter() - started
    pooling.rows()
    whole = time.perf_counter() - started
    cuda = run.device.type == "cuda"
    with profile(activities=[ProfilerActivity.CUDA if cuda else ProfilerActivity.CPU]) as seen:
        engine.pooled(windows)
        run.wait()
    taken = [(e.key, e.self_device_time_total if cuda else e.self_cpu_time_total, e.count) for e in seen.key_averages()]
    total = sum(time for _, time, _ in taken) or 1.0
    taken.sort(key=lambda each: -each[1])
    return {
        "real_tokens": real_tokens(encoder, windows),
        "ms": round(whole * 1000, 2),
        "host_share": round(launched / whole, 3),
        "shares": {f"{name[:90]} x{count}": round(time / total, 4) for name, time, count in taken[:20]},
    }


def end_to_end(run: Run, options: dict[str, Any], texts: list[str], tokens: int, figures: dict[str, Any]) -> None:
    """From strings to vectors on the host, in real tokens a second."""
    for workers in (0, 1) if run.small else (0, max(2, min(8, (os.cpu_count() or 2) // 2))):
        encoder = Encoder(**options, workers=workers)
        encoder.encode(texts[:64], show_progress=False)  # starts the device, and the compiler where asked
        run.wait()
        started = time.perf_counter()
        encoder.encode(texts, show_progress=False)
        fresh = time.perf_counter() - started
        times = max(1, min(64, round(run.seconds / fresh)))
        many = texts * times
        encoder.encode(many, show_progress=False)  # processes start here
        warm = run.median(lambda: encoder.encode(many, show_progress=False))  # noqa: B023
        found = {
            "fresh_word_cache_tokens_per_s": round(tokens / fresh),
            "tokens_per_s": round(tokens * times / warm),
            "texts_per_s": round(len(many) / warm, 1),
            "budget": encoder.checkpoint.engine.batch_tokens,
        }
        encoder.checkpoint.prefetcher.close()
        run.note(figures, "thread" if workers == 0 else f"{workers} processes", found)


def several_devices(run: Run, options: dict[str, Any], texts: list[str], tokens: int) -> dict[str, Any]:
    """The same on all GPUs of this machine (two processes on the CPU in the small run)."""
    devices = ["cpu", "cpu"] if run.small else [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    times = 1 if run.small else 16 * len(devices)
    with Encoder(**options).on_devices(devices) as many:
        many.encode(texts, show_progress=False)
        took = run.median(lambda: many.encode(texts * times, show_progress=False))
    return {"devices": devices, "tokens_per_s": round(tokens * times / took)}


def snippet_rate(run: Run, model: str, dtype: str, texts: list[str]) -> int:
    """Real tokens a second of the reference snippet on this device."""
    encoder = Encoder(model, device=run.args.device, dtype=dtype, attention="sdpa")
    sample = texts[:: max(1, len(texts) // (40 if run.small else 1000))]
    tokens = int(np.minimum(encoder.count_tokens(sample), encoder.max_length).sum())
    reference = Snippet(encoder)
    return round(tokens / run.median(lambda: reference(sample)))


def tokenising(run: Run, encoder: Encoder, texts: list[str], tokens: int) -> dict[str, float]:
    """Tokenising alone on one core, content tokens and words a second, fresh cache and warm."""
    words = sum(len(text.split()) for text in texts)
    tokenizer = encoder.checkpoint.prefetcher.recipe.open()
    started = time.perf_counter()
    tokenizer.tokenize(texts)
    fresh = time.perf_counter() - started
    warm = run.median(lambda: tokenizer.tokenize(texts))
    return {
        "fresh_words_per_s": round(words / fresh),
        "warm_words_per_s": round(words / warm),
        "warm_tokens_per_s": round(tokens / warm),
    }


def bench_model(run: Run, name: str, model: str, texts: dict[str, list[str]], reserve: float) -> None:
    """All steps for one model; what comes after it gets `reserve` seconds."""
    mine: dict[str, Any] = run.result.setdefault("models", {}).setdefault(name, {})
    found: dict[str, Any] = mine.setdefault("cosine_to_float32", {})
    reference = None
    with run.step(f"{name}: correctness", 30) as go:
        if not go:
            return
        reference = Reference(run, model, texts)
        flop = linear_flop(reference.encoder.checkpoint.network)  # type: ignore[arg-type]
        mine["matmul_gflop_per_token"] = flop / 1e9
        for dtype in ("float32", *LOW):
            for attention in ATTENTION[1:]:
                with run.step(f"    {dtype} {attention}"):
                    run.note(found, f"{dtype} {attention}", reference.compare(dtype=dtype, attention=attention))
        run.note(found, "float32 sdpa against the CPU", reference.against_the_cpu())
    if reference is None:
        return
    passing = [key for key, value in found.items() if meets(value) and key.split()[0] in LOW]
    mine["meet_the_bar"] = passing

    # What the rest of this model wants, a little under half a minute a corpus.
    whole_way = 0.0 if run.small else reserve + 25.0 * len(texts)
    rates: dict[str, Any] = mine.setdefault("network_tokens_per_s", {})
    with run.step(f"{name}: dtypes and attention", whole_way + 20) as go:
        if go:
            sweep_kinds(run, model, texts["longer"], rates, whole_way + 15)
    measured = [key for key in passing if isinstance(rates.get(key), int)]
    best = max(measured, key=lambda key: rates[key]) if measured else (passing or ["float32 sdpa"])[0]
    dtype, attention = best.split()
    options = {"model": model, "device": run.args.device, "dtype": dtype, "attention": attention, "compile": False}

    by_budget: dict[str, Any] = mine.setdefault(f"network_tokens_per_s_by_budget_{dtype}_{attention}", {})
    with run.step(f"{name}: budgets", whole_way + 20) as go:
        if go:
            sweep_budgets(run, options, texts["longer"], by_budget, whole_way + 15)
    with run.step(f"{name}: compiled", whole_way + 60) as go:
        if go and not run.small:
            compiled = {**options, "compile": True}
            kept = Encoder(**compiled)
            cosine = reference.compare(dtype=dtype, attention=attention, compile=True)
            run.note(found, f"{best} compiled", cosine)
            if meets(cosine):
                sweep_budgets(run, compiled, texts["longer"], by_budget, whole_way + 10)
                if _most(by_budget, "compiled") > 1.02 * _most(by_budget, "plain"):
                    options = compiled
    mine["best"] = {key: value for key, value in options.items() if key != "model"}
    # Kept, so that all that follow share its network, and the budget that it finds.
    kept = Encoder(**options)
    with run.step(f"{name}: its own budget, and kernels", whole_way + 5) as go:
        if go:
            if kept.checkpoint.engine.tuning:
                kept.checkpoint.engine.pooled(windows_of(kept, texts["longer"], TUNE_AFTER))
            mine["best"]["batch_tokens"] = kept.checkpoint.engine.batch_tokens
            mine["kernels"] = kernels(run, kept, texts["longer"])

    for corpus, each in texts.items():
        with run.step(f"{name}: {corpus}, from strings to vectors") as go:
            if go:
                from_strings(run, mine.setdefault(corpus, {}), options, each, flop)
    if "real_tokens" in mine.get("quran", {}) and (run.small or torch.cuda.device_count() > 1):
        with run.step(f"{name}: several devices", 45) as go:
            if go:
                mine["several_devices"] = several_devices(run, options, texts["quran"], mine["quran"]["real_tokens"])
    if run.device.type == "cuda":
        mine["peak_memory_gb"] = round(torch.cuda.max_memory_allocated(run.device) / 1e9, 2)
        torch.cuda.reset_peak_memory_stats(run.device)
        del reference, kept
        gc.collect()
        torch.cuda.empty_cache()


def from_strings(run: Run, figures: dict[str, Any], options: dict[str, Any], texts: list[str], flop: int) -> None:
    """The whole way on one corpus, and what it is compared with."""
    encoder = Encoder(**options)
    tokens = int(np.minimum(encoder.count_tokens(texts), encoder.max_length).sum())
    figures |= {"texts": len(texts), "real_tokens": tokens, "attention": encoder.attention}
    whole = figures["strings_to_vectors"] = {}
    end_to_end(run, options, texts, tokens, whole)
    best = max(value["tokens_per_s"] for value in whole.values())
    peak = run.result["matmul_tflops"].get("bfloat16")
    if peak:
        figures["share_of_bf16_matmul_peak"] = round(best * flop / 1e12 / peak, 4)
    run.note(figures, "snippet_float32_tokens_per_s", snippet_rate(run, options["model"], "float32", texts))
    run.note(figures, "times_the_snippet", round(best / figures["snippet_float32_tokens_per_s"], 1))
    run.note(figures, "network_alone_tokens_per_s", network_rate(run, encoder, texts))
    run.note(figures, "tokenising", tokenising(run, encoder, texts, tokens))
    if options["dtype"] != "float32":
        name = f"snippet_{options['dtype']}_tokens_per_s"
        run.note(figures, name, snippet_rate(run, options["model"], options["dtype"], texts))


def _most(rates: dict[str, Any], kind: str) -> int:
    """The highest of one kind's rates."""
    return max((rate for key, rate in rates.items() if key.startswith(kind)), default=0)


def main(about: str | None) -> dict[str, Any]:
    """Run it all, print and write the result; `about` is what --help says."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--texts", type=Path, help="a UTF-8 file, one text a line, beside the Quran")
    parser.add_argument("--small", action="store_true", help="tiny model, few texts: only whether it runs")
    parser.add_argument("--models", nargs="+", default=["published", "harakat-mini"], help="which of the two")
    parser.add_argument("--minutes", type=float, default=7.5)
    parser.add_argument("--json", type=Path, help="where to write; on a GPU benchmarks/results by default")
    args = parser.parse_args()
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        parser.error("torch sees no CUDA device here; --device cpu --small runs every path without one")
    run = Run(args)
    here = describe(run)
    if args.json is None and run.device.type == "cuda":
        name = "-".join(here["gpu"].lower().split())
        args.json = ROOT / "benchmarks" / "results" / f"gpu-{name}-{here['date']}.json"
    texts, source = corpora(args)
    run.result = {**here, "corpus": source, "bar": BAR, "matmul_tflops": {}, **run.result}
    for dtype in ("bfloat16", "float16", "float32"):
        with run.step(f"matrix products in {dtype}") as go:
            if go:
                run.note(run.result["matmul_tflops"], dtype, round(matmul_peak(run, getattr(torch, dtype)), 3))
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        for place, name in enumerate(args.models, 1):
            model = name
            if name == "published":
                run.say("a checkpoint of the published size")
                every = [text for each in texts.values() for text in each]
                model = str(published_size(Path(scratch) / "published", every, run.small))
            # So much for each of those that come after it.
            reserve = 0.0 if run.small else 75.0 * (len(args.models) - place)
            with run.step(name) as go:
                if go:
                    bench_model(run, name, model, texts, reserve)
    run.result["minutes"] = round((time.monotonic() - run.began) / 60, 2)
    run.save()
    print(json.dumps(run.result, indent=2, ensure_ascii=False))
    return run.result
