"""What `gpu.py` runs on: a clock and a result that grows, texts, a checkpoint of the published size."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import statistics
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import torch
from snippet import quran_verses

from harakat._support.provenance import installed, short_commit

ROOT = Path(__file__).resolve().parent.parent
MEAN_WORDS, SPREAD = 70, 0.75
"""Hadith in words: a log-normal length with this mean and this sigma."""


class Run:
    """One benchmark: its arguments, clock and growing result."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.began = args, time.monotonic()
        self.device = torch.device(args.device)
        self.small: bool = args.small
        self.seconds = 0.05 if args.small else 1.0
        self.result: dict[str, Any] = {"left_out": []}

    def say(self, text: str) -> None:
        """A line of progress, with the time."""
        print(f"[{time.monotonic() - self.began:6.1f} s] {text}", file=sys.stderr, flush=True)

    def left(self) -> float:
        """Seconds until the time is up."""
        return float(self.args.minutes * 60 - (time.monotonic() - self.began))

    @contextmanager
    def step(self, name: str, needs: float = 10.0) -> Iterator[bool]:
        """A step; gives False where fewer than `needs` seconds are left. Whatever happens in it stops no other."""
        if self.left() < needs:
            self.result["left_out"].append(f"{name}: the {self.args.minutes:g} minutes were up")
            yield False
            return
        self.say(name)
        try:
            yield True
        except Exception as error:  # noqa: BLE001  a machine may be lent only once: the other steps must still run
            said = (str(error).strip().splitlines() or ["no message"])[0]
            where = [f"{f.filename.rpartition('/')[2]}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)]
            reason = f"{name}: {type(error).__name__}: {said[:300]} ({' < '.join(where[:-5:-1])})"
            self.result["left_out"].append(reason)
            self.say(reason)
        self.save()

    def note(self, table: dict[str, Any], key: str, value: Any) -> None:
        """Keep a figure, at once."""
        table[key] = value
        self.say(f"    {key}: {value}")
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

    def median(self, work: Callable[[], Any], rounds: int = 3) -> float:
        """Median wall time of one call after a warm-up, over some rounds."""
        work()
        times = []
        for _ in range(1 if self.small else rounds):
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
