"""Memory of a long stream: the process's size while a million short texts go through `encode_stream`.

    python benchmarks/memory.py                          # a small checkpoint with random weights, for speed
    python benchmarks/memory.py --model harakat-mini --texts 50000
    python benchmarks/memory.py --json memory.json --png memory.png

What a stream keeps does not depend on the size of the network, so the default is a tiny one (one layer of 32, random
weights) that lets a million texts pass in a minute or two. Every text holds a word that was never seen before, so the
word cache fills to its bound. "Above the model" is what the process has grown since the model was loaded and had
encoded a few texts. The slope is a straight line through the second half of the curve, in MB a million texts. Before
the stream, one text of 5 MB goes through among short ones, once cut and once in windows. Ends with exit code 1 where
ten million texts would take more than 1 GB above the model.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from harakat import Encoder
from harakat._support.provenance import short_commit
from harakat.errors import TruncationWarning

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
MARKS = ("", "\u064e", "\u064f", "\u0650", "\u0652")  # none, fatha, damma, kasra, sukun
COMMON = ("قَالَ", "فِي", "مِنْ", "الْكِتَابِ", "عَلَى", "إِنَّ", "كَانَ", "يَوْمَ")
BOUND_MB = 1000.0


def resident_mb() -> float:
    """Size of this process in memory, in MB (10**6 bytes)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def new_word(number: int) -> str:
    """A marked word of its own for each number."""
    letters = []
    for place in range(5):
        number, letter = divmod(number, len(LETTERS))
        letters.append(LETTERS[letter] + MARKS[(letter + place) % len(MARKS)])
    return "".join(letters)


def short_text(number: int) -> str:
    """Two to four words, of which one was never there before."""
    common = [COMMON[(number + i) % len(COMMON)] for i in range(1 + number % 3)]
    return " ".join([new_word(number), *common])


@contextmanager
def watched() -> Iterator[list[float]]:
    """The largest size of the process during the block, as the only element of a list."""
    peak = [resident_mb()]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.005):
            peak[0] = max(peak[0], resident_mb())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()
        peak[0] = max(peak[0], resident_mb())


def one_long_text(encoder: Encoder, overflow: Any) -> dict[str, Any]:
    """A text of 5 MB among 500 short ones."""
    words = " ".join(new_word(number) for number in range(1, 3000))
    long = (words * (1 + 5_000_000 // len(words.encode())))[: 5_000_000 * len(words) // len(words.encode())]
    texts = [*(short_text(number) for number in range(250)), long, *(short_text(number) for number in range(250))]
    before = resident_mb()
    started = time.perf_counter()
    with watched() as peak, warnings.catch_warnings():
        warnings.simplefilter("ignore", TruncationWarning)
        vectors = encoder.encode(texts, overflow=overflow, show_progress=False)
    took = time.perf_counter() - started
    alone = encoder.encode(texts[:250], show_progress=False)
    return {
        "overflow": overflow,
        "bytes": len(long.encode()),
        "tokens": int(encoder.count_tokens([long])[0]),
        "seconds": round(took, 2),
        "above_before_mb": round(peak[0] - before, 1),
        "neighbours_differ_by": float(np.abs(vectors[:250] - alone).max()),
    }


def stream(encoder: Encoder, count: int, every: int) -> list[tuple[int, float]]:
    """Texts done and size of the process, every so many texts."""
    curve = []
    rows = encoder.encode_stream((short_text(number) for number in range(count)), show_progress=False)
    for done, _ in enumerate(rows, 1):
        if done % every == 0 or done == count:
            curve.append((done, resident_mb()))
    return curve


def slope(curve: list[tuple[int, float]]) -> float:
    """MB a million texts over the second half of the curve, by least squares."""
    half = curve[len(curve) // 2 :]
    if len(half) < 2:
        return 0.0
    done, size = zip(*half, strict=True)
    return float(np.polyfit(np.array(done) / 1e6, np.array(size), 1)[0])


def cached_words(encoder: Encoder) -> int | None:
    """Words that the tokenizer remembers."""
    cache = getattr(encoder.checkpoint.tokenizer, "word_cache", None)
    return None if cache is None else len(cache)


def draw(curve: list[tuple[int, float]], base: float, path: Path) -> None:
    """The curve as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    axes.plot([done / 1e6 for done, _ in curve], [size - base for _, size in curve])
    axes.set(xlabel="million texts done", ylabel="MB above the model", title="encode_stream: size of the process")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def tiny(folder: Path) -> Path:
    """One layer of 32 with random weights, in the published layout."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from support.tiny import write_tiny

    return write_tiny(
        folder, dims=None, hidden_size=32, num_attention_heads=2, intermediate_size=48, num_hidden_layers=1
    )


def measure(encoder: Encoder, count: int, every: int) -> dict[str, Any]:
    """The figures, and the curve."""
    encoder.encode([short_text(number) for number in range(64)], show_progress=False)
    base = resident_mb()
    long = [one_long_text(encoder, overflow) for overflow in ("warn", "chunk")]
    started = time.perf_counter()
    curve = stream(encoder, count, every)
    took = time.perf_counter() - started
    peak, growth = max(size for _, size in curve) - base, slope(curve)
    return {
        "texts": count,
        "seconds": round(took, 1),
        "model_mb": round(base, 1),
        "peak_above_model_mb": round(peak, 1),
        "mb_per_million_texts_in_second_half": round(growth, 2),
        "ten_million_texts_would_take_mb": round(peak + max(growth, 0.0) * max(0.0, 10 - count / 1e6), 1),
        "cached_words": cached_words(encoder),
        "one_text_of_5_mb_among_short_ones": long,
        "curve": [[done, round(size - base, 1)] for done, size in curve],
    }


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="instead of the tiny checkpoint")
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--every", type=int, help="texts between two readings; default: 100 readings")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--png", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        encoder = Encoder(args.model or tiny(Path(scratch) / "tiny"), device="cpu")
        result = measure(encoder, args.texts, args.every or max(1, args.texts // 100))
    import torch

    result = {
        "date": date.today().isoformat(),
        "commit": short_commit(Path(__file__).resolve().parent) or "",
        "model": args.model or "tiny checkpoint, one layer of 32, random weights",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    } | result
    curve = [(int(done), float(size)) for done, size in result["curve"]]
    print(json.dumps({key: value for key, value in result.items() if key != "curve"}, indent=2))
    if args.png:
        args.png.parent.mkdir(parents=True, exist_ok=True)
        draw(curve, 0.0, args.png)
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result) + "\n", encoding="utf-8")
    return 0 if result["ten_million_texts_would_take_mb"] < BOUND_MB else 1


if __name__ == "__main__":
    raise SystemExit(main())
