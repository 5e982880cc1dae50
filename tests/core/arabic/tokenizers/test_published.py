"""The published preparation against its description, one character at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.arabic.tokenizers.published import PUBLISHED_MARKS, normalize, prepare, separate_marks
from support.published_oracle import MARKS, NASTY, published_text

FATHA, KASRA, SHADDA, DAGGER_ALEF, CIRCLE = "\u064e", "\u0650", "\u0651", "\u0670", "\u25cc"


def test_the_mark_set_is_the_published_one() -> None:
    assert PUBLISHED_MARKS == MARKS
    assert len(PUBLISHED_MARKS) == 47
    for lacking in "\u0670\u0653\u0654\u0655\u0656\u06e5\u06e6\u08f0\u08f1\u08f2":
        assert lacking not in PUBLISHED_MARKS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("قال", "قال"),
        ("بِسْمِ", f"بسم {KASRA}\u0652{KASRA}"),
        ("رَبّ", f"رب {FATHA}{SHADDA}"),
        ("كتبَ", f"كتب {CIRCLE}{CIRCLE}{FATHA}"),
        # Both orders of shadda and vowel are kept as they come.
        (f"رب{SHADDA}{FATHA}", f"رب {CIRCLE}{SHADDA}{FATHA}"),
        (f"رب{FATHA}{SHADDA}", f"رب {CIRCLE}{FATHA}{SHADDA}"),
        # A mark before any letter hangs on a blank.
        (f"{FATHA}ب", f" ب {FATHA}{CIRCLE}"),
        (FATHA, f"  {FATHA}"),
        # The dagger alef is a letter here.
        (f"رحم{DAGGER_ALEF}نِ", f"رحم{DAGGER_ALEF}ن {CIRCLE * 4}{KASRA}"),
        # Punctuation stuck to a word takes a place like a letter.
        ("(بِ)،", f"(ب)، {CIRCLE}{KASRA}{CIRCLE}{CIRCLE}"),
        ("بِ [+]لَ", f"ب {KASRA} [+]ل {FATHA}"),
        ("بِ[+]ل", f"ب {KASRA}[+]ل"),
        ("آأإٱىة", "اااايه"),
        ("ب\u0640\u200bت\ufeff", "بت"),
        # A separator that appears only once zero-width characters are gone is one.
        ("بِ[\u200d+]لَ", f"ب {KASRA}[+]ل {FATHA}"),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert prepare(text, "[+]") == expected


@given(st.lists(st.sampled_from(NASTY)).map("".join))
def test_equals_the_description(text: str) -> None:
    assert prepare(text, "[+]") == published_text(text)


@given(st.text())
def test_equals_the_description_for_any_text(text: str) -> None:
    assert prepare(text, "[+]") == published_text(text)


@given(st.lists(st.sampled_from([*NASTY, "@@", "@"])).map("".join))
def test_another_separator(text: str) -> None:
    assert prepare(text, "@@") == published_text(text, separator="@@")


@given(st.text(alphabet="".join(char for char in NASTY if len(char) == 1)))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    assert normalize(normalize(text)) == normalize(text)


@given(st.text(alphabet="بتثآ \n" + FATHA + SHADDA + DAGGER_ALEF))
def test_no_letter_and_no_mark_is_lost(text: str) -> None:
    separated = separate_marks(text, "[+]")
    for kept in "بتثآ\n" + FATHA + SHADDA + DAGGER_ALEF:
        assert separated.count(kept) == text.count(kept)
