"""Typical mistakes and the messages that they meet, through Python, the adapters and the command line."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chromadb
from chromadb.config import Settings
from qdrant_client import QdrantClient

import chroma_harakat
import qdrant_harakat
from harakat import Encoder, arabic
from langchain_harakat import HarakatEmbeddings
from llama_index.embeddings.harakat import HarakatEmbedding
from support.golden.commands import in_folder, run
from support.golden.texts import LONG

__all__ = ["compute_errors"]

SURROGATE = "نص \udc00"
CONFIG_MISTAKES: dict[str, Any] = {
    "model": "",
    "dim": 0,
    "device": 1,
    "dtype": "float8",
    "revision": "",
    "spelling": "uthmani",
    "segmentation": "on",
    "morphology": "",
    "max_length": 0,
    "overflow": "cut",
    "query_prompt": 5,
    "document_prompt": 5,
    "batch_tokens": 0,
    "attention": "flash",
    "compile": 1,
    "workers": -1,
    "allow_untrained_dim": 1,
    "offline": "no",
    "cache_dir": "",
    "fingerprint": "abc",
    "precision": "int8",
}
"""A wrong value for each option that Chroma stores, and one option that it does not."""


def _said(call: Callable[[], object]) -> dict[str, Any]:
    """Call something that is a mistake.

    Returns:
        The kind and message of the exception, or of the warnings where there is none.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            call()
        except Exception as error:  # noqa: BLE001  any kind is recorded, a foreign one above all
            return {"error": type(error).__name__, "message": str(error)}
    return {"warnings": [f"{type(one.message).__name__}: {one.message}" for one in caught]}


def compute_errors(work: Path) -> dict[str, Any]:
    """Compute the messages; in the folder where the models and inputs were written."""
    with in_folder(work):
        encoder = Encoder("tiny")
        return {
            "encoder": _run(_encoder(encoder)),
            "chroma": _run(_chroma(encoder)),
            "qdrant": _run(_qdrant(encoder)),
            "adapters": _run(_adapters()),
            "command-line": _command_line(),
        }


def _run(mistakes: dict[str, Callable[[], object]]) -> dict[str, Any]:
    return {name: _said(call) for name, call in mistakes.items()}


def _encoder(encoder: Encoder) -> dict[str, Callable[[], object]]:
    _damaged_folders()
    long = LONG["long-bare"]
    options: dict[str, dict[str, Any]] = {
        "dim untrained": {"dim": 48},
        "dim too large": {"dim": 65},
        "dim zero": {"dim": 0},
        "dim a text": {"dim": "64"},
        "device unknown": {"device": "gpu"},
        "dtype unknown": {"dtype": "float8"},
        "precision unknown": {"precision": "int4"},
        "precision binary, dim of no whole bytes": {"precision": "binary", "dim": 12, "allow_untrained_dim": True},
        "spelling unknown": {"spelling": "uthmani"},
        "overflow unknown": {"overflow": "cut"},
        "attention unknown": {"attention": "flash"},
        "max_length too small": {"max_length": 2},
        "max_length too large": {"max_length": 4096},
        "batch_tokens zero": {"batch_tokens": 0},
        "workers negative": {"workers": -1},
        "prompt no text": {"query_prompt": 5},
        "morphology missing": {"segmentation": True, "morphology": "no-such-folder"},
        "option unknown": {"dims": 64},
    }
    mistakes: dict[str, Callable[[], object]] = {
        name: lambda given=given: Encoder("tiny", **given) for name, given in options.items()
    }
    models = ("harakat-mni", "no such model", "no/such/folder", "nobody/nothing", "empty", "no-config", "bad-config")
    models += ("other-type", "no-tokenizer", "no-weights", "truncated-weights", "pickle-only", "larger-config")
    for name in models:
        mistakes[f"model {name}"] = lambda name=name: Encoder(name, offline=True)
    mistakes |= {
        "segmentation with harakat-mini": lambda: Encoder(segmentation=True),
        "encode None": lambda: encoder.encode(None),  # type: ignore[arg-type]
        "encode numbers": lambda: encoder.encode(["نص", 1]),  # type: ignore[list-item]
        "encode bytes": lambda: encoder.encode(["نص".encode()]),  # type: ignore[list-item]
        "encode a set": lambda: encoder.encode({"نص"}),
        "encode a mapping": lambda: encoder.encode({"نص": 1}),
        "encode a surrogate": lambda: encoder.encode(["نص", SURROGATE]),
        "encode with unknown overflow": lambda: encoder.encode(["نص"], overflow="cut"),  # type: ignore[arg-type]
        "stream of one text": lambda: list(encoder.encode_stream("نص")),
        "too long, error": lambda: encoder.encode(["نص", long], overflow="error"),
        "too long, warn": lambda: encoder.encode(["نص", long]),
        "too long, chunk": lambda: encoder.encode(["نص", long], overflow="chunk"),
        "encode_to unknown suffix": lambda: encoder.encode_to("rows.txt", ["نص"]),
        "encode_to ids in .npy": lambda: encoder.encode_to("rows.npy", ["نص"], ids=["a"]),
        "encode_to too few": lambda: encoder.encode_to("rows.npy", ["نص"], count=2),
        "encode_to no folder": lambda: encoder.encode_to("no-folder/rows.npy", ["نص"]),
        "pieces of a number": lambda: encoder.pieces(5),  # type: ignore[arg-type]
        "no devices": lambda: encoder.on_devices([]).__enter__(),
        "to_imlai of a number": lambda: arabic.to_imlai(5),  # type: ignore[arg-type]
        "aligned source outside": lambda: arabic.to_imlai_aligned("نص").source(1, 9),
    }
    return mistakes


