"""Mark-up comes off, and only mark-up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic import has_markup, strip_markup
from harakat.errors import TextTypeError


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("بِسْمِ <tajweed class=ham_wasl>ٱ</tajweed>للَّهِ", "بِسْمِ ٱللَّهِ"),
        ("العلم&nbsp;نور", "العلم نور"),
        ("<p>العلم <b>نور</b></p>", "العلم نور"),
        ("سطر<br/>سطر", "سطر\nسطر"),
        ("&#1593;&#x644;&#1605;", "علم"),
        ("قبل<script>var x</script>بعد", "قبلبعد"),
        ("بِسْمِ [h:1[ٱ]للَّهِ", "بِسْمِ ٱللَّهِ"),
        ("# عنوان\n\n- **مهم** [رابط](http://x.y)\n> قول", "عنوان\n\nمهم رابط\nقول"),
        (
            "######OpenITI#\n#META# a\n#META#Header#End#\n### | باب\n# قال PageV01P002 الشيخ\n~~ثم ms001 قال",
            "باب\nقال الشيخ\nثم قال",
        ),
        ("بيت %~% بيت PageV12P345", "بيت بيت"),
    ],
)
def test_comes_off(marked, plain):
    assert strip_markup(marked) == plain


@pytest.mark.parametrize(
    "text", ["", "العلم نور", "أ < ب و ج > د", "قال: «نعم» (1) [سورة]", "س & ص", "2 * 3 * 4", "a_b_c"]
)
def test_ordinary_text_stays(text):
    assert strip_markup(text) == text
    assert not has_markup(text)


@pytest.mark.parametrize("text", ["<b>نور</b>", "&amp;", "[h:1[ٱ]", "PageV01P001", "<br>"])
def test_is_noticed(text):
    assert has_markup(text)


@given(st.text(st.sampled_from("ابن <>/&;#*_`[]()|~-+=1bp\n!\"'%@:"), max_size=40) | st.text(max_size=40))
def test_twice_is_once(text):
    once = strip_markup(text)
    assert strip_markup(once) == once


@given(st.lists(st.text(st.sampled_from("ابتجدرسعمنوي"), min_size=1, max_size=6), min_size=1, max_size=6))
def test_words_come_back_from_tags(words):
    page = "<div>" + " ".join(f'<span class="w">{word}</span>' for word in words) + "</div>"
    assert strip_markup(page).split() == words


def test_no_text_is_refused():
    with pytest.raises(TextTypeError, match="NoneType"):
        strip_markup(None)
