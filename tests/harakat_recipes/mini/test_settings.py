"""Recipes: a list of rounds, each of which goes on from the one before."""

import json
from dataclasses import fields
from pathlib import Path

import pytest

import harakat_recipes.mini
from harakat.errors import OptionError
from harakat.model.checkpoints.names import BUNDLED_FOLDER
from harakat_recipes.mini.settings import DictionarySettings, HeadSettings, PrefixSettings, Settings, read_rounds


def test_a_round_is_as_the_one_before_but_for_what_it_says(tmp_path):
    file = tmp_path / "recipe.json"
    rounds = [
        {"steps": 5, "rate": 1e-3, "dims": [8, 4], "head": None},
        {"steps": 7, "dictionary": {"keys": 2}},
        {"rate": 1e-4, "dictionary": None, "prefix": {"dims": [4]}},
    ]
    file.write_text(json.dumps(rounds), "utf-8")
    assert read_rounds(file) == [
        Settings(steps=5, rate=1e-3, dims=[8, 4]),
        Settings(steps=7, rate=1e-3, dims=[8, 4], dictionary=DictionarySettings(keys=2)),
        Settings(steps=7, rate=1e-4, dims=[8, 4], prefix=PrefixSettings(dims=[4])),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no list of rounds"),
        ('[{"steps": 1}, 3]', "no list of rounds"),
        ('[{"steps": 1}, {"step": 2}]', r"round 2 has no option 'step'; did you mean 'steps'\?"),
        ('[{"head": {"rates": 1}}]', r"head of round 1 has no option 'rates'; did you mean 'rate'\?"),
        ('[{"head": 4}]', r"head of round 1"),
    ],
)
def test_what_is_no_recipe_is_said(tmp_path, text, said):
    file = tmp_path / "recipe.json"
    file.write_text(text, "utf-8")
    with pytest.raises(OptionError, match=said):
        read_rounds(file)


def test_every_setting_is_set_by_the_recipe():
    rounds = json.loads(Path(harakat_recipes.mini.__file__).with_name("mini.json").read_text("utf-8"))
    for kind, objects in (
        (Settings, rounds),
        (DictionarySettings, [one["dictionary"] for one in rounds if "dictionary" in one]),
        (HeadSettings, [one["head"] for one in rounds if "head" in one]),
        (PrefixSettings, [one["prefix"] for one in rounds if "prefix" in one]),
    ):
        assert {one.name for one in fields(kind)} == {name for given in objects for name in given}


def test_the_model_card_is_short():
    card = Path(BUNDLED_FOLDER) / "README.md"
    assert card.stat().st_size <= 8 * 1024
