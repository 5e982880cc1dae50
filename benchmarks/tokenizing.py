"""How fast texts become ids, on one core and on several. Compares ids with the plain path before it times anything.

    python benchmarks/tokenizing.py                         # the Quran; a vocabulary made for the occasion
    python benchmarks/tokenizing.py --mini                  # the tokenizer of harakat-mini alone
    python benchmarks/tokenizing.py --texts hadith.txt --tokenizer checkpoint/ --morphology calima-msa-r13

*cold* is the first pass of a new tokenizer, *warm* a later one over the same texts, *whole* one without word cache:
the published pipeline as it is, and for harakat-mini every word anew. These three are one core's, in CPU time, so that
a busy machine changes them less. *threads* share one tokenizer, *processes* are each by themselves with their share of
the texts, *workers* are those of `Encoder(workers=N)`: texts go out from this process and tokens come back to it. These
are in wall time, and their words are known. Segmentation needs morphology data: without calima-msa-r13 the miniature of
the tests stands in, whose analyses cost less. Prints a table; `--json FILE` writes the figures.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # one core means one core
os.environ.setdefault("RAYON_NUM_THREADS", "1")

import numpy as np

import harakat.model
from harakat._support.provenance import short_commit
from harakat.arabic.tokenizers.neoarabert import ArabicTokenizer
from harakat.arabic.tokenizers.published import prepare
from harakat.bench.machine import cpu_model
from harakat.errors import HarakatError, MorphologyDataError

CHUNK_TEXTS = 4096
"""Texts that an encoder hands over at a time."""


def read_texts(path: Path | None) -> list[str]:
    """One text a line, or the `text` field of JSON lines; the verses of the Quran where no file is given."""
    if path is None:
        import quran_text

        return [ayah.text for ayah in quran_text.Mushaf.hafs().ayahs]
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["text"] if path.suffix == ".jsonl" else line for line in lines if line.strip()]


def make_vocabulary(texts: Sequence[str], folder: Path) -> Path:
    """A tokenizer of the published shape, trained on the texts themselves: right for timing, useless otherwise."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([])
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[+]"]
    trainer = trainers.WordPieceTrainer(vocab_size=65_000, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([prepare(text, "[+]") for text in texts] + ["# ~ ^"] * 9, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"apply_stemming": false}', encoding="utf-8")
    return folder


def seconds(work: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """Wall time of one call, or its CPU time."""
    start = clock()
    work()
    return clock() - start


def cpu_seconds(work: Callable[[], Any]) -> float:
    """CPU time of one call, all threads of this process together."""
    return seconds(work, time.process_time)


def share(texts: list[str], parts: int) -> list[list[str]]:
    """The texts dealt out, so that every part has its share of long ones."""
    return [texts[part::parts] for part in range(parts)]


def worker_seconds(folder: Path, options: dict[str, Any], texts: list[str], count: int, rounds: int) -> float:
    """Tokenising ahead in `count` processes, as an encoder does it; texts come round often enough to keep them busy."""
    from harakat.model.families.family import TokenizerOptions
    from harakat.model.families.names import MARKED_BERT, NEOARABERT
    from harakat.runtime.prefetch import Prefetcher, TokenizerRecipe

    mini = options.get("mini", False)
    more = {key: value for key, value in options.items() if key != "mini"}
    recipe = TokenizerRecipe(
        folder, MARKED_BERT if mini else NEOARABERT, TokenizerOptions("imlai" if mini else "as-is", **more)
    )
    chunks = [texts[at : at + CHUNK_TEXTS] for at in range(0, len(texts), CHUNK_TEXTS)] * 4
    prefetcher = Prefetcher(recipe.open(), recipe, count, beside=False)
    try:
        for _ in prefetcher.chunks(chunks):  # starts the processes, which meet the words
            pass
        return statistics.median(seconds(lambda: list(prefetcher.chunks(chunks))) for _ in range(rounds)) / 4
    finally:
        prefetcher.close()


def open_tokenizer(folder: Path | str, options: dict[str, Any], **more: Any) -> Any:
    """The tokenizer that the options ask for."""
    options = {**options, **more}
    if options.pop("mini", False):
        from harakat.arabic.tokenizers.mini import PieceTokenizer

        return PieceTokenizer.from_folder(folder, **options)
    return ArabicTokenizer.from_folder(folder, **options)


def process_seconds(folder: str, options: dict[str, Any], texts: list[str], rounds: int) -> float:
    """One process: loads, warms up, and times its share."""
    tokenizer = open_tokenizer(folder, options)
    tokenizer.tokenize(texts)
    return statistics.median(seconds(lambda: tokenizer.tokenize(texts)) for _ in range(rounds))


def measure(folder: Path, options: dict[str, Any], texts: list[str], rounds: int, workers: list[int]) -> dict[str, Any]:
    """Figures of one configuration, in words a second."""
    words = sum(len(text.split()) for text in texts)

    def make(**more: Any) -> Any:
        return open_tokenizer(folder, options, **more)

    whole, cached = make(cache_words=0), make()
    expected, ours = whole.tokenize(texts), cached.tokenize(texts)
    again = cached.tokenize(texts)
    for text, one, two, three in zip(texts, expected, ours, again, strict=True):
        same = all(
            np.array_equal(one.ids, other.ids) and np.array_equal(one.marks, other.marks) for other in (two, three)
        )
        if not same:
            raise SystemExit(f"ids differ from the plain path: {text!r}")

    timed: dict[str, list[float]] = {"whole": [], "cold": [], "warm": []}
    for _ in range(rounds):  # paired: a busy moment hits all three
        fresh = make()
        timed["whole"].append(cpu_seconds(lambda: whole.tokenize(texts)))
        timed["cold"].append(cpu_seconds(lambda: fresh.tokenize(texts)))  # noqa: B023
        timed["warm"].append(cpu_seconds(lambda: fresh.tokenize(texts)))  # noqa: B023
    result: dict[str, Any] = {
        "words": words,
        "tokens": sum(map(len, expected)),
        "path": "words" if "mini" in options or cached.word_cache is not None else "whole texts",
        "words_per_second": {name: words / statistics.median(values) for name, values in timed.items()},
        "best_words_per_second": {name: words / min(values) for name, values in timed.items()},
        "threads": {},
        "processes": {},
        "workers": {},
    }
    for count in workers:
        parts = share(texts, count)
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(cached.tokenize, parts))
            took = [seconds(lambda: list(pool.map(cached.tokenize, parts))) for _ in range(rounds)]  # noqa: B023
        result["threads"][count] = words / statistics.median(took)
        with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
            jobs = [pool.submit(process_seconds, str(folder), options, part, rounds) for part in parts]
            result["processes"][count] = words / max(job.result() for job in jobs)
        result["workers"][count] = words / worker_seconds(folder, options, texts, count, rounds)
    return result


def complexity(folder: Path, options: dict[str, Any], texts: list[str]) -> list[dict[str, float]]:
    """Cold CPU seconds a million characters for one text of growing length: flat where the work is linear."""
    source = " ".join(texts)
    rows = []
    for length in (10_000, 100_000, 1_000_000):
        text = (source * (1 + length // len(source)))[:length]
        joined = text.replace(" ", "")[:length]  # one word without an end
        row = {"characters": float(length)}
        for name, each in (("text", text), ("one_word", joined)):
            tokenizers = [open_tokenizer(folder, options) for _ in range(3)]
            took = min(cpu_seconds(lambda: one.tokenize([each])) for one in tokenizers)  # noqa: B023
            row[name] = took / len(each) * 1e6
        rows.append(row)
    return rows


def morphology_data(asked: str | None, miniature: Path) -> tuple[str, str | None]:
    """What is said of the morphology data, and where it is."""
    from harakat.arabic.morphology import DEFAULT_DATA, locate_data

    if asked is not None:
        return asked, asked
    try:
        locate_data()
    except MorphologyDataError:
        sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
        from support.calima import write_morphology

        miniature.mkdir()
        write_morphology(miniature)
        return f"a miniature, {DEFAULT_DATA} is not here", str(miniature)
    return DEFAULT_DATA, None


def table(report: dict[str, Any]) -> str:
    """The figures for a person."""
    lines = [f"{report['texts']:,} texts · {report['machine']} · load {report['load']:.1f}"]
    for name, result in report["results"].items():
        if isinstance(result, str):
            lines.append(f"\n{name}: {result}")
            continue
        lines.append(f"\n{name}: {result['words']:,} words, {result['tokens']:,} tokens, by {result['path']}")
        for kind, value in result["words_per_second"].items():
            best = result["best_words_per_second"][kind]
            lines.append(f"  {kind:<14}{value / 1e3:>9,.0f} K words/s   (best round {best / 1e3:,.0f})")
        for kind in ("threads", "processes", "workers"):
            cells = "  ".join(f"{count}: {value / 1e3:,.0f}" for count, value in result[kind].items())
            lines.append(f"  {kind:<14}{cells}   K words/s, warm")
        for row in result["complexity"]:
            lines.append(
                f"  {row['characters']:>9,.0f} characters: {row['text']:.3f} s a million in words, "
                f"{row['one_word']:.3f} s as one word"
            )
    return "\n".join(lines)


def main() -> None:
    """Reads the options, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=Path, help="one text a line, or .jsonl with a text field")
    parser.add_argument("--limit", type=int, default=None, help="at most this many texts")
    parser.add_argument("--tokenizer", type=Path, help="folder with tokenizer.json")
    parser.add_argument("--mini", action="store_true", help="the tokenizer of harakat-mini alone")
    parser.add_argument("--morphology", default=None, help="folder or catalogue name; default calima-msa-r13")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="*", default=None, help="thread and process counts")
    parser.add_argument("--json", type=Path, default=None)
    arguments = parser.parse_args()

    texts = read_texts(arguments.texts)[: arguments.limit]
    cores = os.cpu_count() or 1
    workers = arguments.workers or sorted({1, 2, cores} if cores > 1 else {1})
    with tempfile.TemporaryDirectory() as scratch:
        report: dict[str, Any] = {
            "date": date.today().isoformat(),
            "commit": short_commit(Path(__file__).resolve().parent),
            "corpus": arguments.texts.name if arguments.texts else "quran-text",
            "texts": len(texts),
            "machine": f"{cpu_model()}, {cores} cores, Python {platform.python_version()}",
            "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan"),
            "results": {},
        }
        bundled = Path(harakat.model.__path__[0]) / "bundled"
        kinds: dict[str, tuple[Path, dict[str, Any]]] = {"harakat-mini": (bundled, {"mini": True})}
        if not arguments.mini:
            folder = arguments.tokenizer or make_vocabulary(texts, Path(scratch))
            name, morphology = morphology_data(arguments.morphology, Path(scratch) / "miniature")
            kinds["segmentation off"] = folder, {"segmentation": False}
            kinds[f"segmentation on ({name})"] = folder, {"segmentation": True, "morphology": morphology}
        for name, (folder, options) in kinds.items():
            try:
                result = measure(folder, options, texts, arguments.rounds, workers)
            except HarakatError as error:
                report["results"][name] = f"not measured: {error}"
                continue
            result["complexity"] = complexity(folder, options, texts)
            report["results"][name] = result
    print(table(report))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"\nwritten to {arguments.json}", file=sys.stderr)


if __name__ == "__main__":
    main()
