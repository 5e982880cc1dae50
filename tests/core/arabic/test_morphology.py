"""Segmentation with a miniature database: the cuts, the data's places, missing and damaged data, threads, forks."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harakat.arabic.morphology import (
    DATA_VARIABLES,
    DEFAULT_DATA,
    Segmenter,
    data_folder,
    data_identity,
    fetch_data,
    locate_data,
    verify_data,
)
from harakat.arabic.tokenizers.context_free import cut
from harakat.errors import MorphologyDataError
from support.calima import write_catalogue_layout, write_morphology
from support.published_oracle import NASTY, nasty_texts


@pytest.fixture(autouse=True)
def _no_data_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in DATA_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    # fast-disambig is Rust and does not go through Python's sockets: a proxy that refuses keeps it off the net.
    for variable in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    return Segmenter(write_morphology(tmp_path_factory.mktemp("morphology")))


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("وَبِالْكِتَابِ", "وَ[+]بِ[+]الْ[+]كِتَابِ"),
        ("وبالكتاب", "و[+]ب[+]ال[+]كتاب"),
        ("للكتاب", "لل[+]كتاب"),
        ("بَيْتُهُمْ", "بَيْتُ[+]هُمْ"),
        ("مِنْهُمْ", "مِنْ[+]هُمْ"),
        ("فسيعلمهم", "ف[+]س[+]يعلم[+]هم"),
        ("مدرسة", "مدرس[+]ة"),
        ("كـتابُهُم", "كتابُ[+]هُم"),
        ("وكتاب،فقلم", "و[+]كتاب،ف[+]قلم"),
        ("فلك", "فلك"),
        ("zebra 123", "zebra 123"),
        ("\u0001ب\u0000", "ب"),
    ],
)
def test_cuts(segmenter: Segmenter, word: str, pieces: str) -> None:
    assert segmenter.segment(word) == pieces


def test_another_separator(morphology_folder: Path) -> None:
    assert Segmenter(morphology_folder, separator="@@").segment("وكتابهم") == "و@@كتاب@@هم"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.sampled_from(NASTY)).map("".join))
def test_each_run_is_segmented_by_itself(segmenter: Segmenter, text: str) -> None:
    # What the word cache rests on: neither neighbours nor history change the cuts of a run.
    runs = cut(text)
    assert segmenter.segment(" ".join(runs)) == " ".join([segmenter.segment(run) for run in runs])
    assert segmenter.segment_lines(runs) == [segmenter.segment(run) for run in runs]


def test_order_and_history_do_not_matter(morphology_folder: Path) -> None:
    texts = nasty_texts(3, 2000)
    first, second = Segmenter(morphology_folder), Segmenter(morphology_folder)
    forward = [first.segment(text) for text in texts]
    assert [second.segment(text) for text in reversed(texts)][::-1] == forward
    assert [first.segment(text) for text in texts] == forward


def test_lines(segmenter: Segmenter) -> None:
    assert segmenter.segment_lines([]) == []
    assert segmenter.segment_lines([""]) == [""]
    assert segmenter.segment_lines(["وكتاب", "", " "]) == ["و[+]كتاب", "", " "]


def test_threads_give_the_serial_result(morphology_folder: Path) -> None:
    shared = Segmenter(morphology_folder)
    letters = random.Random(1)
    texts = [" ".join("".join(letters.choices("وبلكتابهمرحن", k=6)) for _ in range(40)) for _ in range(64)]
    serial = list(map(Segmenter(morphology_folder).segment, texts))
    with ThreadPoolExecutor(16) as pool:
        for _ in range(5):
            assert list(pool.map(shared.segment, texts)) == serial


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_can_segment(morphology_folder: Path) -> None:
    # fast-disambig's thread pool is gone in the child; waiting for it would last for ever.
    parent = Segmenter(morphology_folder)
    parent.segment("وكتاب فقلم بالبيت للكتاب")
    # Words that are one only once zero-width characters and tatweel are gone count as one.
    split = " ".join(f"و{letter}\u200bكتا\u0640ب\ufeffهم" for letter in "بتثجحخدذرزسش")
    texts = [split, *nasty_texts(4, 300)]
    expected = list(map(Segmenter(morphology_folder).segment, texts))
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the child, whatever it waits for
        signal.alarm(20)
        os._exit(0 if [parent.segment(text) for text in texts] == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_forked_child_with_many_words(morphology_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harakat.arabic.morphology._ANALYSES", 20)
    child = Segmenter(morphology_folder)
    child._process = -1  # as if this process had been forked since
    text = " ".join(f"و{a}{b}كتاب" for a in "بتثجحخ" for b in "بتثجحخ")
    for _ in range(3):
        assert child.segment(text) == Segmenter(morphology_folder).segment(text)
        text = text[::-1]


def test_a_name_below_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_catalogue_layout(tmp_path / "data", DEFAULT_DATA)
    monkeypatch.setenv("CAMELTOOLS_DATA", str(tmp_path / "data"))
    assert data_folder() == tmp_path / "data"
    data = locate_data()
    assert data.database == (tmp_path / "data/morphology_db" / DEFAULT_DATA / "morphology.db").resolve()
    assert data.model == (tmp_path / "data/disambig_mle" / DEFAULT_DATA / "model.json").resolve()
    assert Segmenter().segment("وكتاب") == "و[+]كتاب"
    assert Segmenter(DEFAULT_DATA).identity == Segmenter(write_morphology(tmp_path / "other")).identity
    # The other variable wins, as it does for fast-disambig.
    monkeypatch.setenv("FAST_DISAMBIG_DATA_DIR", str(tmp_path / "elsewhere"))
    with pytest.raises(MorphologyDataError, match="elsewhere"):
        locate_data()


def test_the_catalogue_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    write_catalogue_layout(data, "renamed")
    monkeypatch.setenv("FAST_DISAMBIG_DATA_DIR", str(data))
    paths = {"MorphologyDB": "morphology_db/renamed", "DisambigMLE": "disambig_mle/renamed"}

    def write(paths: dict[str, str]) -> None:
        components = {kind: {"datasets": {"mine": {"path": path}}} for kind, path in paths.items()}
        (data / "catalogue.json").write_text(json.dumps({"packages": {}, "components": components}))

    write(paths)
    assert locate_data("mine").database.parent.name == "renamed"
    write(dict.fromkeys(paths, "../../outside"))
    with pytest.raises(MorphologyDataError, match="mine"):
        locate_data("mine")
    (data / "catalogue.json").write_text("{")
    with pytest.raises(MorphologyDataError, match=r"catalogue\.json"):
        locate_data("mine")


@pytest.mark.parametrize("name", [None, "calima-glf-01", "absent/folder"])
def test_missing_data_names_the_way_out(name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any) -> None:
        raise AssertionError(f"a connection was opened: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("FAST_DISAMBIG_DATA_DIR", str(tmp_path / "empty"))
    with pytest.raises(MorphologyDataError, match="harakat fetch morphology") as caught:
        Segmenter(name)
    assert "FAST_DISAMBIG_DATA_DIR" in str(caught.value)
    assert (name or DEFAULT_DATA) in str(caught.value)
    # fast-disambig was not asked: it would have made the folder and gone to the net.
    assert not (tmp_path / "empty").exists()


def test_half_of_the_data_is_missing(tmp_path: Path) -> None:
    folder = write_morphology(tmp_path / "half")
    (folder / "model.json").unlink()
    with pytest.raises(MorphologyDataError, match=r"half.*model\.json"):
        Segmenter(folder)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("morphology.db", b"###STEMS###\nno tabs here\n"),
        ("morphology.db", b"###"),
        ("morphology.db", b"\xff\xfe\x00"),
        ("model.json", b"{"),
        ("model.json", b"[]"),
    ],
)
def test_damaged_data(tmp_path: Path, file: str, content: bytes) -> None:
    folder = write_morphology(tmp_path / "damaged")
    (folder / file).write_bytes(content)
    with pytest.raises(MorphologyDataError, match="damaged"):
        Segmenter(folder)


def test_identity_is_of_the_content(tmp_path: Path) -> None:
    one, two = write_morphology(tmp_path / "one"), write_morphology(tmp_path / "two")
    assert data_identity(locate_data(one)) == data_identity(locate_data(two))
    (two / "model.json").write_text("{}")
    assert data_identity(locate_data(one)) != data_identity(locate_data(two))
    assert Segmenter(one).identity != Segmenter(one, separator="@@").identity


def test_fetching_without_a_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAST_DISAMBIG_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(MorphologyDataError, match="cannot be fetched") as caught:
        fetch_data()
    assert str(tmp_path / "data") in str(caught.value)


def test_verification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_catalogue_layout(tmp_path / "data", DEFAULT_DATA)
    monkeypatch.setenv("FAST_DISAMBIG_DATA_DIR", str(folder))
    data = locate_data()
    assert [file.listed for file in verify_data(data)] == [False, False]

    digests = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in (data.database, data.model)}
    packages = {
        path.name: {
            "destination": str(path.parent.relative_to(folder)),
            "files": [{"path": path.name, "sha256": digest, "size": path.stat().st_size}],
        }
        for path, digest in digests.items()
    }
    (folder / "catalogue.json").write_text(json.dumps({"packages": packages, "components": {}}))
    verified = verify_data(data)
    assert [(file.path, file.sha256, file.listed) for file in verified] == [(*item, True) for item in digests.items()]
    assert [file.size for file in verified] == [path.stat().st_size for path in digests]
    with data.model.open("a") as stream:
        stream.write(" ")
    with pytest.raises(MorphologyDataError, match=r"model\.json has SHA-256"):
        verify_data(data)


WITHOUT_THE_LIBRARY = """
import sys
sys.modules["fast_disambig"] = None
from harakat import Encoder
from harakat.arabic import to_imlai
from harakat.arabic.morphology import Segmenter, fetch_data
from harakat.errors import MissingExtraError
assert Encoder().encode(["عِلْم"]).shape == (1, 384)
assert to_imlai("ءَامَنُوا۟")
for call in (Segmenter, fetch_data):
    try:
        call()
    except MissingExtraError as error:
        assert "fast-disambig" in str(error) and "segmentation=False" in str(error)
    else:
        raise SystemExit(f"{call} did not say what is missing")
"""


def test_without_fast_disambig_only_segmentation_is_missing() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_THE_LIBRARY], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
