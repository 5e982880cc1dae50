"""The rooms and their arrows (docs/architecture.md), and the habits that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for top in ("core", "integrations") for path in (ROOT / top).rglob("*.py"))
PACKAGES = (
    "harakat",
    "harakat_recipes",
    "chroma_harakat",
    "qdrant_harakat",
    "langchain_harakat",
    "llama_index.embeddings.harakat",
    "harakat_cli",
)
RIDDLE = re.compile(r"(What|Whose|Who|Whether|Where|How|Told|Which|Why)\b")
PATIENCE = 8192
"""Bytes that a reader takes in at one sitting."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)


def circles(graph: grimp.ImportGraph) -> list[list[str]]:
    """Strongly connected modules (Tarjan 1972), those of more than one."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in graph.find_modules_directly_imported_by(module):
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            part = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(part) > 1:
                found.append(sorted(part))

    for module in sorted(graph.modules):
        if module not in index:
            visit(module)
    return found


def test_no_module_imports_itself_through_others(graph: grimp.ImportGraph) -> None:
    assert circles(graph) == []


def test_the_arrows_of_the_rooms() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([str(linter), "--no-cache"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def attributes(name: str) -> Iterator[str]:
    """Places that read an attribute of that name from anything but self or cls."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == name:
                owner = node.value
                if not (isinstance(owner, ast.Name) and owner.id in ("self", "cls")):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}"


def private_members_of_encoder() -> set[str]:
    tree = ast.parse((ROOT / "core/harakat/encoder.py").read_text(encoding="utf-8"))
    encoder = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Encoder")
    names = {
        node.attr
        for node in ast.walk(encoder)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    }
    names |= {node.name for node in encoder.body if isinstance(node, ast.FunctionDef)}
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def test_nobody_reads_a_private_member_of_an_encoder() -> None:
    reads, private = {}, private_members_of_encoder()
    for path in SOURCES:
        if path.name == "encoder.py" and path.parent.name == "harakat":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Attribute) or node.attr not in private:
                continue
            owner = ast.unparse(node.value)
            if re.search(r"(^|[._])encoder$", owner):
                reads[f"{path.relative_to(ROOT)}:{node.lineno}"] = f"{owner}.{node.attr}"
    assert reads == {}


def test_model_types_are_told_apart_in_one_file() -> None:
    compared = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare) and any(
                re.search(r"model_type|NEOARABERT|MARKED_BERT", ast.unparse(side))
                for side in (node.left, *node.comparators)
            ):
                compared.add(str(path.relative_to(ROOT)))
    assert len(compared) <= 1, compared


def test_docstrings_are_no_riddles() -> None:
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
                said = ast.get_docstring(node)
                if said and RIDDLE.match(said):
                    found.append(f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {said.splitlines()[0]}")
    assert found == []


def test_modules_stay_small() -> None:
    sizes = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: size for path, size in sizes.items() if size > 500} == {}


@pytest.mark.parametrize("page", ["README.md", "core/harakat/model/bundled/README.md"])
def test_a_page_that_is_read_first_is_short(page: str) -> None:
    assert len((ROOT / page).read_bytes()) <= PATIENCE
