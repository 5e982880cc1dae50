"""Everyday spelling: measured on the Quran, nothing lost, everyday text untouched, and the way back."""

import re
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import quran_text
from hypothesis import given, settings
from hypothesis import strategies as st

from harakat.arabic import to_imlai, to_imlai_aligned
from harakat.arabic.marks.diacritics import MARK_CHARS, SIGNS, TATWEEL, canonical_mark_order, is_mark, strip_marks
from harakat.errors import OptionError, TextTypeError

MUSHAF = quran_text.Mushaf.hafs()
AYAHS = [ayah for surah in MUSHAF.surahs for ayah in surah.ayahs]

LETTERS = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيٱ"
UTHMANI_CHARS = "َُِّْٰۡٓٔٱاوىيءـۥۦلنمهذكۖ۟ٗ "
EVERYDAY_LETTERS = "أؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي"
EVERYDAY_MARKS = "ًٌٍَُِّْ"

MESS = st.text(st.sampled_from(LETTERS + MARK_CHARS + "".join(SIGNS) + TATWEEL + " .،\nab1٢"), max_size=25)
UTHMANI_MESS = st.text(st.sampled_from(UTHMANI_CHARS), max_size=14)
DAMAGED = st.builds(
    lambda word, at, what: word[: at % (len(word) + 1)] + what + word[at % (len(word) + 1) :],
    st.sampled_from(MUSHAF.words),
    st.integers(0, 40),
    st.sampled_from(LETTERS + MARK_CHARS + TATWEEL + " "),
)
VERSES = st.sampled_from(AYAHS).map(lambda ayah: ayah.render(marks=True, ayah_marks=True))
ANYTHING = st.one_of(MESS, UTHMANI_MESS, DAMAGED, VERSES, st.text(max_size=30))

# Letters that spelling never turns into others. Alef, waw, yaa and hamza change seats; taa is opened and closed.
WEAK = str.maketrans({**dict.fromkeys("ءآأؤإئاوىيٱـ ", None), "ة": "ت", "ص": "س"})


def consonants(text):
    """The letters that stay what they are; a number goes with the end of the ayah that it belongs to."""
    text = re.sub("\u06dd[0-9٠-٩]*|[\u06de\u06e9]", "", text)
    return strip_marks(text).translate(WEAK)


def bare(text):
    return strip_marks(text).replace(" ", "")


def is_subsequence(short, long):
    rest = iter(long)
    return all(char in rest for char in short)


@pytest.mark.parametrize(
    ("text", "everyday"),
    [
        ("ٱلسَّمَٰوَٰتِ", "السماوات"),
        ("ٱلصَّلَوٰةَ", "الصلاة"),
        ("ءَامَنُوا۟", "آمنوا"),
        ("ٱلَّيۡلَ", "الليل"),
        ("هَٰذَا", "هذا"),
        ("ٱللَّهِ", "الله"),
        ("ٱلرَّحۡمَٰنِ", "الرحمن"),
        ("يَٰٓأَيُّهَا ٱلَّذِينَ ءَامَنُواْ", "يا أيها الذين آمنوا"),
        ("ذَٰلِكَ ٱلۡكِتَٰبُ لَا رَيۡبَۛ فِيهِۛ هُدࣰى لِّلۡمُتَّقِينَ ۝٢", "ذلك الكتاب لا ريب فيه هدى للمتقين"),
        ("قال ٱللَّهُ تعالى", "قال الله تعالى"),
    ],
)
def test_letters(text, everyday):
    assert strip_marks(to_imlai(text)) == everyday


def test_marks_stay_in_their_everyday_form():
    assert to_imlai("ٱلرَـّبِ") == to_imlai("ٱلرَّبِ") == canonical_mark_order("الرَّبِ")
    assert to_imlai("مَٰلِكِ يَوۡمِ ٱلدِّينِ") == canonical_mark_order("مَالِكِ يَوْمِ الدِّينِ")
    assert to_imlai("مِن رَّبِّهِمۡۖ وَأُوْلَٰٓئِكَ") == canonical_mark_order("مِنْ رَبِّهِمْ وَأُولَئِكَ")


def test_the_quran_reaches_everyday_spelling():
    """Against the spelling that the package itself gives each word: 99% asked for, spaces and marks left out.

    The two conventions that part us from it wholesale are named here, not counted as errors of either.
    """
    expected = [word.rasm_imlai for word in MUSHAF.ayah(1, 1)]
    assert expected == ["بسم", "الله", "الرحمن", "الرحيم"]
    pairs = [
        (bare(to_imlai(word)), everyday.replace(" ", ""))
        for word, everyday in zip(MUSHAF.words, MUSHAF._doc["rasm_imlai"], strict=True)
        if everyday is not None
    ]
    assert len(pairs) > 77_000
    right = sum(ours == theirs for ours, theirs in pairs)
    assert right / len(pairs) > 0.996
    samawat = sum(ours == theirs or ours.replace("ماوات", "موات") == theirs for ours, theirs in pairs)
    assert samawat / len(pairs) > 0.999


