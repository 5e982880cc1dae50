"""Texts of the golden record: self-written ones and verses of quran-text, by a short name each."""

from __future__ import annotations

from support.quran import VERSES

__all__ = ["LONG", "RECORDS", "SOME", "TEXTS"]

_MARKED = {
    "marked-knowledge": "عِلْم",
    "marked-flag": "عَلَم",
    "marked-sentence": "قَرَأَ التِّلْمِيذُ قِصَّةً قَصِيرَةً عَنِ الْبَحْرِ",
    "marked-tanwin": "كِتَابٌ جَدِيدٌ وَقَلَمًا قَدِيمًا وَبَيْتٍ بَعِيدٍ",
    "marked-shadda": "الشَّمْسُ تُشَرِّقُ وَالْمُعَلِّمُ يُكَرِّرُ الدَّرْسَ",
    "marked-partly": "ذهب الوَلدُ إلى المدرسةِ مُبكّرا",
    "marked-shadda-last": "مدّ يدَه ثمَّ ردَّ",
    "marked-order-changed": "مُدَرّ\u0650سٌ",
    "marked-order-other": "مُدَر\u0650ّسٌ",
    "marked-doubled": "كَ\u064eت\u064eب\u064e\u064e",
    "marked-dagger": "هٰذَا لٰكِنْ ذٰلِكَ الرَّحْمٰن",
    "marked-hamza": "سَأَلَ الْمُؤْمِنُ عَنْ بِئْرٍ وَآبَارٍ وَإِنَاءٍ وَشَيْءٍ",
    "marked-wasla": "ٱلْبَيْتُ وَٱلْمَدْرَسَةُ",
    "marked-alone": "\u064e\u0651\u0650",
    "marked-first": "\u064eكتب",
    "marked-foreign": "caf\u0651e 1\u064e2",
}
_BARE = {
    "bare-word": "كتاب",
    "bare-homograph": "علم",
    "bare-sentence": "زرعت الجدة شجرة تفاح أمام البيت القديم",
    "bare-clitics": "وسيكتبونها وبالقلم وللمدرسة وعليهم فكتابهم",
    "bare-question": "كم يبعد القمر عن الأرض؟",
    "bare-punctuation": "قال: «نعم»، ثم صمت... لماذا؟! (لا أحد يعلم)؛ انتهى.",
    "bare-tatweel": "مـــرحـــبا بكــم",
    "bare-alef": "أحمد إحسان آمال ٱسم احمد",
    "bare-ya": "على علي هدى هدي مستشفى",
    "bare-ta": "مدرسة مدرسه رحمة رحمه",
    "bare-dialect": "شو عم تعمل هلق يا زلمة",
    "bare-persian": "گفت که چای و پژو کجاست",
    "bare-repeated": "نعم نعم نعم نعم نعم نعم",
    "bare-long-word": "ا" * 103,
    "bare-rare": "استبرق زمهرير سلسبيل فيتوبلازما",
    "bare-ligatures": "ﷲ ﻻ ﷺ ﻣﺮﺣﺒﺎ",
}
_MIXED = {
    "digits-ascii": "العدد 1234567 في 2024",
    "digits-arabic": "العدد ١٢٣٤٥٦٧ في ٢٠٢٤",
    "digits-persian": "۱۲۳ عدد",
    "digits-alone": "42",
    "digits-decimal": "٣٫١٤ و 3.14 و 1,000",
    "latin-words": "hello world, this is Latin",
    "latin-mixed": "أستخدم Python و GPU في العمل",
    "latin-accents": "déjà vu naïve Zürich e\u0301",
    "other-scripts": "日本語 и русский и ελληνικά",
    "emoji": "مرحبا 👋🏽 كيف الحال 😀",
    "markup": "<p>نص <b>غامق</b></p> [bold]x[/bold]",
    "special-tokens": "[CLS] نص [SEP] <s> </s> [MASK] [+]",
    "web": "زوروا https://example.org/a?b=1 أو user@example.org",
    "empty": "",
    "space": "   ",
    "lines": "سطر أول\nسطر ثان\r\n\tسطر ثالث",
    "spaces-inside": "  كلمة   ثم\u00a0كلمة \u200f أخرى ",
    "zero-width": "ال\u200cكتاب\u200d و\u200bالقلم\ufeff",
    "control": "نص\x00مع\x07رموز",
    "punctuation-alone": "،؛؟!.",
    "one-letter": "و",
}
_UTHMANI = {f"verse-{key}": VERSES[key] for key in ("103:3", "106:2", "108:1", "109:4", "110:2", "112:1", "113:4")} | {
    "uthmani-words": "ءَامَنُوا۟ ٱلسَّمَٰوَٰتِ ٱلصَّلَوٰةَ ٱلزَّكَوٰةَ يَٰٓأَيُّهَا أُو۟لَٰٓئِكَ",
    "uthmani-signs": "رَيْبَ ۛ فِيهِ ۛ هُدًى ۖ وَلَا ۚ ۞ ۩",
    "uthmani-small": "إِۦلَٰفِهِمْ دَاوُۥدَ نُۨجِى",
}
LONG = {
    "long-bare": "كتب الطالب الدرس في المكتبة ثم عاد إلى البيت ونام. " * 50,
    "long-marked": "الْعِلْمُ نُورٌ وَالْجَهْلُ ظَلَامٌ، وَمَنْ سَارَ عَلَى الدَّرْبِ وَصَلَ. " * 40,
    "long-verses": " ".join([*VERSES.values()] * 2),
}
"""Over `max_length` for every model of the record."""

TEXTS: dict[str, str] = {**_MARKED, **_BARE, **_MIXED, **_UTHMANI, **LONG}

SOME = (
    "marked-knowledge",
    "marked-flag",
    "marked-sentence",
    "bare-homograph",
    "bare-clitics",
    "latin-mixed",
    "empty",
    "verse-112:1",
    "uthmani-words",
    "bare-long-word",
)
"""Names of the texts that are enough where every one would take too long."""

RECORDS: tuple[dict[str, object], ...] = (
    {"id": "sea", "text": "يَسْبَحُ الْوَلَدُ فِي الْبَحْرِ صَبَاحًا", "place": "شاطئ", "number": 1},
    {"id": "bread", "text": "خبزت الأم خبزا ساخنا في الفرن", "place": "بيت", "number": 2},
    {"id": "book", "text": "كِتَابُ التَّارِيخِ عَلَى رَفِّ الْمَكْتَبَةِ", "place": "مكتبة", "number": 3},
    {"id": "rain", "text": "  هطل المطر غزيرا\nفي الليل ", "place": "مدينة", "number": 4},
    {"id": "verse", "text": VERSES["112:1"], "place": "مصحف", "number": 5},
)
"""What the stored collections hold; two texts with blanks and Uthmani signs, which must come back byte for byte."""
