"""Fingerprints differ exactly where vectors may."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harakat import Encoder
from harakat.errors import CheckpointError
from harakat.model.checkpoints.fingerprint import Fingerprint
from harakat.model.families.mini_network import MarkedBertConfig
from harakat.model.families.neoarabert_network import NeoAraBERTShape
from support.marked import write_marked
from support.tiny import write_tiny

BASE = Fingerprint("name", "rev", "w", "t", "as-is", "off", "mean+l2", "", "", 64, "float32", "{}")


@pytest.mark.parametrize("field", [f.name for f in fields(Fingerprint)])
def test_every_deciding_part_counts(field: str) -> None:
    other = replace(BASE, **{field: 32 if field == "dim" else "changed"})
    decides = field not in ("model", "revision")
    assert (str(other) != str(BASE)) is decides
    named = BASE.difference(other.parts())
    assert (len(named) == 1 and named[0].startswith(f"{field}: ")) is decides


def test_the_string_is_short_and_stable() -> None:
    assert str(BASE) == str(replace(BASE))
    assert str(BASE).startswith("hk2:")
    assert len(str(BASE)) == 28


def test_parts_are_strings_for_any_metadata() -> None:
    assert all(isinstance(value, str) for value in BASE.parts().values())


def test_the_former_digest_is_recognised() -> None:
    former = "hk1:" + hashlib.sha256(json.dumps(FORMER, sort_keys=True).encode()).hexdigest()[:24]
    assert BASE.matches(former) and BASE.matches(str(BASE))
    assert not replace(BASE, dim=32).matches(former)
    assert not BASE.matches("") and not BASE.matches("hk1:") and not BASE.matches(str(replace(BASE, dim=32)))


FORMER = {key: value for key, value in BASE.parts().items() if key not in ("model", "revision", "network")}


def test_numbers_of_the_network_are_named() -> None:
    one, two = (replace(BASE, network=json.dumps({"heads": heads, "norm_eps": 1e-5})) for heads in (4, 2))
    assert one.difference(two.parts()) == ["heads: '4' here, '2' there"]
    assert one.difference({**two.parts(), "network": "?"}) == [
        "network: '{\"heads\": 4, \"norm_eps\": 1e-05}' here, '?' there"
    ]


WRITERS: dict[str, tuple[Any, type]] = {
    "tiny": (write_tiny, NeoAraBERTShape),
    "marked": (write_marked, MarkedBertConfig),
}
NAMES = {"max_positions": "max_position_embeddings", "pad_id": "pad_token_id"}
CHANGES: dict[str, list[Any]] = {
    "num_attention_heads": [1, 2, 8],
    "norm_eps": [0.5, 1e-6],
    "layer_norm_eps": [0.5, 1e-5],
    "intermediate_size": [97, 64, 128],
    "pad_token_id": [1],
}
TEXTS = ["كتب الطالب الدرس في المكتبة", "الْعِلْمُ نُورٌ", "علم"]


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field.name) for kind, (_, shape) in WRITERS.items() for field in fields(shape)]
)
def test_every_number_of_the_architecture_that_moves_a_vector_counts(kind: str, field: str, tmp_path: Path) -> None:
    folder = WRITERS[kind][0](tmp_path / kind)
    first = Encoder(folder)
    vectors, said = first.encode(TEXTS), str(first.fingerprint)
    config = json.loads((folder / "config.json").read_text())
    key = NAMES.get(field, field)
    changes = CHANGES.get(key) or [config[key] + 8, max(config[key] // 2, 1)]
    for value in (change for change in changes if change != config.get(key)):
        (folder / "config.json").write_text(json.dumps({**config, key: value}))
        try:
            other = Encoder(folder)
        except CheckpointError:
            continue  # the weights hold this number
        moved = not np.allclose(other.encode(TEXTS), vectors, atol=1e-7)
        assert (str(other.fingerprint) != said) is moved, (key, value)
        assert bool(other.fingerprint.difference(first.fingerprint.parts())) is moved


def test_all_other_entries_of_a_config_move_nothing_or_count(tmp_path: Path) -> None:
    for kind, (write, _) in WRITERS.items():
        folder = write(tmp_path / kind)
        first = Encoder(folder)
        vectors, said = first.encode(TEXTS), str(first.fingerprint)
        config = json.loads((folder / "config.json").read_text())
        for key, value in config.items():
            if key == "format":  # another reading of texts, of these or of others: see tests of the tokenizers
                continue
            changed = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else None
            (folder / "config.json").write_text(json.dumps({**config, key: changed}))
            try:
                other = Encoder(folder)
            except CheckpointError:
                continue
            rows = other.encode(TEXTS)
            moved = rows.shape != vectors.shape or not np.allclose(rows, vectors, atol=1e-7)
            assert (str(other.fingerprint) != said) is moved, (kind, key, changed)
