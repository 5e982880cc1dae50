"""Data sets of a recipe: from files and through `datasets`, capped, checked, and never the held-out part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from harakat.data.hub import open_hub
from harakat.data.loading import LoadedSource, read_source
from harakat.data.muradif import anchor_key, muradif_triplet, split_by_anchor
from harakat.data.source import Source
from harakat.errors import DataUnavailableError, OptionError, RecordError
from harakat.training import load_recipe
from harakat.training.data import to_datasets
from support.triplets import muradif_rows, triplets, write_jsonl


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "triplets.jsonl", triplets())


@pytest.fixture(params=["file", "folder", "parquet"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The same triplets in a file, and in folders as the hub has them."""
    if request.param == "file":
        return {"path": str(write_jsonl(tmp_path / "t.jsonl", triplets()))}
    folder = tmp_path / "hub"
    folder.mkdir()
    if request.param == "folder":
        write_jsonl(folder / "train.jsonl", triplets())
    else:
        Dataset.from_list(triplets()).to_parquet(folder / "train-00000-of-00001.parquet")
    return {"hub": str(folder)}


def test_every_way_in_gives_the_same_rows(source: dict[str, Any]) -> None:
    loaded = read_source(Source("own", **source), seed=0)
    assert loaded.columns == ("anchor", "positive", "negative")
    assert [dict(zip(loaded.columns, row, strict=True)) for row in loaded.rows] == triplets()
    pairs = read_source(Source("own", format="pairs", **source), seed=0)
    assert pairs.rows == tuple(row[:2] for row in loaded.rows)


def test_a_cap_draws_the_same_rows_every_time(source: dict[str, Any]) -> None:
    everything = read_source(Source("own", **source), seed=0).rows
    capped = [read_source(Source("own", rows=10, **source), seed=seed).rows for seed in (0, 0, 1)]
    assert capped[0] == capped[1] != capped[2]
    assert all(len(rows) == 10 and set(rows) <= set(everything) for rows in capped)
    assert read_source(Source("own", rows=10**6, **source), seed=0).rows == everything


def test_columns_by_other_names(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "q.jsonl", [{"query": row["anchor"], "pos": row["positive"]} for row in triplets()])
    columns = {"anchor": "query", "positive": "pos"}
    loaded = read_source(Source("own", format="pairs", path=str(path), columns=columns), seed=0)
    assert loaded.rows[0] == (triplets()[0]["anchor"], triplets()[0]["positive"])
    with pytest.raises(RecordError, match=r"q\.jsonl, line 1: no field 'anchor' \(there are: 'query', 'pos'\)"):
        read_source(Source("own", format="pairs", path=str(path)), seed=0)


