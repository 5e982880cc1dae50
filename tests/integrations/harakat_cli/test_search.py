from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]
TEXTS = {
    "marked": "الْعِلْمُ نُورٌ",
    "space": "  كتب   الطالب\t ",
    "lines": "سطر\nثان\r\n",
    "long": "كتب الطالب الدرس في المكتبة ثم عاد إلى البيت " * 30,
    "markup": "[bold]كتب[/bold] :smile:",
    "latin": "hello world \u00e9 e\u0301",
    "waqf": "رَيْبَ ۛ فِيهِ",
}


@pytest.fixture
def store(run: Run, tmp_path: Path, tiny_folder: Path) -> str:
    rows = (json.dumps({"id": key, "text": text, "size": len(text)}) for key, text in TEXTS.items())
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    done = run("index", "a.jsonl", "chroma:store", "--model", tiny_folder)
    assert done.exit_code == 0, done.stderr
    return "chroma:store"


def test_id_score_and_text_byte_for_byte(run: Run, store: str):
    out = run("search", "كتب الطالب", store).stdout_bytes.decode("utf-8")
    hits = {h["id"]: h for h in map(json.loads, run("search", "كتب الطالب", store, "--json").stdout.splitlines())}
    assert {key: hit["text"] for key, hit in hits.items()} == TEXTS
    assert hits["long"]["payload"] == {"size": len(TEXTS["long"])}
    ordered = sorted(hits.values(), key=lambda hit: hit["rank"])
    assert [hit["score"] for hit in ordered] == sorted((hit["score"] for hit in ordered), reverse=True)
    assert out == "".join(f"{hit['id']}  {hit['score']:.4f}\n{hit['text']}\n\n" for hit in ordered)


def test_limit_and_filter(run: Run, store: str):
    assert len(run("search", "كتب", store, "-n", 2, "--json").stdout.splitlines()) == 2
    found = run("search", "كتب", store, "--json", "--where", json.dumps({"size": len(TEXTS["waqf"])}))
    assert [json.loads(line)["id"] for line in found.stdout.splitlines()] == ["waqf"]
    nothing = run("search", "كتب", store, "--where", '{"size": -1}')
    assert nothing.exit_code == 0 and nothing.stdout == "" and "nothing found" in nothing.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--where", "{size: 1}"], "is not JSON"),
        (["--where", "[1]"], "is not a JSON object"),
        (["--where", '{"$bad": 1}'], "Invalid where"),
        (["-n", "0"], "--limit"),
    ],
)
def test_bad_options_are_refused(run: Run, store: str, options: list[str], message: str):
    done = run("search", "كتب", store, *options)
    assert done.exit_code == 2 and message in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("chroma:~nobody-of-that-name/x",), "there is no home folder ~nobody-of-that-name"),
        (("chroma:" + "p" * 300,), "File name too long"),
        (("chroma:store", "-n", 10**30), "is over 1,000,000"),
        (("chroma:store", "--where", "[" * 100_000), "nested too deeply"),
        (("chroma:store", "--where", '{"a":' * 50 + "1" + "}" * 50), "nested over 32 levels"),
    ],
)
def test_what_no_search_can_take_is_one_message(run: Run, arguments: tuple[object, ...], message: str):
    done = run("search", "نص", *arguments)
    assert done.exit_code == 2 and message in done.stderr and "Traceback" not in done.output
