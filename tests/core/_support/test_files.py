"""Files that have their name only when they are whole."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harakat._support.files import destination, file_errors, whole_folder, write_json, write_text, write_whole
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


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    target = tmp_path / "data" / "a.md"
    target.write_text("old")
    target.chmod(0o600)
    held = tmp_path / "held"
    held.hardlink_to(target)
    (tmp_path / "middle").symlink_to("data/a.md")
    link = tmp_path / "link.md"
    link.symlink_to(tmp_path / "middle")
    write_text(link, "new")
    assert link.is_symlink() and (tmp_path / "middle").is_symlink()
    assert target.read_text() == "new" and held.read_text() == "old"  # replaced, not written over
    assert stat.S_IMODE(target.stat().st_mode) == 0o600

    (tmp_path / "dangling").symlink_to("data/b.md")
    write_text(tmp_path / "dangling", "fresh")
    assert (tmp_path / "dangling").is_symlink() and (tmp_path / "data" / "b.md").read_text() == "fresh"


def test_a_fifo_gets_the_bytes_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    text = "x" * 300_000
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(path.read_text()))
    reader.start()
    write_text(path, text)
    reader.join(10)
    assert got == [text]
    assert path.is_fifo() and list(tmp_path.iterdir()) == [path]


def test_a_device_is_written_through() -> None:
    # Asked first: were it taken for a file, root would rename the device away.
    assert destination(Path("/dev/null")).stream and destination(Path("/dev/full")).stream
    write_text(Path("/dev/null"), "text")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    with pytest.raises(StoreError, match="/dev/full cannot be written: No space left on device"):
        write_text(Path("/dev/full"), "text")


@pytest.mark.parametrize("name", ["/proc/self/fd/1", "/dev/fd/1", "link", "link of a link"])
@pytest.mark.parametrize("to", ["pipe", "file"])
def test_an_open_descriptor_is_written_through(tmp_path: Path, name: str, to: str) -> None:
    # As /dev/stdout, which is such a link.
    (tmp_path / "link").symlink_to("/proc/self/fd/1")
    (tmp_path / "link of a link").symlink_to("link")
    program = (
        "import sys; from pathlib import Path; from harakat._support.files import write_text;"
        "print('before', flush=True); write_text(Path(sys.argv[1]), 'text\\n'); print('after')"
    )
    command = [sys.executable, "-c", program, name]
    if to == "pipe":
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, text=True).stdout
    else:
        with (tmp_path / "out").open("w") as out:
            subprocess.run(command, cwd=tmp_path, stdout=out, check=True)
        done = (tmp_path / "out").read_text()
    assert done == "before\ntext\nafter\n"
    assert (tmp_path / "link").is_symlink()


def test_a_stream_gets_nothing_of_what_failed(tmp_path: Path) -> None:
    reading, writing = os.pipe()

    def write() -> None:
        with write_whole(Path(f"/dev/fd/{writing}")) as file:
            file.write(b"half")
            raise RecordError("a row")

    with pytest.raises(RecordError):
        write()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b""


def test_what_is_no_place_for_an_output_is_refused_by_name(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(OptionError, match="s is a socket; give a file, a FIFO or a character device"):
            write_text(tmp_path / "s", "text", OptionError)
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(StoreError, match="a cannot be written: Too many levels of symbolic links"):
        write_text(tmp_path / "a", "text")
    (tmp_path / "folder").symlink_to(tmp_path)
    with pytest.raises(StoreError, match="folder cannot be written: Is a directory"):
        write_text(tmp_path / "folder", "text")
    with pytest.raises(StoreError, match="/dev/fd/987 cannot be written: Bad file descriptor"):
        write_text(Path("/dev/fd/987"), "text")
    with pytest.raises(StoreError, match="cannot be written: File name too long"):
        write_text(tmp_path / ("a" * 300), "text")


def test_two_writers_of_a_folder_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "model"

    def write() -> None:
        with whole_folder(path, OptionError) as first:
            first.mkdir()
            (first / "a").write_text("first")
            with whole_folder(path) as second:
                second.mkdir()
                (second / "a").write_text("second")

    with pytest.raises(OptionError, match="model was made by another process meanwhile"):
        write()
    assert list(tmp_path.iterdir()) == [path]
    assert [(file.name, file.read_text()) for file in path.iterdir()] == [("a", "second")]


@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_two_processes_that_write_one_file_leave_one_whole_file(tmp_path: Path, pause: float) -> None:
    program = (
        "import sys, time; from pathlib import Path; from harakat._support.files import write_whole\n"
        "for _ in range(5):\n"
        "    with write_whole(Path('out')) as file:\n"
        "        for _ in range(20): file.write(sys.argv[1].encode() * 1000); time.sleep(float(sys.argv[2]) / 20)\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, c, str(pause)], cwd=tmp_path) for c in "abc"]
    assert [process.wait() for process in running] == [0, 0, 0]
    content = (tmp_path / "out").read_text()
    assert len(content) == 20_000 and len(set(content)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
