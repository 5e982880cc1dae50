"""A dictionary from glosses, synonyms and a corpus, and a network that has it."""

import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from harakat.arabic.marks import codes as markcodes
from harakat.errors import RecordError
from harakat.training.distillation import Axes
from harakat_recipes.mini import loop, preparation
from harakat_recipes.mini.batches import pooled, prepare
from harakat_recipes.mini.dictionary import attach, code_of, gather, with_dictionary
from harakat_recipes.mini.glosses import Glosses, GlossVectors
from harakat_recipes.mini.settings import DictionarySettings, Settings
from harakat_recipes.mini.words import Words
from harakat_recipes.mini.written import spellings
from support.marked import read_marked
from support.stems import write_stems

from .test_mini_training import tiny_start

STEMS = [
    ("Eilom", "N", "knowledge;learning"),
    ("Ealam", "N", "flag"),
    ("Ealima", "PV_0", "know"),
    ("qalam", "N", "pen"),
    ("yarAE", "N", "reed"),
    ("bayot", "N", "house"),
    ("dAr", "N", "home"),
]
PHRASES = ["knowledge", "learning", "flag", "to know", "pen", "reed", "house", "home"]
SETTINGS = DictionarySettings(dim=32, keys=60, synonyms=0.5, untold=0.7, gains=[(1, 0.5), (2, 0.25)])


@pytest.fixture
def english(data):
    """Vectors of the glosses, and the stems beside the other data."""
    write_stems(data, STEMS)
    noise = np.random.default_rng(0)
    return GlossVectors(PHRASES, noise.normal(size=(len(PHRASES), 32)).astype(np.float32))


@pytest.fixture
def glosses(data, english):
    return Glosses(data, english, Axes(np.zeros(32, np.float32), np.eye(32, dtype=np.float32)))


def test_each_reading_means_its_glosses_and_its_synonyms(data, glosses):
    readings = gather(glosses, Words(data, {}, {"synsets": 1.0}), SETTINGS)
    own = dict(zip(glosses.words, glosses.targets, strict=True))
    marks = {code_of(markcodes.separate(word)[1]): own[word] for word in ("عِلْم", "عَلَم", "عَلِمَ")}
    found = dict(readings["علم"])
    assert found.keys() == marks.keys()
    # Synonyms without glosses ("banner", by a training synset) move nothing, and get this word's meaning.
    for code, target in marks.items():
        np.testing.assert_allclose(found[code], target, atol=1e-6)
    ((code, banner),) = readings["راية"]
    assert code == 0
    np.testing.assert_allclose(banner, 0.7 * glosses.bare[glosses.words.index("عَلَم")], atol=1e-6)
    # "House" and "home" are synonyms in a training synset, the two pens in a held-out one.
    house, home = (readings[word][0][1] for word in ("بيت", "دار"))
    assert house @ home > own["بَيْت"] @ own["دار"] + 0.3
    for pen in ("قلم", "يراع"):
        np.testing.assert_allclose(readings[pen][0][1], own[glosses.words[glosses.bases.index(pen)]], atol=1e-6)


def test_a_meaning_comes_out_as_it_went_in(data, glosses):
    network, tokenizer = tiny_start()
    readings = gather(glosses, Words(data, {}, {"synsets": 1.0}), SETTINGS)
    written = spellings(readings, {}, SETTINGS.keys)
    made = attach(network, tokenizer, readings, written, 3.0, SETTINGS)
    texts = ["عِلْمٌ", "بيت", "قلم زيد", "زيد"]
    before, after = (pooled(n, prepare(tokenizer, texts, longest=40)) for n in (network, made))
    science = dict(readings["علم"])[code_of(markcodes.separate("عِلْم")[1])]
    meant = np.stack([0.5 * science, 0.5 * readings["بيت"][0][1], 0.125 * readings["قلم"][0][1], np.zeros(32)])
    # In bfloat16.
    np.testing.assert_allclose(after - before, 3.0 * meant, atol=0.03 * float(after.abs().max()))


def test_a_round_ends_with_its_dictionary(data, english, tmp_path, monkeypatch):
    for module in (loop, preparation):
        monkeypatch.setattr(module, "build_start", tiny_start)
    monkeypatch.setattr(preparation, "teach_glosses", lambda _folder: english)
    choice = Settings(
        steps=1,
        phrase_count=100,
        phrase_tokens=60,
        words=2,
        pairs=1,
        clashes=1,
        glosses=2,
        dropped=0,
        longest=40,
        dims=[32, 16],
        dictionary=SETTINGS,
    )
    caches = preparation.prepare_work(data, tmp_path, [choice])
    loop.train(data, caches, tmp_path, tmp_path / "model", choice)
    config, state = read_marked(tmp_path / "model")
    assert 20 < config["dictionary_keys"] == len(state["dictionary.keys"]) <= SETTINGS.keys
    assert state["dictionary.gain"].tolist() == [0.5] + [0.25] * 63
    with pytest.raises(RecordError, match="glosses"):
        loop.train(data, caches, tmp_path / "other", tmp_path / "none", replace(choice, glosses=0))


def mixture_of(data, glosses, tokenizer):
    return SimpleNamespace(
        glosses=glosses,
        words=Words(data, {}, {"synsets": 1.0}),
        tokenizer=tokenizer,
        verses={"1:1": "علم " * 300},
        commentary={"1:1": ["بيت", "زيد وزيد خالد"]},
        sequences=prepare(tokenizer, ["قلم", "بيت"], longest=20),
    )


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_common_words_mean_less(data, glosses, share):
    made, tokenizer = tiny_start()
    mixture = mixture_of(data, glosses, tokenizer)
    network = with_dictionary(made, data, mixture, replace(SETTINGS, common_share=share))
    before = gather(glosses, mixture.words, SETTINGS)
    lengths = dict(zip(before, network.dictionary.first[:-1].tolist(), strict=True))
    ratios = {
        word: float(network.dictionary.table[lengths[word]].detach().norm()) / np.linalg.norm(before[word][0][1])
        for word in ("علم", "بيت")
    }
    assert ratios["بيت"] > 1.5 * ratios["علم"] if share else ratios == pytest.approx({"علم": 1, "بيت": 1}, rel=1e-4)


def test_codes_leave_the_last_letter_out():
    chance = random.Random(0)
    for _ in range(50):
        classes = [chance.randrange(16) for _ in range(chance.randint(1, 20))]
        code = code_of(classes)
        assert [(code >> (4 * place)) & 15 for place in range(15)] == [*classes[:-1], *[0] * 15][:15]
        assert torch.tensor(code).item() == code