def _damaged_folders() -> None:
    """Write copies of the small checkpoint, each with one thing wrong."""
    files = {path.name: path.read_bytes() for path in Path("tiny").iterdir()}
    config = json.loads(files["config.json"])
    changes: dict[str, dict[str, bytes | None]] = {
        "empty": dict.fromkeys(files),
        "no-config": {"config.json": None},
        "bad-config": {"config.json": b"{"},
        "other-type": {"config.json": json.dumps({**config, "model_type": "bert"}).encode()},
        "no-tokenizer": {"tokenizer.json": None},
        "no-weights": {"model.safetensors": None},
        "truncated-weights": {"model.safetensors": files["model.safetensors"][:5000]},
        "pickle-only": {"model.safetensors": None, "pytorch_model.bin": b"pickle"},
        "larger-config": {"config.json": json.dumps({**config, "hidden_size": 128}).encode()},
    }
    for name, changed in changes.items():
        Path(name).mkdir(exist_ok=True)
        for file, content in {**files, **changed}.items():
            if content is not None:
                (Path(name) / file).write_bytes(content)


def _chroma(encoder: Encoder) -> dict[str, Callable[[], object]]:
    settings = Settings(anonymized_telemetry=False)
    client = chromadb.PersistentClient("chroma-mistakes", settings=settings)
    # In a store of its own: a message lists the collections of a store, which Chroma gives in any order.
    others = chromadb.PersistentClient("chroma-foreign", settings=settings)
    others.create_collection("foreign", embedding_function=None)
    smaller = encoder.with_options(dim=32)
    poems = chroma_harakat.create_collection(client, "poems", encoder)
    poems.ingest([("1", "نص")])

    def ingest(*records: Any, **options: Any) -> Callable[[], object]:
        return lambda: poems.ingest(records, **options)

    mistakes: dict[str, Callable[[], object]] = {
        "open missing": lambda: chroma_harakat.open_collection(client, "absent", encoder),
        "open foreign": lambda: chroma_harakat.open_collection(others, "foreign", encoder),
        "open with another dim": lambda: chroma_harakat.open_collection(client, "poems", smaller),
        "create taken": lambda: chroma_harakat.create_collection(client, "poems", encoder),
        "create taken by another": lambda: chroma_harakat.create_collection(client, "poems", smaller, exist_ok=True),
        "create with space l2": lambda: chroma_harakat.create_collection(client, "x1y", encoder, hnsw={"space": "l2"}),
        "create with reserved key": lambda: chroma_harakat.create_collection(
            client, "x1y", encoder, metadata={"harakat_x": 1}
        ),
        "create with int8": lambda: chroma_harakat.create_collection(
            client, "x1y", encoder.with_options(precision="int8")
        ),
        "ingest changed": ingest(("1", "آخر")),
        "ingest twice": ingest(("2", "نص"), ("2", "نص")),
        "ingest no text": ingest(("2", None)),
        "ingest surrogate": ingest(("2", SURROGATE)),
        "ingest bad id": ingest((2, "نص")),
        "ingest no record": ingest("نص"),
        "ingest payload a list": ingest(("2", "نص", {"a": [1]})),
        "ingest payload too large": ingest(("2", "نص", {"a": 2**63})),
        "ingest payload not finite": ingest(("2", "نص", {"a": float("nan")})),
        "ingest unknown on_change": ingest(on_change="replace"),
        "ingest batch of none": ingest(batch_size=0),
        "search limit 0": lambda: poems.search("نص", limit=0),
        "search bad filter": lambda: poems.search("نص", filter={"$bad": 1}),
        "search number": lambda: poems.search(1),  # type: ignore[arg-type]
        "config unknown option": lambda: chroma_harakat.HarakatEmbeddingFunction.validate_config(
            {"model": "harakat-mini", "dims": 64}
        ),
        "config without model": lambda: chroma_harakat.HarakatEmbeddingFunction.validate_config({"dim": 64}),
        "function with int8": lambda: chroma_harakat.HarakatEmbeddingFunction(precision="int8"),
    }
    for name, value in CONFIG_MISTAKES.items():
        mistakes[f"config {name}={value!r}"] = lambda name=name, value=value: (
            chroma_harakat.HarakatEmbeddingFunction.validate_config({"model": "harakat-mini", name: value})
        )
    return mistakes


