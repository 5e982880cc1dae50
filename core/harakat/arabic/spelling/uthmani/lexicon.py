"""Facts of the lexicon that no spelling rule can know, for `harakat.arabic.spelling.uthmani.rules`.

All keys are bare letters (a dagger alef is kept where the key says so): marks never decide here unless said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import product

__all__ = [
    "DOUBLE_LAM",
    "DUAL_RELATIVE",
    "LENGTHENED_FINALS",
    "UNWRITTEN_ALEF",
    "VOCATIVE",
    "all_exceptions",
    "open_taa",
    "whole_word",
]

_D = "\u0670"  # dagger alef

_UNWRITTEN = (
    f"^[وفأبلك]*ه{_D}(?=ذ(?:ا|ه|ان|{_D}ن|ين|ي)$|ؤلا|كذا$)",
    f"^[وفأبلك]*ذ{_D}(?=ل(?:ك|كم|كما|كن)$)",
    f"^[وف]?ل{_D}(?=كن)",
    f"[إئ]ل{_D}(?=ه)",
    f"رحم{_D}(?=ن)",
    f"أول{_D}(?=ئك)",
    f"لل{_D}(?=هم?$)",
    f"^ط{_D}(?=ه$)|^ي{_D}(?=س$)",
)
UNWRITTEN_ALEF = re.compile("|".join(_UNWRITTEN))
"""Words that everyday spelling writes without their dagger alef: the match ends with it."""

VOCATIVE = re.compile(f"([وف]?ي{_D}(?=..)|ه{_D}(?=أنتم))")
"""The particles ya and ha, written on in the mushaf and apart in everyday spelling."""

DOUBLE_LAM = re.compile("^[وفبلك]*(ال|ل)(?=يل|ات[يى]?$|ائي|ذان$|ذين$)")
DUAL_RELATIVE = re.compile("ذين$")

LENGTHENED_FINALS = "ملنهذي"

# Verbs in the singular and nouns before a noun: they end in waw, and the mushaf adds a silent alef.
_NOUNS_IN_WAW = "أولو بنو باسطو تاركو ذائقو صالو كاشفو مرسلو ملاقو مهلكو ناكسو"
_VERBS_IN_WAW = "أتلو أدعو أشكو تبلو تتلو ترجو نبلو نتلو ندعو يبلو يتلو يدعو يربو يرجو يعفو يمحو"
_FINAL_WAW = (*_NOUNS_IN_WAW.split(), *_VERBS_IN_WAW.split())

# Nouns whose final taa the mushaf leaves open before their genitive.
_NOUNS_IN_TAA = "ابنت امرأت بقيت بينت جمالت جنت رحمت سنت شجرت فطرت قرت كلمت لعنت معصيت نعمت"
_OPEN_TAA = frozenset(_NOUNS_IN_TAA.split())

# Words that end so only where the end carries no tanwin (walad-an is no lada).
_ENDINGS: dict[str, str] = {
    **{word + "ا": word for word in _FINAL_WAW},
    "أقصا": "أقصى",
    "الأقصا": "الأقصى",
    "باءو": "باءوا",
    "تبوءو": "تبوءوا",
    "تترا": "تترى",
    "تراءا": "تراءى",
    "جاءو": "جاءوا",
    "رآ": "رأى",
    "رءا": "رأى",
    "سعو": "سعوا",
    "طغا": "طغى",
    "عتو": "عتوا",
    "فاءو": "فاءوا",
    "لدا": "لدى",
    "ليعفوا": "ليعفوا",
    "نآ": "نأى",
    # To give life: one yaa before another word's alef.
    "أحي": "أحيي",
    "تحي": "تحيي",
    "محي": "محيي",
    "نحي": "نحيي",
    "يحي": "يحيي",
}

_WHOLE: dict[str, str] = {
    "أئله": "أإله",
    "آعجمي": "أأعجمي",
    "داوود": "داود",
    "لأيكة": "الأيكة",
    "لتخذت": "لاتخذت",
    "يبنؤم": "يا ابن أم",
    "يسئوا": "يسوءوا",
    "يشإ": "يشأ",
}
_PREFIXES = "وفلبأس"
_MOST_PREFIXES = 2


def whole_word(bare: str, tanwin: bool) -> tuple[int, str] | None:
    """Return the everyday letters of a word that rules get wrong.

    Args:
        bare: The letters that the rules arrived at.
        tanwin: Whether the end of the word carries tanwin.

    Returns:
        How many letters of `bare` are prefixes to keep, and the letters of the rest; None for no exception.
    """
    for keep in _stems(bare):
        found = _WHOLE.get(bare[keep:])
        if found is None and not tanwin:
            found = _ENDINGS.get(bare[keep:])
        if found is not None:
            return keep, found
    return None


def open_taa(bare: str) -> bool:
    """Return True where a word is, with or without a prefix, a noun that the mushaf ends in an open taa."""
    return any(bare[keep:] in _OPEN_TAA for keep in _stems(bare))


def _stems(bare: str) -> Iterator[int]:
    for keep in range(min(_MOST_PREFIXES + 1, len(bare))):
        if keep and bare[keep - 1] not in _PREFIXES:
            return
        yield keep


@cache
def all_exceptions() -> frozenset[str]:
    """Return the bare letters of every word, prefixes included, that `whole_word` or `open_taa` can be about."""
    prefixes = ["".join(parts) for count in range(_MOST_PREFIXES + 1) for parts in product(_PREFIXES, repeat=count)]
    return frozenset(prefix + word for prefix in prefixes for word in (*_WHOLE, *_ENDINGS, *_OPEN_TAA))
