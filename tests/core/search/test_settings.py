"""Settings refuse what cannot be meant; averages are the collection's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat.errors import OptionError, TextTypeError
from harakat.search import DEFAULT_FIELDS, Field, FieldAverages, FieldSetting

POSITIVE = st.floats(0.01, 1e6, allow_nan=False)


def test_averages_are_counted():
    averages = FieldAverages.measure(["الله أكبر", "الله", "", "…"])
    assert (averages.word, averages.stem, averages.pair) == (1.5, 1.5, 1.0)
    assert averages.gram == (4 + 4 + 4) / 2
    assert averages.marked == 1.0


def test_averages_know_marks():
    assert FieldAverages.measure(["عِلْم", "عَلِمَ عِلْمًا"]).marked == 1.5


@given(st.builds(FieldAverages, POSITIVE, POSITIVE, POSITIVE, POSITIVE, POSITIVE))
def test_averages_come_back(averages):
    assert FieldAverages.from_json(averages.to_json()) == averages


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"word": 1}', "nonsense"])
def test_no_averages(text):
    with pytest.raises(OptionError, match="field averages are"):
        FieldAverages.from_json(text)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "60", None, True])
def test_an_average_is_a_number_above_zero(value):
    with pytest.raises(OptionError, match="average word count"):
        FieldAverages(word=value)


def test_nothing_to_average():
    with pytest.raises(OptionError, match="no text holds a word"):
        FieldAverages.measure(["", "!"])
    with pytest.raises(TextTypeError, match="one text was given"):
        FieldAverages.measure("الله")


@pytest.mark.parametrize(
    "wrong", [{"weight": -1}, {"k1": float("nan")}, {"b": 1.5}, {"b": "x"}, {"weight": float("inf")}]
)
def test_a_setting_in_its_range(wrong):
    with pytest.raises(OptionError, match=f"^{next(iter(wrong))} of a field is"):
        FieldSetting(**({"weight": 1.0, "k1": 1.2, "b": 0.75} | wrong))


def test_every_field_has_a_setting():
    assert set(DEFAULT_FIELDS) == set(Field)
    with pytest.raises(TypeError):
        DEFAULT_FIELDS[Field.WORD] = FieldSetting(1, 1, 1)