def test_signs_of_pause_and_division_never_change_the_result():
    for ayah in AYAHS[::7]:
        plain = to_imlai(ayah.text)
        assert to_imlai(ayah.render(marks=True, ayah_marks=True)).strip() == plain
        apart = re.sub("([\u06d6-\u06db])", " \\1", ayah.render(marks={"waqf"}))
        assert to_imlai(apart) == plain


@pytest.mark.parametrize(
    ("text", "everyday"),
    [
        ("رَيْبَ ۛ فِيهِ", "رَيْبَ فِيهِ"),
        ("رَيْبَۛ فِيهِ", "رَيْبَ فِيهِ"),
        ("۞ إِنَّ", "إِنَّ"),
        ("قُل ۞\nقُل", "قُل\nقُل"),
        ("كلمة۞كلمة", "كلمة كلمة"),
        ("يَسْجُدُونَ ۩ ۝٢٠٦", "يَسْجُدُونَ"),
        ("يَسْجُدُونَۤ۩ ۝٢٠٦ وَقَالَ", "يَسْجُدُونَ وَقَالَ"),
        ("ۖ", ""),
        ("(قَالَ ۚ)", "(قَالَ )"),
    ],
)
def test_signs_leave_with_their_spacing(text, everyday):
    assert to_imlai(text) == everyday
    assert to_imlai_aligned(text).text == everyday


def test_both_encodings_of_madda_and_nfc_give_one_result():
    assert to_imlai("جَا\u0653ءَ") == to_imlai("جَ\u0622ءَ") == "جَاءَ"
    assert to_imlai("ا\u0653مَنَ") == to_imlai("\u0622مَنَ") == "آمَنَ"
    assert to_imlai("قُرْا\u0653نٌ") == "قُرْآنٌ"
    assert to_imlai("بُرَ\u0622ءُ") == "بُرَ\u0622ءُ"
    for ayah in AYAHS[::11]:
        composed = unicodedata.normalize("NFC", ayah.text)
        assert bare(to_imlai(composed)) == bare(to_imlai(ayah.text)), ayah.key


def test_other_encodings_of_the_mushaf_give_the_same_letters():
    older = str.maketrans({"\u08f0": "\u0657", "\u08f1": "\u065e", "\u08f2": "\u0656"})
    plain = str.maketrans(
        {"\u08f0": "\u064b", "\u08f1": "\u064c", "\u08f2": "\u064d", "\u06e1": "\u0652", "\u0652": "\u06df"}
    )
    for ayah in AYAHS[::5]:
        expected = bare(to_imlai(ayah.text))
        assert bare(to_imlai(ayah.text.translate(older))) == expected, ayah.key
        assert bare(to_imlai(ayah.text.translate(plain))) == expected, ayah.key
        assert bare(to_imlai(re.sub("(?<=\u064e)\u0670", "\u0640\u0670", ayah.text))) == expected, ayah.key


EVERYDAY = [
    "حَدَّثَنَا عَبْدُ اللَّهِ بْنُ يُوسُفَ، قَالَ: أَخْبَرَنَا مَالِكٌ",
    "إِنَّمَا الأَعْمَالُ بِالنِّيَّاتِ، وَإِنَّمَا لِكُلِّ امْرِئٍ مَا نَوَى",
    "قرأتُ القرآنَ في المسجدِ، ثم جاءَ أصدقاؤه من سوءِ الطقسِ",
    "هؤلاء أبناؤنا، وأولئك آباؤهم؛ مسؤولون عن شؤون البيئة والهيئة.",
    "تدوم مائة سنة، ورأى داوود الشيء مبادئه",
    "فى هذا الشىء الذى نسىَ علىّ",
    "مِرْآةٌ وَمَآذِنُ وَقُرْآنٌ وَشَنَآنٌ وَمَآرِبُ، قَرَآ وَبَدَآ وَبُرَآءُ",
    "قال ـ رحمه الله ـ: لا بأس به 1445 هـ",
    "السَّمَاوَاتِ وَالْأَرْضِ سُوءًا وَجُزْءًا وَقِرَاءَاتٍ",
    "ALL caps, 123 ١٢٣ و٪ {x} ﴿قل هو الله أحد﴾",
    "",
    "   ",
]


