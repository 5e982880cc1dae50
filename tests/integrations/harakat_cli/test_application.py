from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from harakat.errors import HarakatError
from support.numbered import numbered

Run = Callable[..., Result]
COMMANDS = ["demo", "index", "search", "encode", "tokens", "models", "fetch", "bench"]


def test_help_shows_every_command(run: Run):
    done = run("--help")
    assert done.exit_code == 0
    for command in COMMANDS:
        assert re.search(rf"^[│|]? ?{command} ", done.stdout, re.MULTILINE), command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples_that_are_true(run: Run, command: str):
    """Every option named in an example exists."""
    done = run(command, "--help")
    assert done.exit_code == 0
    assert "Examples" in done.stdout and f"harakat {command}" in done.stdout
    options = set(re.findall(r"--[a-z][a-z-]+", done.stdout))
    for example in re.findall(rf"harakat {command} (.*)", done.stdout):
        assert set(re.findall(r"--[a-z][a-z-]+", example)) <= options


def test_the_version_is_that_of_the_distribution(run: Run):
    assert run("--version").stdout == f"harakat {version('harakat')}\n"


def test_an_error_is_one_message_and_exit_code_2(run: Run, tmp_path: Path):
    for arguments in (
        ["search", "x", "chroma:nowhere"],
        ["encode", "x", "--model", "no-such-model"],
        ["tokens", "x", "--model", "harakat-mni"],
        ["index", "missing.txt", "chroma:x"],
        ["fetch", "nobody/nothing-at-all", "--offline"],
    ):
        done = run(*arguments)
        assert done.exit_code == 2, done.output
        assert done.stdout == ""
        assert done.stderr.startswith("harakat: error: ") and done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
    assert "Did you mean 'harakat-mini'" in run("tokens", "x", "--model", "harakat-mni").stderr


def test_a_bug_is_not_dressed_up(run: Run, monkeypatch: pytest.MonkeyPatch):
    def broken(**_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("harakat.Encoder", broken)
    with pytest.raises(ZeroDivisionError):
        run("tokens", "x")
    assert not issubclass(ZeroDivisionError, HarakatError)


def test_starting_is_cheap(environment: dict[str, str]):
    """Neither help nor the list of models imports torch or a store."""
    program = (
        "import sys, harakat_cli.main as m\n"
        "try: m.app(['models'])\n"
        "except SystemExit as e: assert not e.code\n"
        "heavy = {'torch', 'chromadb', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_a_missing_library_is_a_hint(tmp_path: Path, environment: dict[str, str]):
    """Without typer, the entry point says which extra brings it."""
    (tmp_path / "typer.py").write_text("raise ModuleNotFoundError(\"No module named 'typer'\", name='typer')")
    program = "import harakat_cli.main; harakat_cli.main.app()"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'harakat[cli]'" in done.stderr and "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_error(start: Callable[..., subprocess.Popen[bytes]], tmp_path: Path, tiny_folder: Path):
    (tmp_path / "a.txt").write_text("\n".join(numbered(i) for i in range(6000)), encoding="utf-8")
    process = start("encode", "-i", "a.txt", "--model", tiny_folder)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read().decode()
    process.wait()
    assert said == "" and process.returncode != 0


def test_a_poor_locale_still_gives_arabic(environment: dict[str, str], tiny_folder: Path):
    command = [sys.executable, "-m", "harakat_cli.main", "tokens", "كتب", "--model", str(tiny_folder), "--json"]
    done = subprocess.run(
        command, env={**environment, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False
    )
    assert done.returncode == 0 and "كتب" in done.stdout.decode("utf-8")


def test_a_terminal_gets_a_table_and_a_pipe_gets_lines(run: Run, environment: dict[str, str], tiny_folder: Path):
    piped = run("tokens", "الْعِلْمُ نُورٌ", "--model", tiny_folder).stdout
    assert piped.splitlines()[0] == "id\tmarks\tpiece"
    assert "\x1b" not in piped and "─" not in piped
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "harakat_cli.main", "tokens", "الْعِلْمُ نُورٌ", "--model", str(tiny_folder)]
    process = subprocess.Popen(command, env={**environment, "COLUMNS": "80", "TERM": "xterm"}, stdout=terminal)
    os.close(terminal)
    drawn = b""
    while True:
        try:
            block = os.read(screen, 4096)
        except OSError:  # Linux: the other end is closed
            break
        if not block:
            break
        drawn += block
    assert process.wait() == 0
    text = re.sub(r"\x1b\[[0-9;]*m", "", drawn.decode())
    assert "───" in text
    # Right-to-left cells stand in isolates, so that they do not reorder their neighbours, and are whole.
    for line in piped.splitlines()[1:]:
        for cell in filter(None, line.split("\t")):
            assert cell if cell.isascii() else f"\u2068{cell}\u2069" in text
