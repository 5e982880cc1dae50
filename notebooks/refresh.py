"""Run the lessons and write their outputs into them: ``python notebooks/refresh.py [NAME ...]``.

Each runs from top to bottom in a kernel of its own, in an empty folder and without the network. A name is the beginning
of a lesson's, such as ``03``; without any, all of them are run. Needs ``pip install nbclient ipykernel``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent


def executed(path: Path, timeout_s: float = 900) -> nbformat.NotebookNode:
    """Return a lesson with fresh outputs; the file is not touched.

    Args:
        path: The lesson.
        timeout_s: Longest time for one cell, in seconds.

    Raises:
        CellExecutionError: A cell failed.
    """
    notebook = nbformat.read(path, as_version=4)
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook, timeout=timeout_s, record_timing=False, resources={"metadata": {"path": folder}}
        )
        client.execute()
    notebook.metadata.language_info = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    return notebook


def joined(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Return a cell's outputs with what was printed in a row as one; the kernel cuts it wherever it pauses."""
    result: list[nbformat.NotebookNode] = []
    for output in outputs:
        if result and output.output_type == "stream" == result[-1].output_type and output.name == result[-1].name:
            result[-1].text += output.text
        else:
            result.append(output)
    return result


def stored_form(notebook: nbformat.NotebookNode) -> str:
    """Return a lesson as it is kept: texts in lines, Arabic readable."""
    written = json.loads(nbformat.writes(notebook, ensure_ascii=False))
    return json.dumps(written, ensure_ascii=False, indent=1) + "\n"


def main(names: list[str]) -> None:
    """Refresh the lessons whose names begin so, or all."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    for path in sorted(FOLDER.glob("*.ipynb")):
        if not names or path.name.startswith(tuple(names)):
            text = stored_form(executed(path))
            path.write_text(text, encoding="utf-8")
            print(f"{path.name}: {len(text.encode()) / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
