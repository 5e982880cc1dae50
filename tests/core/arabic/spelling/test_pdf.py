"""Text out of PDFs is mended and counted, and good text stays."""

import pytest
import quran_text
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic import needs_pdf_repair, repair_pdf_text, strip_marks, to_imlai
from harakat.errors import TextTypeError

VERSES = [to_imlai(ayah.text) for ayah in quran_text.Mushaf.hafs().ayahs]


@pytest.mark.parametrize(
    ("damaged", "text", "counts"),
    [
        ("األرض", "الأرض", (1, 0, 0)),
        ("واإلنسان واآلخرة", "والإنسان والآخرة", (2, 0, 0)),
        ("االسم", "الاسم", (1, 0, 0)),
        ("مكيلع مالسلا", "السلام عليكم", (0, 1, 0)),
        ("(1445) ةنس يف ةسردملا", "المدرسة في سنة (1445)", (0, 1, 0)),
        ("ا ل س ل ا م عليكم", "السلام عليكم", (0, 0, 1)),
    ],
)
def test_mends(damaged, text, counts):
    mended = repair_pdf_text(damaged)
    assert mended.text == text
    assert (mended.ligatures, mended.lines, mended.spaced) == counts
    assert mended.mended == sum(counts)
    assert needs_pdf_repair(damaged)
    assert repair_pdf_text(text).mended == 0


@pytest.mark.parametrize("text", ["", "أهلا وسهلا", "ثُمَّ كَلَّا سَوْفَ تَعْلَمُونَ", "قليلا", "hello", "و في", "ألم تر"])
def test_good_text_stays(text):
    mended = repair_pdf_text(text)
    assert (mended.text, mended.mended) == (text, 0)


def test_verses_stay_and_reversed_ones_are_turned_back():
    assert sum(repair_pdf_text(verse).lines for verse in VERSES) <= len(VERSES) // 1000
    long = [strip_marks(verse) for verse in VERSES if verse.count(" ") >= 5]
    turned = sum(repair_pdf_text(verse[::-1]).text == verse for verse in long)
    assert turned >= 0.95 * len(long)


@given(st.text(st.sampled_from("ابتةىأإآلمنوي \u064e\u0651\n()12a."), max_size=40) | st.text(max_size=40))
def test_no_character_is_lost(text):
    mended = repair_pdf_text(text)
    mirrored = str.maketrans(")]}>»﴾", "([{<«﴿")
    assert sorted(mended.text.translate(mirrored).replace(" ", "")) == sorted(text.translate(mirrored).replace(" ", ""))
    assert (mended.mended == 0) == (mended.text == text)


def test_no_text_is_refused():
    with pytest.raises(TextTypeError, match="bytes"):
        repair_pdf_text(b"x")
