"""config.json and its neighbours, old and new, good and bad."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harakat.errors import CheckpointError
from harakat.model.checkpoints.config import read_config


def write(folder: Path, name: str, data: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")


BASE = {"model_type": "neoarabert", "hidden_size": 64}


def test_old_and_new_names_of_the_length(tmp_path: Path) -> None:
    write(tmp_path, "config.json", {**BASE, "max_position_embeddings": 512})
    assert read_config(tmp_path).max_positions == 512
    write(tmp_path, "config.json", {**BASE, "max_length": 256})
    assert read_config(tmp_path).max_positions == 256
    write(tmp_path, "config.json", {**BASE, "max_length": 256, "max_position_embeddings": 1024})
    assert read_config(tmp_path).max_positions == 256
    write(tmp_path, "config.json", BASE)
    assert read_config(tmp_path).max_positions == 1024


def test_sentence_transformers_files(tmp_path: Path) -> None:
    write(tmp_path, "config.json", BASE)
    write(tmp_path, "sentence_bert_config.json", {"max_seq_length": 128, "do_lower_case": False})
    write(tmp_path, "config_sentence_transformers.json", {"prompts": {"query": "q: ", "document": ""}})
    write(
        tmp_path,
        "modules.json",
        [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
        ],
    )
    for pooling in ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}, {"pooling_mode": "mean"}):
        write(tmp_path, "1_Pooling/config.json", {"word_embedding_dimension": 64, **pooling})
        config = read_config(tmp_path)
        assert config.max_length == 128
        assert config.prompts == {"query": "q: "}


def test_the_length_that_newer_sentence_transformers_keep(tmp_path: Path) -> None:
    write(tmp_path, "config.json", {**BASE, "max_position_embeddings": 1024})
    write(tmp_path, "tokenizer_config.json", {"model_max_length": 200})
    assert read_config(tmp_path).max_length == 1024  # no sentence-transformers folder
    write(tmp_path, "modules.json", [{"type": "x.Transformer"}])
    assert read_config(tmp_path).max_length == 200
    write(tmp_path, "sentence_bert_config.json", {"max_seq_length": 100})
    assert read_config(tmp_path).max_length == 100
    write(tmp_path, "sentence_bert_config.json", {})
    write(tmp_path, "tokenizer_config.json", {"model_max_length": 10**30})
    assert read_config(tmp_path).max_length == 1024


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model_type": "bert"}, "model_type='bert'"),
        ({}, "model_type=None"),
        ("[1]", "JSON list"),
        ("{nonsense", "cannot be read as JSON"),
        ({**BASE, "max_position_embeddings": "many"}, "max_position_embeddings='many'"),
        ({**BASE, "max_position_embeddings": 0}, "max_position_embeddings=0"),
        ({**BASE, "matryoshka_dims": [64, 128]}, "matryoshka_dims"),
        ({**BASE, "matryoshka_dims": 64}, "matryoshka_dims"),
        ({**BASE, "spelling": "modern"}, "spelling='modern'"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, content: Any, message: str) -> None:
    write(tmp_path, "config.json", content)
    with pytest.raises(CheckpointError, match=message.replace("[", r"\[")) as caught:
        read_config(tmp_path)
    assert "config.json" in str(caught.value)


def test_a_missing_file_says_what_a_folder_holds(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config.json is missing.*tokenizer.json"):
        read_config(tmp_path)
