"""Files that have their name only when they are whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat._support.files import file_errors, write_json, write_text, write_whole
from harakat.errors import OptionError, RecordError, StoreError


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"old")
    with write_whole(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [RecordError("a row"), OSError("of another file"), KeyboardInterrupt()])
def test_after_an_error_of_the_block_everything_is_as_before(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"old")

    def write() -> None:
        with write_whole(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(type(error)) as caught:
        write()
    assert caught.value is error
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_have_a_part_each(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with write_whole(path) as first:
        first.write(b"first, and longer")
        with write_whole(path) as second:
            second.write(b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first, and longer"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_may_be_as_long_as_the_file_system_takes(tmp_path: Path) -> None:
    path = tmp_path / ("ق" * 127)
    write_text(path, "a")
    assert path.read_text() == "a"


def test_what_the_file_system_refuses_names_path_and_cause(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"gone/a\.json cannot be written: No such file or directory"):
        write_json(tmp_path / "gone" / "a.json", {})
    with pytest.raises(OptionError, match=r"gone/a\.md cannot be written: No such file"):
        write_text(tmp_path / "gone" / "a.md", "", OptionError)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match=r"folder cannot be written: Is a directory"):
        write_text(tmp_path / "folder", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_an_error_of_ours_passes_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="^a row$"), file_errors(tmp_path):
        raise RecordError("a row")


@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.none())))
def test_json_comes_back(tmp_path_factory: pytest.TempPathFactory, value: dict[str, object]) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    write_json(path, value)
    assert json.loads(path.read_text(encoding="utf-8")) == value
