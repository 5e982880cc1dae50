from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat._support.setting_checks import check_number
from harakat.errors import OptionError
from harakat.training.checks import check_dims, read_changes, read_object

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(st.characters(exclude_characters="="), min_size=1), _VALUES))
def test_settings_come_back_as_json_wrote_them(settings: dict[str, object]) -> None:
    given_so = [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in settings.items()]
    assert read_changes(given_so) == settings


def test_what_is_no_json_is_a_text_and_may_hold_equals_signs() -> None:
    assert read_changes(["start=harakat-mini", "a=b=c", "empty="]) == {"start": "harakat-mini", "a": "b=c", "empty": ""}
    assert read_changes(["rate=1", "rate=2"]) == {"rate": 2}


@pytest.mark.parametrize("item", ["batch_size", "=3", "="])
def test_a_setting_without_name_or_value_is_refused(item: str) -> None:
    with pytest.raises(OptionError, match="is not FIELD=VALUE") as refused:
        read_changes(["batch_size=3", item])
    assert repr(item) in str(refused.value)


@pytest.mark.parametrize("text", ["[1]", "3", "null", "{", "", "\N{ARABIC LETTER ALEF}"])
def test_a_file_that_is_no_object_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(OptionError, match=r"settings\.json .*(object with settings|read as JSON)"):
        read_object(path, "settings")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(OptionError, match="read as JSON"):
        read_object(path, "settings")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, "1", None, 0.0, 1.0])
def test_a_number_outside_its_bounds_is_refused_with_the_bounds(value: object) -> None:
    with pytest.raises(OptionError, match="here: rate=.* is not a number above 0 and below 1"):
        check_number("here", "rate", value, above=0, below=1)


def test_dims_are_sorted_and_told_once() -> None:
    assert check_dims("here", [64, 384, 64]) == (384, 64)
    assert check_dims("here", None) is None
    for wrong in ([], "64", [64, 0], [64.0], 64):
        with pytest.raises(OptionError, match="here: dims="):
            check_dims("here", wrong)
