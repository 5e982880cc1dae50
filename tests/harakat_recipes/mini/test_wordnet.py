"""Words joined through synsets, on index lines of WordNet's form."""

import unicodedata

import pytest

from harakat.errors import RecordError
from harakat_recipes.mini.wordnet import groups, synsets_of
from support.stems import write_stems

NOUNS = """  1 This software and database
banner n 2 1 @ 2 0 00000001 00000002
flag n 3 2 @ ~ 3 1 00000001 00000009 00000008
standard n 3 1 @ 3 0 00000007 00000006 00000001
fig_tree n 1 0 1 0 00000005
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "index.noun").write_text(NOUNS, "ascii")
    (tmp_path / "index.verb").write_text("know v 1 0 1 0 00000003\n", "ascii")
    (tmp_path / "index.adj").write_text("sick a 1 0 1 0 00000004\nill a 1 0 1 0 00000004\n", "ascii")
    (tmp_path / "index.adv").write_text("", "ascii")
    stems = [
        ("Ealam", "N", "flag"),
        ("rAy", "Nap", "banner"),
        ("miEoyAr", "N", "standard"),
        ("Elim", "PV", "know"),
        ("dar", "PV", "flag"),
        ("mariD", "PV", "be sick"),
        ("Eal~", "PV", "be ill"),
    ]
    write_stems(tmp_path, stems)
    return tmp_path


def test_words_with_glosses_in_one_synset_form_a_group(folder):
    # A verb glossed "flag" is no noun, and the third sense of "standard" is not believed.
    found = [sorted(unicodedata.normalize("NFC", word) for word in group) for group in groups(folder)]
    wanted = [["عَلَم", "رايَة"], ["مَرِضَ", "عَلَّ"]]
    assert sorted(found) == sorted(sorted(unicodedata.normalize("NFC", word) for word in group) for group in wanted)


def test_the_commonest_senses_of_a_gloss():
    index = {part: {} for part in ("noun", "verb", "adj", "adv")}
    index["noun"] = {"fig tree": ["5"], "flag": ["1", "9", "8"]}
    assert synsets_of("Fig tree", False, index) == {("noun", "5")}
    assert synsets_of("flag", False, index) == {("noun", "1"), ("noun", "9")}
    assert synsets_of("flag", True, index) == set()


def test_what_is_refused(folder):
    (folder / "index.adv").write_text("well r x\n", "ascii")
    with pytest.raises(RecordError, match=r"index\.adv, line 1"):
        groups(folder)
    (folder / "index.adv").unlink()
    with pytest.raises(RecordError, match="wordnet-base"):
        groups(folder)
