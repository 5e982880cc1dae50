"""Texts like those of the mushaf with something wrong in them, for tests that compare a fast path with a plain one."""

from __future__ import annotations

import random
from functools import cache

import quran_text

_MARKS = (
    "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0653\u0654\u0655\u0656\u0657\u065e\u0670\u0615\u0618"
    "\u06d6\u06da\u06db\u06dc\u06df\u06e0\u06e1\u06e2\u06e4\u06e5\u06e6\u06e7\u06e8\u06ec\u06ed\u08f0\u08f1\u08f2\u0640"
)
_LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأإؤئٱلالاءاءأوىٱۿپ"
_OTHERS = (
    "،.؛:!؟()«»\"'-01٣٤abé½…語<s>\u200f\u200c\u200e\ufeff\u00ad\u0301\u2581\ufdfa\ufefb\u06dd\u06de\u06e9\ufd3f\ufd3e"
)
_SPACES = (*"   \n\t\u00a0\u2003\u3000\x1c\x85", "  ", "\r\n", "")


@cache
def words_of_the_quran() -> tuple[str, ...]:
    """Every word of the Quran as it is written, once."""
    verses = (ayah.text for ayah in quran_text.Mushaf.hafs().ayahs)
    return tuple(dict.fromkeys(word for verse in verses for word in verse.split()))


def mushaf_words(seed: int, count: int) -> list[str]:
    """Words of the Quran with none to three characters changed, and words that only look like it."""
    choose = random.Random(seed)
    known = words_of_the_quran()
    return [_changed(choose, choose.choice(known)) if choose.random() < 0.7 else _made_up(choose) for _ in range(count)]


def mushaf_texts(seed: int, count: int) -> list[str]:
    """Texts of one to eight such words, with any white space between them."""
    choose = random.Random(seed)
    sizes = choose.choices((1, 2, 3, 5, 8), k=count)
    words = iter(mushaf_words(seed + 1, sum(sizes)))
    return ["".join(next(words) + choose.choice(_SPACES) for _ in range(size)) for size in sizes]


def _changed(choose: random.Random, word: str) -> str:
    chars = list(word)
    for _ in range(choose.choice((0, 1, 1, 2, 3))):
        pool = choose.choice((_MARKS, _MARKS, _LETTERS, _OTHERS if choose.random() < 0.2 else _MARKS))
        at, kind = choose.randrange(len(chars) + 1), choose.random()
        if kind < 0.45 or at == len(chars):
            chars.insert(at, choose.choice(pool))
        elif kind < 0.75:
            chars[at] = choose.choice(pool)
        else:
            del chars[at]
    return "".join(chars)


def _made_up(choose: random.Random) -> str:
    if choose.random() < 0.05:
        return "".join(choose.choices(_MARKS + _LETTERS + _OTHERS, k=choose.randrange(1, 80)))
    letters = choose.choices(_LETTERS, k=choose.randrange(1, 9))
    return "".join(
        letter + "".join(choose.choices(_MARKS, k=choose.choice((0, 0, 1, 1, 1, 2, 3)))) for letter in letters
    )
