"""The distributions: exactly the product in the wheel, a source archive that is complete."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).resolve().parents[2]
TOPS = {
    "harakat": "core/harakat",
    "chroma_harakat": "integrations/chroma_harakat",
    "harakat_cli": "integrations/harakat_cli",
    "langchain_harakat": "integrations/langchain_harakat",
    "llama_index": "integrations/llama_index",
    "qdrant_harakat": "integrations/qdrant_harakat",
}
BIGGEST = 32 * 2**20
"""Bytes of the bundled weights, at most."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    built = next(WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"]))
    with zipfile.ZipFile(built) as archive:
        return {item.filename: item.file_size for item in archive.infolist()}


def test_the_wheel_holds_the_packages_and_nothing_else(wheel: dict[str, int]) -> None:
    expected = set()
    for top, folder in TOPS.items():
        for path in (ROOT / folder).rglob("*"):
            inside = path.relative_to(ROOT / folder)
            if path.is_file() and not {"__pycache__", "examples"} & set(inside.parts):
                expected.add(f"{top}/{inside.as_posix()}")
    assert {name for name in wheel if ".dist-info/" not in name} == expected


def test_no_research_code_is_shipped(wheel: dict[str, int]) -> None:
    assert not [name for name in wheel if "recipes/mini" in name or "harakat_recipes" in name or "LOG.md" in name]
    assert not [name for name in wheel if name.startswith(("tests/", "benchmarks/", "notebooks/", "docs/"))]


def test_the_weights_are_within_their_budget(wheel: dict[str, int]) -> None:
    bundled = {name: size for name, size in wheel.items() if name.startswith("harakat/model/bundled/")}
    assert sum(bundled.values()) <= BIGGEST
    assert {Path(name).name for name in bundled} == {"README.md", "config.json", "model.safetensors", "tokenizer.json"}


def test_licences_travel_with_the_wheel(wheel: dict[str, int]) -> None:
    assert {Path(name).name for name in wheel if "/licenses/" in name} == {"LICENSE", "NOTICE"}


def test_the_source_archive_is_complete(tmp_path: Path) -> None:
    built = next(SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"]))
    with tarfile.open(built) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    needed = ["Makefile", "constraints.txt", "README.md", "NOTICE", "docs/architecture.md", "tests/conftest.py"]
    assert [name for name in needed if name not in names] == []
    assert "core/harakat_recipes/mini/mini.json" in names