def _qdrant(encoder: Encoder) -> dict[str, Callable[[], object]]:
    client = QdrantClient(":memory:")
    edge = qdrant_harakat.EdgeClient("edge-mistakes")
    smaller = encoder.with_options(dim=32)
    poems = qdrant_harakat.create_collection(client, "poems", encoder)
    poems.ingest([{"id": "1", "text": "نص"}])

    def ingest(*records: Any, **options: Any) -> Callable[[], object]:
        return lambda: poems.ingest(records, **options)

    def create(**options: Any) -> Callable[[], object]:
        return lambda: qdrant_harakat.create_collection(client, "new", encoder, **options)

    return {
        "open missing": lambda: qdrant_harakat.open_collection(client, "absent", encoder),
        "open missing on the edge": lambda: qdrant_harakat.open_collection(edge, "absent", encoder),
        "open with another dim": lambda: qdrant_harakat.open_collection(client, "poems", smaller),
        "open with int8": lambda: qdrant_harakat.open_collection(
            client, "poems", encoder.with_options(precision="int8")
        ),
        "no client": lambda: qdrant_harakat.open_collection("poems", "poems", encoder),
        "create taken": lambda: qdrant_harakat.create_collection(client, "poems", encoder),
        "create with a bad name": lambda: qdrant_harakat.create_collection(client, "a/b", encoder),
        "create with unknown dim": create(dims=[64, 48]),
        "create without own dim": create(dims=[32]),
        "create with unknown quantization": create(quantization="int4"),
        "create with a bad threshold": create(indexing_threshold=0),
        "hnsw of no edges": lambda: qdrant_harakat.Hnsw(m=0),
        "ingest changed": ingest({"id": "1", "text": "آخر"}),
        "ingest twice": ingest({"id": "2", "text": "نص"}, {"id": "2", "text": "نص"}),
        "ingest no text": ingest({"id": "2"}),
        "ingest text a number": ingest({"id": "2", "text": 5}),
        "ingest surrogate": ingest({"id": "2", "text": SURROGATE}),
        "ingest negative id": ingest({"id": -1, "text": "نص"}),
        "ingest empty id": ingest({"id": " ", "text": "نص"}),
        "ingest payload a set": ingest({"id": "2", "text": "نص", "a": {1}}),
        "ingest reserved payload": ingest(qdrant_harakat.Record("2", "نص", {"text": 1})),
        "ingest batch of none": ingest(batch_size=0),
        "search empty": lambda: poems.search(" "),
        "search limit 0": lambda: poems.search("نص", limit=0),
        "search offset negative": lambda: poems.search("نص", offset=-1),
        "search unknown dim": lambda: poems.search("نص", dim=48),
        "search too few candidates": lambda: poems.search("نص", first_dim=16, candidates=2),
        "search bad filter": lambda: poems.search("نص", filter=[1]),
        "search bad bounds": lambda: poems.search("نص", filter={"a": {"above": 1}}),
        "search threshold a text": lambda: poems.search("نص", score_threshold="1"),
        "search vectors of another size": lambda: poems.search_vectors([[0.5] * 5]),
        "search tokens without them": lambda: poems.search_tokens("نص"),
    }


def _adapters() -> dict[str, Callable[[], object]]:
    langchain = HarakatEmbeddings(model="tiny")
    llama = HarakatEmbedding(model_name="tiny")
    out: dict[str, Callable[[], object]] = {}
    makes: dict[str, Callable[..., Any]] = {
        "langchain": lambda **o: HarakatEmbeddings(**{"model": "tiny", **o}),
        "llama-index": lambda **o: HarakatEmbedding(**{"model_name": "tiny", **o}),
    }
    for name, make in makes.items():
        for given in (
            {"dims": 64},
            {"dim": 48},
            {"dim": "many"},
            {"precision": "int8"},
            {"overflow": "cut"},
            {"workers": -1},
            {"batch_tokens": 0},
            {"device": "gpu"},
            {"fingerprint": "hk1:000000000000000000000000"},
        ):
            out[f"{name} {given}"] = lambda make=make, given=given: make(**given)
    return out | {
        "langchain query a number": lambda: langchain.embed_query(5),  # type: ignore[arg-type]
        "langchain documents a text": lambda: langchain.embed_documents("نص"),  # type: ignore[arg-type]
        "langchain documents None": lambda: langchain.embed_documents([None]),  # type: ignore[list-item]
        "langchain unknown role": lambda: langchain.cache_namespace("both"),  # type: ignore[arg-type]
        "llama-index query a number": lambda: llama.get_query_embedding(5),  # type: ignore[arg-type]
        "llama-index documents None": lambda: llama.get_text_embedding_batch([None]),  # type: ignore[list-item]
        "llama-index cache of another kind": lambda: HarakatEmbedding(model_name="tiny", embeddings_cache={}),
    }


