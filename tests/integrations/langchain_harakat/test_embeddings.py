"""HarakatEmbeddings as LangChain meets it."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core._api.beta_decorator import LangChainBetaWarning
from langchain_core.load import dumpd, dumps, loads
from langchain_core.vectorstores import InMemoryVectorStore
from pydantic import ValidationError

from harakat import Encoder
from harakat.errors import (
    CheckpointError,
    DeviceError,
    DimError,
    FingerprintError,
    HarakatError,
    ModelUnavailableError,
    OptionError,
    TextError,
    TextTooLongError,
    TextTypeError,
    TruncationWarning,
    UnknownModelError,
)
from langchain_harakat import HarakatEmbeddings
from support.counting import count_loads, count_passes
from support.quran import VERSES
from support.tiny import write_tiny

TEXTS = list(VERSES.values())
LONG = " ".join(["وَالْعَصْرِ"] * 300)


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with prompts of its own."""
    folder = write_tiny(tmp_path_factory.mktemp("prompted") / "model", seed=2)
    prompts = {"prompts": {"query": "سؤال: ", "document": "نص: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts), encoding="utf-8")
    return folder


class TestVectors:
    def test_python_floats_in_lists(self, embeddings: HarakatEmbeddings) -> None:
        rows = embeddings.embed_documents(TEXTS[:5])
        assert type(rows) is list and {type(row) for row in rows} == {list}
        assert {type(value) for row in [*rows, embeddings.embed_query("قل")] for value in row} == {float}

    @pytest.mark.parametrize("dim", [64, 32, 16])
    def test_unit_norm_and_prefix_at_every_dim(self, tiny_folder: Path, dim: int) -> None:
        full = np.array(HarakatEmbeddings(model=tiny_folder).embed_documents(TEXTS))
        rows = np.array(HarakatEmbeddings(model=tiny_folder, dim=dim).embed_documents(TEXTS))
        prefix = full[:, :dim] / np.linalg.norm(full[:, :dim], axis=1, keepdims=True)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(rows, prefix, atol=1e-6)

    def test_order_count_and_duplicates(self, embeddings: HarakatEmbeddings) -> None:
        texts = [TEXTS[3], "", TEXTS[0], TEXTS[3], " ", "hello"]
        rows = np.array(embeddings.embed_documents(texts))
        assert rows.shape == (6, 32)
        np.testing.assert_allclose(rows, [embeddings.embed_documents([text])[0] for text in texts], atol=1e-6)
        np.testing.assert_allclose(rows[0], rows[3], atol=1e-6)

    async def test_no_texts(self, embeddings: HarakatEmbeddings) -> None:
        assert embeddings.embed_documents([]) == []
        assert await embeddings.aembed_documents([]) == []

    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), max_size=8))
    def test_any_text(self, embeddings: HarakatEmbeddings, texts: list[str]) -> None:
        rows = embeddings.embed_documents(texts)
        assert len(rows) == len(texts)
        for text, row in zip(texts, rows, strict=True):
            np.testing.assert_allclose(row, embeddings.embed_query(text), atol=1e-6)
            assert abs(np.linalg.norm(row) - 1) < 1e-6

    async def test_prompts_of_the_checkpoint_and_of_the_caller(self, prompted: Path) -> None:
        bare = Encoder(prompted)
        own = HarakatEmbeddings(model=prompted)
        assert (own.query_prompt, own.document_prompt) == ("سؤال: ", "نص: ")
        given_ = HarakatEmbeddings(model=prompted, query_prompt="", document_prompt="باب: ")
        for embeddings in (own, given_):
            query = bare.encode(f"{embeddings.query_prompt}العلم")
            document = bare.encode(f"{embeddings.document_prompt}العلم")
            np.testing.assert_allclose(embeddings.embed_query("العلم"), query, atol=1e-6)
            np.testing.assert_allclose(await embeddings.aembed_query("العلم"), query, atol=1e-6)
            np.testing.assert_allclose(embeddings.embed_documents(["العلم"])[0], document, atol=1e-6)
            np.testing.assert_allclose((await embeddings.aembed_documents(["العلم"]))[0], document, atol=1e-6)


