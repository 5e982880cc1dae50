"""Every way of writing the same words is one text: each rule, and the properties of all of them together."""

import unicodedata

import pytest
import quran_text
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic import strip_marks, to_everyday, to_imlai
from harakat.arabic.spelling import compatibility, everyday, keyboards, touching
from harakat.arabic.spelling.everyday import Reading, everyday_each, everyday_word, reading_of
from harakat.errors import TextTypeError
from support.indopak import to_indopak
from support.mushaf_fuzz import mushaf_texts
from support.published_oracle import nasty_texts

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهويءأإآؤئةى"
MARKS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652"
SIGNS = "«»()[]﴿﴾\"'*-–•.,،؛:؟!¹²1٣۴\u200c_"
PLAIN = st.text(st.sampled_from(LETTERS), min_size=1, max_size=8)
MARKED = st.text(st.sampled_from(LETTERS + MARKS), min_size=1, max_size=10)
MESSY = st.text(
    st.sampled_from(
        LETTERS + MARKS + SIGNS + "".join(keyboards.LETTERS) + "ﷺﷲﻻﹷ\ufdfd\u0670\u0671\u06e1\u0656\u0657 \n"
    ),
    max_size=30,
)
ANYTHING = st.text(max_size=40) | MESSY
VERSES = [ayah.text for ayah in quran_text.Mushaf.hafs().ayahs]


@pytest.mark.parametrize(
    ("written", "everyday"),
    [
        ("کبیر", "كبير"),
        ("اللہ", "الله"),
        ("رحمۃ", "رحمة"),
        ("ھذا", "هذا"),
        ("ڪتاب", "كتاب"),
        ("ڢڧيه", "فقيه"),
        ("عَلَی", "عَلَى"),
        ("فِی", "فِي"),
        ("«العلم»", "العلم"),
        ("﴿الرحمن﴾", "الرحمن"),
        ("(العلم)،", "العلم،"),
        ('"كبير"', "كبير"),
        ("*كتاب*", "كتاب"),
        ("العلم¹", "العلم"),
        ("العلم(12)", "العلم"),
        ("البقرة(255)", "البقرة 255"),
        ("قال.ثم", "قال. ثم"),
        ("نعم»،ثم", "نعم، ثم"),
        ("می\u200cروم", "مي روم"),
        ("\u200f-قال\u200f:\u200f", "قال:"),
        ("حديث رقم ۱۲٣٤", "حديث رقم 1234"),
        ("٣٫٥٪ و١٬٠٠٠", "3.5% و1,000"),
        ("ﷺ", "صلى الله عليه وسلم"),
        ("\ufdff", "عز وجل"),
        ("ﻛﺘﺎﺏ", "كتاب"),
        ("كتاب\ufe77", "كتاب\u064e"),
        ("ٱلرَّحۡمَٰنِ", to_imlai("ٱلرَّحۡمَٰنِ")),
    ],
)
def test_rules(written, everyday):
    assert to_everyday(written) == everyday


@pytest.mark.parametrize("text", ["« x »", "(1)", "...", "—", "x-ray", "a.b", "http://x.org/a_b", "«", "چاپ", "گژ"])
def test_signs_alone_other_scripts_and_letters_of_other_sounds_stay(text):
    assert to_everyday(text) == text


@given(ANYTHING)
def test_twice_is_once(text):
    once = to_everyday(text)
    assert to_everyday(once) == once


@pytest.mark.parametrize("texts", [mushaf_texts(11, 1500), nasty_texts(12, 1500)], ids=["mushaf", "nasty"])
def test_twice_is_once_in_hard_texts(texts):
    once = [to_everyday(text) for text in texts]
    assert [(text, again) for text, again in zip(once, map(to_everyday, once), strict=True) if again != text] == []


@given(st.lists(MARKED, max_size=6))
def test_words_of_letters_and_marks_are_those_of_to_imlai(words):
    text = " ".join(words)
    assert to_everyday(text) == " ".join(to_imlai(text).split())


@given(PLAIN, st.sampled_from(["«{}»", "({})", "[{}]", "﴿{}﴾", '"{}"', "“{}”", "*{}*", "–{}–", "• {}", "•{}"]))
def test_a_word_is_the_same_with_signs_around_it(word, pattern):
    assert to_everyday(pattern.format(word)).split()[-1:] == to_everyday(word).split()


