"""The lessons in notebooks/: each runs from top to bottom, and is kept with its outputs."""

from __future__ import annotations

import base64
import itertools
import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from support.examples import ROOT, needs_bundled_model

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
QUICK = ("01_quickstart", "02_chroma")
"""Those that `make test` runs; `make notebooks` runs the rest."""
LIMIT_S = 120
"""Processor time of a notebook, in seconds; wall time says more about what else the machine does."""
PICTURE_BYTES = 60_000
ALL_BYTES = 1_500_000
MACHINE = re.compile(r"/(tmp|home|root|work|usr|var|opt|Users)/|[A-Z]:\\\\|site-packages|tmp\w{8}|it/s|Warning:")
"""Traces of the machine that ran a lesson: paths, temporary folders, progress bars, warnings."""
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def test_the_lessons_are_there() -> None:
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{number:02}" for number in range(1, len(NOTEBOOKS) + 1)]
    assert set(QUICK) <= {path.stem for path in NOTEBOOKS}
    assert {path.name for path in (ROOT / "notebooks").iterdir() if path.is_file()} == {
        "refresh.py",
        *(p.name for p in NOTEBOOKS),
    }


def test_the_readme_lists_them() -> None:
    listed = re.findall(r"\(notebooks/(\w+\.ipynb)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [path.name for path in NOTEBOOKS]


@each_notebook
def test_it_is_kept_in_one_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    nbformat.validate(notebook)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"] == METADATA
    assert text == json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(cell["metadata"] == {} for cell in notebook["cells"])


@each_notebook
def test_it_holds_the_outputs_of_one_run(path: Path) -> None:
    """`python notebooks/refresh.py` makes them anew."""
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        source = "".join(cell["source"])
        shows = re.search(r"print\(|plt\.show\(|^Image\(", source, re.MULTILINE)
        assert cell["outputs"] or not shows, cell["id"]
        for output in cell["outputs"]:
            assert output["output_type"] in {"stream", "display_data", "execute_result"}, cell["id"]
            assert output.get("name") != "stderr", cell["id"]
            data = output.get("data", {})
            written = "".join([*output.get("text", []), *data.get("text/plain", [])])
            found = MACHINE.search(written)
            assert found is None, (cell["id"], found)
            picture = "".join(data.get("image/png", []))
            assert len(base64.b64decode(picture)) <= PICTURE_BYTES, cell["id"]


def test_the_lessons_are_small() -> None:
    assert sum(path.stat().st_size for path in NOTEBOOKS) < ALL_BYTES


@each_notebook
def test_it_begins_with_a_title_and_explains_before_it_shows(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert cells[0]["source"][0].startswith("# ")
    for above, cell in itertools.pairwise(cells):
        assert "markdown" in (above["cell_type"], cell["cell_type"]), f"two code cells in a row: {cell['id']}"


@needs_bundled_model
@pytest.mark.timeout(6 * LIMIT_S)
@pytest.mark.parametrize(
    "path", [pytest.param(p, id=p.stem, marks=() if p.stem in QUICK else pytest.mark.slow) for p in NOTEBOOKS]
)
def test_it_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an empty folder and without the hub: whatever it claims, it asserts."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for chosen in ("HARAKAT_MODEL", "HARAKAT_DIM", "HARAKAT_REVISION", "HARAKAT_DEVICE"):
        monkeypatch.delenv(chosen, raising=False)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("import time\n\ntime.process_time()"))
    NotebookClient(notebook, timeout=5 * LIMIT_S, resources={"metadata": {"path": str(tmp_path)}}).execute()
    spent = notebook.cells.pop().outputs[0].data["text/plain"]
    assert float(spent) < LIMIT_S
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert outputs
    warnings = "".join(output.text for output in outputs if output.get("name") == "stderr")
    # A letter that the font lacks is drawn as a box.
    assert "missing from font" not in warnings, warnings
