"""Versions and commits for the head of a report."""

import subprocess

import numpy as np

from harakat._support.provenance import installed, short_commit


def test_only_what_is_installed_has_a_version():
    assert installed(["numpy", "no-such-library-of-ours"]) == {"numpy": np.__version__}


def test_the_commit_is_that_of_the_folders_clone(tmp_path):
    assert short_commit(tmp_path) is None
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "one"], cwd=tmp_path, check=True)
    whole = subprocess.run([*git, "rev-parse", "HEAD"], cwd=tmp_path, check=True, capture_output=True, text=True)
    (tmp_path / "inner").mkdir()
    found = short_commit(tmp_path / "inner")
    assert found
    assert whole.stdout.startswith(found)


def test_without_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert short_commit(tmp_path) is None