def test_bad_rows_are_refused_or_counted(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [*triplets()[:5]]
    rows[2] = {**rows[2], "negative": "  "}
    for where in ({"path": str(write_jsonl(tmp_path / "t.jsonl", rows))}, {"hub": str(_folder(tmp_path, rows))}):
        with pytest.raises(RecordError, match=r"(line 3|row 2): the field 'negative' is empty.*skip_bad"):
            read_source(Source("own", **where), seed=0)
        loaded = read_source(Source("own", skip_bad=True, **where), seed=0)
        assert (len(loaded.rows), loaded.skipped) == (4, 1)
    path = write_jsonl(tmp_path / "none.jsonl", rows[2:3])
    with pytest.raises(RecordError, match=r"no rows are left \(1 were skipped\)"):
        read_source(Source("own", path=str(path), skip_bad=True), seed=0)


def _folder(tmp_path: Path, rows: list[dict[str, Any]]) -> Path:
    folder = tmp_path / "hub"
    folder.mkdir(exist_ok=True)
    write_jsonl(folder / "train.jsonl", rows)
    return folder


def test_configs_and_splits(tmp_path: Path) -> None:
    folder = _folder(tmp_path, triplets()[:4])
    write_jsonl(folder / "test.jsonl", triplets()[4:7])
    assert len(open_hub(Source("own", hub=str(folder), split="test"))) == 3
    with pytest.raises(OptionError, match="split='dev'"):
        open_hub(Source("own", hub=str(folder), split="dev"))
    with pytest.raises(OptionError, match="config='ar'"):
        open_hub(Source("own", hub=str(folder), config="ar"))


def test_offline_asks_nothing(monkeypatch: pytest.MonkeyPatch, socket_disabled: None) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(DataUnavailableError, match=r"data\.silma.*HF_HUB_OFFLINE.*data\.silma\.path"):
        read_source(load_recipe("phase-1").data[0], seed=0)


def test_no_hub_id(socket_disabled: None) -> None:
    with pytest.raises(OptionError, match="neither a folder nor a hub id"):
        read_source(Source("own", hub="no such id"), seed=0)


def test_sources_that_name_nothing() -> None:
    with pytest.raises(OptionError, match=r"data\.msmarco-ar\.path=.*data\.msmarco-ar\.hub=.*data\.msmarco-ar\.rows=0"):
        read_source(load_recipe("phase-4").data[1], seed=0)


@pytest.mark.parametrize("way", ["path", "hub"])
def test_muradif_gives_the_training_half_only(tmp_path: Path, way: str) -> None:
    rows = muradif_rows()
    where = str(write_jsonl(tmp_path / "m.jsonl", rows) if way == "path" else _folder(tmp_path, rows))
    loaded = read_source(Source("muradif", format="muradif", **{way: where}), seed=0)
    split = split_by_anchor(muradif_triplet(row) for row in rows)
    held = {row.texts() for row in split.held_out.rows}
    assert held and set(loaded.rows) == {row.texts() for row in split.train}
    assert not held & set(loaded.rows)
    assert loaded.held_out is not None and loaded.held_out.startswith("muradif-anchor-1:")
    capped = read_source(Source("muradif", format="muradif", rows=7, **{way: where}), seed=0)
    assert set(capped.rows) < set(loaded.rows) and capped.held_out == loaded.held_out
    held_keys = {anchor_key(row.anchor) for row in split.held_out.rows}
    touching = [row for row in split.train if {anchor_key(row.positive), anchor_key(row.negative)} & held_keys]
    assert loaded.touching == capped.touching == len(touching) > 0


def test_muradif_is_not_read_without_its_split(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "m.jsonl", muradif_rows())
    columns = {"anchor": "context", "positive": "syn_word", "negative": "irrelevant_word"}
    with pytest.raises(OptionError, match="held out for evaluation.*format=muradif"):
        read_source(Source("own", path=str(path), columns=columns), seed=0)
    with pytest.raises(OptionError, match="held out for evaluation.*format='muradif'"):
        read_source(Source("own", hub="U4RASD/Muradif", split="test"), seed=0)


def test_mixing(file: Path, tmp_path: Path) -> None:
    triplet = read_source(Source("a", path=str(file)), seed=0)
    pair = read_source(Source("b", format="pairs", path=str(file), rows=5), seed=0)
    recipe = load_recipe("fine-tune")
    heap = to_datasets(recipe, [triplet, triplet])
    assert heap.column_names == ["anchor", "positive", "negative"]
    assert heap.num_rows == 2 * len(triplet.rows)
    with pytest.raises(OptionError, match="'a' and 'b' have different columns.*mixing='proportional'"):
        to_datasets(recipe, [triplet, pair])
    apart = to_datasets(load_recipe("fine-tune", {"mixing": "proportional"}), [triplet, pair])
    assert {name: part.column_names for name, part in apart.items()} == {
        "a": ["anchor", "positive", "negative"],
        "b": ["anchor", "positive"],
    }


def test_facts_tell_other_rows_apart() -> None:
    one, two = (LoadedSource("a", ("anchor", "positive"), rows) for rows in ((("x", "yz"),), (("xy", "z"),)))
    assert one.facts()["sha256"] != two.facts()["sha256"]
    assert json.dumps(one.facts())