class TestOptions:
    def test_what_was_left_open_is_filled_in(self, tiny_folder: Path) -> None:
        embeddings = HarakatEmbeddings(model=tiny_folder)
        assert embeddings.model == str(tiny_folder.resolve())
        assert (embeddings.dim, embeddings.max_length, embeddings.spelling) == (64, 128, "as-is")
        assert (embeddings.query_prompt, embeddings.document_prompt, embeddings.revision) == ("", "", None)

    def test_every_option_reaches_the_encoder(self, tiny_folder: Path) -> None:
        options: dict[str, Any] = {
            "dim": 20,
            "device": "cpu",
            "dtype": "bfloat16",
            "spelling": "imlai",
            "segmentation": False,
            "max_length": 100,
            "overflow": "chunk",
            "query_prompt": "س: ",
            "document_prompt": "ن: ",
            "batch_tokens": 512,
            "allow_untrained_dim": True,
            "offline": True,
            "cache_dir": "somewhere",
        }
        embeddings = HarakatEmbeddings(model=tiny_folder, **options)
        assert options.items() <= embeddings.encoder.options.items()
        assert embeddings.encoder.checkpoint.engine.batch_tokens == 512

    @pytest.mark.parametrize(
        ("options", "error", "said"),
        [
            ({"modell": "x"}, OptionError, "no option 'modell'; did you mean 'model'.*batch_tokens.*dim"),
            ({"precision": "int8"}, OptionError, "precision='int8'.*float32"),
            ({"dim": 33}, DimError, "dim=33.*64, 32, 16"),
            ({"dim": 4096}, DimError, "dim=4096"),
            ({"dim": "many"}, OptionError, "dim='many'"),
            ({"device": "tpu"}, DeviceError, "device='tpu'"),
            ({"dtype": "int4"}, OptionError, "dtype='int4'"),
            ({"overflow": "drop"}, OptionError, "overflow='drop'.*'chunk'"),
            ({"batch_tokens": 0}, OptionError, "batch_tokens=0"),
            ({"query_prompt": 5}, OptionError, "query_prompt=5"),
            ({"spelling": "uthmani"}, OptionError, "spelling='uthmani'"),
            ({"max_length": 10_000}, OptionError, "max_length=10000"),
            ({"revision": "v2"}, UnknownModelError, "revision='v2'"),
            ({"model": "harakat-maxi"}, UnknownModelError, "harakat-maxi.*harakat-mini"),
            ({"model": "nobody/nothing", "offline": True}, ModelUnavailableError, "nobody/nothing"),
            ({"model": 7}, OptionError, "model=7"),
            ({"fingerprint": "hk1:0"}, FingerprintError, "hk1:0"),
        ],
    )
    def test_a_bad_option_is_refused_when_it_is_made(
        self, tiny_folder: Path, options: dict[str, Any], error: type[HarakatError], said: str
    ) -> None:
        with pytest.raises(error, match=said):
            HarakatEmbeddings(**{"model": tiny_folder, **options})

    def test_a_folder_without_a_checkpoint(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError):
            HarakatEmbeddings(model=tmp_path)

    def test_nothing_changes_afterwards(self, embeddings: HarakatEmbeddings) -> None:
        with pytest.raises(ValidationError, match="dim"):
            embeddings.dim = 16
        assert embeddings.dim == 32

    def test_a_copy_with_an_update_is_checked_and_decided_anew(self, prompted: Path, tiny_folder: Path) -> None:
        embeddings = HarakatEmbeddings(model=prompted, overflow="chunk")
        small = embeddings.model_copy(update={"dim": 16})
        assert (small.dim, small.overflow, len(small.embed_query("علم"))) == (16, "chunk", 16)
        moved = embeddings.model_copy(update={"model": tiny_folder})
        assert (moved.query_prompt, moved.overflow) == ("", "chunk")
        with pytest.raises(DimError):
            embeddings.model_copy(update={"dim": 33})
        assert embeddings.model_copy() == embeddings

    def test_the_environment(self, tiny_folder: Path, prompted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HARAKAT_MODEL", str(tiny_folder))
        monkeypatch.setenv("HARAKAT_DIM", "16")
        assert HarakatEmbeddings() == HarakatEmbeddings(model=tiny_folder, dim=16)
        assert HarakatEmbeddings(model=prompted).dim == 64
        monkeypatch.setenv("HARAKAT_DIM", "few")
        with pytest.raises(OptionError, match="dim='few'"):
            HarakatEmbeddings()


class TestBadTexts:
    @pytest.mark.parametrize("bad", [None, 3, b"\xd9\x86", ["قل"], 1.5])
    async def test_what_is_no_text(self, embeddings: HarakatEmbeddings, bad: Any) -> None:
        with pytest.raises(TextTypeError):
            embeddings.embed_query(bad)
        with pytest.raises(TextTypeError):
            await embeddings.aembed_query(bad)
        with pytest.raises(TextTypeError, match="text 1 is"):
            embeddings.embed_documents(["قل", bad])
        with pytest.raises(TextTypeError, match="text 1 is"):
            await embeddings.aembed_documents(["قل", bad])

    @pytest.mark.parametrize("bad", ["قل", None, {"a": "b"}, b"ab", 7])
    async def test_what_is_no_list_of_texts(self, embeddings: HarakatEmbeddings, bad: Any) -> None:
        with pytest.raises(TextTypeError):
            embeddings.embed_documents(bad)
        with pytest.raises(TextTypeError):
            await embeddings.aembed_documents(bad)

    async def test_a_lone_surrogate(self, embeddings: HarakatEmbeddings) -> None:
        with pytest.raises(TextError, match="U\\+D800"):
            embeddings.embed_query("\ud800")
        with pytest.raises(TextError, match="U\\+D800"):
            await embeddings.aembed_query("\ud800")

    async def test_overflow(self, tiny_folder: Path) -> None:
        strict = HarakatEmbeddings(model=tiny_folder, overflow="error")
        with pytest.raises(TextTooLongError, match="text 1 "):
            strict.embed_documents(["قل", LONG])
        with pytest.raises(TextTooLongError, match="text 1 "):
            await strict.aembed_documents(["قل", LONG])
        with pytest.warns(TruncationWarning, match="1 of 1"):
            HarakatEmbeddings(model=tiny_folder).embed_query(LONG)
        chunked = HarakatEmbeddings(model=tiny_folder, overflow="chunk").embed_query(LONG)
        assert abs(np.linalg.norm(chunked) - 1) < 1e-6


class TestConcurrency:
    async def test_200_concurrent_queries(self, embeddings: HarakatEmbeddings, monkeypatch: pytest.MonkeyPatch) -> None:
        texts = [f"{TEXTS[i % len(TEXTS)]} {i}" for i in range(200)]
        serial = [embeddings.embed_query(text) for text in texts]
        passes = count_passes(monkeypatch)
        together = await asyncio.gather(*(embeddings.aembed_query(text) for text in texts))
        assert (sum(passes), len(passes) <= 20) == (200, True)
        np.testing.assert_allclose(together, serial, atol=1e-6)

    async def test_queries_and_documents_at_once(self, prompted: Path) -> None:
        embeddings = HarakatEmbeddings(model=prompted)
        jobs = [embeddings.aembed_documents(TEXTS), *(embeddings.aembed_query(text) for text in TEXTS)]
        documents, *queries = await asyncio.gather(*jobs)
        np.testing.assert_allclose(documents, embeddings.embed_documents(TEXTS), atol=1e-6)
        np.testing.assert_allclose(queries, [embeddings.embed_query(text) for text in TEXTS], atol=1e-6)

    def test_16_threads(self, embeddings: HarakatEmbeddings) -> None:
        texts = TEXTS * 3
        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(embeddings.embed_query, texts))
        np.testing.assert_allclose(found, [embeddings.embed_query(text) for text in texts], atol=1e-6)

    async def test_the_event_loop_stays_free(self, embeddings: HarakatEmbeddings) -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.002)

        ticker = asyncio.create_task(tick())
        start = time.perf_counter()
        await embeddings.aembed_documents([f"{text} {i}" for i in range(20) for text in TEXTS])
        took = time.perf_counter() - start
        ticker.cancel()
        assert ticks > took / 0.1


