"""The development sets: what is drawn, and that an embedder is measured on all of it."""

import json
import zlib
from types import SimpleNamespace

import numpy as np
import pytest

from harakat.data.held_out import is_held_out_surah, is_held_out_synset
from harakat_recipes.mini import texts
from harakat_recipes.mini.judge import Judge, _surrounded, main

from .conftest import write


def letters(items, _kind):
    """Texts by the letters that they share: the more, the nearer."""
    rows = np.full((len(items), 64), 0.01, np.float32)
    for row, item in zip(rows, items, strict=True):
        for letter in item:
            row[zlib.crc32(letter.encode()) % 64] += 1
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def judge(data):
    note = "في هذه الآية الكريمة شرح طويل لمعنى الصبر والصلاة والحق"
    write(data, "muyassar_dev", [{"ayah": f"6:{i}", "query": f"{note} {i}"} for i in range(1, 9)])
    names = [name for name in (f"{i:08d}-n" for i in range(30)) if is_held_out_synset(name)]
    sets = [["عِلْم", "مَعْرِفَة"], ["عَلَم", "راية"], ["قلم", "يراع"]]
    write(data, "awn_synsets", [{"synset": n, "lemmas": lemmas} for n, lemmas in zip(names, sets, strict=False)])
    return Judge(data, quick=True)


def test_every_set_is_measured(judge):
    figures = judge.table(letters)
    assert {"synonym acc", "homograph margin", "question MAP@10 marked", "fragment R@10 marked"} <= figures.keys()
    assert figures["fragment R@10 marked"] == 100  # a fragment's letters are its hadith's
    assert 0 < figures["graded pairs spearman"] < 100
    assert all(np.isfinite(list(figures.values())))
    assert judge.table(letters, dim=8).keys() == figures.keys()


def test_only_what_is_held_out_is_judged(judge, data):
    assert {("عِلْم", "مَعْرِفَة", "عَلَم"), ("عَلَم", "راية", "عِلْم")} == set(judge.homographs)
    dev = {texts.strip_marks(word) for _, words in texts.synsets(data, dev=True) for word in words}
    assert judge.synonyms and all({anchor, near} <= dev for anchor, near, _ in judge.synonyms)
    assert all(is_held_out_surah(key) for key in judge.keys)


def test_words_stand_in_passages_of_held_out_text(judge):
    assert len(judge.surroundings) == len(judge.synonyms) > 0
    held = {*judge.hadith, *(texts.strip_marks(text) for text in judge.hadith)}
    held |= {text for _, text in texts.dev_commentaries(judge.data)}
    for before, after in judge.surroundings:
        assert 11 <= len(f"{before} {after}".split()) <= 27
        assert any(before in text and after in text for text in held)
    assert _surrounded([("ا", "ب", "ت")], [("قبل", "بعد")]) == [("قبل ا بعد", "قبل ب بعد", "قبل ت بعد")]


def test_graded_pairs_stand_once_and_within_the_scale(judge):
    pairs = [frozenset(pair[:2]) for pair in judge.graded]
    assert len(pairs) == len(set(pairs)) > 100
    grades = np.array([grade for *_, grade in judge.graded])
    assert grades.min() >= 0 and grades.max() <= 5 and grades.std() > 1


def test_the_command_prints_the_table_of_the_seed_and_dim_it_is_given(judge, monkeypatch, capsys):
    asked = []

    def opened(name):
        asked.append(name)
        return SimpleNamespace(encode=letters)

    monkeypatch.setattr("harakat_recipes.mini.judge.open_embedder", opened)
    command = ["judge", "--data", str(judge.data), "--model", "mine", "--quick", "--dim", "16", "--seed", "3"]
    monkeypatch.setattr("sys.argv", command)
    main()
    printed = json.loads(capsys.readouterr().out)
    own = Judge(judge.data, seed=3, quick=True).table(letters, 16)
    assert asked == ["mine"]
    assert printed == {name: round(value, 3) for name, value in own.items()}
    assert printed != {name: round(value, 3) for name, value in judge.table(letters, 16).items()}
