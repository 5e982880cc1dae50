"""Triplets of words and conflicting vowellings, from synsets and dictionaries."""

import random

import pytest

from harakat.arabic.marks import codes as markcodes
from harakat.arabic.marks.codes import conflict
from harakat.errors import RecordError
from harakat_recipes.mini import texts, thesaurus
from harakat_recipes.mini.words import Words
from support.stems import write_stems

ATTESTED = {"علم": [(3, 7, 0), (1, 1, 0), (1, 9, 0)]}


def test_negatives_are_other_words_of_the_same_letters(data):
    words = Words(data, {"علم": [(3, 7, 0), (1, 1, 0), (1, 9, 0)]})
    chance = random.Random(1)
    seen = 0
    for _ in range(200):
        triplet = words.draw(chance)
        assert texts.strip_marks(triplet.anchor) == triplet.base
        assert texts.strip_marks(triplet.positive) != triplet.base
        if triplet.negative:
            seen += 1
            base, classes = markcodes.separate(triplet.negative)
            assert base == triplet.base
            assert conflict(markcodes.separate(triplet.anchor)[1], classes)
    assert seen > 50


def test_a_clash_is_one_word_in_two_conflicting_ways(data):
    words = Words(data, {"علم": [(3, 7, 0), (1, 1, 0), (1, 9, 0)]})
    chance = random.Random(1)
    for _ in range(100):
        first, second, bare = words.clash(chance)
        assert texts.strip_marks(first) == texts.strip_marks(second) == bare
        assert conflict(markcodes.separate(first)[1], markcodes.separate(second)[1])


@pytest.fixture
def dictionaries(data):
    stems = [
        ("maEorif", "Nap", "knowledge"),
        ("Eilom", "N", "knowledge"),
        ("Ealam", "N", "flag"),
        ("Eal~am", "PV", "teach"),
        ("dar~as", "PV", "teach"),
        ("qalam", "N", "pen"),
        ("yarAE", "N", "pen"),
    ]
    write_stems(data, stems)
    (data / thesaurus.FILE).write_text("UTF-8\nفرح|1\n(اسم)|سُرُور|بَهْجَة\nقلم|1\n(اسم)|يَرَاع\n", "utf-8")
    return data


def test_dictionaries_give_triplets_and_no_held_out_pair(dictionaries):
    sources = {"synsets": 1.0, "thesaurus": 1.0, "lexicon": 1.0}
    words = Words(dictionaries, ATTESTED, sources)
    chance = random.Random(4)
    drawn = [words.draw(chance) for _ in range(600)]
    pairs = {frozenset((t.base, texts.strip_marks(t.positive))) for t in drawn}
    assert frozenset(("فرح", "سرور")) in pairs  # the thesaurus
    assert frozenset(("درس", "علم")) in pairs  # the lexicon
    assert frozenset(("بيت", "دار")) in pairs  # the synsets
    # A held-out synset says that these two are synonyms; both dictionaries say so too.
    assert frozenset(("قلم", "يراع")) not in pairs
    assert not any(t.negative for t in drawn if t.base in ("سرور", "بهجة"))  # no form is known to exist


def test_words_of_one_gloss_are_no_clash(dictionaries):
    write_stems(dictionaries, [("Eilom", "N", "flag;x"), ("Ealam", "N", "flag"), ("rAy", "Nap", "flag")])
    words = Words(dictionaries, {}, {"lexicon": 1.0})
    assert words.known == []
    assert len(words.forms["علم"]) == 2


def test_what_is_refused(dictionaries):
    with pytest.raises(RecordError, match="wordnet"):
        Words(dictionaries, {}, {"wordnet": 1.0})
    (dictionaries / thesaurus.FILE).write_text("UTF-8\n", "utf-8")
    with pytest.raises(RecordError, match="thesaurus holds no two words"):
        Words(dictionaries, {}, {"thesaurus": 1.0})
