"""Random command lines: whatever is typed, the command ends in time, with exit code 0 or 2 and no traceback."""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]
SECONDS_A_COMMAND = 20.0
SEED = 20

NUMBERS = ["0", "-1", "1", "3", "9" * 30, "1e9", "nan", "٣", ""]
FILES = [
    "a.jsonl",
    "a.txt",
    "a.csv",
    "bad.jsonl",
    "latin.txt",
    "empty.txt",
    "folder",
    "gone.txt",
    "a" * 300,
    "loop",
    ".",
]
OUTPUTS = [
    "out.npy",
    "out.jsonl",
    "out.parquet",
    "-",
    ".",
    "folder",
    "gone/out.npy",
    "b" * 300 + ".npy",
    "loop",
    "x.xml",
]
TEXTS = ["نُور", "", " ", "الصبر", "ً" * 50, "\udc80", "a\0b", "{}", "--", "q" * 5000]
WHERES = [
    '{"n": 1}',
    "{}",
    "[]",
    "{",
    "null",
    '{"n": {"gte": "x"}}',
    '{"$and": []}',
    "[" * 5000,
    '{"a":' * 500,
    '{"":1}',
]
COLLECTIONS = ["", "#", "#c", "#ccc", "#شعر", "#a/b", "#..", "#" + "n" * 600, "#a b", "#a#b"]
PLACES = [
    "store",
    "./made",
    "~nobody-of-that-name/x",
    "a.txt",
    "localhost:8000",
    "HTTP://127.0.0.1:1",
    "http://u:s3cr3t@127.0.0.1:1",
    "http://u:s3cr3t@127.0.0.1:port",
    "ftp://h",
    ":memory:",
    "/dev/null",
    "/proc/nothing",
    "p" * 300,
    "",
    "http:",
    "a\0b",
]


def arguments(choice: random.Random, model: Path) -> list[str]:
    """Return one command line."""

    def address() -> str:
        kind = choice.choice(["chroma:", "chroma:", "qdrant:", "qdrant-edge:", "redis:", ""])
        return kind + choice.choice(PLACES) + choice.choice(COLLECTIONS)

    def some(options: dict[str, list[str] | None]) -> list[str]:
        found: list[str] = []
        for name in choice.sample(list(options), choice.randint(0, min(3, len(options)))):
            values = options[name]
            found += [name] if values is None else [name, choice.choice(values)]
        return found

    encoder: dict[str, list[str] | None] = {
        "--dim": NUMBERS,
        "--batch-tokens": NUMBERS,
        "--spelling": ["imlai", "x"],
        "--overflow": ["error", "chunk", "x"],
        "--device": ["cpu", "gpu", ""],
        "--threads": NUMBERS,
        "--json": None,
        "--unknown": None,
    }
    fields: dict[str, list[str] | None] = {
        "--text-field": ["text", "x", ""],
        "--id-field": ["id", "n", ""],
        "--payload": ["n", "n,x", ","],
        "--format": ["jsonl", "csv", "txt", "xml"],
        "--skip-empty": None,
        "--update": None,
    }
    given = ["--model", choice.choice([str(model), str(model), str(model), "folder", "gone/x", "m" * 300])]
    command = choice.choice(
        ["index", "index", "search", "search", "encode", "encode", "tokens", "models", "eval", "nothing"]
    )
    if command == "index":
        return ["index", choice.choice(FILES), address(), *given, *some(fields), *some(encoder)]
    if command == "search":
        return ["search", choice.choice(TEXTS), address(), *some({"-n": NUMBERS, "--where": WHERES}), *some(encoder)]
    if command == "encode":
        source = choice.choice([[choice.choice(TEXTS)], ["-i", choice.choice(FILES)], []])
        output = some(
            {"-o": OUTPUTS, "--to": ["npy", "jsonl", "x"], "--role": ["query", "x"], "--precision": ["int8", "x"]}
        )
        return ["encode", *source, *given, *output, *some(encoder)]
    if command == "eval":
        bad = {
            "--dims": ["8", "x", "0"],
            "--marks": ["x", ""],
            "--seed": NUMBERS,
            "-o": [".", "x.xml", "folder", "loop"],
        }
        return ["eval", "synsets", choice.choice(FILES), *given, *some(bad)]
    return [command, *some({"--json": None}), choice.choice(TEXTS), *given] if command == "tokens" else [command]


def fuzz(run: Run, folder: Path, model: Path, seconds: float, seed: int) -> int:
    """Run random command lines for some seconds, and return their number."""
    rows = [{"id": f"r{n}", "text": "نص", "n": n} for n in range(4)]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "a.txt").write_text("نور\n\nصبر\n", encoding="utf-8")
    (folder / "a.csv").write_text("id,text,n\n1,نور,2\n", encoding="utf-8")
    (folder / "bad.jsonl").write_text('{"text": "x", "\\ud800": 1}\n', encoding="utf-8")
    (folder / "latin.txt").write_bytes(b"\xff\xfe\x00")
    (folder / "empty.txt").write_bytes(b"")
    (folder / "folder").mkdir()
    (folder / "loop").symlink_to("loop")
    choice = random.Random(seed)
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        line = arguments(choice, model)
        began = time.monotonic()
        sys.stderr.write(f"{[argument[:80] for argument in line]!a}\n")  # shown where it fails
        result = run(*line, stdin="نور\n")
        took = time.monotonic() - began
        assert result.exit_code in (0, 2), (line, result.exit_code, result.stderr)
        assert "Traceback" not in result.output and "s3cr3t" not in result.output, (line, result.output)
        assert took < SECONDS_A_COMMAND, (line, took)
        count += 1
    return count


def test_no_command_line_ends_in_a_traceback(run: Run, tmp_path: Path, tiny_folder: Path) -> None:
    assert fuzz(run, tmp_path, tiny_folder, 5, SEED) > 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_command_line_ends_in_a_traceback_for_a_minute(
    run: Run, tmp_path: Path, tiny_folder: Path, seed: int
) -> None:
    assert fuzz(run, tmp_path, tiny_folder, 20, seed) > 20
