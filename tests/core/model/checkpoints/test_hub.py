"""Files from a hub: damaged ones are deleted, and no answer writes outside the cache."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from harakat.errors import CheckpointError, ModelUnavailableError
from harakat.model.checkpoints import hub


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A cached file of 7 bytes under its SHA-256, and the link to it."""
    blob = tmp_path / "blobs" / hashlib.sha256(b"weights").hexdigest()
    blob.parent.mkdir()
    blob.write_bytes(b"weights")
    folder = tmp_path / "snapshots" / "c0ffee"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").symlink_to(blob)
    return folder


def test_what_came_whole_stays(snapshot: Path) -> None:
    hub._check_new(snapshot, 0)
    assert (snapshot / "model.safetensors").read_bytes() == b"weights"


def test_what_came_damaged_is_deleted(snapshot: Path) -> None:
    link = snapshot / "model.safetensors"
    blob = link.resolve()
    blob.write_bytes(b"weighty")
    os.utime(blob, (1000, 1000))
    hub._check_new(snapshot, 2000)  # an older file was looked at when it came
    with pytest.raises(CheckpointError, match="it was deleted, fetch it again"):
        hub._check_new(snapshot, 1000)
    assert not blob.exists() and not link.is_symlink()


@pytest.mark.parametrize("value", ['"../../../etc/x"', '"/etc/x"', "..", '"a/b"', '"a\\b"', '""', '".x"', "W/"])
@pytest.mark.parametrize("name", ["ETag", "X-Linked-Etag"])
def test_a_checksum_that_is_a_path_is_refused(name: str, value: str) -> None:
    request = SimpleNamespace(url=SimpleNamespace(host="hub.example"))
    with pytest.raises(ModelUnavailableError, match="no checksum"):
        hub._refuse_bad_etag(SimpleNamespace(headers={name: value}, request=request))


@pytest.mark.parametrize("value", ['"' + "a" * 64 + '"', 'W/"' + "0" * 40 + '"', "abc-12"])
def test_a_checksum_passes(value: str) -> None:
    hub._refuse_bad_etag(SimpleNamespace(headers={"ETag": value}, request=None))
