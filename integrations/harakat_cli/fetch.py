"""`harakat fetch`: files for a machine that has no network, and what can be verified about them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harakat.errors import CheckpointError, MorphologyDataError, OptionError
from harakat_cli import console
from harakat_cli.options import Json, encoder_options

if TYPE_CHECKING:
    from harakat.model.checkpoints.names import Located

__all__ = ["fetch"]

MORPHOLOGY = "morphology"


@dataclass(frozen=True)
class CheckedFile:
    """A file and what is known of it."""

    name: str
    bytes: int
    sha256: str
    check: str
    """Reference that its content was compared with."""


@encoder_options("offline", "cache_dir")
def fetch(
    name: Annotated[
        str,
        typer.Argument(
            help="A short name, a hub id, or a folder to verify; 'morphology' for the data of clitic segmentation.",
            show_default=False,
        ),
    ],
    revision: Annotated[str | None, typer.Option(help="Branch, tag or commit of a hub model.")] = None,
    morphology: Annotated[
        bool,
        typer.Option(
            "--morphology/--no-morphology", help="Fetch the morphology data too, where the model needs it (129 MB)."
        ),
    ] = True,
    as_json: Json = False,
    *,
    options: dict[str, Any],
) -> None:
    r"""Bring a model's files here, verify them, and say where they lie.

    Verified: every file against the checksum that the hub gave for it (where it came from the hub), config, tokenizer
    and every tensor's name, shape and finiteness by loading them, and the morphology data against its catalogue. Only
    JSON and safetensors are fetched: no program, no pickle.

    [bold]Examples[/bold]

      harakat fetch neoarabert-msa-synonym

      harakat fetch U4RASD/NeoAraBERT_MSA --revision main

      harakat fetch morphology

      harakat fetch ./copied-model --offline
    """
    report: dict[str, Any] = {"name": name}
    offline = options.get("offline", False)
    if name == MORPHOLOGY:
        if revision is not None:
            raise OptionError(f"--revision {revision}: the morphology data has no revisions; leave it out")
        report["morphology"] = _morphology(fetch_it=not offline)
    else:
        report |= _model(name, revision, **options)
        if report["needs_morphology"] and morphology:
            report["morphology"] = _morphology(fetch_it=not offline)
    if as_json:
        console.data(json.dumps(report, ensure_ascii=False))
        return
    _print(report)


def _model(name: str, revision: str | None, **options: Any) -> dict[str, Any]:
    from harakat.model.checkpoints.names import locate

    located = locate(name, revision=revision, **options)
    files = [asdict(file) for file in _files(located)]
    return {
        "model": located.name,
        "revision": located.revision,
        "folder": str(located.folder),
        "files": files,
        **_loaded(located),
    }


def _files(located: Located) -> list[CheckedFile]:
    """Every file of a model with its SHA-256; those from the hub compared with the hub's own checksum.

    Raises:
        CheckpointError: A file differs from what the hub says.
    """
    from harakat.model.checkpoints.hub import checksums, refuse_damaged

    checked = []
    for path in sorted(p for p in located.folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        size = path.stat().st_size
        sha256, expected, actual = checksums(path)
        if located.revision is None:
            actual = ""
        else:
            refuse_damaged(path, expected, actual)
        check = "equal to the hub's checksum" if actual else "no checksum to compare with"
        name = path.relative_to(located.folder).as_posix()
        checked.append(CheckedFile(name, size, sha256, check))
    return checked


def _loaded(located: Located) -> dict[str, Any]:
    """Load everything once, on the CPU: the only full proof that files fit together.

    Raises:
        CheckpointError: They do not.
    """
    from harakat._support.json_files import positive_int
    from harakat.model.checkpoints.config import read_config
    from harakat.model.checkpoints.network import load_network
    from harakat.model.families.family import TokenizerOptions

    config = read_config(located.folder)
    network: Any = load_network(located.folder, config)
    tensors = dict(network.state_dict())
    family = config.family
    # Without segmentation, whose data may still have to be fetched; the ids are the same.
    size = family.open_tokenizer(located.folder, TokenizerOptions(config.spelling, segmentation=False)).vocab_size
    rows = positive_int(config.raw, "vocab_size", located.folder / "config.json")
    if size > rows:
        raise CheckpointError(
            f"{located.folder}: tokenizer.json gives ids up to {size - 1:,}, but the embedding has {rows:,} rows; the "
            f"files belong to different models"
        )
    return {
        "model_type": family.model_type,
        "tensors": len(tensors),
        "parameters": sum(int(tensor.numel()) for tensor in tensors.values()),
        "vocabulary": size,
        "needs_morphology": family.needs_morphology(located.folder),
    }


def _morphology(*, fetch_it: bool) -> dict[str, Any]:
    """Morphology data, fetched where it is missing and compared with its catalogue."""
    from harakat.arabic.morphology import DATA_VARIABLES, Segmenter, data_folder, fetch_data, locate_data, verify_data

    try:
        data = locate_data()
    except MorphologyDataError:
        if not fetch_it:
            raise
        console.note(f"fetching the morphology data into {data_folder()} (129 MB)")
        # The library writes its progress to standard output, which here holds nothing but data.
        with _stdout_to_stderr():
            data = fetch_data()
    files = []
    for file in verify_data(data):
        check = "equal to the catalogue's checksum" if file.listed else "not in a catalogue"
        files.append(asdict(CheckedFile(str(file.path), file.path.stat().st_size, file.sha256, check)))
    cut = Segmenter().segment("\u0648\u0639\u0644\u064a\u0647\u0645")  # wa-ʿalayhim, "and upon them"
    return {"name": data.name, "folder": str(data_folder()), "variable": DATA_VARIABLES[0], "files": files, "try": cut}


class _stdout_to_stderr:
    """Sends file descriptor 1 to where 2 goes: the writer is no Python code."""

    def __enter__(self) -> None:
        self._kept = os.dup(1)
        os.dup2(2, 1)

    def __exit__(self, *_: object) -> None:
        os.dup2(self._kept, 1)
        os.close(self._kept)


def _print(report: dict[str, Any]) -> None:
    if "model" in report:
        commit = f" at {report['revision']}" if report["revision"] else ""
        compared = sum(file["check"].startswith("equal") for file in report["files"])
        count = f"{compared} of {len(report['files'])} files compared with the hub's checksums"
        console.data(f"{report['model']}{commit}: verified" + (f" ({count})" if report["revision"] else ""))
        _print_files(report["files"])
        console.data(
            f"  loaded: {report['model_type']}, {report['tensors']:,} tensors, {report['parameters']:,} parameters, "
            f"{report['vocabulary']:,} vocabulary entries"
        )
        console.data(f"  folder: {report['folder']}")
        if report["revision"]:
            console.data(f"  for a machine without a network: copy {_cache_root(report['folder'])} into its HF_HOME")
        if report["needs_morphology"] and "morphology" not in report:
            console.data("  needs the morphology data: harakat fetch morphology")
    if "morphology" in report:
        data = report["morphology"]
        console.data(f"morphology {data['name']}: verified")
        _print_files(data["files"])
        console.data(f"  loaded: \u0648\u0639\u0644\u064a\u0647\u0645 -> {data['try']}")
        console.data(f"  for a machine without a network: copy {data['folder']} and set {data['variable']} to the copy")


def _print_files(files: list[dict[str, Any]]) -> None:
    for file in files:
        console.data(f"  {file['name']}  {file['bytes']:,} bytes  sha256 {file['sha256']}  {file['check']}")


def _cache_root(folder: str) -> Path:
    """The repository's folder within the hub's cache: the snapshot's links point into it."""
    return Path(folder).parent.parent
