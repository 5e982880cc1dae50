"""Recipes: the published facts stand in them, and every wrong value is named."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.errors import OptionError
from harakat.training import Recipe, Source, load_recipe, shipped_recipes

OWN = Source("own", path="a.jsonl")


def test_the_published_recipe() -> None:
    recipes = {recipe.name: recipe for recipe in shipped_recipes()}
    assert list(recipes) == ["phase-1", "phase-2", "phase-4", "fine-tune"]
    first, second, last = (recipes[f"phase-{number}"] for number in (1, 2, 4))
    assert first.start == "neoarabert-msa"
    assert (second.follows, last.follows) == ("phase-1", "phase-2")
    assert first.dims == (768, 512, 256, 128, 64)
    for recipe in (first, second, last):
        assert recipe.betas == (0.9, 0.95)
        assert (recipe.eps, recipe.weight_decay, recipe.warmup, recipe.clip) == (1e-8, 0.01, 0.1, 1.0)
        assert (recipe.max_length, recipe.scale, recipe.precision) == (128, 20.0, "auto")
    assert (last.lr, last.batch_size, last.epochs) == (1e-5, 64, 1)
    rows = {recipe.name: {source.name: source.rows for source in recipe.data} for recipe in recipes.values()}
    assert rows["phase-1"] == {"silma": 30_000}
    assert rows["phase-2"] == {"silma": 30_000, "muradif": None, "mix-triplet": 14_000}
    assert rows["phase-4"] == {"arabic-nli": 200_000, "msmarco-ar": 60_000, "muradif": None}


def test_as_dict_and_back() -> None:
    for recipe in shipped_recipes():
        assert Recipe.from_dict(json.loads(json.dumps(recipe.as_dict()))) == recipe


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch_sise": 4}, "did you mean 'batch_size'"),
        ({"batch_size": 1}, "negatives"),
        ({"batch_size": 2.5}, "batch_size=2.5 is not a whole number"),
        ({"batch_size": True}, "batch_size=True"),
        ({"lr": 0}, "lr=0 is not a number above 0"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"lr": "fast"}, "lr='fast'"),
        ({"warmup": 1}, "warmup=1 is not a number 0 or more and below 1"),
        ({"betas": [0.9]}, "betas="),
        ({"betas": [0.9, 1.0]}, "betas=1.0"),
        ({"dims": []}, "dims="),
        ({"dims": [0]}, "dims=0"),
        ({"mixing": "stir"}, "choose one of concatenate"),
        ({"precision": "float16"}, "choose one of auto"),
        ({"mini_batch_size": 100}, "over batch_size=32"),
        ({"mini_batch_size": 4, "gradient_checkpointing": True}, "choose one"),
        ({"start": None}, "start=None"),
        ({"start": 3}, "start=3 is not a text"),
        ({"name": "My run"}, "lower-case"),
        ({"data": []}, "no data set is left"),
        ({"data.own.rows": 0}, "no data set is left"),
        ({"data.own.rows": -1}, "data.own: rows=-1"),
        ({"data.own.format": "quads"}, "choose one of triplets, pairs, muradif"),
        ({"data.own.part": "held-out"}, "no option 'part'"),
        ({"data.other.rows": 1}, "no option 'other'"),
        ({"data.own": 1}, "which field"),
        ({"data.own.columns": {"query": "q"}}, "no option 'query'"),
        ({"data.own.columns.query": "q"}, "no option 'query'"),
        ({"data.own.columns.anchor": 3}, "does not map"),
        ({"data.own.skip_bad": "yes"}, "skip_bad='yes'"),
        ({"data": [{"path": "a.jsonl"}]}, "name is missing"),
        ({"data": [{"name": "a"}, {"name": "a"}]}, "two data sets are called 'a'"),
        ({"data": "a.jsonl"}, "not a list"),
    ],
)
def test_refusals_name_the_field(changes: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match="(?s).*") as error:
        load_recipe("fine-tune", changes)
    assert said in str(error.value)


def test_changes_reach_into_a_data_set() -> None:
    recipe = load_recipe(
        "phase-2", {"data.silma.path": "x.csv", "data.silma.columns.anchor": "query", "data.mix-triplet.rows": 0}
    )
    silma = recipe.data[0]
    assert (silma.path, silma.hub, silma.column("anchor"), silma.column("positive")) == (
        "x.csv",
        None,
        "query",
        "positive",
    )
    assert [source.name for source in recipe.sources] == ["silma", "muradif"]


def test_path_and_hub_exclude_each_other() -> None:
    with pytest.raises(OptionError, match="give one of them"):
        Source("both", path="a.jsonl", hub="a/b")


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    with pytest.raises(OptionError, match=r"phase-1, phase-2, phase-4"):
        load_recipe(file)
    file.write_text("{", encoding="utf-8")
    with pytest.raises(OptionError, match="cannot be read as JSON"):
        load_recipe(file)
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(OptionError, match="JSON list"):
        load_recipe(file)
    file.write_text('{"name": "mine"}', encoding="utf-8")
    with pytest.raises(OptionError, match=r"mine\.json: data is missing"):
        load_recipe(file)
    file.write_text('{"name": "mine", "start": "m", "data": [{"name": "a", "path": "a.csv"}]}', encoding="utf-8")
    assert load_recipe(file) == Recipe("mine", (Source("a", path="a.csv"),), start="m")


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "batch_size": st.integers(2, 512),
            "lr": st.floats(1e-8, 1.0),
            "seed": st.integers(0, 2**31),
            "dims": st.lists(st.integers(1, 2048), min_size=1, max_size=6),
            "description": st.text(),
        },
    )
)
def test_any_good_recipe_survives_its_own_json(changes: dict[str, object]) -> None:
    recipe = load_recipe("fine-tune", changes)
    again = Recipe.from_dict(json.loads(json.dumps(recipe.as_dict())))
    assert again == recipe
    assert recipe.dims is None or list(recipe.dims) == sorted(set(recipe.dims), reverse=True)


@given(st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text(max_size=8) | st.lists(st.integers())))
def test_any_json_object_is_a_recipe_or_one_of_our_errors(values: dict[str, object]) -> None:
    with contextlib.suppress(OptionError):
        recipe = Recipe.from_dict({"name": "x", "start": "m", "data": [{"name": "a", "path": "p.csv"}], **values})
        assert recipe.sources
