"""Rows from a synset file: a synonym has other letters, a stranger another meaning, a homograph the same letters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harakat.arabic import strip_marks
from harakat.data.families import FAMILIES, family_of, family_rows
from harakat.errors import EvaluationError, OptionError, RecordError
from harakat.evaluation.tasks.synsets import CONTEXTS, Synset, clash, homograph_rows, read_synsets, synonym_rows

SYNSETS = [
    Synset("n1", ("عِلْم", "مَعْرِفَة", "دِرَايَة")),
    Synset("n2", ("عَلَم", "رَايَة", "بَيْرَق")),
    Synset("n3", ("قَمْح", "بُرّ")),
    Synset("n4", ("بِرّ", "إِحْسَان")),
    Synset("n5", ("وحيد",)),
]


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("عِلْم", "عَلَم", True),
        ("عِلْم", "علم", False),
        ("عِلْمٌ", "عِلْمٍ", False),  # another case ending
        ("كَتَّبَ", "كَتَبَ", False),  # a shadda left out
        ("كَتّبَ", "كَتَّبَ", False),  # a vowel left out on a shadda
        ("عِلْم", "قَلَم", False),
    ],
)
def test_what_clashes(one: str, two: str, expected: bool):
    assert clash(one, two) is clash(two, one) is expected


def test_synonyms_have_other_letters_and_strangers_another_meaning():
    homes = {word: {s.name for s in SYNSETS if word in s.lemmas} for s in SYNSETS for word in s.lemmas}
    rows = synonym_rows(SYNSETS, seed=3)
    assert len(rows) == 10
    for row in rows:
        assert (
            row.context == "_"
            and homes[row.anchor] & homes[row.positive]
            and not homes[row.anchor] & homes[row.negative]
        )
        assert strip_marks(row.anchor) != strip_marks(row.positive)
    assert rows == synonym_rows(SYNSETS[::-1], seed=3) != synonym_rows(SYNSETS, seed=4)
    assert {row.context for row in synonym_rows(SYNSETS, contexts=CONTEXTS)} == set(CONTEXTS)
    assert len(synonym_rows(SYNSETS, limit=4)) == 4
    assert {row.anchor for row in synonym_rows(SYNSETS, only="n3".__eq__)} == {"قَمْح", "بُرّ"}


def test_homographs_have_the_anchors_letters():
    rows = homograph_rows(SYNSETS)
    # The only letters with two clashing readings are those of knowledge and flag; the last letter is not looked at.
    assert {row.anchor for row in rows} == {"عِلْم", "عَلَم", "بُرّ", "بِرّ"}
    for row in rows:
        assert strip_marks(row.anchor) == strip_marks(row.negative) != strip_marks(row.positive)
        assert clash(row.anchor, row.negative)


def test_what_gives_no_rows_is_refused():
    with pytest.raises(EvaluationError, match="no homograph rows"):
        homograph_rows(SYNSETS[2:3])
    with pytest.raises(OptionError, match="exactly one '_'"):
        synonym_rows(SYNSETS, contexts=["كلمة"])


def test_a_file(tmp_path: Path):
    path = tmp_path / "s.jsonl"
    path.write_text(
        json.dumps({"synset": "a", "lemmas": ["عِلْم", "عِلْم", "بيت الله", "  فقه "]}) + "\n", encoding="utf-8"
    )
    assert read_synsets(path) == [Synset("a", ("عِلْم", "فقه"))]
    path.write_text('{"synset": "a", "lemmas": "عِلْم"}\n', encoding="utf-8")
    with pytest.raises(RecordError, match=r"s\.jsonl, line 1.*list of texts"):
        read_synsets(path)


def test_families_are_homographs():
    assert len({family.bare for family in FAMILIES}) == len(FAMILIES) > 50
    for family in FAMILIES:
        assert len(family.senses) > 1
        for sense in family.senses:
            assert strip_marks(sense.word) == family.bare != strip_marks(sense.near)
        assert len({sense.word for sense in family.senses}) == len(family.senses)
    rows = family_rows()
    assert len(rows) == sum(len(f.senses) * (len(f.senses) - 1) for f in FAMILIES)
    assert family_of("علم").senses[0].meaning == "knowledge"
