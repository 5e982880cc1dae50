"""The golden record: its sections, how they are written, and how a computed one is compared with the stored one."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harakat import Encoder
from support.golden.adapters import compute_adapters, compute_names
from support.golden.commands import compute_command_line, compute_help, write_inputs
from support.golden.mistakes import compute_errors
from support.golden.models import make_models
from support.golden.reading import compute_fingerprints, compute_spelling, compute_tokens
from support.golden.vectors import compute_vectors

__all__ = [
    "COLLECTIONS",
    "SECTIONS",
    "STORED",
    "VECTORS",
    "Section",
    "compute",
    "differences",
    "machine",
    "one_thread",
    "other_versions",
    "read",
    "same_machine",
    "workplace",
    "write",
    "write_vectors",
]

STORED = Path(__file__).parents[2] / "golden" / "stored"
COLLECTIONS = Path(__file__).parents[2] / "golden" / "collections"
VECTORS = STORED / "vectors.npz"
TREE = Path(__file__).parents[3]
TOLERANCE = 2e-6
"""Of numbers in JSON, absolute."""


@dataclass(frozen=True)
class Section:
    """A part of the record with a file of its own.

    Attributes:
        compute: Computes it in the folder where models and inputs were written.
        libraries: Distributions, or ``"python"``, whose version shows in it: under others it cannot be compared.
    """

    compute: Callable[[Path], dict[str, Any]]
    libraries: tuple[str, ...] = ()


SECTIONS = {
    "spelling": Section(compute_spelling, ("quran-text",)),
    "tokens": Section(compute_tokens, ("quran-text",)),
    "fingerprints": Section(compute_fingerprints, ("quran-text",)),
    "names": Section(compute_names),
    "adapters": Section(
        compute_adapters, ("chromadb", "langchain-core", "llama-index-core", "pydantic", "qdrant-client")
    ),
    "help": Section(compute_help, ("click", "rich", "typer")),
    "command-line": Section(compute_command_line, ("chromadb", "click", "quran-text", "rich", "typer")),
    "errors": Section(
        compute_errors, ("chromadb", "click", "pydantic", "python", "qdrant-client", "rich", "safetensors", "typer")
    ),
}


def machine() -> dict[str, Any]:
    """Describe what bits of vectors and texts of libraries depend on."""
    libraries = {name for section in SECTIONS.values() for name in section.libraries} - {"python"}
    return {
        "cpu": _cpu(),
        "threads": 1,
        "versions": {
            "python": ".".join(platform.python_version_tuple()[:2]),
            **{name: version(name) for name in sorted({*libraries, "numpy", "qdrant-edge-py", "tokenizers", "torch"})},
        },
    }


def _cpu() -> str:
    """The model of the processor, with family and stepping, since virtual machines give general names."""
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return f"{platform.machine()} {platform.processor()}"
    lines = [line.split(":", 1) for line in info.read_text().splitlines() if ":" in line]
    fields = {key.strip(): value.strip() for key, value in reversed(lines)}
    model = ("model name", "cpu family", "model", "stepping")
    return f"{platform.machine()} " + ", ".join(fields[key] for key in model if key in fields)


def same_machine(stored: dict[str, Any]) -> bool:
    """Compare this machine with the recording one: processor, torch and numpy; then every bit counts."""
    now = machine()
    return bool(now["cpu"] == stored["cpu"]) and not _versions_apart(stored, now, ("numpy", "torch"))


def other_versions(section: Section, stored: dict[str, Any]) -> list[str]:
    """Name the libraries of a section that are here in other versions than where it was recorded."""
    return _versions_apart(stored, machine(), section.libraries)


def _versions_apart(stored: dict[str, Any], now: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    then, here = stored["versions"], now["versions"]
    return [f"{name} {then[name]} recorded, {here[name]} here" for name in names if then[name] != here[name]]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the network use one thread meanwhile: the order of sums depends on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def workplace() -> Iterator[Path]:
    """Make a folder with models and inputs; the environment chooses no model there."""
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("HARAKAT_")}
    try:
        with tempfile.TemporaryDirectory() as folder, one_thread():
            work = Path(folder).resolve()
            make_models(work)
            write_inputs(work)
            yield work
    finally:
        os.environ.update(kept)


def compute(section: Section, work: Path) -> Any:
    """Compute a section, as JSON gives it back, without paths of the machine or the digest of random weights."""
    text = _json(section.compute(work))
    for path, name in ((work, "WORK"), (TREE, "TREE"), (Path.home(), "HOME")):
        text = text.replace(str(path), name)
    if section.compute is not compute_fingerprints:
        tiny = Encoder(work / "tiny").fingerprint
        for value in (str(tiny), tiny.weights, tiny.weights[:12]):
            text = text.replace(value, "DIGEST-OF-TINY")
    return json.loads(text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write(name: str, value: Any) -> Path:
    """Write a section: sorted keys, readable Arabic, a line a value.

    Returns:
        The file.
    """
    path = STORED / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(_json(value), encoding="utf-8")
    return path


def write_vectors(work: Path) -> Path:
    """Compute and write the vectors.

    Returns:
        The file.
    """
    np.savez_compressed(VECTORS, allow_pickle=False, **compute_vectors(work, coarse=True))
    return VECTORS


def read(name: str) -> Any:
    """Read a stored section; ``"vectors"`` gives the arrays by their names."""
    if name == "vectors":
        with np.load(VECTORS, allow_pickle=False) as stored:
            arrays: dict[str, NDArray[Any]] = dict(stored)
        return arrays
    return json.loads((STORED / f"{name}.json").read_text(encoding="utf-8"))


def differences(stored: Any, now: Any, place: str = "") -> list[str]:
    """Compare two JSON values, floats to within `TOLERANCE`.

    Returns:
        A line for each place where they differ.
    """
    if isinstance(stored, dict) and isinstance(now, dict):
        found = [f"{place}/{key}: stored, not there now" for key in stored if key not in now]
        found += [f"{place}/{key}: there now, not stored: {now[key]!r}" for key in now if key not in stored]
        common = [key for key in stored if key in now]
        return found + [line for key in common for line in differences(stored[key], now[key], f"{place}/{key}")]
    if isinstance(stored, list) and isinstance(now, list) and len(stored) == len(now):
        pairs = enumerate(zip(stored, now, strict=True))
        return [line for index, (a, b) in pairs for line in differences(a, b, f"{place}[{index}]")]
    if isinstance(stored, float) and isinstance(now, float) and abs(stored - now) <= TOLERANCE:
        return []
    same = type(stored) is type(now) and stored == now
    return [] if same else [f"{place}:\n   stored {stored!r}\n   now    {now!r}"]
