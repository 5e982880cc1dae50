"""Files of vectors: right, whole or not there."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harakat import Encoder
from harakat.errors import MissingExtraError, OptionError, RecordError, StoreError, TextTypeError
from harakat.runtime import output
from support.numbered import numbered
from support.tiny import SAMPLE_TEXTS

parquet = pytest.importorskip("pyarrow.parquet")
MANY = [numbered(number) for number in range(2500)]


@pytest.fixture(scope="module")
def encoder(tiny_folder: Path) -> Encoder:
    return Encoder(tiny_folder)


@pytest.mark.parametrize("precision", ["float32", "int8", "binary"])
def test_npy_of_any_length(tiny_folder: Path, tmp_path: Path, precision: Any) -> None:
    encoder = Encoder(tiny_folder, precision=precision)
    for texts in ([], SAMPLE_TEXTS, MANY):
        assert encoder.encode_to(tmp_path / "v.npy", iter(texts)) == len(texts)
        rows = np.load(tmp_path / "v.npy", mmap_mode="r")
        expected = encoder.encode(texts)
        assert rows.dtype == expected.dtype and rows.shape == expected.shape
        # A stream's batches are other ones, and a value on the edge may be rounded to its neighbour.
        np.testing.assert_allclose(rows, expected, atol=1e-5 if precision == "float32" else 1)
    assert [path.name for path in tmp_path.iterdir()] == ["v.npy"]


def test_parquet_with_ids_and_texts(encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "ROW_GROUP_BYTES", 100_000)
    expected = encoder.encode(MANY)
    ids: Any
    for ids in ([f"نص {i}" for i in range(len(MANY))], range(len(MANY)), np.arange(len(MANY))):
        assert encoder.encode_to(tmp_path / "v.parquet", iter(MANY), ids=ids, keep_texts=True, count=len(MANY)) == 2500
        table = parquet.read_table(tmp_path / "v.parquet")
        assert table.column_names == ["id", "text", "embedding"]
        assert table["id"].to_pylist() == list(ids)
        assert table["text"].to_pylist() == MANY
        rows = np.stack(table["embedding"].to_numpy())
        assert rows.dtype == np.float32
        np.testing.assert_allclose(rows, expected, atol=1e-5)
    file = parquet.ParquetFile(tmp_path / "v.parquet")
    assert file.num_row_groups == 3
    assert file.schema_arrow.metadata[b"harakat.fingerprint"].decode() == str(encoder.fingerprint)
    assert file.schema_arrow.field("embedding").type.list_size == 64


def test_parquet_with_vectors_only(tiny_folder: Path, tmp_path: Path) -> None:
    encoder = Encoder(tiny_folder, precision="binary")
    encoder.encode_to(tmp_path / "v.parquet", SAMPLE_TEXTS)
    table = parquet.read_table(tmp_path / "v.parquet")
    assert table.column_names == ["embedding"]
    np.testing.assert_array_equal(np.stack(table["embedding"].to_numpy()), encoder.encode(SAMPLE_TEXTS))
    assert encoder.encode_to(tmp_path / "v.parquet", []) == 0
    assert parquet.read_table(tmp_path / "v.parquet").num_rows == 0


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(max_size=20), max_size=10))
def test_texts_come_back_as_they_were(encoder: Encoder, tmp_path: Path, texts: list[str]) -> None:
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    encoder.encode_to(tmp_path / "v.parquet", texts, keep_texts=True)
    assert parquet.read_table(tmp_path / "v.parquet")["text"].to_pylist() == texts


class TestRefusals:
    """Whatever goes wrong, what was there before stays and nothing else is left."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        for name in ("v.npy", "v.parquet"):
            (tmp_path / name).write_bytes(b"before")
        yield tmp_path
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
            "v.npy": b"before",
            "v.parquet": b"before",
        }

    @pytest.mark.parametrize(
        ("name", "options", "error", "message"),
        [
            ("v.bin", {}, OptionError, "'bin' is no format for vectors; choose npy or parquet"),
            ("v.npy", {"kind": "csv"}, OptionError, "'csv' is no format"),
            ("v.npy", {"ids": ["a", "b"]}, OptionError, "a .npy file holds vectors and nothing else"),
            ("v.npy", {"keep_texts": True}, OptionError, "write Parquet"),
            ("v.npy", {"count": 3}, RecordError, "count=3 was promised, and 2 texts came"),
            ("v.npy", {"count": 10**15}, StoreError, r"would take 256,000,000,000,000,000 bytes"),
            ("no/v.npy", {}, StoreError, "cannot be written: No such file"),
            ("v.parquet", {"ids": ["a"]}, RecordError, "only 1 ids"),
            ("v.parquet", {"ids": []}, RecordError, "only 0 ids"),
            ("v.parquet", {"ids": ["a", "b", "c"]}, RecordError, "more ids than the 2 texts"),
            ("v.parquet", {"ids": ["a", 2]}, RecordError, "id 1 is 2, a int; ids are all str or all int"),
            ("v.parquet", {"ids": [1, True]}, RecordError, "id 1 is True"),
            ("v.parquet", {"ids": [1, 2**63]}, RecordError, "does not fit into 64 bits"),
            ("v.parquet", {"ids": [None, 1]}, RecordError, "id 0 is None"),
        ],
    )
    def test_options(
        self, encoder: Encoder, folder: Path, name: str, options: dict[str, Any], error: type[Exception], message: str
    ) -> None:
        with pytest.raises(error, match=message):
            encoder.encode_to(folder / name, ["كتب", "الدرس"], **options)

    @pytest.mark.parametrize("name", ["v.npy", "v.parquet"])
    def test_a_bad_text_far_down(self, encoder: Encoder, folder: Path, name: str) -> None:
        with pytest.raises(TextTypeError, match="text 2500"):
            encoder.encode_to(folder / name, [*MANY, None])  # type: ignore[list-item]
        with pytest.raises(TextTypeError):
            encoder.encode_to(folder / name, "كتب")

    @pytest.mark.parametrize("name", ["v.npy", "v.parquet"])
    def test_errors_of_the_source_are_its_own(self, encoder: Encoder, folder: Path, name: str) -> None:
        def source() -> Iterator[str]:
            yield from MANY
            raise OSError("the disk with the texts went away")

        with pytest.raises(OSError, match="the disk with the texts") as caught:
            encoder.encode_to(folder / name, source())
        assert not isinstance(caught.value, StoreError)

    def test_parquet_without_pyarrow(self, encoder: Encoder, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'harakat\[parquet\]'"):
            encoder.encode_to(folder / "v.parquet", MANY)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error(encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda path, mode: opened(Path("/dev/full"), mode.replace("x", "w")))
    with pytest.raises(StoreError, match="No space left on device"):
        encoder.encode_to(tmp_path / "v.npy", MANY)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["v.npy", pytest.param("v.parquet", marks=pytest.mark.slow)])
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_killed_half_way_no_file_looks_finished(encoder: Encoder, tiny_folder: Path, tmp_path: Path, name: str) -> None:
    script = (
        "import sys\n"
        "from itertools import count\n"
        "from harakat import Encoder\n"
        "from harakat.runtime import output\n"
        "output.ROW_GROUP_BYTES = 100_000\n"
        "Encoder(sys.argv[1]).encode_to(sys.argv[2], (f'نص {i}' for i in count()))\n"
    )
    target = tmp_path / name
    child = subprocess.Popen([sys.executable, "-c", script, str(tiny_folder), str(target)])
    try:
        while sum(part.stat().st_size for part in tmp_path.glob(f"{name}.*.part")) < 300_000:
            assert child.poll() is None
            time.sleep(0.02)
    finally:
        child.kill()
        child.wait()
    (part,) = tmp_path.iterdir()
    assert encoder.encode_to(target, SAMPLE_TEXTS) == len(SAMPLE_TEXTS)
    assert sorted(tmp_path.iterdir()) == sorted([target, part])
