"""Words of a corpus as known ones with prefixes and endings, and how rare each is."""

import pytest

from harakat.errors import RecordError
from harakat_recipes.mini.written import Spelling, corpus_words, rarities, spellings


def test_a_corpus_is_counted_as_it_is_read():
    counts = corpus_words(["ٱلصَّلَوٰةَ، الصلاة (الصلاة)", "١٤ و عَلِمَ"])
    assert counts == {"الصلاة": 3, "علم": 1}


def test_written_words_are_found_in_their_own_form_first():
    known = ["علم", "مدرسة", "أمر", "كتاب", "الم"]
    corpus = {
        "والعلم": 9,
        "مدرستهم": 8,
        "كتابه": 7,
        "للكتاب": 6,
        "وكتابها": 5,
        "علمه": 4,
        "الم": 3,
        "زيد": 2,
        "وعلم": 1,
    }
    found = spellings(known, corpus, 100)
    assert found["علم"] == Spelling("علم", 0)
    assert found["الم"] == Spelling("الم", 0)
    assert found["والعلم"] == Spelling("علم", 3)
    assert found["العلم"] == found["للكتاب"]._replace(base="علم") == Spelling("علم", 2)
    assert found["مدرستهم"] == Spelling("مدرسة", 0)
    assert found["وكتابها"] == Spelling("كتاب", 1)
    assert found["امر"] == Spelling("أمر", 0)
    assert "زيد" not in found and "لم" not in found
    assert list(spellings(known, corpus, 8)) == [*known, "امر", "والعلم", "مدرستهم"]
    with pytest.raises(RecordError, match=r"5 words.*keys=4"):
        spellings(known, corpus, 4)


def test_a_word_is_the_rarer_the_fewer_of_all_its_forms_a_corpus_has():
    written = {
        "علم": Spelling("علم", 0),
        "العلم": Spelling("علم", 2),
        "بيت": Spelling("بيت", 0),
        "قلم": Spelling("قلم", 0),
    }
    corpus = {"علم": 300, "العلم": 700, "بيت": 100, "قلم": 3, "زيد": 8897}
    found = rarities(["علم", "بيت", "قلم", "يراع"], written, corpus, 0.1)
    assert found["علم"] == pytest.approx(0.5)  # a tenth of the words, in both of its forms
    assert found["بيت"] == pytest.approx(0.1 / 0.11)
    assert found["بيت"] < found["قلم"] < found["يراع"] == 1
    assert rarities(["من"], {}, {}, 0.1) == {"من": 1}