@pytest.mark.parametrize("reading", [Reading.EVERYDAY, Reading.MEDINA])
def test_the_quick_way_gives_what_all_rules_give(reading, monkeypatch):
    words = [word for text in [*mushaf_texts(31, 500), *nasty_texts(32, 500)] for word in text.split()]
    words += [
        before + word + behind for word in words[:500] for before, behind in (("«", "»:"), ("(", ")."), ("-", ""))
    ]
    quick = [everyday_word(word, reading) for word in words]
    monkeypatch.setattr(everyday, "bare_word", lambda word: None)
    assert [everyday_word(word, reading) for word in words] == quick


@given(st.integers(0, 10**12))
def test_digits_of_all_keyboards_are_one_number(number):
    forms = [str(number).translate({48 + digit: first + digit for digit in range(10)}) for first in (0x660, 0x6F0)]
    assert {to_everyday(form) for form in forms} == {str(number)}


def test_letters_of_other_keyboards_become_letters_of_arabic():
    for other, letter in keyboards.LETTERS.items():
        assert unicodedata.name(other).startswith("ARABIC")
        assert letter in LETTERS + "\u0654"


def test_compatibility_characters_leave_none_of_their_kind():
    for char, letters in compatibility.FORMS.items():
        assert unicodedata.normalize("NFKC", letters) == letters or len(letters) == 1, hex(ord(char))
        assert not letters.startswith(" ")
    assert not set(compatibility.PHRASES) & set(compatibility.FORMS)
    # Every ligature of the block is either decomposed by Unicode or written out here.
    named = [chr(p) for p in range(0xFB50, 0xFE00) if "LIGATURE" in unicodedata.name(chr(p), "")]
    assert set(named) <= set(compatibility.PHRASES) | set(compatibility.FORMS)


@pytest.mark.parametrize("reading", list(Reading))
def test_together_and_alone(reading):
    words = [word for text in [*mushaf_texts(15, 500), *nasty_texts(16, 500)] for word in text.split()]
    words += [f"«{word}»" for word in words[:300]]
    assert everyday_each(words, reading) == [everyday_word(word, reading) for word in words]


@given(ANYTHING)
def test_a_word_takes_one_thing_from_its_text(text):
    reading = reading_of(text)
    spelt = [part for word in text.split() for part in everyday_word(word, reading).split()]
    assert to_everyday(text) == " ".join(spelt)


def test_indopak_verses_reach_the_text_of_the_medina_mushaf():
    """The letters of 99 words in 100; a verse with none of the signs of the tradition is not known as one."""
    words = found = 0
    for verse in VERSES:
        everyday = to_everyday(verse)
        written = to_indopak(everyday)
        if reading_of(written) != Reading.INDOPAK:
            continue
        expected, got = strip_marks(everyday).split(), strip_marks(to_everyday(written)).split()
        words += len(expected)
        found += sum(one == other for one, other in zip(expected, got, strict=False))
    assert words > 60_000
    assert found / words >= 0.99


@pytest.mark.parametrize(
    ("indopak", "everyday"),
    [
        ("بِسْمِ اللهِ الرَّحْمٰنِ الرَّحِیْمِ", "بسم الله الرحمن الرحيم"),
        ("اَلْحَمْدُ لِلّٰهِ رَبِّ الْعٰلَمِیْنَۙ", "الحمد لله رب العالمين"),
        ("اِیَّاكَ نَعْبُدُ وَاِیَّاكَ نَسْتَعِیْنُؕ", "إياك نعبد وإياك نستعين"),
        ("اِهْدِنَا الصِّرَاطَ الْمُسْتَقِیْمَۙ", "اهدنا الصراط المستقيم"),
        ("اُولٰٓىِٕكَ عَلٰی هُدًی مِّنْ رَّبِّهِمْۗ", "أولئك على هدى من ربهم"),
        ("لَهٗ مَا فِی السَّمٰوٰتِ وَمَا فِی الْاَرْضِؕ", "له ما في السماوات وما في الأرض"),
        ("یُؤْمِنُوْنَ بِالْغَیْبِ وَیُقِیْمُوْنَ الصَّلٰوةَ", "يؤمنون بالغيب ويقيمون الصلاة"),
        ("وَ بِالْاٰخِرَةِ هُمْ یُوْقِنُوْنَ", "و بالآخرة هم يوقنون"),
    ],
)
def test_indopak_as_it_is_printed(indopak, everyday):
    assert strip_marks(to_everyday(indopak)) == everyday


def test_signs_are_no_letters():
    assert not any(char.isalpha() for char in touching.SIGNS)


def test_no_text_is_refused():
    with pytest.raises(TextTypeError, match="int"):
        to_everyday(5)