class TestSaving:
    def test_langchain_serialises_it(self, prompted: Path) -> None:
        embeddings = HarakatEmbeddings(model=prompted, dim=16, query_prompt="", overflow="chunk")
        allowed: dict[str, Any] = {
            "valid_namespaces": ["langchain_harakat"],
            "allowed_objects": [HarakatEmbeddings],
        }
        assert HarakatEmbeddings.is_lc_serializable()
        with pytest.warns(LangChainBetaWarning):
            back = loads(dumps(embeddings), **allowed)
        assert type(back) is HarakatEmbeddings
        assert back == embeddings
        assert back.embed_query("علم") == embeddings.embed_query("علم")
        assert back.encoder is embeddings.encoder
        written = dumpd(embeddings)["kwargs"]
        assert written["fingerprint"] == embeddings.fingerprint
        assert (written["dim"], written["query_prompt"], written["document_prompt"]) == (16, "", "نص: ")

    def test_pickle_and_copies(self, embeddings: HarakatEmbeddings) -> None:
        for other in (pickle.loads(pickle.dumps(embeddings)), copy.deepcopy(embeddings), copy.copy(embeddings)):
            assert other == embeddings
            assert hash(other) == hash(embeddings)
            assert other.embed_query("علم") == embeddings.embed_query("علم")

    def test_a_fresh_process_gives_equal_vectors_or_says_that_the_files_changed(self, tmp_path: Path) -> None:
        folder = write_tiny(tmp_path / "model", seed=3)
        embeddings = HarakatEmbeddings(model=folder)
        here = [embeddings.embed_query(TEXTS[0]), *embeddings.embed_documents(TEXTS[:3])]
        (tmp_path / "saved.json").write_text(dumps(embeddings), encoding="utf-8")
        (tmp_path / "saved.pickle").write_bytes(pickle.dumps(embeddings))
        write_tiny(tmp_path / "changed", seed=4)
        (tmp_path / "reopen.py").write_text(REOPEN, encoding="utf-8")
        answer = subprocess.run(
            [sys.executable, "-W", "ignore", "reopen.py", *TEXTS[:3]], cwd=tmp_path, capture_output=True, check=True
        )
        rows, *faults = json.loads(answer.stdout)
        np.testing.assert_allclose(rows, here, atol=1e-6)
        assert len(faults) == 2
        assert all("its files, prompts or options have changed" in fault for fault in faults)


