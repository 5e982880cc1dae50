"""HarakatEmbedding as LlamaIndex meets it."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llama_index.core import instrumentation
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload, LlamaDebugHandler
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.ingestion.pipeline import get_transformation_hash
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.embedding import EmbeddingEndEvent, EmbeddingStartEvent
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.schema import MetadataMode, TextNode
from pydantic import Field, ValidationError

from harakat import Encoder, encoder
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
    UnknownModelError,
)
from harakat.runtime.encoder_cache import EncoderCache
from llama_index.embeddings.harakat import HarakatEmbedding
from support.counting import count_loads, count_passes
from support.quran import VERSES
from support.tiny import write_tiny

TEXTS = list(VERSES.values())
LONG = " ".join(["وَالْعَصْرِ"] * 300)
COMMITS = ("1" * 40, "2" * 40)


@pytest.fixture(scope="module")
def prompted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with prompts of its own."""
    folder = write_tiny(tmp_path_factory.mktemp("prompted") / "model", seed=2)
    prompts = {"prompts": {"query": "سؤال: ", "document": "نص: "}}
    (folder / "config_sentence_transformers.json").write_text(json.dumps(prompts), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def hub_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub cache with two commits of owner/name: same size, other weights."""
    cache = tmp_path_factory.mktemp("hub")
    repository = cache / "models--owner--name"
    for seed, commit in enumerate(COMMITS):
        write_tiny(repository / "snapshots" / commit, seed=10 + seed)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMITS[1], encoding="utf-8")
    return cache


class TestVectors:
    async def test_every_method_gives_the_encoders_vectors(self, prompted: Path) -> None:
        bare, embedding = Encoder(prompted), HarakatEmbedding(model_name=prompted)
        query, text = bare.encode("سؤال: العلم"), bare.encode("نص: العلم")
        found = {
            "query": [embedding.get_query_embedding("العلم"), await embedding.aget_query_embedding("العلم")],
            "text": [
                embedding.get_text_embedding("العلم"),
                await embedding.aget_text_embedding("العلم"),
                *embedding.get_text_embedding_batch(["العلم"]),
                *await embedding.aget_text_embedding_batch(["العلم"]),
            ],
        }
        for rows, expected in ((found["query"], query), (found["text"], text)):
            assert {type(row) for row in rows} == {list}
            assert {type(value) for row in rows for value in row} == {float}
            np.testing.assert_allclose(rows, [expected] * len(rows), atol=1e-6)
        np.testing.assert_allclose(embedding.get_agg_embedding_from_queries(["العلم"]), query, atol=1e-6)
        np.testing.assert_allclose(await embedding.aget_agg_embedding_from_queries(["العلم"]), query, atol=1e-6)
        assert embedding.similarity(found["query"][0], found["text"][0]) == pytest.approx(float(query @ text), abs=1e-6)

    @pytest.mark.parametrize("dim", [64, 32, 16])
    def test_unit_norm_and_prefix_at_every_dim(self, tiny_folder: Path, dim: int) -> None:
        full = np.array(HarakatEmbedding(model_name=tiny_folder).get_text_embedding_batch(TEXTS))
        rows = np.array(HarakatEmbedding(model_name=tiny_folder, dim=dim).get_text_embedding_batch(TEXTS))
        prefix = full[:, :dim] / np.linalg.norm(full[:, :dim], axis=1, keepdims=True)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
        np.testing.assert_allclose(rows, prefix, atol=1e-6)

    @pytest.mark.parametrize("size", [1, 7, 2048])
    async def test_batches_change_nothing(self, tiny_folder: Path, size: int) -> None:
        embedding = HarakatEmbedding(model_name=tiny_folder, embed_batch_size=size, num_workers=3)
        texts = [*TEXTS[:20], "", TEXTS[0], "hello"]
        expected = Encoder(tiny_folder).encode(texts)
        np.testing.assert_allclose(embedding.get_text_embedding_batch(texts), expected, atol=1e-6)
        for show in (False, True):
            rows = await embedding.aget_text_embedding_batch(texts, show_progress=show)
            np.testing.assert_allclose(rows, expected, atol=1e-6)

    async def test_no_texts(self, embedding: HarakatEmbedding) -> None:
        assert embedding.get_text_embedding_batch([]) == []
        assert await embedding.aget_text_embedding_batch([]) == []

    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), max_size=8))
    def test_any_text(self, embedding: HarakatEmbedding, texts: list[str]) -> None:
        rows = embedding.get_text_embedding_batch(texts)
        assert len(rows) == len(texts)
        for text, row in zip(texts, rows, strict=True):
            np.testing.assert_allclose(row, embedding.get_query_embedding(text), atol=1e-6)
            assert abs(np.linalg.norm(row) - 1) < 1e-6

    async def test_nodes_are_embedded_with_the_metadata_they_show(self, embedding: HarakatEmbedding) -> None:
        def nodes() -> list[TextNode]:
            shown = TextNode(text=VERSES["112:1"], metadata={"key": "112:1"})
            hidden = TextNode(text=VERSES["112:1"], metadata={"key": "112:1"}, excluded_embed_metadata_keys=["key"])
            return [shown, hidden]

        contents = [node.get_content(MetadataMode.EMBED) for node in nodes()]
        assert contents == [f"key: 112:1\n\n{VERSES['112:1']}", VERSES["112:1"]]
        expected = embedding.encoder.encode(contents)
        for done in (embedding(nodes()), await embedding.acall(nodes())):
            np.testing.assert_allclose([node.embedding for node in done], expected, atol=1e-6)


class TestOptions:
    def test_what_was_left_open_is_filled_in(self, tiny_folder: Path) -> None:
        embedding = HarakatEmbedding(model_name=tiny_folder)
        assert embedding.model_name == str(tiny_folder.resolve())
        assert (embedding.dim, embedding.max_length, embedding.spelling) == (64, 128, "as-is")
        assert (embedding.query_prompt, embedding.document_prompt, embedding.revision) == ("", "", None)
        assert (embedding.class_name(), isinstance(embedding, BaseEmbedding)) == ("HarakatEmbedding", True)

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
        embedding = HarakatEmbedding(model_name=tiny_folder, **options)
        assert options.items() <= embedding.encoder.options.items()

    @pytest.mark.parametrize(
        ("options", "error", "said"),
        [
            ({"model": "x"}, OptionError, "no option 'model'; did you mean 'model_name'.*batch_tokens.*dim"),
            ({"precision": "binary"}, OptionError, "precision='binary'.*float32"),
            ({"dim": 33}, DimError, "dim=33.*64, 32, 16"),
            ({"dim": "many"}, OptionError, "dim='many'"),
            ({"device": "tpu"}, DeviceError, "device='tpu'"),
            ({"overflow": "drop"}, OptionError, "overflow='drop'"),
            ({"embed_batch_size": 0}, OptionError, "embed_batch_size=0"),
            ({"embed_batch_size": 5000}, OptionError, "embed_batch_size=5000"),
            ({"embeddings_cache": {}}, OptionError, "embeddings_cache={}"),
            ({"document_prompt": 5}, OptionError, "document_prompt=5"),
            ({"revision": "v2"}, UnknownModelError, "revision='v2'"),
            ({"model_name": "harakat-maxi"}, UnknownModelError, "harakat-maxi.*harakat-mini"),
            ({"model_name": "nobody/nothing", "offline": True}, ModelUnavailableError, "nobody/nothing"),
            ({"fingerprint": "hk1:0"}, FingerprintError, "hk1:0"),
        ],
    )
    def test_a_bad_option_is_refused_when_it_is_made(
        self, tiny_folder: Path, options: dict[str, Any], error: type[HarakatError], said: str
    ) -> None:
        with pytest.raises(error, match=said):
            HarakatEmbedding(**{"model_name": tiny_folder, **options})

    def test_a_folder_without_a_checkpoint(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError):
            HarakatEmbedding(model_name=tmp_path)

    def test_a_revision_that_is_not_there(self, hub_cache: Path) -> None:
        with pytest.raises(ModelUnavailableError, match=r"owner/name.*v9"):
            HarakatEmbedding(model_name="owner/name", revision="v9", cache_dir=hub_cache, offline=True)

    def test_what_decides_a_vector_is_fixed_and_the_rest_is_not(self, tiny_folder: Path) -> None:
        embedding = HarakatEmbedding(model_name=tiny_folder)
        for name in ("model_name", "dim", "revision", "query_prompt", "document_prompt", "spelling"):
            with pytest.raises(ValidationError, match=name):
                setattr(embedding, name, "x")
        embedding.embed_batch_size = 3
        embedding.callback_manager = CallbackManager([])
        assert len(embedding.get_text_embedding_batch(TEXTS[:5])) == 5

    def test_a_copy_with_an_update_is_checked_and_decided_anew(self, prompted: Path, tiny_folder: Path) -> None:
        embedding = HarakatEmbedding(model_name=prompted, overflow="chunk", embed_batch_size=9)
        small = embedding.model_copy(update={"dim": 16})
        assert (small.dim, small.overflow, small.embed_batch_size) == (16, "chunk", 9)
        assert len(small.get_query_embedding("علم")) == 16
        assert embedding.model_copy(update={"model_name": tiny_folder}).query_prompt == ""
        with pytest.raises(DimError):
            embedding.model_copy(update={"dim": 33})

    def test_the_environment(self, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HARAKAT_MODEL", str(tiny_folder))
        monkeypatch.setenv("HARAKAT_DIM", "16")
        embedding = HarakatEmbedding()
        assert (embedding.model_name, embedding.dim) == (str(tiny_folder.resolve()), 16)


class TestBadTexts:
    @pytest.mark.parametrize("bad", [None, 3, b"\xd9\x86", ["قل"]])
    async def test_what_is_no_text(self, embedding: HarakatEmbedding, bad: Any) -> None:
        for method in (embedding.get_query_embedding, embedding.get_text_embedding):
            with pytest.raises(TextTypeError):
                method(bad)
        for amethod in (embedding.aget_query_embedding, embedding.aget_text_embedding):
            with pytest.raises(TextTypeError):
                await amethod(bad)
        with pytest.raises(TextTypeError, match="text 1 is"):
            embedding.get_text_embedding_batch(["قل", bad])
        with pytest.raises(TextTypeError, match="text 1 is"):
            await embedding.aget_text_embedding_batch(["قل", bad])

    @pytest.mark.parametrize("bad", ["قل", None, {"a": "b"}, b"ab"])
    async def test_what_is_no_list_of_texts(self, embedding: HarakatEmbedding, bad: Any) -> None:
        with pytest.raises(TextTypeError):
            embedding.get_text_embedding_batch(bad)
        with pytest.raises(TextTypeError):
            await embedding.aget_text_embedding_batch(bad)

    async def test_a_lone_surrogate_and_a_text_that_is_too_long(self, tiny_folder: Path) -> None:
        strict = HarakatEmbedding(model_name=tiny_folder, overflow="error")
        for text, error in (("\ud800", TextError), (LONG, TextTooLongError)):
            with pytest.raises(error):
                strict.get_query_embedding(text)
            with pytest.raises(error):
                await strict.aget_query_embedding(text)
            with pytest.raises(error):
                strict.get_text_embedding_batch(["قل", text])
            with pytest.raises(error):
                await strict.aget_text_embedding_batch(["قل", text])


class TestConcurrency:
    async def test_200_concurrent_queries(self, embedding: HarakatEmbedding, monkeypatch: pytest.MonkeyPatch) -> None:
        texts = [f"{TEXTS[i % len(TEXTS)]} {i}" for i in range(200)]
        serial = [embedding.get_query_embedding(text) for text in texts]
        passes = count_passes(monkeypatch)
        together = await asyncio.gather(*(embedding.aget_query_embedding(text) for text in texts))
        assert (sum(passes), len(passes) <= 20) == (200, True)
        np.testing.assert_allclose(together, serial, atol=1e-6)

    def test_16_threads(self, embedding: HarakatEmbedding) -> None:
        texts = TEXTS * 2
        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(embedding.get_query_embedding, texts))
        np.testing.assert_allclose(found, [embedding.get_query_embedding(text) for text in texts], atol=1e-6)

    async def test_the_event_loop_stays_free(self, embedding: HarakatEmbedding) -> None:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.002)

        ticker = asyncio.create_task(tick())
        start = time.perf_counter()
        await embedding.aget_text_embedding_batch([f"{text} {i}" for i in range(20) for text in TEXTS])
        took = time.perf_counter() - start
        ticker.cancel()
        assert ticks > took / 0.1


class Recorder(BaseEventHandler):
    """Keeps the events that it is shown."""

    events: list[Any] = Field(default_factory=list)

    def handle(self, event: Any, **kwargs: Any) -> None:
        self.events.append(event)


@pytest.fixture
def watched() -> Iterator[tuple[Recorder, SimpleSpanHandler]]:
    dispatcher = instrumentation.get_dispatcher()
    recorder, spans = Recorder(), SimpleSpanHandler()
    dispatcher.add_event_handler(recorder)
    dispatcher.add_span_handler(spans)
    yield recorder, spans
    dispatcher.event_handlers.remove(recorder)
    dispatcher.span_handlers.remove(spans)


class TestObservers:
    async def test_callbacks(self, tiny_folder: Path) -> None:
        debug = LlamaDebugHandler(print_trace_on_end=False)
        embedding = HarakatEmbedding(
            model_name=tiny_folder, dim=32, embed_batch_size=4, callback_manager=CallbackManager([debug])
        )
        rows = embedding.get_text_embedding_batch(TEXTS[:10])
        await embedding.aget_query_embedding("علم")
        pairs = debug.get_event_pairs(CBEventType.EMBEDDING)
        assert [len(end.payload[EventPayload.CHUNKS]) for _, end in pairs] == [4, 4, 2, 1]
        assert [row for _, end in pairs[:3] for row in end.payload[EventPayload.EMBEDDINGS]] == rows
        payload = pairs[0][0].payload[EventPayload.SERIALIZED]
        assert payload == embedding.to_payload()
        assert payload == {
            "class_name": "HarakatEmbedding",
            "model_name": str(tiny_folder.resolve()),
            "embed_batch_size": 4,
            "dim": 32,
            "revision": None,
            "device": embedding.encoder.device,
        }

    async def test_each_call_is_one_event_and_one_span(
        self, embedding: HarakatEmbedding, watched: tuple[Recorder, SimpleSpanHandler]
    ) -> None:
        recorder, spans = watched
        embedding.get_query_embedding("علم")
        await embedding.aget_query_embedding("علم")
        embedding.get_text_embedding("علم")
        await embedding.aget_text_embedding("علم")
        embedding.get_text_embedding_batch(TEXTS[:3])
        await embedding.aget_text_embedding_batch(TEXTS[:3])
        kinds = [type(event) for event in recorder.events]
        assert kinds == [EmbeddingStartEvent, EmbeddingEndEvent] * 6
        assert recorder.events[0].model_dict["dim"] == 32
        names = [span.id_.split("-")[0].split(".")[-1] for span in spans.completed_spans]
        public = [name for name in names if not name.startswith("_")]
        assert sorted(public) == sorted(
            [
                "get_query_embedding",
                "aget_query_embedding",
                "get_text_embedding",
                "aget_text_embedding",
                "get_text_embedding_batch",
                "aget_text_embedding_batch",
            ]
        )


class TestSaving:
    def test_to_dict_and_back(self, prompted: Path) -> None:
        embedding = HarakatEmbedding(model_name=prompted, dim=16, query_prompt="", overflow="chunk")
        data = json.loads(embedding.to_json())
        assert data == embedding.to_dict()
        assert (data["dim"], data["query_prompt"], data["document_prompt"]) == (16, "", "نص: ")
        for back in (HarakatEmbedding.from_dict(data), HarakatEmbedding.from_json(embedding.to_json())):
            assert back.to_dict() == data
            assert back.encoder is embedding.encoder
        wider = HarakatEmbedding.from_dict(data, dim=64, embed_batch_size=5)
        assert (wider.dim, wider.embed_batch_size, wider.overflow) == (64, 5, "chunk")
        with pytest.raises(FingerprintError):
            HarakatEmbedding.from_dict({**data, "fingerprint": "hk1:0"})

    def test_pickle_and_copies(self, embedding: HarakatEmbedding) -> None:
        for other in (pickle.loads(pickle.dumps(embedding)), copy.deepcopy(embedding), copy.copy(embedding)):
            assert other.to_dict() == embedding.to_dict()
            assert other.get_query_embedding("علم") == embedding.get_query_embedding("علم")

    def test_a_pickle_whose_model_is_gone_says_so(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = write_tiny(tmp_path / "model", seed=6)
        pickled = pickle.dumps(HarakatEmbedding(model_name=folder))
        folder.rename(tmp_path / "moved")
        monkeypatch.setattr(encoder, "_cached", EncoderCache())  # as another process starts
        with pytest.raises(UnknownModelError):
            pickle.loads(pickled)

    def test_a_fresh_process_gives_equal_vectors(self, embedding: HarakatEmbedding, tmp_path: Path) -> None:
        (tmp_path / "saved.json").write_text(embedding.to_json(), encoding="utf-8")
        (tmp_path / "saved.pickle").write_bytes(pickle.dumps(embedding))
        script = (
            "import json, pickle, pathlib, sys\n"
            "from llama_index.embeddings.harakat import HarakatEmbedding\n"
            "a = pickle.loads(pathlib.Path('saved.pickle').read_bytes())\n"
            "b = HarakatEmbedding.from_json(pathlib.Path('saved.json').read_text())\n"
            "print(json.dumps([a.get_query_embedding(sys.argv[1]), *b.get_text_embedding_batch(sys.argv[1:])]))\n"
        )
        answer = subprocess.run(
            [sys.executable, "-c", script, *TEXTS[:3]], cwd=tmp_path, capture_output=True, check=True
        )
        here = [embedding.get_query_embedding(TEXTS[0]), *embedding.get_text_embedding_batch(TEXTS[:3])]
        np.testing.assert_allclose(json.loads(answer.stdout), here, atol=1e-6)


class TestTransformationHash:
    def test_it_changes_with_whatever_decides_a_vector(
        self, prompted: Path, tiny_folder: Path, hub_cache: Path
    ) -> None:
        hub = {"model_name": "owner/name", "cache_dir": hub_cache, "offline": True}
        made = [
            {"model_name": tiny_folder},
            {"model_name": prompted},
            {"model_name": tiny_folder, "dim": 16},
            {"model_name": tiny_folder, "query_prompt": "س: "},
            {"model_name": tiny_folder, "document_prompt": "س: "},
            {"model_name": tiny_folder, "spelling": "imlai"},
            *({**hub, "revision": commit} for commit in COMMITS),
        ]
        nodes = [TextNode(text=VERSES["112:1"])]
        hashes = [get_transformation_hash(nodes, HarakatEmbedding(**options)) for options in made]
        assert len(set(hashes)) == len(made)
        again = [get_transformation_hash(nodes, HarakatEmbedding(**options)) for options in made]
        assert again == hashes
        # A branch counts as the commit that it stands for, and is saved as that.
        branch = HarakatEmbedding(**hub, revision="main")
        assert branch.revision == COMMITS[1]
        assert get_transformation_hash(nodes, branch) == hashes[-1]

    def test_it_changes_with_the_weights_of_a_folder(self, tmp_path: Path) -> None:
        nodes, hashes = [TextNode(text="علم")], set()
        for seed in (7, 8):
            folder = write_tiny(tmp_path / "model", seed=seed)
            hashes.add(get_transformation_hash(nodes, HarakatEmbedding(model_name=folder)))
        assert len(hashes) == 2

    def test_a_pipeline_encodes_again_only_what_changed(
        self, embedding: HarakatEmbedding, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pipeline = IngestionPipeline(transformations=[embedding])
        nodes = [TextNode(id_=key, text=text) for key, text in list(VERSES.items())[:6]]
        first = pipeline.run(nodes=nodes)
        passes = count_passes(monkeypatch)
        second = pipeline.run(nodes=[node.model_copy(update={"embedding": None}) for node in nodes])
        assert passes == []
        assert [node.embedding for node in first] == [node.embedding for node in second]
        pipeline.transformations = [embedding.model_copy(update={"dim": 16})]
        assert {len(node.embedding or []) for node in pipeline.run(nodes=nodes)} == {16}
        assert sum(passes) == 6


def test_100_adds_and_queries_load_the_weights_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads = count_loads(monkeypatch)
    folder = write_tiny(tmp_path / "model", seed=9)
    for i in range(100):
        embedding = HarakatEmbedding(model_name=folder, dim=32)
        embedding([TextNode(text=TEXTS[i % len(TEXTS)])])
        embedding.get_query_embedding("علم")
    assert loads == [str(folder.resolve())]


def test_it_lives_in_the_namespace_of_llama_index() -> None:
    import llama_index.core
    import llama_index.vector_stores.chroma

    import llama_index.embeddings.harakat

    def origin(package: Any) -> Any:
        return getattr(package, "__file__", None)

    assert origin(llama_index) is None and origin(llama_index.embeddings) is None
    ours = Path(llama_index.embeddings.harakat.__file__).parent
    assert not (ours.parent / "__init__.py").exists()
    assert not (ours.parent.parent / "__init__.py").exists()
    assert Path(llama_index.core.__file__).parents[1] != ours.parents[1]


def test_without_llama_index_core_the_extra_is_named() -> None:
    script = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'llama_index.core':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from harakat.errors import MissingExtraError\n"
        "try:\n"
        "    import llama_index.embeddings.harakat\n"
        "except MissingExtraError as error:\n"
        "    print(error)\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert "pip install 'harakat[llama-index]'" in answer.stdout
