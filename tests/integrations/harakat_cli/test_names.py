from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from harakat import Encoder, available_models

Run = Callable[..., Result]


def test_models_are_those_of_the_library(run: Run):
    rows = [line.split("\t") for line in run("models").stdout.splitlines()]
    assert rows[0][0] == "name"
    assert [row[0] for row in rows[1:]] == [model.name for model in available_models()]
    found = json.loads(run("models", "--json").stdout)
    assert found[0]["name"] == "harakat-mini" and found[0]["dims"] == [384, 256, 128, 64]


def test_tokens_are_those_of_the_encoder(run: Run, tiny_folder: Path):
    text = "الْعِلْمُ نُورٌ [CLS] x"
    pieces = Encoder(tiny_folder).pieces(text)
    done = run("tokens", text, "--model", tiny_folder)
    assert done.stdout.splitlines()[1:] == [f"{p.id}\t{p.marks}\t{p.text}" for p in pieces]
    found = json.loads(run("tokens", text, "--model", tiny_folder, "--json").stdout)
    assert found["tokens"] == [{"piece": p.text, "marks": p.marks, "id": p.id} for p in pieces]
    assert run("tokens", "", "--model", tiny_folder).exit_code == 0


def test_a_long_text_is_shown_whole_with_a_remark(run: Run, tiny_folder: Path):
    done = run("tokens", "كتب الطالب " * 100, "--model", tiny_folder)
    assert len(done.stdout.splitlines()) > 200 and "over the 128" in done.stderr
