"""A data set through `datasets` from a hub on this machine: one commit, and the cache without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hub import COMMIT, Hub, running_hub
from support.triplets import triplets, write_jsonl

PROGRAM = """
import json, sys
import datasets, huggingface_hub
from harakat.errors import HarakatError
from harakat.data.loading import read_source
from harakat.data.source import Source

def tell(**fields):
    try:
        loaded = read_source(Source("own", hub="someone/triplets", **fields), seed=0)
        told = [loaded.commit, len(loaded.rows), list(loaded.rows[0])]
    except HarakatError as error:
        told = [type(error).__name__, str(error)]
    print(json.dumps(told), flush=True)

tell()
huggingface_hub.constants.HF_HUB_OFFLINE = datasets.config.HF_HUB_OFFLINE = True
print(json.dumps("offline"), flush=True)
for revision in (None, sys.argv[1], "f" * 40, "main"):
    tell(revision=revision)
"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    folder = tmp_path / "upstream"
    folder.mkdir()
    write_jsonl(folder / "train.jsonl", triplets())
    with running_hub({"someone/triplets": folder}) as server:
        yield server


def test_one_commit_and_then_the_cache(hub: Hub, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, COMMIT],
        env={**os.environ, **hub.environment(tmp_path / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = [COMMIT, len(triplets()), list(triplets()[0].values())]
    assert json.loads(process.stdout.readline()) == found
    assert json.loads(process.stdout.readline()) == "offline"
    asked = len(hub.asked)
    assert any(f"/resolve/{COMMIT}/train.jsonl" in path for path in hub.asked)
    told = [json.loads(line) for line in process.stdout]
    process.communicate(timeout=60)
    assert told[:2] == [found, found]
    assert told[2][0] == "DataUnavailableError" and "is not in the cache, which holds c0ffee" in told[2][1]
    assert told[3][0] == "OptionError" and "revision='main': offline nobody can say" in told[3][1]
    assert len(hub.asked) == asked