def _command_line() -> dict[str, Any]:
    lines = {
        "bad.jsonl": '{"id": "a", "text": "نص"}\n{"id": "b"\n',
        "twice.jsonl": '{"id": "a", "text": "نص"}\n{"id": "a", "text": "آخر"}\n',
        "void.jsonl": '{"id": "a", "text": " "}\n',
        "none.jsonl": '{"id": "a"}\n',
        "strange.pdf": "نص\n",
    }
    for name, text in lines.items():
        Path(name).write_text(text, encoding="utf-8")
    Path("latin.txt").write_bytes(b"caf\xe9\n")
    run("index", "records.jsonl", "chroma:mistakes#first", "--model", "tiny")
    store, tiny = "chroma:mistakes#first", ("--model", "tiny")
    commands: list[tuple[str, ...]] = [
        (),
        ("nonsense",),
        ("index", "records.jsonl"),
        ("index", "records.jsonl", "mistakes"),
        ("index", "records.jsonl", "chroma:"),
        ("index", "records.jsonl", "sqlite:mistakes"),
        ("index", "missing.txt", "chroma:new"),
        ("index", "strange.pdf", "chroma:new"),
        ("index", "latin.txt", "chroma:new", *tiny),
        ("index", "table.csv", "chroma:new", *tiny),
        ("index", "table.csv", "chroma:new", "--text-field", "نثر", *tiny),
        ("index", "records.jsonl", "chroma:new", "--id-field", "key", *tiny),
        ("index", "records.jsonl", "chroma:new", "--payload", "place,size", *tiny),
        ("index", "records.jsonl", "chroma:new", "--format", "xml"),
        ("index", "bad.jsonl", "chroma:new", *tiny),
        ("index", "twice.jsonl", "chroma:new", *tiny),
        ("index", "void.jsonl", "chroma:new", *tiny),
        ("index", "none.jsonl", "chroma:new", *tiny),
        ("index", "records.jsonl", "chroma:records.jsonl", *tiny),
        ("index", "changed.jsonl", store),
        ("index", "records.jsonl", store, "--dim", "32"),
        ("index", "records.jsonl", store, "--model", "harakat-mini"),
        ("search", "نص", "chroma:nowhere"),
        ("search", "نص", "chroma:mistakes#absent"),
        ("search", "نص", store, "--where", "{number: 1}"),
        ("search", "نص", store, "--where", "[1]"),
        ("search", "نص", store, "--limit", "0"),
        ("search", "نص", store, "--dim", "32"),
        ("search", "نص", store, "--spelling", "uthmani"),
        ("encode", "نص", "--input", "plain.txt"),
        ("encode", "نص", "--text-field", "text"),
        ("encode", "نص", "--role", "answer"),
        ("encode", "نص", "--to", "csv"),
        ("encode", "نص", "--model", "harakat-mni"),
        ("encode", "نص", "--dim", "5"),
        ("encode", "نص", "--dim", "many"),
        ("encode", "نص", "--no-such-option"),
        ("tokens",),
        ("tokens", "نص", "--model", "bad-config"),
        ("fetch", "nobody/nothing", "--offline"),
        ("fetch", "morphology", "--revision", "main"),
        ("fetch", "truncated-weights"),
        ("train",),
        ("train", "phase-9"),
        ("train", "fine-tune", "--dry-run"),
        ("train", "fine-tune", "--set", "lr=fast", "--dry-run"),
        ("train", "fine-tune", "--set", "speed=1", "--dry-run"),
        ("train", "fine-tune", "--set", "data.own.path=records.jsonl", "--dry-run"),
        ("eval", "synsets", "missing.jsonl"),
        ("eval", "synsets", "synsets.jsonl", "--precision", "int4"),
        ("eval", "sts", "sts99"),
        ("eval", "quran", "--seed", "-1"),
        ("bench", "--text-field", "text"),
    ]
    return {" ".join(("harakat", *command)): run(*command) for command in commands}
