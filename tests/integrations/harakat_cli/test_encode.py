from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from harakat import Encoder
from support.numbered import numbered

Run = Callable[..., Result]
TEXTS = ["الْعِلْمُ نُورٌ", "", "كتب الطالب", "رَفَعَ الْعَلَمَ"]


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder)


def test_texts_as_arguments(run: Run, tiny_folder: Path, encoder: Encoder):
    done = run("encode", *TEXTS, "--model", tiny_folder)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["text"] for row in rows] == TEXTS
    np.testing.assert_allclose([row["embedding"] for row in rows], encoder.encode(TEXTS), atol=1e-6)
    exact = np.array([row["embedding"] for row in rows], dtype=np.float32)
    np.testing.assert_allclose(np.linalg.norm(exact, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("where", ["file", "stdin", "dash"])
def test_a_line_is_a_row(run: Run, tmp_path: Path, tiny_folder: Path, encoder: Encoder, where: str):
    content = "\n".join(TEXTS) + "\n"
    (tmp_path / "a.txt").write_text(content, encoding="utf-8")
    options = {"file": ["-i", "a.txt"], "stdin": [], "dash": ["-i", "-"]}[where]
    stdin = None if where == "file" else content
    done = run("encode", *options, "-o", "a.npy", "--dim", 16, "--model", tiny_folder, stdin=stdin)
    assert done.exit_code == 0 and done.stdout == "" and "4 vectors of 16 values in a.npy" in done.stderr
    rows = np.load(tmp_path / "a.npy")
    assert rows.dtype == np.float32 and rows.shape == (4, 16)
    np.testing.assert_allclose(rows, encoder.with_options(dim=16).encode(TEXTS), atol=1e-6)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npy", "a.txt"]


def test_fields_of_a_file(run: Run, tmp_path: Path, tiny_folder: Path, encoder: Encoder):
    (tmp_path / "a.csv").write_text("n,matn\n1,كتب\n2,الطالب\n", encoding="utf-8")
    run("encode", "-i", "a.csv", "--text-field", "matn", "-o", "a.jsonl", "--model", tiny_folder)
    rows = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text("utf-8").splitlines()]
    assert [row["text"] for row in rows] == ["كتب", "الطالب"]
    np.testing.assert_allclose(rows[1]["embedding"], encoder.encode("الطالب"), atol=1e-6)


def test_an_array_on_standard_output(run: Run, tiny_folder: Path, encoder: Encoder):
    done = run("encode", *TEXTS, "--to", "npy", "--model", tiny_folder)
    np.testing.assert_allclose(np.load(io.BytesIO(done.stdout_bytes)), encoder.encode(TEXTS), atol=1e-6)


@pytest.mark.parametrize(("precision", "dtype", "width"), [("int8", "int8", 64), ("binary", "uint8", 8)])
def test_packed_vectors(run: Run, tmp_path: Path, tiny_folder: Path, precision: str, dtype: str, width: int):
    run("encode", *TEXTS, "-o", "a.npy", "--precision", precision, "--model", tiny_folder)
    rows = np.load(tmp_path / "a.npy")
    assert (rows.dtype, rows.shape) == (np.dtype(dtype), (4, width))
    np.testing.assert_array_equal(rows, Encoder(tiny_folder, precision=precision).encode(TEXTS))  # type: ignore[arg-type]


def test_many_lines_and_none(run: Run, tmp_path: Path, tiny_folder: Path, encoder: Encoder):
    many = [numbered(i) for i in range(2500)]
    (tmp_path / "a.txt").write_text("\n".join(many), encoding="utf-8")
    run("encode", "-i", "a.txt", "-o", "a.npy", "--model", tiny_folder)
    np.testing.assert_allclose(np.load(tmp_path / "a.npy"), encoder.encode(many), atol=1e-5)
    (tmp_path / "a.txt").write_text("")
    run("encode", "-i", "a.txt", "-o", "a.npy", "--model", tiny_folder)
    assert np.load(tmp_path / "a.npy").shape == (0, 64)


def test_roles_put_the_prompt(run: Run, tmp_path: Path, tiny_folder: Path, encoder: Encoder):
    folder = shutil.copytree(tiny_folder, tmp_path / "prompted")
    prompts = {"prompts": {"query": "سؤال: ", "document": "نص: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    for role, prompt in (("none", ""), ("query", "سؤال: "), ("document", "نص: ")):
        done = run("encode", "كتب", "--role", role, "--model", folder)
        vector = json.loads(done.stdout)["embedding"]
        np.testing.assert_allclose(vector, encoder.encode(prompt + "كتب"), atol=1e-6)


def test_a_failure_leaves_no_file(run: Run, tmp_path: Path, tiny_folder: Path):
    (tmp_path / "a.txt").write_bytes(b"x\n\xff\n")
    (tmp_path / "a.npy").write_bytes(b"before")
    done = run("encode", "-i", "a.txt", "-o", "a.npy", "--model", tiny_folder)
    assert done.exit_code == 2 and "a.txt, line 2" in done.stderr
    assert (tmp_path / "a.npy").read_bytes() == b"before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npy", "a.txt"]
    done = run("encode", "x", "-o", "nowhere/a.npy", "--model", tiny_folder)
    assert done.exit_code == 2 and "cannot be written" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x", "-i", "a.txt"], "choose one"),
        (["x", "--role", "title"], "--role 'title'"),
        (["x", "-o", "a.bin"], "'bin' is no output format"),
        (["x", "--to", "csv"], "'csv' is no output format"),
        (["x", "--text-field", "t"], "--text-field"),
        (["x", "--dim", "63"], "dim=63"),
        (["x", "--precision", "int4"], "int4"),
    ],
)
def test_bad_options_are_refused(run: Run, tiny_folder: Path, arguments: list[str], message: str):
    done = run("encode", *arguments, "--model", tiny_folder)
    assert done.exit_code == 2 and message in done.stderr
