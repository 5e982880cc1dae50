from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from quran_text import Mushaf
from typer.testing import Result

from harakat.arabic import strip_marks
from harakat_cli.demo import HOMOGRAPHS, PHRASES

Run = Callable[..., Result]


def test_the_examples_are_homographs():
    for homograph in HOMOGRAPHS:
        for sense in homograph.senses:
            assert strip_marks(sense.word) == homograph.bare
            assert strip_marks(sense.near) != homograph.bare
    mushaf = Mushaf.hafs()
    for phrase in PHRASES:
        assert strip_marks(phrase.marked) == strip_marks(phrase.otherwise) != phrase.marked != phrase.otherwise
        surah, ayah = map(int, phrase.verse.split(":"))
        verse = " ".join(word for word in mushaf.ayah(surah, ayah).rasm_imlai or [] if word)
        assert strip_marks(phrase.marked) in verse


@pytest.mark.filterwarnings("ignore::harakat.errors.TruncationWarning")
def test_the_demo_runs_twice(run: Run, tmp_path: Path, tiny_folder: Path, stored: Callable[..., dict[str, Any]]):
    first = run("demo", "--folder", "index", "--model", tiny_folder, "--dim", 16)
    assert first.exit_code == 0, first.stderr
    assert "6,236 verses indexed" in first.stdout
    assert re.search(r"indexing [\d.]+ s, questions [\d.]+ s, all [\d.]+ s", first.stdout)
    kept = stored(tmp_path / "index", "quran")
    assert len(kept) == 6236
    mushaf = Mushaf.hafs()
    assert kept["2:255"][0] == mushaf.ayah(2, 255).text and kept["2:255"][1]["surah"] == 2
    again = run("demo", "--folder", "index", "--model", tiny_folder, "--dim", 16)
    assert "6,236 verses were indexed before" in again.stdout
    # Similarities are the same; places in an approximate index of a random model may move a little.
    tables = [out.split("\n\n")[1] for out in (first.stdout, again.stdout)]
    assert tables[0] == tables[1] and HOMOGRAPHS[0].senses[0].word in tables[0]
    for phrase in PHRASES:
        assert phrase.verse in again.stdout and phrase.marked in again.stdout


def test_a_folder_with_something_else_is_refused(run: Run, tmp_path: Path, tiny_folder: Path):
    (tmp_path / "a.txt").write_text("نص")
    run("index", "a.txt", "chroma:index#quran", "--model", tiny_folder, "--dim", 16)
    done = run("demo", "--folder", "index", "--model", tiny_folder, "--dim", 64)
    assert done.exit_code == 2 and "another encoder" in done.stderr and "choose another --folder" in done.stderr
