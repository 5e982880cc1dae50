from __future__ import annotations

import fcntl
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from quran_text import Mushaf
from typer.testing import Result

import harakat_cli.index
from chroma_harakat import prepare_record
from harakat import Encoder
from harakat.adapters.ingestion import BATCH_SIZE
from harakat_cli.index import scan
from harakat_cli.quran import QuranSource
from harakat_cli.records import Fields, FileSource, open_file
from support.chroma_server import Server
from support.numbered import numbered
from support.tiny import write_tiny

Run = Callable[..., Result]
Stored = Callable[..., dict[str, Any]]


def write_lines(path: Path, n: int, start: int = 0) -> Path:
    objects = ({"id": f"r{i}", "text": numbered(i), "n": i} for i in range(start, start + n))
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in objects), encoding="utf-8")
    return path


def test_a_file_is_indexed_and_found_again(run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored):
    write_lines(tmp_path / "poems.jsonl", 300)
    done = run("index", "poems.jsonl", "chroma:store#poems", "--model", tiny_folder, "--dim", 32)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("300 records: 300 new, 0 updated, 0 stored before (")
    assert done.stdout.endswith("chroma:store#poems holds 300\n")
    kept = stored(tmp_path / "store", "poems")
    assert {key: row[:2] for key, row in kept.items()} == {f"r{i}": (numbered(i), {"n": i}) for i in range(300)}
    vectors = Encoder(tiny_folder, dim=32).encode_document([numbered(i) for i in range(300)])
    np.testing.assert_allclose([row[2] for row in kept.values()], vectors, atol=1e-5)

    # Again, with more: what is there is left alone; the encoder is the collection's own.
    write_lines(tmp_path / "poems.jsonl", 310)
    done = run("index", "poems.jsonl", "chroma:store#poems", "--json")
    report = json.loads(done.stdout)
    assert (report["new"], report["stored_before"], report["records"]) == (10, 300, 310)

    found = run("search", numbered(7), "chroma:store#poems", "-n", 3, "--json")
    hits = [json.loads(line) for line in found.stdout.splitlines()]
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    assert hits[0]["id"] == "r7" and hits[0]["text"] == numbered(7) and hits[0]["payload"] == {"n": 7}
    assert hits[0]["score"] == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("name", ["poems.txt", "poems.csv", "-"])
def test_every_source_is_taken(run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored, name: str):
    (tmp_path / "poems.txt").write_text("الْعِلْمُ نُورٌ\n\n  كتب الطالب  \n", encoding="utf-8")
    (tmp_path / "poems.csv").write_text("verse,poet\nالْعِلْمُ نُورٌ,المتنبي\n", encoding="utf-8")
    options = ["--text-field", "verse"] if name.endswith("csv") else []
    stdin = (tmp_path / "poems.txt").read_bytes()
    done = run("index", name, "chroma:store", "--model", tiny_folder, *options, stdin=stdin)
    assert done.exit_code == 0, done.stderr
    kept = {key: row[:2] for key, row in stored(tmp_path / "store").items()}
    assert (
        kept
        == {
            "poems.txt": {"poems.txt:1": ("الْعِلْمُ نُورٌ", None), "poems.txt:3": ("  كتب الطالب  ", None)},
            "poems.csv": {"poems.csv:2": ("الْعِلْمُ نُورٌ", {"poet": "المتنبي"})},
            "-": {"stdin:1": ("الْعِلْمُ نُورٌ", None), "stdin:3": ("  كتب الطالب  ", None)},
        }[name]
    )


def test_standard_input_tells_its_format(run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored):
    for stdin, options in (
        ('{"id": "a", "text": "x"}', []),
        ("verse,key\nx,a\n", ["--text-field", "verse", "--id-field", "key"]),
        ("text\tid\nx\ta\n", ["--format", "tsv"]),
    ):
        store = f"chroma:store-{len(stdin)}"
        assert run("index", "-", store, "--model", tiny_folder, *options, stdin=stdin).exit_code == 0
        assert stored(tmp_path / store.removeprefix("chroma:"))["a"][0] == "x"


def test_the_quran_is_whole(tmp_path: Path):
    mushaf = Mushaf.hafs()
    records = list(QuranSource().records())
    assert len({record.id for record in records}) == len(records) == 6236
    assert [record.line for record in records] == list(range(1, 6237))
    for key in ("1:1", "2:255", "114:6"):
        record = next(r for r in records if r.id == key)
        surah, ayah = map(int, key.split(":"))
        assert record.text == mushaf.ayah(surah, ayah).text
        assert (record.payload["surah"], record.payload["ayah"]) == (surah, ayah)
    assert "عَ" in records[6].text and records[-1].payload["page"] == 604


