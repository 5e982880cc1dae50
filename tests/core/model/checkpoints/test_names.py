"""Names, folders and hub ids, against hub caches that the tests write themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harakat import Encoder, available_models
from harakat.errors import ModelUnavailableError, UnknownModelError
from harakat.model.checkpoints.names import KNOWN_MODELS, locate

COMMIT = "a" * 40
OTHER_COMMIT = "b" * 40


def write_cache(cache: Path, hub_id: str, folders: dict[str, Path], refs: dict[str, str]) -> Path:
    """A hub cache in huggingface_hub's layout."""
    repo = cache / f"models--{hub_id.replace('/', '--')}"
    for commit, folder in folders.items():
        shutil.copytree(folder, repo / "snapshots" / commit)
    (repo / "refs").mkdir(parents=True)
    for name, commit in refs.items():
        (repo / "refs" / name).write_text(commit)
    return cache


@pytest.fixture
def cache(tmp_path: Path, tiny_folder: Path, other_folder: Path) -> Path:
    folders = {COMMIT: tiny_folder, OTHER_COMMIT: other_folder}
    return write_cache(tmp_path / "hub", "someone/model", folders, {"main": COMMIT, "v2": OTHER_COMMIT})


def test_the_default_comes_first_and_is_here() -> None:
    models = available_models()
    assert models[0].name == "harakat-mini"
    assert models[0].local
    assert [m.name for m in models] == list(KNOWN_MODELS)


def test_a_folder(tiny_folder: Path) -> None:
    for given in (tiny_folder, str(tiny_folder), os.path.relpath(tiny_folder)):
        located = locate(given)
        assert located.folder == tiny_folder.resolve()
        assert located.revision is None


def test_a_hub_model_from_the_cache(cache: Path) -> None:
    encoder = Encoder("someone/model", cache_dir=cache, offline=True)
    assert encoder.name == "someone/model"
    assert encoder.revision == COMMIT


def test_revisions_are_pinned(cache: Path) -> None:
    by_name = Encoder("someone/model", cache_dir=cache, offline=True, revision="v2")
    by_commit = Encoder("someone/model", cache_dir=cache, offline=True, revision=OTHER_COMMIT)
    main = Encoder("someone/model", cache_dir=cache, offline=True)
    assert by_name.revision == by_commit.revision == OTHER_COMMIT
    assert str(by_name.fingerprint) == str(by_commit.fingerprint) != str(main.fingerprint)


def test_short_names_and_their_hub_ids_are_one(tmp_path: Path, tiny_folder: Path) -> None:
    known = KNOWN_MODELS["neoarabert-msa"]
    assert known.hub_id is not None
    cache = write_cache(tmp_path / "hub", known.hub_id, {COMMIT: tiny_folder}, {"main": COMMIT})
    short = locate("neoarabert-msa", cache_dir=cache, offline=True)
    long = locate(known.hub_id, cache_dir=cache, offline=True)
    assert short == long
    assert short.name == "neoarabert-msa"


def test_offline_without_the_files_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"someone/else.*harakat fetch someone/else --revision v1"):
        locate("someone/else", revision="v1", cache_dir=tmp_path, offline=True)


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "HF_ENDPOINT"])
def test_a_process_that_cannot_reach_the_hub(tmp_path: Path, variable: str) -> None:
    """HF_HUB_OFFLINE=1, or a hub that refuses connections, in a process of its own (read at import)."""
    code = (
        "from harakat.model.checkpoints.names import locate\n"
        "from harakat.errors import ModelUnavailableError\n"
        "try: locate('someone/else')\n"
        "except ModelUnavailableError as error: print(error)"
    )
    value = "1" if variable == "HF_HUB_OFFLINE" else "http://127.0.0.1:9"
    env = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    env |= {variable: value, "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert "'someone/else' is not in this machine's hub cache" in done.stdout
    assert ("(offline)" in done.stdout) == (variable == "HF_HUB_OFFLINE")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("harakat-mni", "Did you mean 'harakat-mini'"),
        ("no such thing", "no known name, no folder"),
        ("", "no known name"),
        ("/nowhere/at/all", "no known name, no folder"),
        ("a/b/c", "no known name"),
        (Path("someone/model"), "no known name, no folder"),
        (None, "is a NoneType"),
        (7, "is a int"),
    ],
)
def test_unknown_names(given: object, message: str) -> None:
    with pytest.raises(UnknownModelError, match=message):
        locate(given)  # type: ignore[arg-type]


def test_a_revision_of_local_files_is_refused(tiny_folder: Path) -> None:
    for model in (tiny_folder, "harakat-mini"):
        with pytest.raises(UnknownModelError, match="revision='main'"):
            locate(model, revision="main")
