"""The versions that pyproject.toml allows fit beside the packages that people install with it. Metadata only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTRAS = ("cli", "chroma", "qdrant", "langchain", "llama-index", "sentence-transformers", "eval", "parquet")


def resolve(tmp_path: Path, *more: str, extras: tuple[str, ...] = EXTRAS, **options: str) -> dict[str, str]:
    """Versions by package name, as uv resolves them.

    Args:
        tmp_path: A folder to write into.
        more: Requirements beside harakat's own.
        extras: Extras of harakat.
        options: Options of ``uv pip compile``.
    """
    wanted = tmp_path / "wanted.in"
    wanted.write_text("\n".join(more), encoding="utf-8")
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "pip", "compile", str(ROOT / "pyproject.toml"), str(wanted), "--no-header", "--no-annotate"]
    command += [part for extra in extras for part in ("--extra", extra)]
    command += [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    lines = (line.split(" ;")[0].strip() for line in done.stdout.splitlines())
    return dict(line.split("==") for line in lines if "==" in line)


def test_the_usual_neighbours_fit_all_at_once(tmp_path: Path) -> None:
    neighbours = ("fastembed", "langchain-huggingface", "mteb", "haystack-ai")
    found = resolve(tmp_path, *neighbours, python_version="3.12")
    assert found.keys() >= set(neighbours)
    assert found["transformers"].startswith("5.")


@pytest.mark.parametrize(
    ("version", "platform", "segmentation"),
    [
        ("3.10", "x86_64-unknown-linux-gnu", True),
        ("3.13", "aarch64-unknown-linux-gnu", False),
        ("3.14", "x86_64-unknown-linux-gnu", False),
        pytest.param("3.13", "aarch64-apple-darwin", True, marks=pytest.mark.slow),
        pytest.param("3.14", "aarch64-apple-darwin", False, marks=pytest.mark.slow),
        pytest.param("3.14", "x86_64-pc-windows-msvc", False, marks=pytest.mark.slow),
    ],
)
def test_it_installs_where_segmentation_has_no_wheel(
    tmp_path: Path, version: str, platform: str, segmentation: bool
) -> None:
    found = resolve(tmp_path, extras=("cli", "qdrant"), python_version=version, python_platform=platform)
    assert ("fast-disambig" in found) is segmentation