FAULTS = [
    ("a.jsonl", '{"id": "a", "text": "x"}\n{"id": "b", "text": "y', "a.jsonl, line 2: not JSON"),
    ("a.jsonl", '{"id": "a", "text": "x"}\n{"id": "b"}\n', "a.jsonl, line 2: no field 'text'"),
    (
        "a.jsonl",
        '{"id": "a", "text": "x"}\n{"id": "b", "text": "y"}\n{"id": "a", "text": "z"}\n',
        "that of line 1 alre",
    ),
    ("a.jsonl", '{"id": 1, "text": "x"}\n{"id": "1", "text": "x"}\n', "line 2: the id '1' is that of line 1 already"),
    ("a.jsonl", '{"id": "a", "text": "x"}\n{"id": "b", "text": "y", "n": NaN}\n', "line 2: .*'n' is nan"),
    ("a.jsonl", '{"id": "a", "text": "x"}\n{"id": "b", "text": "\\ud800"}\n', "line 2: .*lone surrogate"),
    ("a.jsonl", '{"id": "a", "text": "x"}\n{"id": "b", "text": "y", "#n": 1}\n', "line 2: .*reserved"),
    ("a.txt", b"x\n\xff\n", "a.txt, line 2: not UTF-8"),
]


@pytest.mark.parametrize(("name", "content", "message"), FAULTS)
def test_a_faulty_source_writes_nothing(
    run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored, name: str, content: str | bytes, message: str
):
    (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    done = run("index", name, "chroma:store", "--model", tiny_folder)
    assert done.exit_code == 2
    assert re.search(message, done.stderr), done.stderr
    assert "Traceback" not in done.output
    assert not (tmp_path / "store").exists()
    # Into a collection that is there already, likewise.
    run("index", "-", "chroma:store", "--model", tiny_folder, stdin="نص\n")
    done = run("index", name, "chroma:store")
    assert done.exit_code == 2 and re.search(message, done.stderr)
    assert list(stored(tmp_path / "store")) == ["stdin:1"]


def test_another_text_under_a_stored_id_is_refused_or_updated(
    run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored
):
    write_lines(tmp_path / "a.jsonl", 20)
    run("index", "a.jsonl", "chroma:store", "--model", tiny_folder)
    lines = (tmp_path / "a.jsonl").read_text("utf-8").splitlines()
    lines[4] = json.dumps({"id": "r4", "text": "نص آخر", "n": 4}, ensure_ascii=False)
    (tmp_path / "a.jsonl").write_text("\n".join([*lines, json.dumps({"id": "new", "text": "x"})]), encoding="utf-8")
    done = run("index", "a.jsonl", "chroma:store")
    assert done.exit_code == 2
    assert "a.jsonl, line 5: the id 'r4' is stored with the text" in done.stderr and "--update" in done.stderr
    assert "new" not in stored(tmp_path / "store")
    done = run("index", "a.jsonl", "chroma:store", "--update")
    assert done.stdout.startswith("21 records: 1 new, 1 updated, 19 stored before")
    assert stored(tmp_path / "store")["r4"][0] == "نص آخر"


def test_another_encoder_is_refused_before_anything_is_read(
    run: Run, tmp_path: Path, tiny_folder: Path, other_folder: Path, stored: Stored
):
    write_lines(tmp_path / "a.jsonl", 5)
    run("index", "a.jsonl", "chroma:store", "--model", tiny_folder)
    for wrong, part in (
        (["--model", other_folder], "weights"),
        (["--dim", 16], "dim: '16' here, '64' there"),
        (["--spelling", "imlai"], "spelling"),
    ):
        for command in (["index", "a.jsonl"], ["search", "نص"]):
            done = run(*command, "chroma:store", *wrong)
            assert done.exit_code == 2, done.output
            assert "was made by another encoder" in done.stderr and part in done.stderr
    assert len(stored(tmp_path / "store")) == 5
    # A copy of the same files is the same encoder.
    shutil.copytree(tiny_folder, tmp_path / "copy")
    assert run("index", "a.jsonl", "chroma:store", "--model", "copy").exit_code == 0


def test_a_recorded_model_that_does_not_fit_the_wrong_one_is_still_named(run: Run, tmp_path: Path, tiny_folder: Path):
    write_lines(tmp_path / "a.jsonl", 5)
    run("index", "a.jsonl", "chroma:store", "--model", tiny_folder)
    write_tiny(tmp_path / "small", hidden_size=32, dims=(32, 16))
    done = run("search", "نص", "chroma:store", "--model", "small")
    assert done.exit_code == 2 and "was made by another encoder" in done.stderr


def test_long_texts_are_counted_or_refused_by_line(run: Run, tmp_path: Path, tiny_folder: Path):
    (tmp_path / "a.txt").write_text("قصير\n" + "كَتَبَ الطَّالِبُ " * 80 + "\n", encoding="utf-8")
    done = run("index", "a.txt", "chroma:strict", "--model", tiny_folder, "--overflow", "error")
    assert done.exit_code == 2 and "a.txt, line 2:" in done.stderr and "--overflow chunk" in done.stderr
    assert not (tmp_path / "strict").exists()
    done = run("index", "a.txt", "chroma:loose", "--model", tiny_folder)
    assert done.exit_code == 0 and "warning: 1 of 2 texts are longer" in done.stderr
    assert "warning" not in run("index", "a.txt", "chroma:all", "--model", tiny_folder, "--overflow", "chunk").stderr


@pytest.mark.parametrize("text", ["index", "chroma", "chroma:", "chroma:#x", "chroma:a#", "sqlite:a", ""])
def test_an_address_of_another_form_is_refused(run: Run, text: str):
    done = run("index", "quran", text)
    assert done.exit_code == 2 and "chroma:FOLDER" in done.stderr


def test_bad_places_and_models_make_nothing(run: Run, tmp_path: Path, tiny_folder: Path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "a.txt").write_text("نص")
    cases = [
        (["a.txt", "chroma:file"], "is a file"),
        (["a.txt", "chroma:new", "--model", "nowhere"], "no known name"),
        (["a.txt", "chroma:new", "--dim", "5"], "dim=5"),
        (["b.txt", "chroma:new"], "does not exist"),
        (["a.txt", "chroma:new#a b"], "3-512 characters"),
    ]
    for arguments, message in cases:
        model = [] if "--model" in arguments else ["--model", tiny_folder]
        done = run("index", *arguments, *model)
        assert done.exit_code == 2 and message in done.stderr, done.output
    assert run("search", "x", "chroma:nowhere").exit_code == 2
    assert not (tmp_path / "nowhere").exists()


def test_the_collection_is_found_or_asked_for(run: Run, tmp_path: Path, tiny_folder: Path):
    (tmp_path / "a.txt").write_text("نص")
    run("index", "a.txt", "chroma:store#one", "--model", tiny_folder)
    assert run("search", "نص", "chroma:store").exit_code == 0
    run("index", "a.txt", "chroma:store#two", "--model", tiny_folder)
    done = run("search", "نص", "chroma:store")
    assert done.exit_code == 2 and "one, two" in done.stderr
    done = run("search", "نص", "chroma:store#three")
    assert done.exit_code == 2 and "no collection 'three'" in done.stderr
    run("index", "a.txt", "chroma:store", "--model", tiny_folder)
    assert run("search", "نص", "chroma:store").exit_code == 0


def test_a_missing_model_says_which_collection_wants_it(run: Run, tmp_path: Path, tiny_folder: Path):
    shutil.copytree(tiny_folder, tmp_path / "model")
    (tmp_path / "a.txt").write_text("نص")
    run("index", "a.txt", "chroma:store", "--model", "model")
    (tmp_path / "model").rename(tmp_path / "moved")
    done = run("search", "نص", "chroma:store")
    assert done.exit_code == 2
    assert "was made with the model" in done.stderr and "--model" in done.stderr
    assert run("search", "نص", "chroma:store", "--model", "moved").exit_code == 0


def test_one_writer_at_a_time(run: Run, tmp_path: Path, tiny_folder: Path):
    (tmp_path / "a.txt").write_text("نص")
    run("index", "a.txt", "chroma:store", "--model", tiny_folder)
    with (tmp_path / "store" / ".harakat-writer.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        done = run("index", "a.txt", "chroma:store")
        assert done.exit_code == 2 and "another harakat process is writing" in done.stderr
        assert run("search", "نص", "chroma:store").exit_code == 0
    assert run("index", "a.txt", "chroma:store").exit_code == 0


def test_a_file_that_changes_meanwhile_is_noticed(
    run: Run, tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    write_lines(tmp_path / "a.jsonl", 5)

    def growing(*arguments: Any, **options: Any) -> Any:
        found = scan(*arguments, **options)
        write_lines(tmp_path / "a.jsonl", 9)
        return found

    monkeypatch.setattr(harakat_cli.index, "scan", growing)
    done = run("index", "a.jsonl", "chroma:store", "--model", tiny_folder)
    assert done.exit_code == 2 and "was changed while it was being read" in done.stderr


def test_a_large_file_takes_little_memory(tmp_path: Path, tiny_folder: Path):
    """Reading twice and checking ids keeps 8 bytes a record, whatever the size of the texts."""
    encoder = Encoder(tiny_folder)
    filler = "نص طويل " * 600
    with (tmp_path / "large.jsonl").open("w", encoding="utf-8") as file:
        for i in range(6000):
            file.write(json.dumps({"id": i, "text": f"{i} {filler}"}, ensure_ascii=False) + "\n")
    size = (tmp_path / "large.jsonl").stat().st_size
    tracemalloc.start()
    assert scan(open_file(tmp_path / "large.jsonl", None, Fields()), encoder, prepare_record).records == 6000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 40_000_000 and peak < size / 2, (size, peak)


def wait_until_stored(folder: Path, least: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until a Chroma folder holds some records; progress runs ahead of the writes."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if (folder / "chroma.sqlite3").exists():
            with closing(sqlite3.connect(f"file:{folder / 'chroma.sqlite3'}?mode=ro", uri=True)) as database:
                try:
                    if database.execute("select count(*) from embeddings").fetchone()[0] >= least:
                        return
                except sqlite3.OperationalError:  # not made yet, or locked
                    pass
        time.sleep(0.005)


def kill_after_a_line(process: subprocess.Popen[bytes], wanted: bytes, *, seconds: float) -> bytes:
    """Kill -9 a process some time after a line of its progress; gives all that it said."""
    assert process.stderr is not None
    said = b""
    for line in process.stderr:
        said += line
        if wanted in line:
            break
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    said += process.stderr.read()
    process.wait()
    timer.cancel()
    return said


def test_killed_and_resumed_equals_uninterrupted(
    start: Callable[..., subprocess.Popen[bytes]], run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored
):
    write_lines(tmp_path / "a.jsonl", 1700)
    process = start("index", "a.jsonl", "chroma:killed", "--model", tiny_folder)
    wait_until_stored(tmp_path / "killed", 1, process)
    process.kill()
    said = process.communicate()[1]
    assert process.returncode == -9, said.decode()
    partly = stored(tmp_path / "killed")
    assert 0 < len(partly) < 1700
    done = run("index", "a.jsonl", "chroma:killed", "--json")
    report = json.loads(done.stdout)
    assert (report["stored_before"], report["new"]) == (len(partly), 1700 - len(partly))
    assert run("index", "a.jsonl", "chroma:whole", "--model", tiny_folder).exit_code == 0
    resumed, whole = stored(tmp_path / "killed"), stored(tmp_path / "whole")
    assert resumed.keys() == whole.keys() and len(whole) == 1700
    for key, (text, payload, vector) in whole.items():
        assert resumed[key][:2] == (text, payload)
        np.testing.assert_allclose(resumed[key][2], vector, atol=1e-5)
    for query in (numbered(17), numbered(1699)):
        one, two = (run("search", query, f"chroma:{name}", "-n", 1).stdout for name in ("killed", "whole"))
        assert one == two


def test_a_server_is_a_store_too(run: Run, tmp_path: Path, tiny_folder: Path):
    write_lines(tmp_path / "a.jsonl", 30)
    server = Server(tmp_path / "served")
    server.start()
    try:
        store = f"chroma:http://127.0.0.1:{server.port}#poems"
        done = run("index", "a.jsonl", store, "--model", tiny_folder)
        assert done.exit_code == 0 and f"{store} holds 30" in done.stdout, done.output
        assert json.loads(run("search", numbered(7), store, "-n", 1, "--json").stdout)["id"] == "r7"
        assert run("search", "x", store.replace("poems", "other")).exit_code == 2
    finally:
        server.kill()
    done = run("search", "x", store)
    assert done.exit_code == 2 and "server" in done.stderr and "Traceback" not in done.output


def test_a_full_disk_leaves_whole_batches_and_a_retry_completes(
    start: Callable[..., subprocess.Popen[bytes]], run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored
):
    write_lines(tmp_path / "a.jsonl", 1700)

    def little_room() -> None:
        """No file may grow over 700 KB, as on a disk that is full."""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, 700_000))

    process = start("index", "a.jsonl", "chroma:store", "--model", tiny_folder, preexec_fn=little_room)
    said = process.communicate()[1].decode()
    assert process.returncode == 2, said
    assert "Chroma failed" in said and "Batches before this one are stored" in said and "Traceback" not in said
    assert len(stored(tmp_path / "store")) % BATCH_SIZE == 0
    report = json.loads(run("index", "a.jsonl", "chroma:store", "--json").stdout)
    assert report["records"] == 1700 == report["new"] + report["stored_before"]


@pytest.mark.slow
def test_the_quran_killed_again_and_again(
    start: Callable[..., subprocess.Popen[bytes]], run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored
):
    chance = random.Random(7)
    for _ in range(25):
        process = start("index", "quran", "chroma:killed", "--model", tiny_folder, "--overflow", "chunk")
        kill_after_a_line(process, b"indexing quran", seconds=chance.random() * 1.5)
        if process.returncode == 0:
            break
    for name in ("killed", "whole"):
        done = run("index", "quran", f"chroma:{name}", "--model", tiny_folder, "--overflow", "chunk")
        assert done.exit_code == 0, done.stderr
    resumed, whole = stored(tmp_path / "killed"), stored(tmp_path / "whole")
    assert len(whole) == 6236 and resumed.keys() == whole.keys()
    for key, (text, payload, vector) in whole.items():
        assert resumed[key][:2] == (text, payload)
        np.testing.assert_allclose(resumed[key][2], vector, atol=1e-5)


def test_interrupting_stops_cleanly(
    start: Callable[..., subprocess.Popen[bytes]], run: Run, tmp_path: Path, tiny_folder: Path
):
    write_lines(tmp_path / "a.jsonl", 8000)
    process = start("index", "a.jsonl", "chroma:store", "--model", tiny_folder)
    assert process.stderr is not None
    wait_until_stored(tmp_path / "store", 1, process)
    process.send_signal(signal.SIGINT)
    said = process.stderr.read().decode()
    assert process.wait() == 130, said
    assert "the same command goes on from there" in said and "Traceback" not in said
    report = json.loads(run("index", "a.jsonl", "chroma:store", "--json").stdout)
    assert report["records"] == 8000 and report["stored_before"] > 0


@pytest.mark.parametrize("name", ["pipe.jsonl", "descriptor"])
def test_a_source_that_can_be_read_once_is_kept_and_read_twice(
    run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored, name: str
):
    content = write_lines(tmp_path / "a.jsonl", 50).read_bytes()
    if name == "descriptor":  # as <(command) and /dev/stdin are
        reading, writing = os.pipe()
        name = f"/dev/fd/{reading}"
        os.write(writing, content)
        os.close(writing)
    else:
        os.mkfifo(tmp_path / name)
        threading.Thread(target=(tmp_path / name).write_bytes, args=(content,), daemon=True).start()
    done = run("index", name, "chroma:store", "--model", tiny_folder, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["new"] == 50
    assert {key: row[0] for key, row in stored(tmp_path / "store").items()} == {f"r{i}": numbered(i) for i in range(50)}


@pytest.mark.parametrize("change", ["other texts", "fewer", "torn", "gone", "records alone"])
def test_a_source_that_changes_in_the_second_pass_is_named_with_what_is_stored(
    run: Run, tmp_path: Path, tiny_folder: Path, stored: Stored, monkeypatch: pytest.MonkeyPatch, change: str
):
    path = write_lines(tmp_path / "a.jsonl", 2500)
    lines = path.read_bytes().splitlines(keepends=True)
    read = FileSource.records
    passes = 0

    def records(source: FileSource) -> Any:
        nonlocal passes
        passes += 1
        for count, record in enumerate(read(source)):
            if passes == 2 and change == "records alone" and count == 2400:
                return
            yield record
            if passes == 2 and count == 700:
                if change == "gone":
                    path.unlink()
                elif change != "records alone":
                    content = {"other texts": b"".join(lines[::-1]), "fewer": lines[0], "torn": b"".join(lines)[:-30]}
                    path.write_bytes(content[change])

    monkeypatch.setattr(FileSource, "records", records)
    done = run("index", "a.jsonl", "chroma:store", "--model", tiny_folder)
    assert done.exit_code == 2
    said = re.search(r"a\.jsonl was changed while it was being indexed; ([\d,]+) new records of it are", done.stderr)
    assert said is not None, done.stderr
    assert len(stored(tmp_path / "store")) == int(said[1].replace(",", "")) < 2500
