"""The thesaurus of LibreOffice, on lines of its form."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harakat.errors import RecordError
from harakat_recipes.mini.thesaurus import FILE, _tidy, senses

LINES = """UTF-8
أبان|2
(فعل)|أَوْضَحَ
(فعل)|أَظْهَرَ ( الشيء )|أَبْدَى
إبكار|1
(مصدر)|تَبْكيرْ|إِسْراع-في الأمر-
wrong|1
(اسم)|only
"""


def test_senses_have_their_headword_first_and_no_remarks(tmp_path):
    (tmp_path / FILE).write_text(LINES, "utf-8")
    assert senses(tmp_path) == [["أبان", "أَوْضَحَ"], ["أبان", "أَظْهَرَ", "أَبْدَى"], ["إبكار", "تَبْكيرْ", "إِسْراع"]]


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ("إِبْطاَل", "إِبْطَال"),  # the fatha of the letter before
        ("ذَّنْب", "ذَنْب"),  # the shadda that the article gave it
        ("نَّمِيمَة", "نَمِيمَة"),
        ("مُمْتَلِئ-البَطْن-", "مُمْتَلِئ"),
        ("رَغْبَة شَديدَة", "رَغْبَة شَديدَة"),
        ("واحد اثنان ثلاثة أربعة", ""),
        ("abc", ""),
        ("", ""),
    ],
)
def test_hand_typed_words_are_tidied(raw, word):
    assert _tidy(raw) == word


@example("بااَ")
@example("باََ")
@example("بّاَ")
@example("\u0651\u0651ا\u0651")  # begins with a mark: no word
@given(st.text() | st.text(st.sampled_from("ابت \u064e\u064f\u0651()-|")))
def test_tidying_ends(raw):
    assert _tidy(_tidy(raw)) == _tidy(raw)


def test_a_folder_without_it_is_refused(tmp_path):
    with pytest.raises(RecordError, match="mythes-ar"):
        senses(tmp_path)
    (tmp_path / FILE).write_text("ISO-8859-6\n", "utf-8")
    with pytest.raises(RecordError, match="not in UTF-8"):
        senses(tmp_path)
