"""Hostile checkpoint folders are refused by name, at once and in little memory."""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harakat import Encoder
from harakat.errors import CheckpointError, OptionError
from support.marked import write_marked
from support.tiny import write_tiny

DIGITS = "9" * 5000
WRITERS: dict[str, Callable[[Path], Path]] = {"tiny": write_tiny, "marked": write_marked}


def change(folder: Path, name: str, **entries: Any) -> None:
    path = folder / name
    path.write_text(json.dumps({**(json.loads(path.read_text()) if path.exists() else {}), **entries}))


def refused(folder: Path, match: str = "") -> None:
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(CheckpointError, match=match or folder.name):
            Encoder(folder, device="cpu")
        assert time.process_time() - started < 1
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


@pytest.fixture(params=WRITERS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    written = WRITERS[request.param](tmp_path / "model")
    Encoder(written, device="cpu")
    return written


@pytest.mark.parametrize(
    "value", [None, float("nan"), float("inf"), -1, 0, True, "7", 10**12, pytest.param(DIGITS, id="digits")]
)
@pytest.mark.parametrize(
    "key", ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"]
)
def test_numbers_of_a_config(folder: Path, key: str, value: Any) -> None:
    if value == DIGITS:
        path = folder / "config.json"
        path.write_text(path.read_text().replace(f'"{key}": ', f'"{key}": {value}'))
    else:
        change(folder, "config.json", **{key: value})
    refused(folder, "config.json")


@pytest.mark.parametrize("key", ["max_position_embeddings", "max_length"])
@pytest.mark.parametrize("value", [10**12, 10**7, 0, "7"])
def test_positions(folder: Path, key: str, value: Any) -> None:
    change(folder, "config.json", **{key: value})
    refused(folder, "config.json")


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "modules.json", "config_sentence_transformers.json"])
@pytest.mark.parametrize(
    "content",
    ["[" * 200_000, '{"a":' * 200_000, '{"a": ' + "9" * 5000 + "}", "{", "\ud800", ""],
    ids=["lists", "objects", "digits", "open", "surrogate", "empty"],
)
def test_files_that_are_no_json(folder: Path, name: str, content: str) -> None:
    (folder / name).write_bytes(content.encode("utf-8", "surrogatepass"))
    refused(folder, name)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors", "modules.json"])
@pytest.mark.parametrize("kind", ["nowhere", "zero", "pipe", "folder", "sparse"])
def test_names_that_are_no_files(folder: Path, name: str, kind: str) -> None:
    path = folder / name
    path.unlink(missing_ok=True)
    if kind == "nowhere":
        path.symlink_to(folder / "nowhere")
    elif kind == "zero":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        with path.open("wb") as file:
            file.truncate(1 << 40)
    refused(folder)


def test_positions_of_the_sentence_and_of_the_special_tokens(folder: Path) -> None:
    change(folder, "sentence_bert_config.json", max_seq_length=1)
    refused(folder, "give max_length=3 or more")
    assert Encoder(folder, device="cpu", max_length=3).encode("نور").any()


def test_pieces_of_absurd_length(folder: Path) -> None:
    spec = json.loads((folder / "tokenizer.json").read_text())
    vocab = spec["model"]["vocab"]
    if isinstance(vocab, dict):
        vocab["x" * 100_000] = len(vocab)
    else:
        vocab.append(["x" * 100_000, -1.0])
    change(folder, "tokenizer.json", model=spec["model"])
    refused(folder, "100,000 characters")


def test_special_tokens_beyond_the_vocabulary(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "model")
    spec = json.loads((folder / "tokenizer.json").read_text())
    spec["post_processor"]["special_tokens"]["[CLS]"]["ids"] = [10**9]
    change(folder, "tokenizer.json", **spec)
    refused(folder, "tokenizer.json")


@pytest.mark.parametrize("sub", ["../other", "/etc", "1_Dense/../../other"])
def test_modules_outside_the_folder(folder: Path, sub: str) -> None:
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": sub, "type": "sentence_transformers.models.Pooling"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    refused(folder, "not within")


def test_a_wrong_option_is_not_the_files_fault(folder: Path) -> None:
    with pytest.raises(OptionError):
        Encoder(folder, device="cpu", max_length=1)
