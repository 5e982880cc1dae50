"""Options that commands share: the same names, types and help everywhere, and they reach the encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner, Result

from harakat_cli.application import app
from harakat_cli.options import ENCODER_OPTIONS, encoder_options, with_options

Run = Callable[..., Result]


def parameters(name: str) -> dict[str, Any]:
    commands: Any = get_command(app)
    return {parameter.name: parameter for parameter in commands.commands[name].params}


@pytest.mark.parametrize("name", ["encode", "index", "search"])
def test_every_encoder_option_is_there(name: str):
    ours, theirs = parameters(name), parameters("encode")
    for option in ENCODER_OPTIONS:
        assert ours[option].help == theirs[option].help and ours[option].opts == theirs[option].opts
    assert "options" not in ours


def test_a_command_may_take_some():
    assert ENCODER_OPTIONS.keys() & parameters("tokens").keys() == {
        "model",
        "revision",
        "spelling",
        "offline",
        "cache_dir",
    }


def test_only_what_was_given_comes_and_own_options_stay():
    seen: list[Any] = []
    one = typer.Typer()

    @one.command()
    @with_options(
        "pair", {"left": (Annotated[int, typer.Option()], 1), "right": (int, 2)}, lambda left, right: (left, right)
    )
    @encoder_options("dim", "compile")
    def command(word: str, loud: bool = False, *, options: dict[str, Any], pair: tuple[int, int]) -> None:
        """Says."""
        seen.append((word, loud, options, pair))

    for arguments in (["a"], ["b", "--loud", "--dim", "8", "--compile", "--right", "7"]):
        assert CliRunner().invoke(one, arguments).exit_code == 0
    assert seen == [("a", False, {}, (1, 2)), ("b", True, {"dim": 8, "compile": True}, (1, 7))]
    assert command.__doc__ == "Says."


def test_index_and_search_hand_them_on(run: Run, tiny_folder: Path, tmp_path: Path):
    (tmp_path / "t.txt").write_text("نص أول\nنص ثان\n", encoding="utf-8")
    store = f"chroma:{tmp_path / 'db'}"
    bad = run("index", "t.txt", store, "--model", tiny_folder, "--attention", "flash")
    assert bad.exit_code == 2 and "flash" in bad.stderr and not (tmp_path / "db").exists()
    done = run("index", "t.txt", store, "--model", tiny_folder, "--attention", "sdpa", "--workers", 1)
    assert done.exit_code == 0, done.stderr
    assert run("search", "نص", store, "--attention", "sdpa", "--workers", 0).exit_code == 0
    wrong = run("search", "نص", store, "--workers", -1)
    assert wrong.exit_code == 2 and "workers" in wrong.stderr
