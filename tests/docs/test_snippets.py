"""Every Python snippet of README and docs runs as it stands, and runs again in the same folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs" / "stores.md", ROOT / "docs" / "search.md"]
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SNIPPETS = [
    pytest.param(code, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, code in enumerate(FENCE.findall(page.read_text(encoding="utf-8")), 1)
]
EXPECTED = re.compile(r"print\(.*\)  # (\S+)$", re.MULTILINE)


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) >= 7


@pytest.mark.parametrize("code", SNIPPETS)
def test_it_runs_twice(code: str, tmp_path: Path) -> None:
    script = tmp_path / "snippet.py"
    script.write_text(code, encoding="utf-8")
    # A snippet must not need the network: the hub is switched off, and Chroma's telemetry with it.
    quiet = {"HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False", "PYTHONIOENCODING": "utf-8"}
    places = os.pathsep.join(str(ROOT / name) for name in ("core", "integrations"))
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, str(script)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={**os.environ, **quiet, "PYTHONPATH": places},
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        for said in EXPECTED.findall(code):
            assert said in done.stdout.split(), done.stdout