REOPEN = """
import json, pickle, shutil, sys
from pathlib import Path

from langchain_core.load import loads
from harakat.errors import FingerprintError
from langchain_harakat import HarakatEmbeddings


def pickled():
    return pickle.loads(Path("saved.pickle").read_bytes())


def serialised():
    text = Path("saved.json").read_text(encoding="utf-8")
    return loads(text, valid_namespaces=["langchain_harakat"], allowed_objects=[HarakatEmbeddings])


if __name__ == "__main__":
    texts = sys.argv[1:]
    assert pickled() == serialised()
    said = [[pickled().embed_query(texts[0]), *serialised().embed_documents(texts)]]
    shutil.rmtree("model")
    shutil.move("changed", "model")
    for reopen in (pickled, serialised):
        try:
            reopen()
        except FingerprintError as error:
            said.append(str(error))
    print(json.dumps(said))
"""


def test_100_adds_and_queries_load_the_weights_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads_ = count_loads(monkeypatch)
    folder = write_tiny(tmp_path / "model", seed=5)
    for i in range(100):
        store = InMemoryVectorStore(HarakatEmbeddings(model=folder, dim=32))
        store.add_texts([TEXTS[i % len(TEXTS)]], ids=[str(i)])
        store.similarity_search("علم", k=1)
    assert loads_ == [str(folder.resolve())]


def test_without_langchain_core_the_extra_is_named(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'langchain_core':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from harakat.errors import MissingExtraError\n"
        "try:\n"
        "    import langchain_harakat\n"
        "except MissingExtraError as error:\n"
        "    print(error)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert "pip install 'harakat[langchain]'" in answer.stdout