@pytest.mark.parametrize("text", EVERYDAY)
def test_everyday_text_is_untouched(text):
    assert to_imlai(text) is text
    stripped = strip_marks(text)
    assert to_imlai(stripped) == stripped
    aligned = to_imlai_aligned(text)
    assert aligned.text == text
    assert aligned.spans == tuple((at, at + 1) for at in range(len(text)))


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(EVERYDAY_LETTERS), st.sampled_from(["", *EVERYDAY_MARKS, "َّ", "ُّ"])),
            min_size=1,
            max_size=8,
        ),
        max_size=6,
    )
)
def test_generated_everyday_text_is_untouched(words):
    text = " ".join("".join(letter + mark for letter, mark in word) for word in words)
    # A sukun on alef, and a hamza that begins a word, are what everyday spelling never writes.
    text = text.replace("ا\u0652", "ا")
    assert to_imlai(text) == text


@given(ANYTHING)
@settings(max_examples=300, deadline=None)
def test_twice_is_once(text):
    once = to_imlai(text)
    assert to_imlai(once) == once


@given(ANYTHING)
@settings(max_examples=300, deadline=None)
def test_no_letter_is_lost(text):
    assert is_subsequence(consonants(text).replace("ٱ", ""), consonants(to_imlai(text)))


def test_no_letter_of_the_quran_is_lost_and_few_are_added():
    added = set()
    for word in set(MUSHAF.words):
        before, after = consonants(word), consonants(to_imlai(word))
        assert is_subsequence(before, after), word
        if before != after:
            added.add(to_imlai(word))
    # The second lam of the night, of the dual and feminine relatives; the small noon of nunji.
    assert all(re.search("لّ.[يذا]|^نُن", word) for word in added), added
    hamzas = re.compile("[ءأإؤئآ]")
    for word in set(MUSHAF.words):
        written = len(hamzas.findall(word)) + word.count("ـ\u0654") + word.count("ي\u0655") + word.count("و\u0655")
        assert len(hamzas.findall(to_imlai(word))) >= min(written, 1), word


@given(ANYTHING)
@settings(max_examples=300, deadline=None)
def test_alignment_leads_back(text):
    aligned = to_imlai_aligned(text)
    assert aligned.text == to_imlai(text)
    assert len(aligned.spans) == len(aligned.text)
    assert all(0 <= start <= end <= len(text) for start, end in aligned.spans)
    assert all(first[0] <= second[0] for first, second in pairwise(aligned.spans))
    for char, (start, end) in zip(aligned.text, aligned.spans, strict=True):
        if not is_mark(char) and start < end and consonants(char):
            # A small high noon is a mark that becomes a letter.
            assert consonants(char) in consonants(text[start:end]) or "\u06e8" in text[start:end]


def test_alignment_of_a_verse_gives_back_its_words():
    for ayah in AYAHS[::13]:
        original = ayah.render(marks=True)
        aligned = to_imlai_aligned(original)
        everyday = [(m.start(), m.end()) for m in re.finditer(r"\S+", aligned.text)]
        back = [original[slice(*aligned.source(start, end))] for start, end in everyday]
        # The vocative that stands apart leads to two parts of one word; every other word leads to itself.
        letters = "".join(back)
        assert strip_marks(re.sub("[\u06dd\u06de\u06e9\\s]", "", letters)) == strip_marks(ayah.text).replace(" ", "")


def test_source_of_an_impossible_part():
    aligned = to_imlai_aligned("ٱللَّهِ")
    for start, end in ((0, 0), (-1, 2), (0, 99), (3, 2)):
        with pytest.raises(OptionError, match=re.escape(f"[{start}:{end}]")):
            aligned.source(start, end)


@pytest.mark.parametrize("wrong", [None, b"x", 3, ["a"]])
def test_only_strings(wrong):
    for function in (to_imlai, to_imlai_aligned):
        with pytest.raises(TextTypeError, match=type(wrong).__name__):
            function(wrong)


@pytest.mark.parametrize("piece", ["ٱ", "ب\u0670", "ـ", "ـب", "\u06d6 ", "ءا", "وْ", "ه\u0657", "ـَ", "\u06dd1", " "])
def test_time_grows_no_faster_than_length(piece):
    def seconds(count):
        text = "ٱ" + piece * count + "\u0670"
        times = []
        for _ in range(3):  # the best of three: garbage collection strikes anywhere
            begun = time.process_time()
            to_imlai(text)
            times.append(time.process_time() - begun)
        return min(times)

    short, long = seconds(5_000), seconds(20_000)
    assert long < 9 * short + 0.2  # four times the length: a quadratic pattern would take sixteen times as long


def test_threads_share_the_memory():
    verses = [ayah.text for ayah in AYAHS[:400]]
    alone = [to_imlai(verse) for verse in verses]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(to_imlai, verses * 4)) == alone * 4
