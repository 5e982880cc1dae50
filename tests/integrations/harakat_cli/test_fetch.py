from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from support.calima import write_morphology
from support.hub import COMMIT, Hub, running_hub
from support.tiny import write_tiny

Run = Callable[..., Result]


def test_a_folder_is_verified(run: Run, tiny_folder: Path):
    done = run("fetch", tiny_folder, "--offline")
    assert done.exit_code == 0, done.stderr
    digest = hashlib.sha256((tiny_folder / "model.safetensors").read_bytes()).hexdigest()
    assert "tiny: verified" in done.stdout and digest in done.stdout and "20 tensors" in done.stdout
    report = json.loads(run("fetch", tiny_folder, "--json").stdout)
    assert {file["name"] for file in report["files"]} == {path.name for path in tiny_folder.iterdir()}
    assert report["needs_morphology"] is False


def test_a_damaged_folder_is_refused(run: Run, tiny_folder: Path, tmp_path: Path):
    folder = shutil.copytree(tiny_folder, tmp_path / "cut")
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    done = run("fetch", folder)
    assert done.exit_code == 2 and "damaged or cut short" in done.stderr
    shutil.copyfile(tiny_folder / "model.safetensors", weights)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["extra"] = len(tokenizer["model"]["vocab"])
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    done = run("fetch", folder)
    assert done.exit_code == 2 and "belong to different models" in done.stderr


def test_morphology_data_is_verified(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FAST_DISAMBIG_DATA_DIR", str(tmp_path / "data"))
    done = run("fetch", "morphology", "--offline")
    assert done.exit_code == 2 and "FAST_DISAMBIG_DATA_DIR" in done.stderr
    write_morphology(tmp_path / "data" / "calima-msa-r13")
    done = run("fetch", "morphology", "--offline")
    assert done.exit_code == 0, done.stderr
    assert "morphology calima-msa-r13: verified" in done.stdout
    assert hashlib.sha256((tmp_path / "data/calima-msa-r13/morphology.db").read_bytes()).hexdigest() in done.stdout
    assert "FAST_DISAMBIG_DATA_DIR" in done.stdout
    assert run("fetch", "morphology", "--revision", "main").exit_code == 2


def test_a_model_that_segments_wants_the_data(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = write_tiny(tmp_path / "segmenting", apply_stemming=True)
    monkeypatch.setenv("FAST_DISAMBIG_DATA_DIR", str(tmp_path / "data"))
    assert run("fetch", folder, "--offline").exit_code == 2
    done = run("fetch", folder, "--offline", "--no-morphology")
    assert done.exit_code == 0 and "harakat fetch morphology" in done.stdout
    write_morphology(tmp_path / "data" / "calima-msa-r13")
    done = run("fetch", folder, "--offline")
    assert done.exit_code == 0 and "morphology calima-msa-r13: verified" in done.stdout


@pytest.fixture
def hub(tiny_folder: Path, tmp_path: Path) -> Iterator[Hub]:
    folder = shutil.copytree(tiny_folder, tmp_path / "upstream")
    (folder / "modeling_evil.py").write_text("raise SystemExit('executed')")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    with running_hub({"someone/tiny": folder}) as server:
        yield server


def test_a_model_is_fetched_verified_and_used_without_the_hub(hub: Hub, tmp_path: Path, environment: dict[str, str]):
    def harakat(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        env = {**environment, **hub.environment(tmp_path / "hub"), **changes}
        command = [sys.executable, "-m", "harakat_cli.main", *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=240, check=False)

    done = harakat("fetch", "someone/tiny", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["revision"] == COMMIT
    assert {file["name"] for file in report["files"]} == {
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    }
    assert {file["check"] for file in report["files"]} == {"equal to the hub's checksum"}
    missing = harakat("fetch", "someone/tiny", "--revision", "v9")
    assert missing.returncode == 2 and "no revision 'v9'" in missing.stderr

    # The cache copied to a machine that has no network.
    hub.shutdown()
    shutil.copytree(tmp_path / "hub", tmp_path / "carried", symlinks=True)
    away = {"HF_HOME": str(tmp_path / "carried"), "HF_HUB_OFFLINE": "1"}
    used = harakat("encode", "كتب", "--model", "someone/tiny", **away)
    assert used.returncode == 0 and len(json.loads(used.stdout)["embedding"]) == 64

    # A file that was damaged on the way is named.
    blob = next(path for path in (tmp_path / "carried").rglob("config.json")).resolve()
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes() + b" ")
    done = harakat("fetch", "someone/tiny", "--offline", **away)
    assert done.returncode == 2 and "is damaged: its checksum is" in done.stderr
    assert not blob.exists()  # so that no encoder opens it
